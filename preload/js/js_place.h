/* SPDX-License-Identifier: MIT */
/*
 * Where what makes a registration is called from, known at each registration for a few dozen instructions.
 *
 * V8's frames keep frame pointers: the return addresses up to the program's frame (in the interpreter: the
 * place in the bytecode) are a few loads. A table of the thread's says of each what it means: go on to the
 * caller, or this place. Where one is not in it, V8 is asked once for its own stack trace, which knows what
 * was inlined, and each frame that was walked over is entered with what it stands for. Code and bytecode lie
 * still between collections of the old generation; each of these empties the table before it begins.
 *
 * A promise reaction is made by who calls then or awaits, an AsyncResource by who calls its constructor, any
 * other resource by the one function of Node's that is called for it (`through_node`). What lies deeper in
 * Node, or is part of making one of Node's objects, is Node's own doing: "@node:internal".
 *
 * On a thread with an environment, in a native function that JavaScript has called.
 */
#ifndef UVT_JS_PLACE_H
#define UVT_JS_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/node_api_min.h"

#define UVT_LOCATIONS_CHECKED                                                   \
  2 /* UVTREE_LOCATIONS: each that is found is held against V8's own, for tests \
     */
#define UVT_JS_PLACE_ASK UINT32_MAX /* not known; V8 cannot be asked in a fast call */

/* Looks by frames from now on, if how they lie is known (js_frames.h); else there are no places. `function`
 * of JavaScript has called what calls this. */
void uvt_js_places_start(napi_value function);

/* Number (js_text.h) of "@file:line"; 0: V8 does not say. `fast`: the frame of a native function that
 * optimised code has called as C calls (a fast call); 0: it was called else. After UVT_JS_PLACE_ASK the same
 * function of the agent must ask again, not by a fast call. */
uint32_t uvt_js_place(napi_env env, uintptr_t fast, bool through_node);

/* The thread's environment ends. */
void uvt_js_places_forget(void);

#endif

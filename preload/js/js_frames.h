/* SPDX-License-Identifier: MIT */
/*
 * How V8's frames of JavaScript lie on the stack. They keep frame pointers: a frame's caller, the function
 * that runs in it and where the interpreter stands in its bytecode are a few loads each. What differs from
 * one V8 to another is learnt; of other majors than those that were tried, nothing is known.
 *
 * On a thread with an environment, in a native function that JavaScript has called.
 */
#ifndef UVT_JS_FRAMES_H
#define UVT_JS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/node_api_min.h"

/* Where a frame pointer points: that of the caller, and the return address into it. */
struct uvt_js_frame {
  uintptr_t caller, pc;
};

/* Words from there. Below it lies, of JavaScript, the context and the function; of V8's own code, what it is,
 * as a small integer. Above it, of a function, what it was called on. */
enum uvt_js_frame_words {
  UVT_FRAME_RECEIVER = 2,
  UVT_FRAME_WHAT = -1,
  UVT_FRAME_FUNCTION = -2,
  UVT_FRAME_BYTECODE = -4,
  UVT_FRAME_OFFSET = -5,
  UVT_FRAME_FORMER_EXIT = -8, /* of a frame by which C++ has entered JavaScript */
};

static inline const struct uvt_js_frame *uvt_js_frame(uintptr_t fp)
{
  return (const struct uvt_js_frame *)fp;
}

static inline uintptr_t uvt_js_frame_word(uintptr_t fp, enum uvt_js_frame_words index)
{
  return ((const uintptr_t *)fp)[index];
}

/* In the bytecode, that the interpreter runs in that frame. */
static inline uintptr_t uvt_js_frame_bytecode(uintptr_t fp)
{
  return uvt_js_frame_word(fp, UVT_FRAME_BYTECODE) + (uvt_js_frame_word(fp, UVT_FRAME_OFFSET) >> 32);
}

/* By which C++ has entered JavaScript. */
bool uvt_js_frame_is_entry(uintptr_t fp);

/* V8's number of the script of the function that runs in it; 0 or less: it has none, as V8's own functions.
 */
int uvt_js_frame_script(uintptr_t fp);

/* Is this return address, into a frame of JavaScript, one into the interpreter? */
bool uvt_js_is_interpreter(uintptr_t pc);

/* Learns it from `probe`: the JavaScript function, in its first runs, that has called what calls this. Twice,
 * by different calls. */
void uvt_js_frames_learn(napi_value probe);

/* Else nothing else of this may be asked. */
bool uvt_js_frames_known(void);

/* The frame by which JavaScript has called C++ last; 0: none. */
uintptr_t uvt_js_exit_frame(const void *isolate);

/* The innermost frame under way in which `function` runs, of the program's or V8's own; 0: none near. */
uintptr_t uvt_js_frame_of(const void *isolate, uintptr_t function);

/* Has V8 itself called the function that runs in this frame, with no other of JavaScript's between? */
bool uvt_js_frame_by_v8(uintptr_t fp);

/* The thread's environment ends. */
void uvt_js_frames_forget(void);

#endif

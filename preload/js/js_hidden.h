/* SPDX-License-Identifier: MIT */
/*
 * A script of ours whose functions are in no stack trace: V8 shows those of scripts of the kind that programs
 * have, and leaves out its inspector's own. Of that kind no function that is exported makes one, so the kind
 * is changed where V8 keeps it. Where V8's objects do not lie as expected it stays as it was: nothing but the
 * frames is lost by it.
 */
#ifndef UVT_JS_HIDDEN_H
#define UVT_JS_HIDDEN_H

#include "base/node_api_min.h"

/* Hides a script that was just compiled from that source, under that name. On the thread of its environment.
 */
void uvt_js_hide(napi_value script, napi_value source, napi_value name);

/* Is it that of this thread? By V8's number of it (v8_function_script()). */
bool uvt_js_is_hidden(int script);

/* The thread's environment ends. */
void uvt_js_hidden_forget(void);

#endif

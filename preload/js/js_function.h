/* SPDX-License-Identifier: MIT */
/*
 * What a JavaScript function is called and where it is written, asked of V8's C++ API without running any
 * JavaScript. On a thread with an environment; remembered per thread by place, so that closures cost a
 * look-up.
 */
#ifndef UVT_JS_FUNCTION_H
#define UVT_JS_FUNCTION_H

#include "base/node_api_min.h"

#define UVT_JS_AGENT "node:internal/uvtree" /* the agent's script */

/* Number (js_text.h) of "name file:line", negative for a function of Node's own; 0 where V8 does not tell
 * (bound and native functions). */
int32_t uvt_js_function(napi_env env, napi_value function);

/* Where the name of its script lies in it. */
napi_value *uvt_js_origin_name(struct v8_script_origin *origin);

/* A script's name: Node's own? And without the scheme of a URL. */
bool uvt_js_is_nodes(const char *file);
const char *uvt_js_path_of(const char *file);

/* The thread's environment ends. */
void uvt_js_functions_forget(void);

#endif

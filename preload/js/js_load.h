/* SPDX-License-Identifier: MIT */
/*
 * How the agent gets into Node: its source is part of this object and is run in each environment, on its main
 * thread and in its workers, just before Node's own main script, with what Node gives that: its process
 * object, its internal require and bindings, and its copies of JavaScript's built-ins. No file, no module, no
 * option and no environment variable of the program's is touched.
 */
#ifndef UVT_JS_LOAD_H
#define UVT_JS_LOAD_H

#include <stdbool.h>

#include "node_function.h"

/* Does the environment of this process ask for the JavaScript layer? */
bool uvt_js_asked(void);

#define UVT_JS_LOAD_FUNCTIONS 3
extern const struct uvt_node_function uvt_js_load_functions[UVT_JS_LOAD_FUNCTIONS];

#endif

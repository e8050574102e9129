/* SPDX-License-Identifier: MIT */
/*
 * Errors that nothing caught: Node comes to one function of its own for each, from which it calls the
 * program's listeners, or ends. The agent is told before and after.
 */
#ifndef UVT_JS_FAILED_H
#define UVT_JS_FAILED_H

#include <stdbool.h>

#include "node_function.h"

/* Does Node come here? */
bool uvt_js_failed_heard(void);

#define UVT_JS_FAILED_FUNCTIONS 1
extern const struct uvt_node_function uvt_js_failed_functions[UVT_JS_FAILED_FUNCTIONS];

#endif

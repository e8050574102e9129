/* SPDX-License-Identifier: MIT */
/*
 * The end of the stack. What promise hooks throw V8 reports, and goes on: Node takes each report for an
 * uncaught error, of which it dies so near the stack's end. The agent's hooks catch all that they do; but
 * where the stack has no room left for them to begin, V8 throws for them. What they would have recorded is
 * lost there, and the program goes on.
 */
#ifndef UVT_JS_OVERFLOW_H
#define UVT_JS_OVERFLOW_H

#include "node_function.h"

#define UVT_JS_OVERFLOW_FUNCTIONS 1
extern const struct uvt_node_function uvt_js_overflow_functions[UVT_JS_OVERFLOW_FUNCTIONS];

#endif

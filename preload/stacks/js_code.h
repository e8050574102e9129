/* SPDX-License-Identifier: MIT */
/* Asks V8 what code it makes, for code_map.h. Without V8 nothing happens. */
#ifndef UVT_JS_CODE_H
#define UVT_JS_CODE_H

#include <stdbool.h>

/*
 * On a thread whose stack leads through code like V8's (before V8 is set up it must not be asked anything):
 * where its V8 has not been asked yet, V8 tells what is there and from then on what it makes. True: that has
 * happened just now. It takes some milliseconds, once per thread; later calls cost a look. Not in signal
 * handlers.
 */
bool uvt_js_code_ask(void);

#endif

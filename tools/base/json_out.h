/* SPDX-License-Identifier: MIT */
/* What the commands' JSON outputs share, over jansson. */
#ifndef UVT_JSON_OUT_H
#define UVT_JSON_OUT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

void uvt_json_set_number(json_t *object, const char *key, uint64_t number);

/* A text of the trace, made safe to print; "" is left out. */
void uvt_json_set_words(json_t *object, const char *key, const char *text);

/* On one line; takes the object. 0, or not: it cannot be written, or is NULL. */
int uvt_json_print(json_t *object, FILE *out);

#endif

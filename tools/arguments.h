/* SPDX-License-Identifier: MIT */
/* What several commands take from their command line and from the terminal. */
#ifndef UVT_ARGUMENTS_H
#define UVT_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline.h"

/* A decimal number of 1 to `most`, and nothing behind it. */
bool uvt_parse_positive(const char *text, uint64_t most, uint64_t *number);

/* 1500 (nanoseconds), 20us, 3ms, 2s, 1.5s. */
bool uvt_parse_time(const char *text, uint64_t *time);

/* uv, js, all. */
bool uvt_parse_layer(const char *text, enum uvt_layer *layer);

/* How text is to be written to standard output. */
struct uvt_terminal {
  unsigned width;
  bool ascii;  /* no characters beyond ASCII */
  bool colour; /* never but on a terminal */
};

/* Sets the locale for characters. */
struct uvt_terminal uvt_terminal_find(void);

#endif

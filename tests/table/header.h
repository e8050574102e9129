/* SPDX-License-Identifier: MIT */
/*
 * The public functions that a uv.h declares, and which of them take a callback: a parameter whose type is one
 * of the header's function pointer types, a function pointer spelled out, or an options struct that holds
 * one. Reads the text as it is, without a preprocessor, so that it can read the header of a libuv that is not
 * installed.
 */
#ifndef UVT_TEST_HEADER_H
#define UVT_TEST_HEADER_H

#include <stdbool.h>
#include <stddef.h>

struct prototype {
  char function[64];
  bool takes_callback;
  bool takes_fs_callback; /* uv_fs_cb */
};

struct header {
  int version; /* as uv_version() has it; 0: the text does not tell */
  struct prototype prototypes[512];
  size_t count;
};

/* Ends early, with what fits, at 512 functions. */
void header_parse(const char *text, struct header *header);
const struct prototype *header_prototype(const struct header *header, const char *function);

#endif

/* SPDX-License-Identifier: MIT */
/* What the modules of stacks need of announce.c: a recording whose `code` records are kept. */
#ifndef UVT_STACK_WORLD_H
#define UVT_STACK_WORLD_H

#include <stddef.h>
#include <stdint.h>

struct told_code {
  uint64_t address;
  uint32_t size;
  char name[64];
};
extern struct told_code told_codes[64];
extern size_t told_codes_count;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the scenario programs share. Each is one file that drives one family of libuv's functions, prints what
 * happened and ends by itself: the output with and without the preload must be the same, and its call tree is
 * written down in expect/NAME.tree. The working directory is an empty one of its own.
 */
#ifndef UVT_SCENARIO_H
#define UVT_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

#define OK(call) CHECK((call) == 0)

enum { SCENARIO_SKIPPED = 77 };

static inline void run_loop(uv_loop_t *loop)
{
  OK(uv_run(loop, UV_RUN_DEFAULT));
}

/* Everything must have been closed by now. */
static inline void end_loop(uv_loop_t *loop)
{
  OK(uv_loop_close(loop));
  puts("end");
}

#endif

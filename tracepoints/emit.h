/* SPDX-License-Identifier: MIT */
/*
 * What the injected object sees of the tracer: a table of functions, one per event of schema.h.
 *
 * The table lives in the provider object (libuvtree-lttng.so), which alone is linked with liblttng-ust and is
 * loaded only into programs that use libuv (uvtree-internals(7), rule 7). All functions may be called from
 * any thread; none locks, allocates, or changes errno. From a signal handler they may be called only on a
 * thread that has called touch() before. Records are copied before the call returns.
 */
#ifndef UVT_EMIT_H
#define UVT_EMIT_H

#include "schema.h"

#define UVT_EMIT_ABI 4 /* raised with every change of this struct: both objects are installed together */

struct uvt_emit {
  uint32_t abi;
  /* Non-zero while some session records execute_begin and link, respectively: plain loads, no call. */
  const int *records_begin;
  const int *records_link;
  /* What is there changes whenever a session begins or ends to record: to be compared, never followed. */
  const void *const *recorders;
#define UVT_EMIT_FN(event) void (*event)(const struct uvt_rec_##event *record);
  UVT_EVENTS(UVT_EMIT_FN)
#undef UVT_EMIT_FN
  /* Makes liblttng-ust allocate what it keeps for this thread. */
  void (*touch)(void);
  /* Around fork() of a process that goes on without exec: lttng_ust_before_fork and its after_ twins. */
  void (*before_fork)(void);
  void (*after_fork_parent)(void);
  void (*after_fork_child)(void);
};

/* The one symbol that the provider object exports, found by dlsym. */
#define UVT_EMIT_SYMBOL "uvt_emit_table"
extern const struct uvt_emit uvt_emit_table;

#endif

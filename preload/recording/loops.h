/* SPDX-License-Identifier: MIT */
/* The loops of the process and their IDs. Any thread; a loop is looked up when it is initialised or run. */
#ifndef UVT_LOOPS_H
#define UVT_LOOPS_H

#include "base/lock.h"

#include <stdint.h>

struct uvt_thread;

struct uvt_loop {
  const void *address;
  uint32_t id;
  uint32_t described; /* the recording epoch in which it was */
  bool is_default;
};

/* The loop at that address; a new one if there was none, or `fresh` says that one begins there. NULL: no
 * room. */
struct uvt_loop *uvt_loop_at(const void *address, bool fresh);

/* Records the loop that the thread runs, unless that has been done. Recording must be on. */
void uvt_loop_describe(struct uvt_thread *thread);

extern pthread_mutex_t uvt_loops_lock; /* fork.c */

#endif

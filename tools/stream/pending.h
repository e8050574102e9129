/* SPDX-License-Identifier: MIT */
/*
 * The operations that have children which are not yet Retired. There may be as many as the program has ever
 * had (a timer that starts the next one for ever keeps all its ancestors here), so each costs 32 bytes, and
 * beyond a limit the pages that were not used for long go to an unlinked temporary file.
 *
 * One thread at a time.
 */
#ifndef UVT_PENDING_H
#define UVT_PENDING_H

#include <stdint.h>

struct uvt_pending;

enum {
  UVT_PENDING_EXECUTED = 1, /* it retires when its last child does */
  UVT_PENDING_LOST = 2,     /* the trace lost its end: it never retires */
};

struct uvt_pending_operation {
  uint64_t operation_id;
  uint64_t link_id;
  uint64_t parent;   /* slot of the operation that linked it; 0: none, or not known */
  uint32_t children; /* not yet retired */
  uint32_t flags;
};
_Static_assert(sizeof(struct uvt_pending_operation) == 32, "uvtree-internals(7) promises 32 bytes");

/* `memory`: bytes to keep before spilling. NULL: out of memory. */
struct uvt_pending *uvt_pending_create(uint64_t memory);
void uvt_pending_destroy(struct uvt_pending *pending);

/* Stores an operation without children and returns its slot, never 0. 0: see uvt_pending_status. */
uint64_t uvt_pending_add(struct uvt_pending *pending, uint64_t operation_id, uint64_t link_id,
                         uint64_t parent);

/* The operation in a slot that is in use; holds until the next call. NULL: see uvt_pending_status. */
struct uvt_pending_operation *uvt_pending_get(struct uvt_pending *pending, uint64_t slot);

void uvt_pending_remove(struct uvt_pending *pending, uint64_t slot);

/* 0, or the negative errno of the first thing that failed: no memory, or the temporary file. */
int uvt_pending_status(const struct uvt_pending *pending);

/* How many are stored. */
uint64_t uvt_pending_count(const struct uvt_pending *pending);

#endif

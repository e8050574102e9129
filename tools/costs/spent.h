/* SPDX-License-Identifier: MIT */
/*
 * Where the time between two moments went, when several things went on at once: each instant belongs to the
 * first kind, in the order of the enumeration, of which something was going on then. So the parts sum up to
 * the whole exactly.
 */
#ifndef UVT_SPENT_H
#define UVT_SPENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum uvt_spent_kind {
  UVT_SPENT_RUNNING,
  UVT_SPENT_READY,
  UVT_SPENT_POOL_WORK,
  UVT_SPENT_POOL_WAIT,
  UVT_SPENT_GIVEN,                     /* so many can be added */
  UVT_SPENT_OUTSIDE = UVT_SPENT_GIVEN, /* nothing of the others */
  UVT_SPENT_KINDS
};

/* Spans kept before the older ones are summed up for good: 24 bytes each. */
enum { UVT_SPENT_MOST = 16384 };

struct uvt_spent_span {
  uint64_t from, to;
  enum uvt_spent_kind kind;
};

struct uvt_spent {
  uint64_t from; /* where it begins; what was summed up for good lies before */
  struct uvt_spent_span *spans;
  size_t count, capacity;
  uint64_t summed[UVT_SPENT_KINDS], together[UVT_SPENT_GIVEN];
  bool rounded; /* a span came that reached back into what had been summed up */
};

/* Begins at that time. One that is cleared, or all zero, holds no memory. */
void uvt_spent_begin(struct uvt_spent *spent, uint64_t from);
void uvt_spent_clear(struct uvt_spent *spent);

/* What lies before the beginning is left out. 0 or -ENOMEM. */
int uvt_spent_add(struct uvt_spent *spent, enum uvt_spent_kind kind, uint64_t from, uint64_t to);

/*
 * The parts of the time until `to`, and how long things of each kind took together (parallel ones counted
 * each). To be called once. 0 or -ENOMEM.
 */
int uvt_spent_sum(struct uvt_spent *spent, uint64_t to, uint64_t parts[UVT_SPENT_KINDS],
                  uint64_t together[UVT_SPENT_GIVEN]);

#endif

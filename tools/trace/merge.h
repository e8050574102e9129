/* SPDX-License-Identifier: MIT */
/*
 * The order in which the streams of a trace are read: the one whose next record is the earliest comes first,
 * and of those with equal times the one with the smallest number, so that a trace is always told the same
 * way.
 *
 * A binary heap of the streams' numbers. The times are the streams' own; whoever changes the first one's says
 * so.
 */
#ifndef UVT_MERGE_H
#define UVT_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uvt_merge {
  const int64_t **times; /* by number */
  size_t *heap;          /* numbers, the earliest first */
  size_t count;          /* streams that have not ended */
};

/* Room for that many streams. False: no memory. */
bool uvt_merge_init(struct uvt_merge *merge, size_t streams);
void uvt_merge_clear(struct uvt_merge *merge);

/* The stream takes part; its time stays where it is. */
void uvt_merge_add(struct uvt_merge *merge, size_t stream, const int64_t *time);

/* The first one's time has changed. */
void uvt_merge_settle(struct uvt_merge *merge);
/* The first one has ended. */
void uvt_merge_end_first(struct uvt_merge *merge);

static inline size_t uvt_merge_first(const struct uvt_merge *merge)
{
  return merge->heap[0];
}

static inline bool uvt_merge_is_earlier(const struct uvt_merge *merge, size_t a, size_t b)
{
  int64_t first = *merge->times[a], second = *merge->times[b];
  return first < second || (first == second && a < b);
}

/* The one that comes after the first; the first itself where there is no other. */
static inline size_t uvt_merge_second(const struct uvt_merge *merge)
{
  const size_t *heap = merge->heap;
  if (merge->count < 2)
    return heap[0];
  return merge->count > 2 && uvt_merge_is_earlier(merge, heap[2], heap[1]) ? heap[2] : heap[1];
}

#endif

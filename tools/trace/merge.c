/* SPDX-License-Identifier: MIT */
#include "merge.h"

#include <stdlib.h>

bool uvt_merge_init(struct uvt_merge *merge, size_t streams)
{
  merge->times = calloc(streams + 1, sizeof *merge->times);
  merge->heap = calloc(streams + 1, sizeof *merge->heap);
  merge->count = 0;
  return merge->times && merge->heap;
}

void uvt_merge_clear(struct uvt_merge *merge)
{
  free(merge->times);
  free(merge->heap);
  *merge = (struct uvt_merge){0};
}

static void swap(size_t *a, size_t *b)
{
  size_t moved = *a;
  *a = *b;
  *b = moved;
}

void uvt_merge_add(struct uvt_merge *merge, size_t stream, const int64_t *time)
{
  size_t at = merge->count++;
  merge->times[stream] = time;
  merge->heap[at] = stream;
  for (size_t above; at && uvt_merge_is_earlier(merge, merge->heap[at], merge->heap[above = (at - 1) / 2]);
       at = above)
    swap(&merge->heap[at], &merge->heap[above]);
}

void uvt_merge_settle(struct uvt_merge *merge)
{
  size_t *heap = merge->heap;
  for (size_t at = 0, child; (child = 2 * at + 1) < merge->count; at = child) {
    if (child + 1 < merge->count && uvt_merge_is_earlier(merge, heap[child + 1], heap[child]))
      child++;
    if (!uvt_merge_is_earlier(merge, heap[child], heap[at]))
      return;
    swap(&heap[at], &heap[child]);
  }
}

void uvt_merge_end_first(struct uvt_merge *merge)
{
  merge->heap[0] = merge->heap[--merge->count];
  uvt_merge_settle(merge);
}

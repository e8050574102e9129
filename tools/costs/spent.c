/* SPDX-License-Identifier: MIT */
#include "spent.h"

#include <errno.h>
#include <stdlib.h>

/* Something of a kind begins or ends. */
struct edge {
  uint64_t time;
  int change;
  enum uvt_spent_kind kind;
};

void uvt_spent_begin(struct uvt_spent *spent, uint64_t from)
{
  *spent = (struct uvt_spent){.from = from};
}

void uvt_spent_clear(struct uvt_spent *spent)
{
  free(spent->spans);
  *spent = (struct uvt_spent){0};
}

static int compare_edges(const void *left, const void *right)
{
  const struct edge *a = left;
  const struct edge *b = right;
  return (a->time > b->time) - (a->time < b->time);
}

static enum uvt_spent_kind first_going_on(const int going_on[UVT_SPENT_GIVEN])
{
  for (int kind = 0; kind < UVT_SPENT_GIVEN; kind++) {
    if (going_on[kind] > 0)
      return (enum uvt_spent_kind)kind;
  }
  return UVT_SPENT_OUTSIDE;
}

static size_t make_edges(const struct uvt_spent *spent, uint64_t to, struct edge *edges,
                         uint64_t together[UVT_SPENT_GIVEN])
{
  size_t count = 0;
  for (size_t i = 0; i < spent->count; i++) {
    struct uvt_spent_span span = spent->spans[i];
    span.to = span.to < to ? span.to : to;
    if (span.from >= span.to)
      continue;
    together[span.kind] += span.to - span.from;
    edges[count++] = (struct edge){span.from, 1, span.kind};
    edges[count++] = (struct edge){span.to, -1, span.kind};
  }
  qsort(edges, count, sizeof *edges, compare_edges);
  return count;
}

/* Adds what was from the beginning until `to`. */
static int sum_until(const struct uvt_spent *spent, uint64_t to, uint64_t parts[UVT_SPENT_KINDS],
                     uint64_t together[UVT_SPENT_GIVEN])
{
  struct edge *edges = malloc((2 * spent->count + 1) * sizeof *edges);
  int going_on[UVT_SPENT_GIVEN] = {0};
  uint64_t time = spent->from;
  if (!edges)
    return -ENOMEM;
  size_t count = make_edges(spent, to, edges, together);
  for (size_t i = 0; i < count; i++) {
    parts[first_going_on(going_on)] += edges[i].time - time;
    time = edges[i].time;
    going_on[edges[i].kind] += edges[i].change;
  }
  if (to > time)
    parts[UVT_SPENT_OUTSIDE] += to - time;
  free(edges);
  return 0;
}

static int compare_ends(const void *left, const void *right)
{
  const struct uvt_spent_span *a = left;
  const struct uvt_spent_span *b = right;
  return (a->to > b->to) - (a->to < b->to);
}

/* Sums up for good what lies before the end of the middle one. */
static int sum_older(struct uvt_spent *spent)
{
  qsort(spent->spans, spent->count, sizeof *spent->spans, compare_ends);
  uint64_t until = spent->spans[spent->count / 2].to;
  int status = sum_until(spent, until, spent->summed, spent->together);
  if (status)
    return status;
  size_t kept = 0;
  for (size_t i = 0; i < spent->count; i++) {
    struct uvt_spent_span span = spent->spans[i];
    if (span.to <= until)
      continue;
    span.from = span.from > until ? span.from : until;
    spent->spans[kept++] = span;
  }
  spent->count = kept;
  spent->from = until;
  return 0;
}

static int reserve(struct uvt_spent *spent)
{
  if (spent->count < spent->capacity)
    return 0;
  if (spent->count == UVT_SPENT_MOST)
    return sum_older(spent);
  size_t capacity = spent->capacity ? spent->capacity * 2 : 8;
  struct uvt_spent_span *spans = realloc(spent->spans, capacity * sizeof *spans);
  if (!spans)
    return -ENOMEM;
  spent->spans = spans;
  spent->capacity = capacity;
  return 0;
}

/* Slices of a run, most often. */
static bool continue_last(struct uvt_spent *spent, enum uvt_spent_kind kind, uint64_t from, uint64_t to)
{
  if (!spent->count)
    return false;
  struct uvt_spent_span *last = &spent->spans[spent->count - 1];
  if (last->kind != kind || last->to != from)
    return false;
  last->to = to;
  return true;
}

int uvt_spent_add(struct uvt_spent *spent, enum uvt_spent_kind kind, uint64_t from, uint64_t to)
{
  if (from >= to)
    return 0;
  if (continue_last(spent, kind, from, to))
    return 0;
  int status = reserve(spent);
  if (status)
    return status;
  if (from < spent->from) {
    spent->rounded |= spent->capacity == UVT_SPENT_MOST;
    from = spent->from;
  }
  if (from < to)
    spent->spans[spent->count++] = (struct uvt_spent_span){from, to, kind};
  return 0;
}

int uvt_spent_sum(struct uvt_spent *spent, uint64_t to, uint64_t parts[UVT_SPENT_KINDS],
                  uint64_t together[UVT_SPENT_GIVEN])
{
  for (int i = 0; i < UVT_SPENT_KINDS; i++)
    parts[i] = spent->summed[i];
  for (int i = 0; i < UVT_SPENT_GIVEN; i++)
    together[i] = spent->together[i];
  return sum_until(spent, to, parts, together);
}

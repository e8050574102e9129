/* SPDX-License-Identifier: MIT */
/* What the files of the stats share. */
#ifndef UVT_STATS_STATE_H
#define UVT_STATS_STATE_H

#include "base/id_map.h"
#include "histogram.h"
#include "measure.h"
#include "stats.h"
#include "stream/stack_store.h"

enum {
  UVT_STATS_LONGEST = 10,  /* invocations kept */
  UVT_STATS_PLACES = 4096, /* type and path of blocking calls told apart */
  UVT_STATS_SLOTS = 512,   /* of the thread pool's time line */
  UVT_STATS_OPEN = 32      /* invocations open at the first listen that are told of */
};

/* What of a type is measured. */
enum uvt_stats_what {
  UVT_STATS_POOL_WAIT,
  UVT_STATS_POOL_WORK,
  UVT_STATS_DELAY,
  UVT_STATS_RUN,
  UVT_STATS_WHATS
};

struct uvt_stats_type {
  const char *name;
  bool allocates; /* the allocation callbacks of a read */
  uint64_t count; /* invocations */
  struct uvt_histogram times[UVT_STATS_WHATS];
};

struct uvt_stats_loop {
  uint64_t id;
  int64_t tid;
  struct uvt_histogram iterations; /* from a poll's end to the next one's begin */
  uint64_t idle;                   /* ns in polls */
  uint64_t first, last;            /* polls */
  uint64_t poll_began, poll_ended; /* UVT_MEASURE_NEVER: there was none */
};

/* Thread-seconds per slot of time; the slots get wider as the stream gets longer. */
struct uvt_stats_timeline {
  uint64_t width; /* ns a slot */
  uint64_t waiting[UVT_STATS_SLOTS], working[UVT_STATS_SLOTS];
};

struct uvt_stats_pool {
  struct uvt_id_map threads; /* by tid + 1 */
  uint64_t working, most;    /* at work: now, and at the same time at most */
  uint64_t works;            /* taken up */
  uint64_t begun;            /* when the first was */
  struct uvt_stats_timeline timeline;
};

struct uvt_stats_long {
  uint64_t execute;
  const char *type;
  char detail[160];
  uint64_t begun, ran, whole; /* ran: without what is nested in it */
  uint32_t stack;             /* where it was registered, in the stats' store; 0: not known */
  bool open;
};

struct uvt_stats_place {
  char type[64];
  char path[192];
  uint64_t count, total, longest;
};

/* What ran and what blocked in some span of time. */
struct uvt_stats_tally {
  struct uvt_stats_long longest[UVT_STATS_LONGEST];
  size_t longest_count;
  struct uvt_id_map places;  /* by hash: pointers */
  struct uvt_id_map sites;   /* likewise; its path is where in the program it was called */
  uint64_t invocations, ran; /* ns, on all threads together, without the pool's */
  uint64_t blocking, blocked;
};

struct uvt_stats_startup {
  bool listens;  /* it came to a listen that was not refused, as far as is known */
  uint64_t link; /* of that listen */
  uint64_t time;
  char detail[160];
  struct uvt_stats_tally tally; /* up to then */
  struct uvt_stats_long open[UVT_STATS_OPEN];
  size_t open_count;
  uint64_t idle, open_ran;
};

struct uvt_stats_process {
  struct uvt_measure_process *measured;
  uint64_t first, last;           /* times of lines about it */
  struct uvt_id_map types, loops; /* pointers */
  struct uvt_stats_pool pool;
  struct uvt_stats_tally tally;
  struct uvt_stats_startup startup;
};

struct uvt_stats {
  struct uvt_sink sink;
  struct uvt_stats_options options;
  struct uvt_measure measure;
  struct uvt_stack_store *stacks; /* held; NULL: none was in the stream */
  int status;
  bool ended;
};

static inline struct uvt_stats_process *uvt_stats_process_of(const struct uvt_measure_process *process)
{
  return process->user;
}

/*
 * All things of a map of pointers, in an array that ends with NULL, the greatest first. `compare` is
 * qsort's, for pointers to things. The caller frees it; NULL: out of memory.
 */
void **uvt_stats_sorted(const struct uvt_id_map *map, int (*compare)(const void *, const void *));

int uvt_stats_by_total(const void *left, const void *right); /* uvt_stats_place: the longest together */
int uvt_stats_by_time(const void *left, const void *right);  /* uvt_stats_type: the longest together */
int uvt_stats_by_loop(const void *left, const void *right);  /* uvt_stats_loop: by ID */

/* Says what a process's printing needs. 0, or -1 with the error set where nothing can be told. */
int uvt_stats_check(const struct uvt_stats *stats, struct uvt_error *error);

/* The span of time that is told of: of the process, within the options. */
void uvt_stats_span(const struct uvt_stats *stats, const struct uvt_stats_process *process, uint64_t *from,
                    uint64_t *to);

#endif

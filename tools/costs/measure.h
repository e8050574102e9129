/* SPDX-License-Identifier: MIT */
/*
 * Follows a stream for the commands that measure (stats, requests): when each operation was Queued, Ready,
 * taken by the pool, run, and which invocation was the innermost one of its thread at any time. Times are
 * exactly those of the stream.
 *
 * Memory grows with what is alive: a registration goes when it has no operation that is Queued, Ready or
 * Executing. (ChildrenPending is nobody's business here.) The stream must have states.
 */
#ifndef UVT_MEASURE_H
#define UVT_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id_map.h"
#include "stream/event.h"

#define UVT_MEASURE_NEVER UINT64_MAX

struct uvt_measure_process {
  uint64_t id;
  int64_t pid;
  char title[256];                                                   /* its command line */
  uint64_t time;                                                     /* of its last event */
  struct uvt_id_map registrations, operations, invocations, threads; /* values: pointers */
  void *user;
};

struct uvt_measure_thread {
  int64_t tid;
  char name[64];                      /* "main thread 7149" */
  struct uvt_measure_invocation *top; /* the innermost that is open */
  uint64_t since;                     /* when it became that, or the last poll ended */
  uint64_t polled;                    /* since when the loop polls; UVT_MEASURE_NEVER: it does not */
  uint64_t poll_ended;                /* likewise; of the last poll */
  void *user;
};

struct uvt_measure_registration {
  struct uvt_measure_process *process;
  uint64_t id;
  const char *type;  /* kept until the end; the same pointer for the same text */
  char *detail;      /* never NULL */
  int64_t fd;        /* what it reads from, and the like; -1: not told */
  bool pooled;       /* its work is the thread pool's */
  bool works;        /* uv_queue_work: its callback is the pool's work itself */
  bool always_ready; /* idle, prepare, check: run once an iteration, whatever happens; their delay is no delay
                      */
  bool js;
  uint32_t stack; /* where it was linked, in the stream's store (stack_store.h); 0: not known */
  uint64_t pool_begun, pool_ended; /* or UVT_MEASURE_NEVER */
  struct uvt_measure_operation *operations;
  uint32_t running; /* open invocations */
  /* A stream reads in two steps: an operation that allocates, and at once the one with the data. The second
   * has waited since the first was Queued. */
  uint64_t allocated_queued, allocated_ready;
  void *user;
};

struct uvt_measure_operation {
  uint64_t id;
  struct uvt_measure_registration *registration;
  uint64_t queued, ready;                        /* or UVT_MEASURE_NEVER */
  struct uvt_measure_operation *next, *previous; /* of the registration */
};

struct uvt_measure_invocation {
  struct uvt_measure_process *process;
  struct uvt_measure_thread *thread;
  struct uvt_measure_registration *registration; /* NULL: a root, or its link was lost */
  struct uvt_measure_invocation *within;         /* what is below it on its thread */
  uint64_t id;
  bool root;
  bool allocates;         /* it is the first step of a read */
  uint64_t queued, ready; /* or UVT_MEASURE_NEVER */
  uint64_t begun;
  uint64_t ended;
  uint64_t received; /* bytes that a read was given */
  const char *error; /* name of that which its callback was given; NULL: none */
  uint64_t ran;      /* of it, without what is nested in it and without polls */
  void *user;
};

/* Each may be NULL. What is passed lives until the function that tells of its end has returned. */
struct uvt_measure_handlers {
  /* Every event, before anything is done with it. */
  void (*event)(void *user, struct uvt_measure_process *process, const struct uvt_event *event);
  void (*process)(void *user, struct uvt_measure_process *process); /* first met, or (again) described */
  /* `by` is NULL where it is not known. */
  void (*link)(void *user, struct uvt_measure_registration *registration, struct uvt_measure_invocation *by,
               const struct uvt_event *event);
  void (*cause)(void *user, struct uvt_measure_registration *registration, struct uvt_measure_invocation *by,
                const struct uvt_event *event);
  void (*begin)(void *user, struct uvt_measure_invocation *invocation, const struct uvt_event *event);
  /* The invocation was the innermost of its thread for that while, and the thread did not poll. */
  void (*slice)(void *user, struct uvt_measure_invocation *invocation, uint64_t from, uint64_t to);
  void (*end)(void *user, struct uvt_measure_invocation *invocation);
  void (*pool_begin)(void *user, struct uvt_measure_registration *registration, uint64_t queued, int64_t tid);
  void (*pool_end)(void *user, struct uvt_measure_registration *registration);
  /* It will not run: cancelled. `operation->queued` and `ready` are what they were. */
  void (*retire)(void *user, struct uvt_measure_operation *operation, uint64_t time);
  void (*poll_begin)(void *user, struct uvt_measure_process *process, struct uvt_measure_thread *thread,
                     const struct uvt_event *event);
  void (*poll_end)(void *user, struct uvt_measure_process *process, struct uvt_measure_thread *thread,
                   const struct uvt_event *event);
  void (*forget)(void *user, struct uvt_measure_registration *registration); /* nothing more comes of it */
};

struct uvt_measure {
  const struct uvt_measure_handlers *handlers;
  void *user;
  int status;                               /* 0 or -ENOMEM */
  bool has_states, has_invocations, has_js; /* registrations of JavaScript: its layer was recorded */
  uint64_t time;                            /* the greatest so far */
  struct uvt_measure_process **processes;   /* in the order of the stream */
  size_t processes_count;
  struct uvt_id_map process_ids, types;
};

void uvt_measure_init(struct uvt_measure *measure, const struct uvt_measure_handlers *handlers, void *user);

/* Frees all; of what is open nothing more is told. */
void uvt_measure_clear(struct uvt_measure *measure);

/* Returns the status. */
int uvt_measure_event(struct uvt_measure *measure, const struct uvt_event *event);

/* How long the invocation has been innermost up to that time, while it is open. */
uint64_t uvt_measure_ran_until(const struct uvt_measure_invocation *invocation, uint64_t time);

#endif

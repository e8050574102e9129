/* SPDX-License-Identifier: MIT */
/*
 * Follows a stream for the formats that draw it: which registration, operation and invocation an event speaks
 * of, what hangs from what, and what ran inside what on which thread. A format fills in the handlers and gets
 * each thing when it begins and when it ends.
 *
 * Memory grows with what is alive: a registration is forgotten when nothing can run from it any more, an
 * operation when it has run (ChildrenPending is nobody's business here).
 *
 * On each thread runs are properly nested, whatever the stream says: where the end of one was lost, or comes
 * too late, it ends where its surroundings do. Beginnings, ends and links of one thread are at least 1 ns
 * apart here, so that no viewer has to guess which of two at the same time comes first.
 */
#ifndef UVT_FOLLOW_H
#define UVT_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id_map.h"
#include "event.h"

struct uvt_follow_process {
  uint64_t id;     /* processID, or the pid where the stream has none */
  uint64_t number; /* 1, 2, ... in the order of the stream */
  int64_t pid;     /* 0: not told */
  const char *host;
  bool ended; /* another process has its pid now */
  bool told;  /* its process event was there */
  bool has_operations;
  uint64_t last_time;
  struct uvt_id_map links, operations, causes, invocations, threads, loops; /* values: pointers */
  uint64_t own;                                                             /* the format's */
};

struct uvt_follow_run;
struct uvt_follow_registration;

struct uvt_follow_thread {
  struct uvt_follow_process *process;
  int64_t tid;
  const char *role, *name;    /* "" where not told */
  uint64_t clock;             /* no moment before it is free any more */
  struct uvt_follow_run *top; /* the innermost open run */
  uint64_t own;
};

/* Where and when an invocation did something; thread NULL: not known. */
struct uvt_follow_point {
  struct uvt_follow_thread *thread;
  uint64_t time;
  uint64_t execute;
  uint64_t own; /* that of its run */
};

struct uvt_follow_cause {
  uint64_t id;
  struct uvt_follow_registration *registration;
  struct uvt_follow_point at;
  bool taken;
  struct uvt_follow_cause *next; /* of the same registration */
};

struct uvt_follow_registration {
  struct uvt_follow_process *process;
  uint64_t link_id;
  const char *type;     /* "unknown" where the stream does not say; the same pointer for the same text */
  const char *function; /* of JavaScript: "name file:line"; NULL: not known */
  bool js, repeat;
  bool pooled; /* served by libuv's thread pool */
  bool linked; /* more may run from it */
  struct uvt_follow_point at;
  uint64_t queued;                 /* when the operation that is to run next was queued */
  uint64_t pool_begun, pool_ended; /* 0: not yet, or never */
  struct uvt_follow_cause *first_cause, *last_cause;
  uint32_t holders, live;
  char *text; /* the format's; freed with the registration */
  uint64_t own;
};

struct uvt_follow_operation {
  struct uvt_follow_process *process;
  uint64_t id;
  uint64_t n;
  struct uvt_follow_registration *registration; /* NULL: not known */
  enum uvt_state state;
  uint64_t queued, ready;     /* ready UINT64_MAX: not yet */
  struct uvt_follow_run *run; /* that executes it, while it does */
  uint64_t own;
};

enum uvt_follow_run_kind { UVT_FOLLOW_INVOCATION, UVT_FOLLOW_POOL_WORK };

struct uvt_follow_run {
  enum uvt_follow_run_kind kind;
  struct uvt_follow_thread *thread;
  struct uvt_follow_run *below;                 /* what it is nested in */
  struct uvt_follow_registration *registration; /* NULL: a root, or unknown */
  struct uvt_follow_operation *operation;       /* NULL: a root, or unknown */
  uint64_t execute_id, operation_id, cause_id;
  bool root;
  uint64_t begun, ended;           /* ended: once it has */
  uint64_t inner;                  /* ns of the runs and polls nested directly in it */
  struct uvt_follow_point *causes; /* where it was caused; the first is the first that is known */
  size_t causes_count;
  char *text; /* the format's; freed with the run */
  uint64_t own;
};

struct uvt_follow_loop {
  struct uvt_follow_process *process;
  uint64_t loop_id;
  int64_t tid;
  const char *name;
  bool polling;
  uint64_t polled; /* since when */
};

enum uvt_follow_end {
  UVT_FOLLOW_ENDED,
  UVT_FOLLOW_CLOSED, /* its end was lost, or comes later than that of what it is nested in */
  UVT_FOLLOW_OPEN,   /* the stream, or its process, is over */
};

/* Each may be NULL. `event` is what told of it, or NULL where nothing did. */
struct uvt_follow_handlers {
  void (*process)(void *format, struct uvt_follow_process *process, const struct uvt_event *event);
  void (*process_end)(void *format, struct uvt_follow_process *process);
  void (*thread)(void *format, struct uvt_follow_thread *thread); /* new, or told more about */
  void (*loop)(void *format, struct uvt_follow_loop *loop);
  /* `run` is the invocation that links, where it is open and known. */
  void (*link)(void *format, struct uvt_follow_registration *registration, struct uvt_follow_run *run,
               const struct uvt_event *event);
  void (*unlink)(void *format, struct uvt_follow_registration *registration, uint64_t time);
  void (*operation)(void *format, struct uvt_follow_operation *operation);
  void (*state)(void *format, struct uvt_follow_operation *operation, enum uvt_state state, uint64_t time);
  void (*operation_end)(void *format, struct uvt_follow_operation *operation, uint64_t time,
                        enum uvt_follow_end how);
  void (*begin)(void *format, struct uvt_follow_run *run, const struct uvt_event *event);
  void (*end)(void *format, struct uvt_follow_run *run, const struct uvt_event *event,
              enum uvt_follow_end how);
  void (*poll)(void *format, struct uvt_follow_loop *loop, uint64_t end, const struct uvt_event *event);
  /* Every event as it comes, before anything else is told of it. `run`: of its executeID, where that is open.
   */
  void (*event)(void *format, struct uvt_follow_process *process, struct uvt_follow_run *run,
                const struct uvt_event *event);
};

struct uvt_follow {
  const struct uvt_follow_handlers *handlers;
  void *format;
  int status; /* 0 or -ENOMEM */
  uint64_t last_time;
  struct uvt_follow_process **processes;
  size_t processes_count;
  struct uvt_id_map process_ids;
  struct uvt_id_map names;
};

void uvt_follow_init(struct uvt_follow *follow, const struct uvt_follow_handlers *handlers, void *format);
void uvt_follow_clear(struct uvt_follow *follow);

/* Returns the status. */
int uvt_follow_event(struct uvt_follow *follow, const struct uvt_event *event);

/* The stream is over: ends what is open. To be called once. */
int uvt_follow_end(struct uvt_follow *follow);

/* The text, kept until the end, at the same place however often it is asked for; "" when out of memory. */
const char *uvt_follow_name(struct uvt_follow *follow, const char *text);

/* A moment on a thread's track, at that time or as soon after what was told last as can be told apart. */
uint64_t uvt_follow_tick(struct uvt_follow_thread *thread, uint64_t time);

/* What the datum says; 0 where there is none of that type. */
int64_t uvt_follow_number(const struct uvt_event *event, const char *key);

#endif

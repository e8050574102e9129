/* SPDX-License-Identifier: MIT */
/*
 * What the files check*.c share; for nobody else. check.h says what they do together.
 *
 * Functions work on the event at hand (check->event) and its process (check->process). Out of memory is noted
 * in check->status, and the run stops after the event.
 */
#ifndef UVT_CHECK_STATE_H
#define UVT_CHECK_STATE_H

#include "base/id_map.h"
#include "base/id_set.h"
#include "base/paged.h"
#include "check.h"

#define ID_LIMIT (UINT64_C(1) << 53)
#define NEVER UINT64_MAX

enum id_kind { ID_EXECUTE, ID_LINK, ID_CAUSE, ID_OPERATION, ID_LOOP, ID_KINDS };

struct thread {
  uint64_t tid;
  uint64_t last_execute;
  uint64_t pool_link; /* what its pool worker is at, 0: nothing */
  uint64_t poll_loop; /* the loop that polls on it, 0: none */
  bool announced;
  uint64_t *open; /* executeIDs, outermost first */
  size_t depth;
  size_t capacity;
};

/* An open invocation. */
struct invocation {
  struct thread *thread;
  uint64_t operation;
  uint64_t link; /* through its cause, where the event names no operation */
  uint64_t begun;
  bool loose; /* its end may have been lost: it may end in any order, or never */
};

enum pool_state { POOL_NONE, POOL_BEGUN, POOL_ENDED };

/* A registration that may still be mentioned. */
struct registration {
  uint64_t parent; /* the operation that linked it, 0: unknown */
  uint64_t linked;
  uint64_t caused; /* for the first time, or NEVER */
  uint64_t begun;  /* its newest invocation, or NEVER */
  uint64_t operations;
  uint64_t live;                    /* operations that are Queued, Ready or Executing */
  uint64_t first_cause, last_cause; /* of those that are not yet taken or were taken last */
  uint64_t taken;                   /* the cause taken last */
  uint64_t pool_ended;
  enum pool_state pool;
  bool repeat;
  bool cancelled;
};

struct cause {
  uint64_t link;
  uint64_t time;
  uint64_t previous, next; /* of the same registration */
};

/* An operation that is not yet both ended and ChildrenPending. */
struct operation {
  uint64_t link;
  uint64_t parent;
  uint64_t execute;
  uint64_t entered; /* its state */
  uint64_t ready;
  uint64_t begun;
  uint64_t ended;
  uint32_t children; /* not Retired */
  uint8_t state;
  bool announced; /* by an `operation` or a `state` event, not only by executeBegin */
  bool external;
};

/* An operation that only waits for its children. */
struct pending_operation {
  uint64_t parent;
  uint32_t children;
  bool waits; /* false: there is none in this place */
};

struct process {
  uint64_t id;
  int64_t pid;
  char *host;
  struct process *forked_from;
  bool announced;
  bool ended;
  bool has_states;
  bool has_operations;
  bool lost;            /* an ID that was not introduced may have been so in lost events */
  uint64_t loose_until; /* events were lost until then */
  struct uvt_id_set known[ID_KINDS];
  struct uvt_id_set shadow[ID_KINDS]; /* of these nothing certain can be said */
  struct uvt_id_set cancelled;        /* linkIDs */
  struct uvt_id_set dead_causes;      /* those of cancelled registrations */
  struct uvt_id_set unwound;          /* executeIDs */
  struct uvt_id_set external;         /* operationIDs, where the stream has no states */
  struct uvt_id_map threads;          /* tid: struct thread * */
  struct uvt_id_map invocations;
  struct uvt_id_map registrations;
  struct uvt_id_map causes;
  struct uvt_id_map operations;
  struct uvt_id_map pending, pending_pages; /* check_pending.c's */
};

struct uvt_check {
  struct uvt_sink sink;
  struct uvt_check_report report;
  struct uvt_id_map processes; /* processID: struct process * */
  struct process *last;        /* that an event belonged to */
  uint64_t events;
  uint64_t losses;
  uint64_t time;        /* newest */
  bool lost_all;        /* a loss of the whole stream: also processes seen later are in its shadow */
  bool contracted;      /* a view whose lines may mention an invocation that has ended (view_layer.h) */
  bool closes_silently; /* a view without the cancels of what was collected (view_layer.h) */
  const struct uvt_event *event;
  struct process *process;
  size_t pending_direct; /* operations of a process that lie in its map before others are paged */
  struct uvt_paged paged;
  uint32_t *free_pages;
  size_t free_pages_count, free_pages_capacity;
  int status; /* -ENOMEM once memory ran out, or why the temporary file failed */
};

/* ---- check_ids.c ---- */

extern const char *const uvt_check_id_names[ID_KINDS];

/* Reports a violation; one that may be excused is dropped in the shadow of a loss. */
__attribute__((format(printf, 4, 5))) void uvt_check_found(struct uvt_check *check, enum uvt_check_rule rule,
                                                           bool excusable, const char *format, ...);
void *uvt_check_map_add(struct uvt_check *check, struct uvt_id_map *map, uint64_t id);
/* Whether an event introduced the ID; its shadow is not looked at. */
bool uvt_check_introduced(const struct process *process, enum id_kind kind, uint64_t id);
void uvt_check_introduce(struct uvt_check *check, enum id_kind kind, uint64_t id);
/* False where nothing more can be said of the ID: no event before introduced it, which is reported once. */
bool uvt_check_known(struct uvt_check *check, enum id_kind kind, uint64_t id, enum uvt_check_rule rule);
/* True where it was not in the set. */
bool uvt_check_set_add(struct uvt_check *check, struct uvt_id_set *set, uint64_t id);
bool uvt_check_in_shadow(const struct uvt_check *check, enum id_kind kind, uint64_t id);

struct thread *uvt_check_thread_of(struct uvt_check *check, int64_t tid);
/* The invocations open on a thread (NULL: on all) may end in any order, or never. */
void uvt_check_loosen(struct process *process, const struct thread *thread);
/* A number or a flag in data, 0 where it is not there or negative. */
uint64_t uvt_check_number_datum(const struct uvt_event *event, const char *key);

/* ---- check_process.c ---- */

void uvt_check_destroy_process(struct uvt_check *check, struct process *process);
/* The process of any event but `process` and `lost`; NULL where that cannot be told. */
struct process *uvt_check_process_of(struct uvt_check *check, const struct uvt_event *event);
void uvt_check_on_process(struct uvt_check *check);
void uvt_check_on_thread(struct uvt_check *check);
void uvt_check_on_loop(struct uvt_check *check);
void uvt_check_on_lost(struct uvt_check *check);

/* ---- check_invocation.c ---- */

void uvt_check_on_execute_begin(struct uvt_check *check);
void uvt_check_on_execute_end(struct uvt_check *check);
void uvt_check_on_link(struct uvt_check *check);
void uvt_check_on_cause(struct uvt_check *check);
void uvt_check_on_cancel(struct uvt_check *check);
void uvt_check_on_external_cause(struct uvt_check *check);
void uvt_check_on_blocking(struct uvt_check *check);
void uvt_check_on_about_invocation(struct uvt_check *check);

/* ---- check_registration.c ---- */

struct registration *uvt_check_find_registration(const struct uvt_check *check, uint64_t link);
struct cause *uvt_check_find_cause(const struct uvt_check *check, uint64_t id);
bool uvt_check_is_cancelled(const struct uvt_check *check, uint64_t link);
void uvt_check_add_cause(struct uvt_check *check, struct registration *registration, uint64_t link,
                         uint64_t id);
/* An invocation took a cause: older ones that were taken are forgotten. */
void uvt_check_take_cause(struct uvt_check *check, struct registration *registration, uint64_t id);
void uvt_check_remember_dead_causes(struct uvt_check *check, const struct registration *registration);
/* Forgets a registration once no operation of it can be mentioned again. */
void uvt_check_drop_if_done(struct uvt_check *check, uint64_t link);
void uvt_check_on_pool_begin(struct uvt_check *check);
void uvt_check_on_pool_end(struct uvt_check *check);
void uvt_check_on_poll_begin(struct uvt_check *check);
void uvt_check_on_poll_end(struct uvt_check *check);

/* ---- check_pending.c ---- */

/* Returns 0 or -ENOMEM. */
int uvt_check_init_pending(struct uvt_check *check, uint64_t memory);
void uvt_check_clear_pending(struct uvt_check *check);
void uvt_check_init_process_pending(struct process *process);
void uvt_check_clear_process_pending(struct uvt_check *check, struct process *process);
/* Holds until the next call; NULL: there is none. */
struct pending_operation *uvt_check_find_pending(struct uvt_check *check, uint64_t id);
void uvt_check_add_pending(struct uvt_check *check, uint64_t id, uint64_t parent, uint32_t children);
void uvt_check_remove_pending(struct uvt_check *check, uint64_t id);
void uvt_check_each_pending(struct uvt_check *check,
                            void (*take)(struct uvt_check *check, uint64_t id, uint32_t children));

/* ---- check_operation.c ---- */

struct operation *uvt_check_find_operation(const struct uvt_check *check, uint64_t id);
/* Keeps only a few bytes of an operation that waits for nothing but its children. */
void uvt_check_make_pending(struct uvt_check *check, uint64_t id);
struct operation *uvt_check_add_operation(struct uvt_check *check, uint64_t id);
void uvt_check_on_operation(struct uvt_check *check);
void uvt_check_on_state(struct uvt_check *check);

#endif

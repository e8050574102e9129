/* SPDX-License-Identifier: MIT */
/* What the files model*.c share; for nobody else. model.h says what they do together. */
#ifndef UVT_MODEL_STATE_H
#define UVT_MODEL_STATE_H

#include "base/id_map.h"
#include "model.h"
#include "stream/pending.h"
#include "trace/family.h"

/* IDs and times are below it, so that a double holds them: a record with a greater ID is damaged. */
#define UVT_ID_LIMIT (UINT64_C(1) << 53)

/* Texts and children that wait for the record that needs them; the oldest goes when there are more. */
enum { UVT_DETAILS_MAX = 64, UVT_CHILDREN_MAX = 1024 };

/* When a registration of the JavaScript layer is ready: once caused; when the libuv operation is in whose
 * callback it runs (HOSTED); when it is due (TIMER; HOSTED where that is not recorded); when that callback
 * begins, which runs what has come by then (IMMEDIATE). One that is emitted is not ready again before the
 * next cause. */
enum uvt_js_kind { UVT_JS_NO, UVT_JS_ONCE, UVT_JS_HOSTED, UVT_JS_TIMER, UVT_JS_IMMEDIATE, UVT_JS_EMITTED };

/* One registration, from its link to its end. It always has a queued operation, but where it was not
 * introduced. */
struct uvt_registration {
  uint64_t link_id;
  uint64_t parent; /* pending.h: slot of the operation that linked it; 0: unknown */
  uint64_t queued; /* its queued operation; 0: none */
  uint64_t n;      /* of its newest operation */
  uint64_t queued_time;
  uint64_t environment_time; /* when the environment was done, where a record said so */
  uint64_t cause_time;       /* of the last cause */
  uint64_t cause;            /* the last; 0: none */
  uint64_t *untaken;         /* causes no invocation has taken, where that is kept (collects) */
  uint32_t untaken_count, untaken_capacity;
  uint64_t ready_time; /* of its queued operation, where ready */
  uint8_t type;
  uint8_t js;            /* enum uvt_js_kind */
  bool known;            /* its link was seen */
  bool ready;            /* the queued operation is Ready */
  bool environment_done; /* environment_time holds */
  struct uvt_registration *next_free;
};

struct uvt_thread;

/* One open invocation. */
struct uvt_invocation {
  uint64_t execute_id;
  uint64_t link_id; /* 0: a root */
  uint64_t operation;
  uint64_t parent;     /* slot of the operation that linked its registration */
  uint64_t children;   /* slot of its own operation; 0: it has had no child yet */
  uint64_t ready_time; /* of its operation; 0: not known */
  uint64_t begun;
  struct uvt_thread *thread; /* NULL: no longer on a thread's stack */
  uint8_t type;
  bool js;
  struct uvt_invocation *next_free;
};

struct uvt_thread {
  int32_t tid;
  uint64_t polled; /* time of the last poll_end */
  bool polling;
  int described;                 /* its role plus one, once it was told */
  struct uvt_invocation **stack; /* NULL entries: invocations whose begin is not known */
  uint32_t depth, capacity;
};

struct uvt_detail {
  uint64_t link_id;
  char *text;
};

struct uvt_child {
  int32_t pid;
  uint64_t execute_id; /* that spawned it; 0: taken by the child's process */
  uint64_t link_id;    /* of its exit callback */
};

/* The other end of a descriptor of ours. */
struct uvt_child_pipe {
  int32_t pid;
  uint8_t number; /* the child's descriptor */
  bool ipc;
};

/* What a process had when it was about to fork, until the child that was made then says who it is. */
enum { UVT_FORKS_MAX = 8, UVT_FORK_REGISTRATIONS_MAX = 16384 };
struct uvt_fork {
  uint32_t number;          /* record->fork */
  struct uvt_process *then; /* NULL: there is none in this place */
};

struct uvt_process {
  uint32_t key; /* `process` in the trace */
  uint32_t host;
  uint64_t processID;
  int64_t pid; /* 0: not known yet */
  uint64_t start_time;
  bool introduced; /* its process record has been seen */
  bool ended;      /* another process has its pid now */
  bool over;       /* its end has been told */
  bool stranger;   /* not of this recording: left out */
  bool has_clock;
  int64_t monotonic_offset; /* added to CLOCK_MONOTONIC it gives time in the stream */
  uint64_t last_time, lost_until;
  uint64_t causes, operations;                                  /* numbers given out */
  struct uvt_id_map registrations, invocations, threads, loops; /* values: pointers */
  struct uvt_detail details[UVT_DETAILS_MAX];
  size_t details_next;
  struct uvt_id_map texts;    /* values: char *, the map's own */
  struct uvt_child *children; /* ring of UVT_CHILDREN_MAX, made when needed */
  size_t children_next;
  struct uvt_id_map child_pipes;     /* by our descriptor: struct uvt_child_pipe */
  struct uvt_process_stacks *stacks; /* NULL: none has been told */
  struct uvt_fork forks[UVT_FORKS_MAX];
  size_t forks_next;
};

struct uvt_model {
  struct uvt_sink *sink;
  struct uvt_pending *pending;
  struct uvt_error *error; /* of the call in progress */
  int status;              /* the first failure; sticky */
  bool started;
  int64_t origin; /* ns since the epoch of the first record */
  char origin_text[24];
  uint64_t now; /* time of the record at hand, in the stream */
  uint64_t process_ids;
  struct uvt_family family;
  uint64_t strangers;          /* processes left out */
  struct uvt_id_map processes; /* by key and host */
  struct uvt_process *last_process;
  char **hosts;
  size_t hosts_count;
  const char *last_host;
  uint32_t last_host_index;
  struct uvt_model_losses losses;
  struct uvt_registration *free_registrations;
  struct uvt_invocation *free_invocations;
  struct uvt_stack_store *stacks; /* NULL: none has been told */
  struct uvt_event event;         /* the one being made */
};

/* ---- model_event.c ---- */

/* Starts an event of that kind at the present time; fill in the rest and emit it. */
struct uvt_event *uvt_model_begin_event(struct uvt_model *model, enum uvt_event_kind kind,
                                        const struct uvt_process *process);
void uvt_model_emit(struct uvt_model *model);
void uvt_model_fail(struct uvt_model *model, int status);

void uvt_event_add_int(struct uvt_event *event, const char *key, int64_t number);
void uvt_event_add_bool(struct uvt_event *event, const char *key, bool value);
void uvt_event_add_string(struct uvt_event *event, const char *key, const char *string);
/* One of the model's own. */
void uvt_event_add_stack_of(struct uvt_event *event, const char *key, struct uvt_stack_store *stacks,
                            uint32_t stack);

/* Maps from IDs to pointers over id_map.h. */
void *uvt_map_get(const struct uvt_id_map *map, uint64_t id);
void uvt_map_put(struct uvt_model *model, struct uvt_id_map *map, uint64_t id, void *value);

/* ---- model_child.c ---- */

/* The newest introduced process with that pid on that host, other than `except`. */
struct uvt_process *uvt_model_find_pid(struct uvt_model *model, uint32_t host, int64_t pid,
                                       const struct uvt_process *except);
void uvt_model_child(struct uvt_model *model, struct uvt_process *process,
                     const struct uvt_rec_child *record);
void uvt_model_child_pipe(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_child_pipe *record);
/* Adds whose pipe the descriptor is, if it is a child's. */
void uvt_event_add_child_pipe(struct uvt_event *event, const struct uvt_process *process, int64_t fd);
/* The invocation that spawned the pid, and forgets it; 0: not known. */
uint64_t uvt_model_take_child(struct uvt_process *process, int32_t pid);
void uvt_model_fork(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_fork *record);
void uvt_model_process_end(struct uvt_model *model, struct uvt_process *process,
                           const struct uvt_rec_process_end *record);
/* The exit callback of that registration runs: its child is over, however it ended. */
void uvt_model_child_exited(struct uvt_model *model, const struct uvt_process *process, uint64_t link_id);

/* ---- model_thread.c ---- */

struct uvt_thread *uvt_thread_of(struct uvt_model *model, struct uvt_process *process, int32_t tid);
struct uvt_invocation *uvt_invocation_new(struct uvt_model *model, struct uvt_process *process,
                                          uint64_t execute_id);
void uvt_invocation_free(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_invocation *invocation);
void uvt_thread_push(struct uvt_model *model, struct uvt_thread *thread, struct uvt_invocation *invocation);

/* ---- model_process.c ---- */

/* The process a record is about, made where it is new. NULL: out of memory. */
struct uvt_process *uvt_model_process(struct uvt_model *model, const struct uvt_record *record, uint32_t key);
void uvt_model_process_record(struct uvt_model *model, struct uvt_process *process,
                              const struct uvt_record *record);
void uvt_model_lost(struct uvt_model *model, struct uvt_process *process, uint64_t count, uint64_t from,
                    uint64_t to);
void uvt_model_thread(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_thread *record);
void uvt_model_loop(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_loop *record);
void uvt_process_destroy(struct uvt_model *model, struct uvt_process *process);

/* ---- model_operation.c ---- */

/* A new operation of a registration: its operation and Queued lines. */
void uvt_operation_queue(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_registration *registration);
/* The state line. */
void uvt_operation_state(struct uvt_model *model, const struct uvt_process *process, uint64_t operation,
                         uint64_t link_id, enum uvt_state state);
/* The queued operation becomes Ready, at that time (at once if it lies in the future). */
void uvt_operation_ready(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_registration *registration, uint64_t time);
/* The operation retires, and with it every ancestor that waited for it alone. */
void uvt_operation_retire(struct uvt_model *model, const struct uvt_process *process, uint64_t operation,
                          uint64_t link_id, uint64_t parent);
/* The slot of the invocation's operation, for a child of it; 0: failed. */
uint64_t uvt_operation_slot(struct uvt_model *model, struct uvt_invocation *invocation);
/* The process is over: all its operations go, without a line. */
void uvt_operations_forget(struct uvt_model *model, struct uvt_process *process);

/* ---- model_registration.c ---- */

struct uvt_registration *uvt_registration_new(struct uvt_model *model, struct uvt_process *process,
                                              uint64_t link_id);
void uvt_registration_free(struct uvt_model *model, struct uvt_process *process,
                           struct uvt_registration *registration);
/* Several causes may wait for one invocation, which takes them all. */
bool uvt_registration_collects(const struct uvt_registration *registration);
/* A link of either layer, once its line has been emitted. */
struct uvt_new_link {
  uint64_t execute_id, link_id;
  uint8_t type;
  enum uvt_js_kind js;
  bool caused;
};
void uvt_registration_link(struct uvt_model *model, struct uvt_process *process,
                           const struct uvt_new_link *link);
void uvt_model_link(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_link *record);
void uvt_model_detail(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_detail *record);
void uvt_model_cause(struct uvt_model *model, struct uvt_process *process,
                     const struct uvt_rec_cause *record);
void uvt_model_ready(struct uvt_model *model, struct uvt_process *process,
                     const struct uvt_rec_ready *record);
void uvt_model_cancel(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_cancel *record);
void uvt_model_pool_begin(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_pool_begin *record);
void uvt_model_pool_end(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_pool_end *record);

/* ---- model_js.c ---- */

void uvt_model_string(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_string *record);
void uvt_texts_clear(struct uvt_process *process);
void uvt_model_js_link(struct uvt_model *model, struct uvt_process *process,
                       const struct uvt_rec_js_link *record);
void uvt_model_failed(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_failed *record);
void uvt_model_handled(struct uvt_model *model, struct uvt_process *process,
                       const struct uvt_rec_handled *record);
void uvt_model_label(struct uvt_model *model, struct uvt_process *process,
                     const struct uvt_rec_label *record);
void uvt_model_js_label(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_js_label *record);
void uvt_model_promise(struct uvt_model *model, struct uvt_process *process,
                       const struct uvt_rec_promise *record);

/* ---- model_stack.c ---- */

void uvt_model_stack(struct uvt_model *model, struct uvt_process *process,
                     const struct uvt_rec_stack *record);
void uvt_model_link_stack(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_link_stack *record);
void uvt_model_code(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_code *record);
void uvt_model_image(struct uvt_model *model, struct uvt_process *process,
                     const struct uvt_rec_image *record);
/* Adds the stack with the trace's number; 0: nothing. */
void uvt_event_add_stack(struct uvt_model *model, const struct uvt_process *process, struct uvt_event *event,
                         uint32_t number);
/* Adds the stack of a link, if one was told. */
void uvt_event_add_link_stack(struct uvt_model *model, struct uvt_process *process, struct uvt_event *event);
void uvt_stacks_clear(struct uvt_model *model, struct uvt_process *process);

/* ---- model_invocation.c ---- */

void uvt_model_execute_begin(struct uvt_model *model, struct uvt_process *process,
                             const struct uvt_rec_execute_begin *record);
void uvt_model_execute_end(struct uvt_model *model, struct uvt_process *process,
                           const struct uvt_rec_execute_end *record);
void uvt_model_poll_begin(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_poll_begin *record);
void uvt_model_poll_end(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_poll_end *record);
void uvt_model_blocking(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_blocking *record);

#endif

/* SPDX-License-Identifier: MIT */
/* Invocations: the executions of operations, polls, blocking calls. */
#include <stdlib.h>
#include <string.h>

#include "model_state.h"
#include "stream/types.h"

/* A depth in a record that means "so many or more". */
enum { DEPTH_UNKNOWN = 255 };

/* ---- The stack of a thread ---- */

/* The others close the gap: with stacks that the program switches, an invocation may end before one above it.
 */
static void take_off_stack(struct uvt_invocation *invocation)
{
  struct uvt_thread *thread = invocation->thread;
  if (!thread)
    return;
  uint32_t i = thread->depth;
  while (i && thread->stack[i - 1] != invocation)
    i--;
  if (!i)
    return;
  memmove(&thread->stack[i - 1], &thread->stack[i], (thread->depth - i) * sizeof(struct uvt_invocation *));
  thread->depth--;
}

/* The trace lost its end: nothing is known of it from here on, so its operation stays Executing. */
static void lose_invocation(struct uvt_model *model, struct uvt_process *process,
                            struct uvt_invocation *invocation)
{
  struct uvt_pending_operation *own =
      invocation->children ? uvt_pending_get(model->pending, invocation->children) : NULL;
  if (own && own->children)
    own->flags |= UVT_PENDING_LOST;
  else if (own)
    uvt_pending_remove(model->pending, invocation->children);
  take_off_stack(invocation);
  uvt_invocation_free(model, process, invocation);
}

/* Makes the stack as deep as the recorder says it is, where records of it were lost. */
static void repair_stack(struct uvt_model *model, struct uvt_process *process, struct uvt_thread *thread,
                         uint8_t depth)
{
  while (thread->depth > depth && depth < DEPTH_UNKNOWN) {
    struct uvt_invocation *top = thread->stack[thread->depth - 1];
    if (top)
      lose_invocation(model, process, top);
    else
      thread->depth--;
  }
  while (thread->depth < depth && !model->status)
    uvt_thread_push(model, thread, NULL);
}

/* ---- Execution ---- */

/* What one execute_begin leads to. */
struct execution {
  const struct uvt_rec_execute_begin *record;
  struct uvt_thread *thread;
  struct uvt_registration *registration; /* NULL: a root, or unknown */
  const struct uvt_type_info *type;      /* NULL: a root, or unknown */
  uint64_t operation;
  uint64_t cause;
  const uint64_t *coalesced;
  size_t coalesced_count;
  bool alloc;
};

static void add_value(struct uvt_event *event, const char *key, int64_t value)
{
  if (strcmp(key, "exit_status")) {
    uvt_event_add_int(event, key, value);
    return;
  }
  uvt_event_add_int(event, "exit_status", (uint32_t)value);
  uvt_event_add_int(event, "term_signal", (uint32_t)((uint64_t)value >> 32));
}

/* A timer's due time, on the stream's clock; false where that cannot be known. */
static bool due_time(const struct uvt_process *process, int64_t due_ms, int64_t *due)
{
  int64_t due_ns;
  return process->has_clock && !__builtin_mul_overflow(due_ms, 1000000, &due_ns) &&
         !__builtin_add_overflow(due_ns, process->monotonic_offset, due);
}

static void emit_external_cause(struct uvt_model *model, struct uvt_process *process,
                                const struct execution *execution)
{
  const struct uvt_type_info *type = execution->type;
  if (!type || !type->external || !type->value || !execution->cause || execution->alloc)
    return;
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_externalCause, process);
  event->causeID = execution->cause;
  event->operationID = execution->operation;
  if (type->ready != UVT_READY_TIMER) {
    add_value(event, type->value, execution->record->value);
  } else {
    int64_t due;
    if (!due_time(process, execution->record->value, &due))
      return;
    uvt_event_add_int(event, type->value, due);
  }
  uvt_model_emit(model);
}

/* When what the thread runs now was ready: the innermost of libuv's operations that are open on it. */
static uint64_t host_ready_time(const struct uvt_thread *thread)
{
  for (uint32_t i = thread->depth; i; i--) {
    const struct uvt_invocation *open = thread->stack[i - 1];
    if (open && open->ready_time)
      return open->ready_time;
  }
  return 0;
}

/* When libuv called what the thread runs now; 0: not known. */
static uint64_t host_begin_time(const struct uvt_thread *thread)
{
  for (uint32_t i = thread->depth; i; i--) {
    const struct uvt_invocation *open = thread->stack[i - 1];
    if (open && !open->js && open->link_id)
      return open->begun;
  }
  return 0;
}

/* When what is Ready once it is caused, as far as libuv is concerned, was: by whom JavaScript's is run. */
static uint64_t js_ready_time(const struct uvt_process *process, const struct execution *execution)
{
  int64_t due;
  switch (execution->registration->js) {
  case UVT_JS_TIMER:
    if (execution->record->value && due_time(process, execution->record->value, &due))
      return due > 0 ? (uint64_t)due : 0;
    return host_ready_time(execution->thread);
  case UVT_JS_HOSTED:
    return host_ready_time(execution->thread);
  case UVT_JS_IMMEDIATE:
    return host_begin_time(execution->thread);
  default:
    return 0;
  }
}

/* When the operation became Ready, for one of which no record has said so (api.def has the rules). */
static void make_ready_late(struct uvt_model *model, struct uvt_process *process,
                            const struct execution *execution)
{
  struct uvt_registration *registration = execution->registration;
  if (!execution->type || registration->ready || !registration->cause)
    return;
  uint64_t time = 0;
  int64_t due;
  switch (execution->type->ready) {
  case UVT_READY_ONCE:
    time = js_ready_time(process, execution);
    break;
  case UVT_READY_TIMER:
    if (!due_time(process, execution->record->value, &due))
      return;
    time = due > 0 ? (uint64_t)due : 0;
    break;
  default: /* POOL without a worker, POLL; and INLINE, for which an old poll gives the time of Queued */
    time = registration->environment_done ? registration->environment_time : execution->thread->polled;
    break;
  }
  if (time < registration->cause_time)
    time = registration->cause_time;
  uvt_operation_ready(model, process, registration, time);
}

static void emit_execute_begin(struct uvt_model *model, struct uvt_process *process,
                               const struct execution *execution)
{
  const struct uvt_rec_execute_begin *record = execution->record;
  const struct uvt_thread *thread = execution->thread;
  const struct uvt_invocation *below = thread->depth ? thread->stack[thread->depth - 1] : NULL;
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_executeBegin, process);
  event->executeID = record->execute_id;
  event->causeID = execution->cause;
  event->operationID = execution->operation;
  event->tid = record->tid;
  event->within = below ? below->execute_id : 0;
  event->coalesced = execution->coalesced;
  event->coalesced_count = execution->coalesced_count;
  if (record->flags & UVT_BEGIN_MAIN)
    uvt_event_add_string(event, "type", "main");
  if (record->flags & UVT_BEGIN_PASS)
    uvt_event_add_bool(event, "passThrough", true);
  if (execution->alloc)
    uvt_event_add_bool(event, "alloc", true);
  else if (execution->type && execution->type->value && execution->type->ready != UVT_READY_TIMER)
    add_value(event, execution->type->value, record->value);
  uvt_model_emit(model);
}

/* The work callback's invocation is what the pool's worker does: no record says so again. */
static void emit_work(struct uvt_model *model, struct uvt_process *process, enum uvt_event_kind kind,
                      int32_t tid, uint64_t link_id)
{
  struct uvt_event *event = uvt_model_begin_event(model, kind, process);
  event->tid = tid;
  event->linkID = link_id;
  uvt_model_emit(model);
}

static void open_invocation(struct uvt_model *model, struct uvt_process *process,
                            const struct execution *execution)
{
  const struct uvt_registration *registration = execution->registration;
  struct uvt_invocation *invocation = uvt_invocation_new(model, process, execution->record->execute_id);
  if (!invocation)
    return;
  invocation->link_id = execution->record->link_id;
  invocation->operation = execution->operation;
  invocation->parent = registration ? registration->parent : 0;
  invocation->ready_time = registration && registration->ready ? registration->ready_time : 0;
  invocation->begun = model->now;
  invocation->type = registration ? registration->type : UVT_UNKNOWN_ENUMERATOR;
  invocation->js = registration && registration->js;
  uvt_thread_push(model, execution->thread, invocation);
}

static void begin(struct uvt_model *model, struct uvt_process *process, const struct execution *execution)
{
  const struct uvt_rec_execute_begin *record = execution->record;
  emit_external_cause(model, process, execution);
  if (execution->registration && execution->registration->type == UVT_TYPE_uv_queue_work)
    emit_work(model, process, UVT_EV_poolBegin, record->tid, record->link_id);
  emit_execute_begin(model, process, execution);
  uvt_operation_state(model, process, execution->operation, record->link_id, UVT_STATE_Executing);
  open_invocation(model, process, execution);
}

/* An operation that no queue line introduced: a root's, or of a registration that is not known. */
static uint64_t introduce_operation(struct uvt_model *model, struct uvt_process *process, uint64_t link_id,
                                    uint64_t n)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_operation, process);
  event->operationID = ++process->operations;
  event->linkID = link_id;
  event->n = n;
  uvt_model_emit(model);
  return process->operations;
}

static void take_causes(struct execution *execution)
{
  struct uvt_registration *registration = execution->registration;
  execution->cause = registration->cause;
  if (!uvt_registration_collects(registration) || !registration->untaken_count)
    return; /* none left: it repeats the last (uvtree-stream(7), WHO LINKS, WHO CAUSES) */
  execution->cause = registration->untaken[0];
  execution->coalesced = registration->untaken + 1;
  execution->coalesced_count = registration->untaken_count - 1;
}

/* libuv will call it again: its next operation waits already. */
static void go_on(struct uvt_model *model, struct uvt_process *process, struct uvt_registration *registration)
{
  uvt_operation_queue(model, process, registration);
  bool again = registration->js == UVT_JS_NO || registration->js == UVT_JS_ONCE;
  if (again && registration->known && !uvt_registration_collects(registration) && registration->cause &&
      uvt_type_info(registration->type)->ready == UVT_READY_ONCE)
    uvt_operation_ready(model, process, registration, model->now);
}

static void begin_registered(struct uvt_model *model, struct uvt_process *process,
                             struct execution *execution)
{
  struct uvt_registration *registration = execution->registration;
  take_causes(execution);
  if (registration->known)
    execution->type = uvt_type_info(registration->type);
  if (registration->queued) {
    make_ready_late(model, process, execution);
    execution->operation = registration->queued;
  } else {
    execution->operation = introduce_operation(model, process, registration->link_id, ++registration->n);
  }
  begin(model, process, execution);
  if (registration->type == UVT_TYPE_uv_spawn)
    uvt_model_child_exited(model, process, registration->link_id);
  registration->queued = 0;
  registration->untaken_count = 0;
  if (execution->record->flags & (UVT_BEGIN_MORE | UVT_BEGIN_ALLOC))
    go_on(model, process, registration);
  else
    uvt_registration_free(model, process, registration);
}

static void begin_unregistered(struct uvt_model *model, struct uvt_process *process,
                               struct execution *execution)
{
  execution->operation = introduce_operation(model, process, 0, 0);
  begin(model, process, execution);
}

void uvt_model_execute_begin(struct uvt_model *model, struct uvt_process *process,
                             const struct uvt_rec_execute_begin *record)
{
  struct execution execution = {.record = record, .alloc = record->flags & UVT_BEGIN_ALLOC};
  struct uvt_invocation *twin = uvt_map_get(&process->invocations, record->execute_id);
  if (twin)
    lose_invocation(model, process, twin);
  execution.thread = uvt_thread_of(model, process, record->tid);
  if (!execution.thread)
    return;
  repair_stack(model, process, execution.thread, record->depth);
  if (!record->link_id) {
    begin_unregistered(model, process, &execution);
    return;
  }
  execution.registration = uvt_map_get(&process->registrations, record->link_id);
  if (!execution.registration)
    execution.registration = uvt_registration_new(model, process, record->link_id);
  if (execution.registration)
    begin_registered(model, process, &execution);
}

static void finish_operation(struct uvt_model *model, struct uvt_process *process,
                             struct uvt_invocation *invocation)
{
  struct uvt_pending_operation *own =
      invocation->children ? uvt_pending_get(model->pending, invocation->children) : NULL;
  if (own && own->children) {
    own->flags |= UVT_PENDING_EXECUTED;
    uvt_operation_state(model, process, invocation->operation, invocation->link_id,
                        UVT_STATE_ChildrenPending);
    return;
  }
  if (own)
    uvt_pending_remove(model->pending, invocation->children);
  uvt_operation_retire(model, process, invocation->operation, invocation->link_id, invocation->parent);
}

void uvt_model_execute_end(struct uvt_model *model, struct uvt_process *process,
                           const struct uvt_rec_execute_end *record)
{
  struct uvt_invocation *invocation = uvt_map_get(&process->invocations, record->execute_id);
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_executeEnd, process);
  event->executeID = record->execute_id;
  if (record->flags & UVT_END_UNWOUND)
    uvt_event_add_bool(event, "unwound", true);
  uvt_model_emit(model);
  if (!invocation)
    return;
  if (invocation->type == UVT_TYPE_uv_queue_work && invocation->thread)
    emit_work(model, process, UVT_EV_poolEnd, invocation->thread->tid, invocation->link_id);
  finish_operation(model, process, invocation);
  take_off_stack(invocation);
  uvt_invocation_free(model, process, invocation);
}

/* ---- Polls and blocking calls ---- */

static void emit_poll(struct uvt_model *model, struct uvt_process *process, enum uvt_event_kind kind,
                      uint64_t loop_id, int32_t tid, const char *key, int64_t number)
{
  struct uvt_event *event = uvt_model_begin_event(model, kind, process);
  event->loopID = loop_id;
  event->tid = tid;
  uvt_event_add_int(event, key, number);
  uvt_model_emit(model);
}

void uvt_model_poll_begin(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_poll_begin *record)
{
  struct uvt_thread *thread = uvt_thread_of(model, process, record->tid);
  if (!thread)
    return;
  thread->polling = true;
  emit_poll(model, process, UVT_EV_pollBegin, record->loop_id, record->tid, "timeout", record->timeout);
}

void uvt_model_poll_end(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_poll_end *record)
{
  struct uvt_thread *thread = uvt_thread_of(model, process, record->tid);
  if (!thread)
    return;
  if (!thread->polling) /* a poll with timeout 0 is told only when it is over */
    emit_poll(model, process, UVT_EV_pollBegin, record->loop_id, record->tid, "timeout", 0);
  emit_poll(model, process, UVT_EV_pollEnd, record->loop_id, record->tid, "events", record->events);
  thread->polling = false;
  thread->polled = model->now;
}

void uvt_model_blocking(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_blocking *record)
{
  const struct uvt_type_info *info = uvt_type_info(record->type);
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_blocking, process);
  event->executeID = record->execute_id;
  uvt_event_add_string(event, "type", info->name);
  uvt_event_add_int(event, "duration", (int64_t)record->duration);
  uvt_event_add_int(event, "result", record->result);
  if (record->path && *record->path)
    uvt_event_add_string(event, info->text ? info->text : "path", record->path);
  uvt_event_add_stack(model, process, event, record->stack);
  uvt_model_emit(model);
}

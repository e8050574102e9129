/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/words.h"
#include "stream/describe.h"
#include "stream/types.h"

#define NEVER UVT_MEASURE_NEVER
#define TYPES_MOST 4096 /* an embedder may name its resources as it likes: beyond, they are "other" */

#define TELL(measure, handler, ...)                               \
  do {                                                            \
    if ((measure)->handlers->handler)                             \
      (measure)->handlers->handler((measure)->user, __VA_ARGS__); \
  } while (0)

typedef struct uvt_measure_process process_t;
typedef struct uvt_measure_thread thread_t;
typedef struct uvt_measure_registration registration_t;
typedef struct uvt_measure_operation operation_t;
typedef struct uvt_measure_invocation invocation_t;

/* --- maps of pointers --- */

static void *find(const struct uvt_id_map *map, uint64_t id)
{
  void **place = id ? uvt_id_map_find(map, id) : NULL;
  return place ? *place : NULL;
}

/* A new, zeroed thing under that ID; NULL: out of memory. */
static void *make(struct uvt_measure *measure, struct uvt_id_map *map, uint64_t id, size_t size)
{
  void *thing = calloc(1, size);
  void **place = thing ? uvt_id_map_add(map, id) : NULL;
  if (place) {
    *place = thing;
    return thing;
  }
  free(thing);
  measure->status = -ENOMEM;
  return NULL;
}

static void clear_map(struct uvt_id_map *map)
{
  size_t cursor = 0;
  void **place;
  while ((place = uvt_id_map_next(map, &cursor, NULL)))
    free(*place);
  uvt_id_map_clear(map);
}

/* --- types --- */

struct type {
  bool pooled, works, always_ready; /* as of a registration */
  char name[128];
};

static bool is_pooled(const char *name)
{
  return uvt_type_info(uvt_type_find(name))->ready == UVT_READY_POOL || strcmp(name, "uv_queue_work") == 0;
}

/* What a registration's type says; looked up once for each type. */
static const struct type *type_of(struct uvt_measure *measure, const char *name)
{
  static const struct type other = {.name = "other"};
  uint64_t hash = uvt_hash_text(0, name);
  struct type *type = find(&measure->types, hash);
  if (type || measure->types.count == TYPES_MOST)
    return type && strcmp(type->name, name) == 0 ? type : &other;
  type = make(measure, &measure->types, hash, sizeof *type);
  if (!type)
    return &other;
  uvt_words_put(type->name, sizeof type->name, "%s", name);
  type->pooled = is_pooled(name);
  type->works = strcmp(name, "uv_queue_work") == 0;
  type->always_ready = strcmp(name, "uv_idle_start") == 0 || strcmp(name, "uv_prepare_start") == 0 ||
                       strcmp(name, "uv_check_start") == 0;
  return type;
}

/* --- processes and threads --- */

static process_t *add_process(struct uvt_measure *measure, uint64_t id, int64_t pid)
{
  process_t **processes = realloc(measure->processes, (measure->processes_count + 1) * sizeof(process_t *));
  if (!processes) {
    measure->status = -ENOMEM;
    return NULL;
  }
  measure->processes = processes;
  process_t *process = make(measure, &measure->process_ids, id + 1, sizeof *process);
  if (!process)
    return NULL;
  process->id = id;
  process->pid = pid;
  struct uvt_id_map *const maps[] = {&process->registrations, &process->operations, &process->invocations,
                                     &process->threads};
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
    uvt_id_map_init(maps[i], sizeof(void *));
  measure->processes[measure->processes_count++] = process;
  TELL(measure, process, process);
  return process;
}

/* A line that names none is about the first. */
static process_t *process_of(struct uvt_measure *measure, const struct uvt_event *event)
{
  uint64_t id = event->processID ? event->processID : (uint64_t)event->pid;
  if (!id && measure->processes_count)
    return measure->processes[0];
  process_t *process = find(&measure->process_ids, id + 1);
  return process ? process : add_process(measure, id, event->pid);
}

static void on_process(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  if (event->pid)
    process->pid = event->pid;
  uvt_describe_process(process->title, sizeof process->title, event);
  TELL(measure, process, process);
}

static thread_t *thread_of(struct uvt_measure *measure, process_t *process, int64_t tid)
{
  uint64_t key = (uint64_t)(uint32_t)tid + 1;
  thread_t *thread = find(&process->threads, key);
  if (thread)
    return thread;
  thread = make(measure, &process->threads, key, sizeof *thread);
  if (thread) {
    *thread = (thread_t){.tid = tid, .polled = NEVER, .poll_ended = NEVER};
    snprintf(thread->name, sizeof thread->name, "thread %" PRId64, tid);
  }
  return thread;
}

static void on_thread(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  thread_t *thread = thread_of(measure, process, event->tid);
  if (thread)
    uvt_words_put(thread->name, sizeof thread->name, "%.*s thread %" PRId64,
                  uvt_words_room(uvt_event_string(event, "role"), 30), uvt_event_string(event, "role"),
                  event->tid);
}

/* --- registrations and operations --- */

static void unlist(operation_t *operation)
{
  if (operation->previous)
    operation->previous->next = operation->next;
  else
    operation->registration->operations = operation->next;
  if (operation->next)
    operation->next->previous = operation->previous;
}

static void forget_operation(process_t *process, operation_t *operation)
{
  unlist(operation);
  uvt_id_map_remove(&process->operations, operation->id);
  free(operation);
}

static void free_registration(registration_t *registration)
{
  free(registration->detail);
  free(registration);
}

/* Forgets it once nothing runs or will run from it. */
static void let_go(struct uvt_measure *measure, registration_t *registration)
{
  if (registration->operations || registration->running)
    return;
  TELL(measure, forget, registration);
  uvt_id_map_remove(&registration->process->registrations, registration->id);
  free_registration(registration);
}

static void on_link(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  if (!event->linkID || find(&process->registrations, event->linkID))
    return;
  char detail[256];
  uvt_describe_link(detail, sizeof detail, event);
  char *kept = strdup(detail);
  registration_t *registration =
      kept ? make(measure, &process->registrations, event->linkID, sizeof *registration) : NULL;
  if (!registration) {
    free(kept);
    measure->status = -ENOMEM;
    return;
  }
  const char *name = uvt_event_string(event, "type");
  const struct type *type = type_of(measure, *name ? name : "unknown");
  bool js = strcmp(uvt_event_string(event, "layer"), "js") == 0;
  int64_t fd = -1;
  measure->has_js |= js;
  uvt_event_number(event, "fd", &fd);
  struct uvt_stack_store *stacks;
  *registration = (registration_t){.process = process,
                                   .id = event->linkID,
                                   .fd = fd,
                                   .type = type->name,
                                   .detail = kept,
                                   .js = js,
                                   .stack = uvt_event_stack(event, &stacks),
                                   .pooled = type->pooled,
                                   .works = type->works,
                                   .always_ready = type->always_ready,
                                   .pool_begun = NEVER,
                                   .pool_ended = NEVER,
                                   .allocated_queued = NEVER,
                                   .allocated_ready = NEVER};
  TELL(measure, link, registration, find(&process->invocations, event->executeID), event);
}

static void on_cause(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  registration_t *registration = find(&process->registrations, event->linkID);
  if (registration)
    TELL(measure, cause, registration, find(&process->invocations, event->executeID), event);
}

/* An operation is made when it is Queued: `operation` lines need not be in a stream. */
static operation_t *queue_operation(struct uvt_measure *measure, process_t *process,
                                    const struct uvt_event *event)
{
  registration_t *registration = find(&process->registrations, event->linkID);
  if (!registration || !event->operationID)
    return NULL;
  operation_t *operation = make(measure, &process->operations, event->operationID, sizeof *operation);
  if (!operation)
    return NULL;
  *operation = (operation_t){.id = event->operationID,
                             .registration = registration,
                             .queued = event->time,
                             .ready = NEVER,
                             .next = registration->operations};
  if (operation->next)
    operation->next->previous = operation;
  registration->operations = operation;
  return operation;
}

static void on_state(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  measure->has_states = true;
  operation_t *operation = find(&process->operations, event->operationID);
  if (event->state == UVT_STATE_Queued && !operation) {
    queue_operation(measure, process, event);
  } else if (event->state == UVT_STATE_Ready && operation) {
    operation->ready = event->time;
  } else if (event->state == UVT_STATE_Retired && operation) {
    registration_t *registration = operation->registration;
    TELL(measure, retire, operation, event->time);
    forget_operation(process, operation);
    let_go(measure, registration);
  }
}

static void end_pool(struct uvt_measure *measure, registration_t *registration, uint64_t time)
{
  if (registration->pool_begun == NEVER || registration->pool_ended != NEVER)
    return;
  registration->pool_ended = time;
  TELL(measure, pool_end, registration);
}

static void on_pool(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  registration_t *registration = find(&process->registrations, event->linkID);
  if (!registration)
    return;
  if (event->kind == UVT_EV_poolEnd) {
    end_pool(measure, registration, event->time);
  } else if (registration->pool_begun == NEVER) {
    registration->pool_begun = event->time;
    uint64_t queued = registration->operations ? registration->operations->queued : event->time;
    TELL(measure, pool_begin, registration, queued, event->tid);
  }
}

/* --- invocations --- */

/* The innermost one ran up to that time. */
static void cut_slice(struct uvt_measure *measure, thread_t *thread, uint64_t time)
{
  invocation_t *top = thread->top;
  if (top && thread->polled == NEVER && time > thread->since) {
    top->ran += time - thread->since;
    TELL(measure, slice, top, thread->since, time);
  }
  thread->since = time;
}

static void end_top(struct uvt_measure *measure, thread_t *thread, uint64_t time)
{
  invocation_t *invocation = thread->top;
  registration_t *registration = invocation->registration;
  cut_slice(measure, thread, time);
  invocation->ended = time;
  thread->top = invocation->within;
  TELL(measure, end, invocation);
  uvt_id_map_remove(&invocation->process->invocations, invocation->id);
  free(invocation);
  if (!registration)
    return;
  registration->running--;
  if (registration->works) /* the line that says so comes after this one */
    end_pool(measure, registration, time);
  let_go(measure, registration);
}

/* What should be over where an invocation begins `within` another was lost: it ends now. */
static void end_lost(struct uvt_measure *measure, thread_t *thread, const invocation_t *within, uint64_t time)
{
  while (thread->top && thread->top != within)
    end_top(measure, thread, time);
}

/* From the operation to its invocation: that is all that is left of it. */
static void take_operation(process_t *process, invocation_t *invocation, operation_t *operation)
{
  registration_t *registration = operation->registration;
  bool data = registration->allocated_queued != NEVER;
  invocation->registration = registration;
  invocation->queued = data ? registration->allocated_queued : operation->queued;
  invocation->ready = data ? registration->allocated_ready : operation->ready;
  registration->allocated_queued = invocation->allocates ? operation->queued : NEVER;
  registration->allocated_ready = invocation->allocates ? operation->ready : NEVER;
  registration->running++;
  forget_operation(process, operation);
}

static void on_execute_begin(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  thread_t *thread = thread_of(measure, process, event->tid);
  measure->has_invocations = true;
  if (!thread || !event->executeID || find(&process->invocations, event->executeID))
    return;
  invocation_t *within = find(&process->invocations, event->within);
  end_lost(measure, thread, within && within->thread == thread ? within : NULL, event->time);
  invocation_t *invocation = make(measure, &process->invocations, event->executeID, sizeof *invocation);
  if (!invocation)
    return;
  operation_t *operation = find(&process->operations, event->operationID);
  *invocation = (invocation_t){.process = process,
                               .thread = thread,
                               .within = thread->top,
                               .id = event->executeID,
                               .root = !event->causeID && !operation,
                               .allocates = uvt_event_is_set(event, "alloc"),
                               .error = uvt_event_error(event),
                               .queued = NEVER,
                               .ready = NEVER,
                               .begun = event->time};
  int64_t received;
  if (uvt_event_number(event, "nread", &received) && received > 0)
    invocation->received = (uint64_t)received;
  cut_slice(measure, thread, event->time);
  thread->top = invocation;
  if (operation)
    take_operation(process, invocation, operation);
  TELL(measure, begin, invocation, event);
}

static void on_execute_end(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  invocation_t *invocation = find(&process->invocations, event->executeID);
  if (!invocation)
    return;
  thread_t *thread = invocation->thread;
  end_lost(measure, thread, invocation, event->time);
  end_top(measure, thread, event->time);
}

static void on_poll_begin(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  thread_t *thread = thread_of(measure, process, event->tid);
  if (!thread || thread->polled != NEVER)
    return;
  cut_slice(measure, thread, event->time);
  thread->polled = event->time;
  TELL(measure, poll_begin, process, thread, event);
}

static void on_poll_end(struct uvt_measure *measure, process_t *process, const struct uvt_event *event)
{
  thread_t *thread = thread_of(measure, process, event->tid);
  if (!thread)
    return;
  TELL(measure, poll_end, process, thread, event);
  thread->polled = NEVER;
  thread->poll_ended = thread->since = event->time;
}

uint64_t uvt_measure_ran_until(const struct uvt_measure_invocation *invocation, uint64_t time)
{
  const thread_t *thread = invocation->thread;
  bool runs = thread->top == invocation && thread->polled == NEVER && time > thread->since;
  return invocation->ran + (runs ? time - thread->since : 0);
}

/* --- the stream --- */

static void (*const handlers[UVT_EV_COUNT])(struct uvt_measure *measure, process_t *process,
                                            const struct uvt_event *event) = {
    [UVT_EV_process] = on_process,
    [UVT_EV_thread] = on_thread,
    [UVT_EV_executeBegin] = on_execute_begin,
    [UVT_EV_executeEnd] = on_execute_end,
    [UVT_EV_link] = on_link,
    [UVT_EV_cause] = on_cause,
    [UVT_EV_state] = on_state,
    [UVT_EV_poolBegin] = on_pool,
    [UVT_EV_poolEnd] = on_pool,
    [UVT_EV_pollBegin] = on_poll_begin,
    [UVT_EV_pollEnd] = on_poll_end,
};

int uvt_measure_event(struct uvt_measure *measure, const struct uvt_event *event)
{
  /* A loss of the whole stream names no process. */
  bool nobody = event->kind == UVT_EV_lost && !event->processID && !event->pid && !measure->processes_count;
  if (event->kind >= UVT_EV_unknown || nobody)
    return measure->status;
  process_t *process = process_of(measure, event);
  if (!process)
    return measure->status;
  if (event->time > measure->time)
    measure->time = event->time;
  if (event->time > process->time)
    process->time = event->time;
  TELL(measure, event, process, event);
  if (handlers[event->kind])
    handlers[event->kind](measure, process, event);
  return measure->status;
}

void uvt_measure_init(struct uvt_measure *measure, const struct uvt_measure_handlers *told, void *user)
{
  *measure = (struct uvt_measure){.handlers = told, .user = user};
  uvt_id_map_init(&measure->process_ids, sizeof(void *));
  uvt_id_map_init(&measure->types, sizeof(void *));
}

static void clear_process(process_t *process)
{
  size_t cursor = 0;
  registration_t **place;
  while ((place = uvt_id_map_next(&process->registrations, &cursor, NULL)))
    free_registration(*place);
  uvt_id_map_clear(&process->registrations);
  clear_map(&process->operations);
  clear_map(&process->invocations);
  clear_map(&process->threads);
  free(process);
}

void uvt_measure_clear(struct uvt_measure *measure)
{
  for (size_t i = 0; i < measure->processes_count; i++)
    clear_process(measure->processes[i]);
  free(measure->processes);
  uvt_id_map_clear(&measure->process_ids);
  clear_map(&measure->types);
}

/* SPDX-License-Identifier: MIT */
#include "follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "describe.h"
#include "types.h"

#define TELL(follow, handler, ...)                                \
  do {                                                            \
    if ((follow)->handlers->handler)                              \
      (follow)->handlers->handler((follow)->format, __VA_ARGS__); \
  } while (0)

/* ---- Maps of pointers ---- */

static void *get(const struct uvt_id_map *map, uint64_t id)
{
  void **place = id ? uvt_id_map_find(map, id) : NULL;
  return place ? *place : NULL;
}

/* Takes the value over, in place of one that has the ID already. False: out of memory, and it is freed. */
static bool put(struct uvt_follow *follow, struct uvt_id_map *map, uint64_t id, void *value)
{
  void **place = value ? uvt_id_map_add(map, id) : NULL;
  if (!place) {
    free(value);
    follow->status = -ENOMEM;
    return false;
  }
  *place = value;
  return true;
}

static int by_id(const void *a, const void *b)
{
  uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
  return first < second ? -1 : first > second;
}

/* All IDs of a map in their order, so that what is done at the end does not depend on addresses. */
static uint64_t *sorted_ids(struct uvt_follow *follow, const struct uvt_id_map *map)
{
  uint64_t *ids = malloc((map->count + 1) * sizeof *ids);
  if (!ids) {
    follow->status = -ENOMEM;
    return NULL;
  }
  size_t cursor = 0, count = 0;
  while (uvt_id_map_next(map, &cursor, &ids[count]))
    count++;
  qsort(ids, count, sizeof *ids, by_id);
  ids[count] = UINT64_MAX;
  return ids;
}

/* ---- Texts ---- */

struct name {
  struct name *next; /* of the same hash */
  char text[];
};

const char *uvt_follow_name(struct uvt_follow *follow, const char *text)
{
  uint64_t hash = uvt_hash_text(0, text);
  struct name *first = get(&follow->names, hash);
  for (const struct name *name = first; name; name = name->next) {
    if (!strcmp(name->text, text))
      return name->text;
  }
  size_t size = strlen(text) + 1;
  struct name *name = malloc(sizeof *name + size);
  if (name) {
    name->next = first;
    memcpy(name->text, text, size);
  }
  return put(follow, &follow->names, hash, name) ? name->text : "";
}

int64_t uvt_follow_number(const struct uvt_event *event, const char *key)
{
  int64_t number = 0;
  uvt_event_number(event, key, &number);
  return number;
}

/* ---- Threads ---- */

uint64_t uvt_follow_tick(struct uvt_follow_thread *thread, uint64_t time)
{
  if (time < thread->clock)
    time = thread->clock;
  thread->clock = time + 1;
  return time;
}

static struct uvt_follow_thread *new_thread(struct uvt_follow *follow, struct uvt_follow_process *process,
                                            int64_t tid)
{
  struct uvt_follow_thread *thread = calloc(1, sizeof *thread);
  if (!put(follow, &process->threads, (uint64_t)(uint32_t)tid + 1, thread))
    return NULL;
  *thread = (struct uvt_follow_thread){.process = process, .tid = tid, .role = "", .name = ""};
  return thread;
}

static struct uvt_follow_thread *known_thread(const struct uvt_follow_process *process, int64_t tid)
{
  return get(&process->threads, (uint64_t)(uint32_t)tid + 1);
}

static struct uvt_follow_thread *thread_of(struct uvt_follow *follow, struct uvt_follow_process *process,
                                           int64_t tid)
{
  struct uvt_follow_thread *thread = known_thread(process, tid);
  if (thread)
    return thread;
  thread = new_thread(follow, process, tid);
  if (thread)
    TELL(follow, thread, thread);
  return thread;
}

static void on_thread(struct uvt_follow *follow, struct uvt_follow_process *process,
                      const struct uvt_event *event)
{
  struct uvt_follow_thread *thread = known_thread(process, event->tid);
  const char *role = uvt_follow_name(follow, uvt_event_string(event, "role"));
  const char *name = uvt_follow_name(follow, uvt_event_string(event, "name"));
  if (thread && thread->role == role && thread->name == name)
    return; /* told again, as it is every few seconds */
  if (!thread)
    thread = new_thread(follow, process, event->tid);
  if (!thread)
    return;
  thread->role = role;
  thread->name = name;
  TELL(follow, thread, thread);
}

/* ---- Registrations and causes ---- */

static void free_causes(struct uvt_follow_registration *registration)
{
  while (registration->first_cause) {
    struct uvt_follow_cause *cause = registration->first_cause;
    registration->first_cause = cause->next;
    uvt_id_map_remove(&registration->process->causes, cause->id);
    free(cause);
  }
}

static void drop_registration(struct uvt_follow_registration *registration)
{
  if (!registration || --registration->holders)
    return;
  free_causes(registration);
  uvt_id_map_remove(&registration->process->links, registration->link_id);
  free(registration->text);
  free(registration);
}

/* Nothing more will run from it. */
static void unlink_registration(struct uvt_follow *follow, struct uvt_follow_registration *registration,
                                uint64_t time)
{
  if (!registration || !registration->linked)
    return;
  registration->linked = false;
  TELL(follow, unlink, registration, time);
  drop_registration(registration);
}

static struct uvt_follow_run *open_run(struct uvt_follow_process *process, uint64_t execute_id)
{
  return get(&process->invocations, execute_id);
}

static struct uvt_follow_point point_of(struct uvt_follow_run *run, const struct uvt_event *event)
{
  struct uvt_follow_point point = {.time = event->time, .execute = event->executeID};
  if (run) {
    point.thread = run->thread;
    point.own = run->own;
    point.time = uvt_follow_tick(run->thread, event->time);
  }
  return point;
}

static bool is_pooled(const char *type)
{
  uint8_t number = uvt_type_find(type);
  return number == UVT_TYPE_uv_queue_work || uvt_type_info(number)->ready == UVT_READY_POOL;
}

static void on_link(struct uvt_follow *follow, struct uvt_follow_process *process,
                    const struct uvt_event *event)
{
  if (!event->linkID || get(&process->links, event->linkID))
    return;
  struct uvt_follow_registration *registration = calloc(1, sizeof *registration);
  if (!put(follow, &process->links, event->linkID, registration))
    return;
  struct uvt_follow_run *run = open_run(process, event->executeID);
  const char *type = uvt_event_string(event, "type");
  const char *function = uvt_event_string(event, "function");
  *registration =
      (struct uvt_follow_registration){.process = process,
                                       .link_id = event->linkID,
                                       .type = uvt_follow_name(follow, *type ? type : "unknown"),
                                       .function = *function ? uvt_follow_name(follow, function) : NULL,
                                       .js = !strcmp(uvt_event_string(event, "layer"), "js"),
                                       .repeat = uvt_follow_number(event, "repeat") != 0,
                                       .linked = true,
                                       .at = point_of(run, event),
                                       .queued = event->time,
                                       .holders = 1};
  registration->pooled = !registration->js && is_pooled(registration->type);
  TELL(follow, link, registration, run, event);
}

static void on_cause(struct uvt_follow *follow, struct uvt_follow_process *process,
                     const struct uvt_event *event)
{
  struct uvt_follow_registration *registration = get(&process->links, event->linkID);
  if (!registration || !event->causeID || get(&registration->process->causes, event->causeID))
    return;
  struct uvt_follow_cause *cause = calloc(1, sizeof *cause);
  if (!put(follow, &registration->process->causes, event->causeID, cause))
    return;
  struct uvt_follow_run *run = open_run(process, event->executeID);
  *cause = (struct uvt_follow_cause){
      .id = event->causeID, .registration = registration, .at = point_of(run, event)};
  if (registration->first_cause)
    registration->last_cause->next = cause;
  else
    registration->first_cause = cause;
  registration->last_cause = cause;
}

/* ---- Operations ---- */

static void drop_operation(struct uvt_follow *follow, struct uvt_follow_operation *operation, uint64_t time,
                           enum uvt_follow_end how)
{
  if (!operation)
    return;
  struct uvt_follow_registration *registration = operation->registration;
  TELL(follow, operation_end, operation, time, how);
  if (operation->run)
    operation->run->operation = NULL;
  uvt_id_map_remove(&operation->process->operations, operation->id);
  free(operation);
  if (!registration)
    return;
  if (!--registration->live && how == UVT_FOLLOW_ENDED)
    unlink_registration(follow, registration, time);
  drop_registration(registration);
}

/* Roots have no registration: their invocations say all there is. */
static struct uvt_follow_operation *
new_operation(struct uvt_follow *follow, struct uvt_follow_process *process, const struct uvt_event *event)
{
  process->has_operations = true;
  if (!event->operationID || !event->linkID)
    return NULL;
  struct uvt_follow_operation *operation = get(&process->operations, event->operationID);
  if (operation)
    return operation;
  operation = calloc(1, sizeof *operation);
  if (!put(follow, &process->operations, event->operationID, operation))
    return NULL;
  struct uvt_follow_registration *registration = get(&process->links, event->linkID);
  *operation = (struct uvt_follow_operation){.process = process,
                                             .id = event->operationID,
                                             .n = event->n,
                                             .registration = registration,
                                             .state = UVT_STATE_Queued,
                                             .queued = event->time,
                                             .ready = UINT64_MAX};
  if (registration) {
    registration->holders++;
    registration->live++;
    registration->queued = event->time;
  }
  TELL(follow, operation, operation);
  return operation;
}

static void on_operation(struct uvt_follow *follow, struct uvt_follow_process *process,
                         const struct uvt_event *event)
{
  new_operation(follow, process, event);
}

static void on_state(struct uvt_follow *follow, struct uvt_follow_process *process,
                     const struct uvt_event *event)
{
  struct uvt_follow_operation *operation = event->state == UVT_STATE_Queued
                                               ? new_operation(follow, process, event)
                                               : get(&process->operations, event->operationID);
  if (!operation || event->state <= operation->state)
    return;
  operation->state = event->state;
  if (event->state == UVT_STATE_Ready)
    operation->ready = event->time;
  TELL(follow, state, operation, event->state, event->time);
  if (event->state >= UVT_STATE_ChildrenPending)
    drop_operation(follow, operation, event->time, UVT_FOLLOW_ENDED);
}

/* ---- Runs ---- */

static struct uvt_follow_run *push(struct uvt_follow *follow, struct uvt_follow_thread *thread,
                                   enum uvt_follow_run_kind kind, uint64_t time)
{
  struct uvt_follow_run *run = calloc(1, sizeof *run);
  if (!run) {
    follow->status = -ENOMEM;
    return NULL;
  }
  run->kind = kind;
  run->thread = thread;
  run->begun = uvt_follow_tick(thread, time);
  run->below = thread->top;
  thread->top = run;
  return run;
}

static void end_top(struct uvt_follow *follow, struct uvt_follow_thread *thread, uint64_t time,
                    const struct uvt_event *event, enum uvt_follow_end how)
{
  struct uvt_follow_run *run = thread->top;
  struct uvt_follow_registration *registration = run->registration;
  run->ended = uvt_follow_tick(thread, time);
  TELL(follow, end, run, event, how);
  thread->top = run->below;
  if (run->below)
    run->below->inner += run->ended - run->begun;
  if (run->execute_id)
    uvt_id_map_remove(&thread->process->invocations, run->execute_id);
  if (run->operation)
    drop_operation(follow, run->operation, time, how == UVT_FOLLOW_CLOSED ? UVT_FOLLOW_ENDED : how);
  else if (registration && !registration->live && !registration->repeat && run->execute_id &&
           how != UVT_FOLLOW_OPEN)
    unlink_registration(follow, registration, time);
  drop_registration(registration);
  free(run->causes);
  free(run->text);
  free(run);
}

/* Ends the run, and before it what is still open inside it. */
static void end_run(struct uvt_follow *follow, struct uvt_follow_run *run, const struct uvt_event *event)
{
  struct uvt_follow_thread *thread = run->thread;
  while (thread->top != run)
    end_top(follow, thread, event->time, NULL, UVT_FOLLOW_CLOSED);
  end_top(follow, thread, event->time, event, UVT_FOLLOW_ENDED);
}

static bool is_open_on(const struct uvt_follow_thread *thread, uint64_t execute_id)
{
  for (const struct uvt_follow_run *run = thread->top; run; run = run->below) {
    if (run->execute_id == execute_id)
      return true;
  }
  return false;
}

/* What a new invocation is not nested in is over, though nobody said so. */
static void close_others(struct uvt_follow *follow, struct uvt_follow_thread *thread,
                         const struct uvt_event *event)
{
  if (event->within && !is_open_on(thread, event->within))
    return;
  while (thread->top && thread->top->kind == UVT_FOLLOW_INVOCATION &&
         thread->top->execute_id != event->within)
    end_top(follow, thread, event->time, NULL, UVT_FOLLOW_CLOSED);
}

static void take_cause(struct uvt_follow_process *process, struct uvt_follow_run *run, uint64_t id)
{
  struct uvt_follow_cause *cause = get(&process->causes, id);
  if (!cause)
    return;
  cause->taken = true;
  if (run->causes && cause->at.thread)
    run->causes[run->causes_count++] = cause->at;
}

/* The last is kept: an invocation that finds none left repeats it. */
static void forget_taken(struct uvt_follow_registration *registration)
{
  struct uvt_follow_cause *cause;
  while ((cause = registration->first_cause) != registration->last_cause && cause->taken) {
    registration->first_cause = cause->next;
    uvt_id_map_remove(&registration->process->causes, cause->id);
    free(cause);
  }
}

static struct uvt_follow_registration *registration_run(struct uvt_follow_process *process,
                                                        const struct uvt_follow_operation *operation,
                                                        uint64_t cause_id)
{
  if (operation && operation->registration)
    return operation->registration;
  const struct uvt_follow_cause *cause = get(&process->causes, cause_id);
  return cause ? cause->registration : NULL;
}

static void take_causes(struct uvt_follow *follow, struct uvt_follow_process *process,
                        struct uvt_follow_run *run, const struct uvt_event *event)
{
  run->causes = calloc(event->coalesced_count + 1, sizeof *run->causes);
  if (!run->causes)
    follow->status = -ENOMEM;
  take_cause(process, run, event->causeID);
  for (size_t i = 0; i < event->coalesced_count; i++)
    take_cause(process, run, event->coalesced[i]);
  if (run->registration)
    forget_taken(run->registration);
}

static void on_execute_begin(struct uvt_follow *follow, struct uvt_follow_process *process,
                             const struct uvt_event *event)
{
  struct uvt_follow_thread *thread = thread_of(follow, process, event->tid);
  if (!thread || !event->executeID || open_run(process, event->executeID))
    return;
  close_others(follow, thread, event);
  struct uvt_follow_run *run = push(follow, thread, UVT_FOLLOW_INVOCATION, event->time);
  void **place = run ? uvt_id_map_add(&process->invocations, event->executeID) : NULL;
  if (!place) {
    follow->status = -ENOMEM;
    return;
  }
  *place = run;
  run->execute_id = event->executeID;
  run->operation_id = event->operationID;
  run->cause_id = event->causeID;
  run->root = !event->causeID;
  struct uvt_follow_operation *operation = get(&process->operations, event->operationID);
  if (operation && !operation->run) {
    run->operation = operation;
    operation->run = run;
  }
  run->registration = registration_run(process, operation, event->causeID);
  if (run->registration)
    run->registration->holders++;
  take_causes(follow, process, run, event);
  TELL(follow, begin, run, event);
  if (run->registration && !process->has_operations)
    run->registration->queued = event->time; /* of the next, if there is one */
}

static void on_execute_end(struct uvt_follow *follow, struct uvt_follow_process *process,
                           const struct uvt_event *event)
{
  struct uvt_follow_run *run = open_run(process, event->executeID);
  if (run)
    end_run(follow, run, event);
}

static struct uvt_follow_run *pool_run(const struct uvt_follow_thread *thread,
                                       const struct uvt_follow_registration *registration)
{
  struct uvt_follow_run *run = thread ? thread->top : NULL;
  while (run && (run->kind != UVT_FOLLOW_POOL_WORK || run->registration != registration))
    run = run->below;
  return run;
}

static void on_pool_begin(struct uvt_follow *follow, struct uvt_follow_process *process,
                          const struct uvt_event *event)
{
  struct uvt_follow_thread *thread = thread_of(follow, process, event->tid);
  if (!thread)
    return;
  while (thread->top) /* a worker does one thing at a time */
    end_top(follow, thread, event->time, NULL, UVT_FOLLOW_CLOSED);
  struct uvt_follow_run *run = push(follow, thread, UVT_FOLLOW_POOL_WORK, event->time);
  if (!run)
    return;
  run->registration = get(&process->links, event->linkID);
  if (run->registration) {
    run->registration->holders++;
    run->registration->pool_begun = event->time;
  }
  TELL(follow, begin, run, event);
}

static void on_pool_end(struct uvt_follow *follow, struct uvt_follow_process *process,
                        const struct uvt_event *event)
{
  struct uvt_follow_run *run =
      pool_run(known_thread(process, event->tid), get(&process->links, event->linkID));
  if (!run)
    return;
  if (run->registration)
    run->registration->pool_ended = event->time;
  end_run(follow, run, event);
}

static void on_cancel(struct uvt_follow *follow, struct uvt_follow_process *process,
                      const struct uvt_event *event)
{
  unlink_registration(follow, get(&process->links, event->linkID), event->time);
}

/* ---- Loops ---- */

static struct uvt_follow_loop *loop_of(struct uvt_follow *follow, struct uvt_follow_process *process,
                                       const struct uvt_event *event)
{
  struct uvt_follow_loop *loop = get(&process->loops, event->loopID);
  if (loop || !event->loopID)
    return loop;
  loop = calloc(1, sizeof *loop);
  if (!put(follow, &process->loops, event->loopID, loop))
    return NULL;
  *loop =
      (struct uvt_follow_loop){.process = process, .loop_id = event->loopID, .tid = event->tid, .name = ""};
  if (event->kind == UVT_EV_loop)
    return loop;
  loop->name = "";
  TELL(follow, loop, loop);
  return loop;
}

static void on_loop(struct uvt_follow *follow, struct uvt_follow_process *process,
                    const struct uvt_event *event)
{
  struct uvt_follow_loop *loop = loop_of(follow, process, event);
  if (!loop)
    return;
  const char *name = uvt_follow_name(follow, uvt_event_string(event, "name"));
  if (name == loop->name)
    return;
  loop->name = name;
  TELL(follow, loop, loop);
}

static void end_poll(struct uvt_follow *follow, struct uvt_follow_loop *loop, uint64_t time,
                     const struct uvt_event *event)
{
  if (!loop || !loop->polling)
    return;
  loop->polling = false;
  const struct uvt_follow_thread *thread = known_thread(loop->process, loop->tid);
  if (thread && thread->top && time > thread->top->begun)
    thread->top->inner += time - (loop->polled > thread->top->begun ? loop->polled : thread->top->begun);
  TELL(follow, poll, loop, time, event);
}

static void on_poll_begin(struct uvt_follow *follow, struct uvt_follow_process *process,
                          const struct uvt_event *event)
{
  struct uvt_follow_loop *loop = loop_of(follow, process, event);
  if (!loop)
    return;
  end_poll(follow, loop, event->time, NULL);
  loop->polling = true;
  loop->polled = event->time;
  loop->tid = event->tid;
}

static void on_poll_end(struct uvt_follow *follow, struct uvt_follow_process *process,
                        const struct uvt_event *event)
{
  end_poll(follow, get(&process->loops, event->loopID), event->time, event);
}

/* ---- Processes ---- */

static void end_threads(struct uvt_follow *follow, struct uvt_follow_process *process, uint64_t time)
{
  uint64_t *ids = sorted_ids(follow, &process->threads);
  for (size_t i = 0; ids && ids[i] != UINT64_MAX; i++) {
    struct uvt_follow_thread *thread = get(&process->threads, ids[i]);
    while (thread->top)
      end_top(follow, thread, time, NULL, UVT_FOLLOW_OPEN);
  }
  free(ids);
}

static void end_loops(struct uvt_follow *follow, struct uvt_follow_process *process, uint64_t time)
{
  uint64_t *ids = sorted_ids(follow, &process->loops);
  for (size_t i = 0; ids && ids[i] != UINT64_MAX; i++)
    end_poll(follow, get(&process->loops, ids[i]), time, NULL);
  free(ids);
}

static void end_operations(struct uvt_follow *follow, struct uvt_follow_process *process, uint64_t time)
{
  uint64_t *ids = sorted_ids(follow, &process->operations);
  for (size_t i = 0; ids && ids[i] != UINT64_MAX; i++)
    drop_operation(follow, get(&process->operations, ids[i]), time, UVT_FOLLOW_OPEN);
  free(ids);
}

static void end_process(struct uvt_follow *follow, struct uvt_follow_process *process)
{
  if (process->ended)
    return;
  process->ended = true;
  end_threads(follow, process, process->last_time);
  end_loops(follow, process, process->last_time);
  end_operations(follow, process, process->last_time);
  TELL(follow, process_end, process);
}

static struct uvt_follow_process *new_process(struct uvt_follow *follow, uint64_t id, int64_t pid)
{
  struct uvt_follow_process **processes =
      realloc(follow->processes, (follow->processes_count + 1) * sizeof *processes);
  struct uvt_follow_process *process = processes ? calloc(1, sizeof *process) : NULL;
  if (processes)
    follow->processes = processes;
  if (!put(follow, &follow->process_ids, id + 1, process))
    return NULL;
  processes[follow->processes_count++] = process;
  process->id = id;
  process->pid = pid;
  process->number = follow->processes_count;
  process->host = "";
  struct uvt_id_map *const maps[] = {&process->links,       &process->operations, &process->causes,
                                     &process->invocations, &process->threads,    &process->loops};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
    uvt_id_map_init(maps[i], sizeof(void *));
  return process;
}

/* Lines that name no process are the first one's; a loss is everybody's then. */
static struct uvt_follow_process *process_of(struct uvt_follow *follow, const struct uvt_event *event)
{
  uint64_t id = event->processID ? event->processID : (uint64_t)event->pid;
  if (!id && event->kind == UVT_EV_lost)
    return NULL;
  if (!id && follow->processes_count)
    return follow->processes[0];
  struct uvt_follow_process *process = get(&follow->process_ids, id + 1);
  return process ? process : new_process(follow, id, event->pid);
}

static void inherit_causes(struct uvt_follow *follow, struct uvt_follow_registration *heir,
                           const struct uvt_follow_registration *registration)
{
  for (const struct uvt_follow_cause *cause = registration->first_cause; cause; cause = cause->next) {
    struct uvt_follow_cause *copy = malloc(sizeof *copy);
    if (!put(follow, &heir->process->causes, cause->id, copy))
      return;
    *copy = *cause;
    copy->registration = heir;
    copy->next = NULL;
    if (heir->last_cause)
      heir->last_cause->next = copy;
    else
      heir->first_cause = copy;
    heir->last_cause = copy;
  }
}

/* A forked process has all its parent's registrations, under their IDs; but not its thread pool. */
static void inherit(struct uvt_follow *follow, struct uvt_follow_process *process,
                    const struct uvt_follow_process *parent)
{
  void **value;
  for (size_t cursor = 0; (value = uvt_id_map_next(&parent->links, &cursor, NULL));) {
    const struct uvt_follow_registration *registration = *value;
    struct uvt_follow_registration *heir = registration->linked ? malloc(sizeof *heir) : NULL;
    if (!registration->linked || get(&process->links, registration->link_id))
      free(heir);
    else if (put(follow, &process->links, registration->link_id, heir)) {
      *heir = *registration;
      heir->process = process;
      heir->first_cause = heir->last_cause = NULL;
      heir->holders = 1;
      heir->live = 0;
      heir->pooled = false;
      heir->text = NULL;
      inherit_causes(follow, heir, registration);
    }
  }
}

static void on_process(struct uvt_follow *follow, struct uvt_follow_process *process,
                       const struct uvt_event *event)
{
  if (process->told) /* it is described again every few seconds */
    return;
  process->told = true;
  process->host = uvt_follow_name(follow, uvt_event_string(event, "host"));
  uint64_t parent = (uint64_t)uvt_follow_number(event, "parent.processID");
  const struct uvt_follow_process *forked = parent && !strcmp(uvt_event_string(event, "how"), "fork")
                                                ? get(&follow->process_ids, parent + 1)
                                                : NULL;
  if (forked && forked != process)
    inherit(follow, process, forked);
  for (size_t i = 0; i < follow->processes_count; i++) {
    struct uvt_follow_process *other = follow->processes[i];
    if (other != process && other->pid == process->pid && other->host == process->host && process->pid)
      end_process(follow, other);
  }
  TELL(follow, process, process, event);
}

static void free_process(struct uvt_follow_process *process)
{
  void **value;
  size_t cursor = 0;
  while ((value = uvt_id_map_next(&process->threads, &cursor, NULL)))
    free(*value);
  cursor = 0;
  while ((value = uvt_id_map_next(&process->loops, &cursor, NULL)))
    free(*value);
  cursor = 0;
  while ((value = uvt_id_map_next(&process->causes, &cursor, NULL)))
    free(*value);
  cursor = 0;
  while ((value = uvt_id_map_next(&process->links, &cursor, NULL))) {
    free(((struct uvt_follow_registration *)*value)->text);
    free(*value);
  }
  struct uvt_id_map *const maps[] = {&process->links,       &process->operations, &process->causes,
                                     &process->invocations, &process->threads,    &process->loops};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
    uvt_id_map_clear(maps[i]);
  free(process);
}

/* ---- The whole ---- */

static void (*const steps[UVT_EV_COUNT])(struct uvt_follow *follow, struct uvt_follow_process *process,
                                         const struct uvt_event *event) = {
    [UVT_EV_process] = on_process,
    [UVT_EV_thread] = on_thread,
    [UVT_EV_loop] = on_loop,
    [UVT_EV_executeBegin] = on_execute_begin,
    [UVT_EV_executeEnd] = on_execute_end,
    [UVT_EV_link] = on_link,
    [UVT_EV_cause] = on_cause,
    [UVT_EV_cancel] = on_cancel,
    [UVT_EV_operation] = on_operation,
    [UVT_EV_state] = on_state,
    [UVT_EV_poolBegin] = on_pool_begin,
    [UVT_EV_poolEnd] = on_pool_end,
    [UVT_EV_pollBegin] = on_poll_begin,
    [UVT_EV_pollEnd] = on_poll_end,
};

void uvt_follow_init(struct uvt_follow *follow, const struct uvt_follow_handlers *handlers, void *format)
{
  *follow = (struct uvt_follow){.handlers = handlers, .format = format};
  uvt_id_map_init(&follow->process_ids, sizeof(void *));
  uvt_id_map_init(&follow->names, sizeof(void *));
}

int uvt_follow_event(struct uvt_follow *follow, const struct uvt_event *event)
{
  if (event->kind >= UVT_EV_unknown)
    return follow->status;
  if (event->time > follow->last_time)
    follow->last_time = event->time;
  struct uvt_follow_process *process = process_of(follow, event);
  if (process && event->time > process->last_time)
    process->last_time = event->time;
  TELL(follow, event, process, process ? open_run(process, event->executeID) : NULL, event);
  if (process && !process->ended && steps[event->kind])
    steps[event->kind](follow, process, event);
  return follow->status;
}

int uvt_follow_end(struct uvt_follow *follow)
{
  for (size_t i = 0; i < follow->processes_count; i++)
    end_process(follow, follow->processes[i]);
  return follow->status;
}

/* What is open is ended first, with nobody listening: so all that runs and operations hold is freed. */
void uvt_follow_clear(struct uvt_follow *follow)
{
  static const struct uvt_follow_handlers nobody;
  follow->handlers = &nobody;
  uvt_follow_end(follow);
  for (size_t i = 0; i < follow->processes_count; i++)
    free_process(follow->processes[i]);
  free(follow->processes);
  uvt_id_map_clear(&follow->process_ids);
  size_t cursor = 0;
  void **value;
  while ((value = uvt_id_map_next(&follow->names, &cursor, NULL))) {
    for (struct name *name = *value, *next; name; name = next) {
      next = name->next;
      free(name);
    }
  }
  uvt_id_map_clear(&follow->names);
}

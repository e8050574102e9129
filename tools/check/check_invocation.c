/* SPDX-License-Identifier: MIT */
/* Invocations, how they nest, and what happens inside them (rules 1, 4, 5). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "check_state.h"

static uint64_t innermost(const struct thread *thread)
{
  return thread->depth ? thread->open[thread->depth - 1] : 0;
}

static void push(struct uvt_check *check, struct thread *thread, uint64_t execute)
{
  if (thread->depth == thread->capacity) {
    size_t capacity = thread->capacity ? thread->capacity * 2 : 8;
    uint64_t *open = realloc(thread->open, capacity * sizeof *open);
    if (!open) {
      check->status = -ENOMEM;
      return;
    }
    thread->open = open;
    thread->capacity = capacity;
  }
  thread->open[thread->depth++] = execute;
}

/* Gives up the innermost invocation: when it ends is no longer looked at. */
static void detach_innermost(struct uvt_check *check, struct thread *thread)
{
  uint64_t execute = thread->open[--thread->depth];
  uvt_id_map_remove(&check->process->invocations, execute);
  uvt_check_set_add(check, &check->process->shadow[ID_EXECUTE], execute);
}

static bool is_open_on(const struct thread *thread, uint64_t execute)
{
  for (size_t i = thread->depth; i > 0; i--) {
    if (thread->open[i - 1] == execute)
      return true;
  }
  return false;
}

static struct invocation *find_invocation(const struct uvt_check *check, uint64_t execute)
{
  return uvt_id_map_find(&check->process->invocations, execute);
}

static void detach_loose(struct uvt_check *check, struct thread *thread, uint64_t until)
{
  while (thread->depth && innermost(thread) != until) {
    const struct invocation *invocation = find_invocation(check, innermost(thread));
    if (invocation && !invocation->loose)
      break;
    detach_innermost(check, thread);
  }
}

/* The invocation that the event happens in (rule 4), or NULL. */
static struct invocation *inside(struct uvt_check *check)
{
  uint64_t execute = check->event->executeID;
  struct invocation *invocation = execute ? find_invocation(check, execute) : NULL;
  if (invocation) {
    if (!check->contracted && !invocation->loose && innermost(invocation->thread) != execute)
      uvt_check_found(check, UVT_CHECK_warning, true,
                      "happens in #%" PRIu64 ", but the innermost invocation on thread %" PRIu64
                      " is #%" PRIu64,
                      execute, invocation->thread->tid, innermost(invocation->thread));
    return invocation;
  }
  if (!execute)
    uvt_check_found(check, UVT_CHECK_4, true,
                    "executeID is missing; expected the invocation that it happens in");
  else if (uvt_id_set_has(&check->process->unwound, execute))
    uvt_check_found(check, UVT_CHECK_warning, true, "happens in #%" PRIu64 ", which was unwound", execute);
  else if (uvt_check_known(check, ID_EXECUTE, execute, UVT_CHECK_4) && !check->contracted)
    uvt_check_found(check, UVT_CHECK_4, false,
                    "happens in #%" PRIu64 ", which has ended; expected an open invocation", execute);
  return NULL;
}

static void check_nesting(struct uvt_check *check, struct thread *thread)
{
  uint64_t within = check->event->within;
  uint64_t execute = check->event->executeID;
  detach_loose(check, thread, within);
  if (innermost(thread) == within)
    return;
  if (!within) {
    uvt_check_found(check, UVT_CHECK_4, true,
                    "#%" PRIu64 " begins within nothing, but #%" PRIu64 " is open on thread %" PRIu64
                    "; expected within %" PRIu64,
                    execute, innermost(thread), thread->tid, innermost(thread));
  } else if (is_open_on(thread, within)) {
    uvt_check_found(check, UVT_CHECK_4, true,
                    "#%" PRIu64 " begins within #%" PRIu64 ", but the innermost invocation on thread %" PRIu64
                    " is #%" PRIu64,
                    execute, within, thread->tid, innermost(thread));
  } else if (uvt_check_known(check, ID_EXECUTE, within, UVT_CHECK_4)) {
    uvt_check_found(check, UVT_CHECK_4, true,
                    "#%" PRIu64 " begins within #%" PRIu64 ", which is not open on thread %" PRIu64
                    "; expected %" PRIu64,
                    execute, within, thread->tid, innermost(thread));
  }
  /* Reported once; nesting starts afresh from what the event says. */
  while (thread->depth && innermost(thread) != within)
    detach_innermost(check, thread);
}

static void check_rising(struct uvt_check *check, struct thread *thread)
{
  uint64_t execute = check->event->executeID;
  if (execute <= thread->last_execute)
    uvt_check_found(check, UVT_CHECK_5, false, "#%" PRIu64 " begins on thread %" PRIu64 " after #%" PRIu64,
                    execute, thread->tid, thread->last_execute);
  else
    thread->last_execute = execute;
}

static void check_idle_poll(struct uvt_check *check, struct thread *thread)
{
  if (!thread->poll_loop)
    return;
  uvt_check_found(check, UVT_CHECK_poll, true,
                  "#%" PRIu64 " begins on thread %" PRIu64 " while loop %" PRIu64
                  " polls there; expected its pollEnd before",
                  check->event->executeID, thread->tid, thread->poll_loop);
  thread->poll_loop = 0;
}

/* Checks one cause that an invocation took; returns its registration, 0 where that is not known. */
static uint64_t check_taken_cause(struct uvt_check *check, uint64_t id, uint64_t link)
{
  if (!uvt_check_known(check, ID_CAUSE, id, UVT_CHECK_1))
    return 0;
  const struct cause *cause = uvt_check_find_cause(check, id);
  if (!cause) {
    if (!link && uvt_id_set_has(&check->process->dead_causes, id))
      uvt_check_found(check, UVT_CHECK_7, false,
                      "causeID %" PRIu64 " is one of a registration that was cancelled", id);
    return 0;
  }
  uint64_t caused = cause->link;
  if (link && caused != link)
    uvt_check_found(check, UVT_CHECK_3, false,
                    "causeID %" PRIu64 " enables linkID %" PRIu64
                    ", but the operation is one of linkID %" PRIu64,
                    id, caused, link);
  struct registration *registration = uvt_check_find_registration(check, caused);
  if (registration)
    uvt_check_take_cause(check, registration, id);
  return caused;
}

static void check_root(struct uvt_check *check, const struct operation *operation)
{
  if (operation && operation->link && !uvt_check_in_shadow(check, ID_LINK, operation->link))
    uvt_check_found(check, UVT_CHECK_4, true,
                    "#%" PRIu64 " has causeID 0, but its operation %" PRIu64 " is one of linkID %" PRIu64
                    "; expected 0 of roots only",
                    check->event->executeID, check->event->operationID, operation->link);
}

/* Returns the registration that is invoked, 0 for a root or where it is not known. */
static uint64_t check_causes(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  const struct operation *operation = uvt_check_find_operation(check, event->operationID);
  if (!event->causeID) {
    check_root(check, operation);
    return operation ? operation->link : 0;
  }
  if (operation && operation->announced && !operation->link)
    uvt_check_found(check, UVT_CHECK_4, true,
                    "operation %" PRIu64 " has no linkID, but is invoked with causeID %" PRIu64
                    "; roots have causeID 0",
                    event->operationID, event->causeID);
  uint64_t link = operation ? operation->link : 0;
  const struct cause *cause = uvt_check_find_cause(check, event->causeID);
  if (operation && operation->ready != NEVER && cause && operation->ready < cause->time)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " was Ready at %" PRIu64 ", before its causeID %" PRIu64
                    " at %" PRIu64,
                    event->operationID, operation->ready, event->causeID, cause->time);
  uint64_t caused = check_taken_cause(check, event->causeID, link);
  for (size_t i = 0; i < event->coalesced_count; i++)
    check_taken_cause(check, event->coalesced[i], link ? link : caused);
  return link ? link : caused;
}

/* The operation's side of executeBegin. */
static void begin_operation(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  uint64_t id = event->operationID;
  if (!id || uvt_check_in_shadow(check, ID_OPERATION, id))
    return;
  struct operation *operation = uvt_check_find_operation(check, id);
  if (!operation && uvt_check_introduced(check->process, ID_OPERATION, id)) {
    uvt_check_found(check, UVT_CHECK_6, false,
                    "operation %" PRIu64 " executes after it has executed or was retired", id);
    return;
  }
  if (!operation && check->process->lost && event->causeID) {
    /* Queued in what was lost: which registration's it is, and what it waits for, nobody knows. */
    uvt_check_set_add(check, &check->process->shadow[ID_OPERATION], id);
    return;
  }
  if (!operation) {
    uvt_check_introduce(check, ID_OPERATION, id);
    operation = uvt_check_add_operation(check, id);
    if (!operation)
      return;
  } else if (operation->begun != NEVER) {
    uvt_check_found(check, UVT_CHECK_6, false,
                    "operation %" PRIu64 " executes a second time (first as #%" PRIu64 ")", id,
                    operation->execute);
    return;
  } else if (operation->state == UVT_STATE_Queued && operation->link) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " executes while it is Queued; expected Ready before", id);
  } else if (operation->state == UVT_STATE_Executing && operation->entered != event->time) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " entered Executing at %" PRIu64 "; expected at its executeBegin",
                    id, operation->entered);
  }
  operation->begun = event->time;
  operation->execute = event->executeID;
}

static void begin_registration(struct uvt_check *check, const struct thread *thread, uint64_t link)
{
  if (uvt_check_is_cancelled(check, link))
    uvt_check_found(check, UVT_CHECK_7, false,
                    "linkID %" PRIu64 " was cancelled; expected no invocation of it", link);
  struct registration *registration = uvt_check_find_registration(check, link);
  if (!registration)
    return;
  /* uv_queue_work: what the worker is at is the callback itself. */
  if (registration->pool == POOL_BEGUN && thread->pool_link != link)
    uvt_check_found(check, UVT_CHECK_pool, true,
                    "linkID %" PRIu64 " executes while a pool worker is at it; expected its poolEnd before",
                    link);
  if (registration->repeat)
    registration->pool = POOL_NONE;
  registration->begun = check->event->time;
}

void uvt_check_on_execute_begin(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  struct thread *thread = uvt_check_thread_of(check, event->tid);
  if (!thread)
    return;
  uvt_check_introduce(check, ID_EXECUTE, event->executeID);
  if (find_invocation(check, event->executeID))
    return; /* the same ID is open: reported, and no second one can be kept */
  check_rising(check, thread);
  check_idle_poll(check, thread);
  check_nesting(check, thread);
  uint64_t link = check_causes(check);
  begin_operation(check);
  begin_registration(check, thread, link);
  struct invocation *invocation = uvt_check_map_add(check, &check->process->invocations, event->executeID);
  if (!invocation)
    return;
  *invocation = (struct invocation){
      .thread = thread,
      .operation = event->operationID,
      .link = link,
      .begun = event->time,
      .loose = event->time <= check->process->loose_until && check->process->lost,
  };
  push(check, thread, event->executeID);
}

static void end_operation(struct uvt_check *check, uint64_t id)
{
  struct operation *operation = uvt_check_find_operation(check, id);
  if (!operation || operation->execute != check->event->executeID)
    return;
  operation->ended = check->event->time;
  if (operation->announced) {
    uvt_check_make_pending(check, id);
    return;
  }
  if (check->process->has_states)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " executed without an operation or state event", id);
  uvt_id_map_remove(&check->process->operations, id);
}

/* The invocation that ends must be the innermost on its thread. */
static void leave(struct uvt_check *check, struct thread *thread, bool excused)
{
  uint64_t execute = check->event->executeID;
  detach_loose(check, thread, execute);
  if (!is_open_on(thread, execute))
    return;
  if (innermost(thread) != execute)
    uvt_check_found(check, excused ? UVT_CHECK_warning : UVT_CHECK_4, true,
                    "#%" PRIu64 " ends, but the innermost invocation on thread %" PRIu64 " is #%" PRIu64,
                    execute, thread->tid, innermost(thread));
  while (innermost(thread) != execute)
    detach_innermost(check, thread);
  thread->depth--;
}

static void end_unknown(struct uvt_check *check)
{
  uint64_t execute = check->event->executeID;
  if (uvt_id_set_has(&check->process->unwound, execute))
    uvt_check_found(check, UVT_CHECK_warning, true, "#%" PRIu64 " ends, which was unwound before", execute);
  else if (uvt_check_known(check, ID_EXECUTE, execute, UVT_CHECK_1))
    uvt_check_found(check, UVT_CHECK_1, false, "#%" PRIu64 " ends a second time", execute);
}

void uvt_check_on_execute_end(struct uvt_check *check)
{
  uint64_t execute = check->event->executeID;
  const struct invocation *invocation = find_invocation(check, execute);
  if (!invocation) {
    end_unknown(check);
    return;
  }
  struct invocation ended = *invocation;
  bool unwound = uvt_check_number_datum(check->event, "unwound");
  if (unwound) {
    uvt_check_found(check, UVT_CHECK_warning, true, "#%" PRIu64 " was unwound", execute);
    uvt_check_set_add(check, &check->process->unwound, execute);
  }
  leave(check, ended.thread, unwound || ended.loose);
  uvt_id_map_remove(&check->process->invocations, execute);
  end_operation(check, ended.operation);
  uvt_check_drop_if_done(check, ended.link);
}

void uvt_check_on_link(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  const struct invocation *invocation = inside(check);
  uint64_t parent = invocation ? invocation->operation : 0;
  uvt_check_introduce(check, ID_LINK, event->linkID);
  if (uvt_check_find_registration(check, event->linkID))
    return;
  struct registration *registration = uvt_check_map_add(check, &check->process->registrations, event->linkID);
  if (!registration)
    return;
  *registration = (struct registration){
      .parent = parent,
      .linked = event->time,
      .caused = NEVER,
      .begun = NEVER,
      .repeat = uvt_check_number_datum(event, "repeat"),
  };
}

void uvt_check_on_cause(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  inside(check);
  uvt_check_introduce(check, ID_CAUSE, event->causeID);
  if (!uvt_check_known(check, ID_LINK, event->linkID, UVT_CHECK_1))
    return;
  if (uvt_check_is_cancelled(check, event->linkID))
    uvt_check_found(check, UVT_CHECK_7, false,
                    "linkID %" PRIu64 " was cancelled; expected no further cause of it", event->linkID);
  struct registration *registration = uvt_check_find_registration(check, event->linkID);
  if (!registration || uvt_check_find_cause(check, event->causeID))
    return;
  if (registration->caused == NEVER)
    registration->caused = event->time;
  uvt_check_add_cause(check, registration, event->linkID, event->causeID);
}

void uvt_check_on_cancel(struct uvt_check *check)
{
  uint64_t link = check->event->linkID;
  inside(check);
  bool known = uvt_check_known(check, ID_LINK, link, UVT_CHECK_2);
  bool first = uvt_check_set_add(check, &check->process->cancelled, link);
  if (known && !first)
    uvt_check_found(check, UVT_CHECK_7, false, "linkID %" PRIu64 " was cancelled before", link);
  struct registration *registration = uvt_check_find_registration(check, link);
  if (!registration)
    return;
  registration->cancelled = true;
  uvt_check_remember_dead_causes(check, registration);
  uvt_check_drop_if_done(check, link);
}

static void external_of_operation(struct uvt_check *check)
{
  uint64_t id = check->event->operationID;
  struct operation *operation = uvt_check_find_operation(check, id);
  bool second = operation ? operation->external : false;
  if (operation)
    operation->external = true;
  else if (!check->process->has_states)
    second = !uvt_check_set_add(check, &check->process->external, id);
  else if (!uvt_check_known(check, ID_OPERATION, id, UVT_CHECK_2))
    return;
  if (second)
    uvt_check_found(check, UVT_CHECK_external, false, "operation %" PRIu64 " has an externalCause already",
                    id);
  bool over = operation ? operation->begun != NEVER : uvt_check_introduced(check->process, ID_OPERATION, id);
  if (over)
    uvt_check_found(check, UVT_CHECK_external, false,
                    "operation %" PRIu64 " has begun; expected it before its executeBegin", id);
}

void uvt_check_on_external_cause(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  const struct operation *operation = uvt_check_find_operation(check, event->operationID);
  bool cause_known = uvt_check_known(check, ID_CAUSE, event->causeID, UVT_CHECK_2);
  const struct cause *cause = uvt_check_find_cause(check, event->causeID);
  if (cause_known && cause && operation && operation->link && operation->link != cause->link)
    uvt_check_found(check, UVT_CHECK_3, false,
                    "causeID %" PRIu64 " enables linkID %" PRIu64 ", but operation %" PRIu64
                    " is one of linkID %" PRIu64,
                    event->causeID, cause->link, event->operationID, operation->link);
  if (event->operationID && !uvt_check_in_shadow(check, ID_OPERATION, event->operationID))
    external_of_operation(check);
}

void uvt_check_on_blocking(struct uvt_check *check)
{
  inside(check);
}

/* Failures, handlers and names may be reported of an invocation that is over. */
void uvt_check_on_about_invocation(struct uvt_check *check)
{
  uvt_check_known(check, ID_EXECUTE, check->event->executeID, UVT_CHECK_2);
}

/* SPDX-License-Identifier: MIT */
/* Registrations and their causes (rules 1, 3, 7); the thread pool and polls. */
#include <inttypes.h>

#include "check_state.h"

struct registration *uvt_check_find_registration(const struct uvt_check *check, uint64_t link)
{
  return link ? uvt_id_map_find(&check->process->registrations, link) : NULL;
}

struct cause *uvt_check_find_cause(const struct uvt_check *check, uint64_t id)
{
  return id ? uvt_id_map_find(&check->process->causes, id) : NULL;
}

bool uvt_check_is_cancelled(const struct uvt_check *check, uint64_t link)
{
  return link && uvt_id_set_has(&check->process->cancelled, link);
}

void uvt_check_add_cause(struct uvt_check *check, struct registration *registration, uint64_t link,
                         uint64_t id)
{
  struct cause *cause = uvt_check_map_add(check, &check->process->causes, id);
  if (!cause)
    return;
  *cause = (struct cause){.link = link, .time = check->event->time, .previous = registration->last_cause};
  struct cause *previous = uvt_check_find_cause(check, registration->last_cause);
  if (previous)
    previous->next = id;
  else
    registration->first_cause = id;
  registration->last_cause = id;
}

static void remove_cause(struct uvt_check *check, struct registration *registration, uint64_t id)
{
  const struct cause *cause = uvt_check_find_cause(check, id);
  if (!cause)
    return;
  struct cause *previous = uvt_check_find_cause(check, cause->previous);
  struct cause *next = uvt_check_find_cause(check, cause->next);
  if (previous)
    previous->next = cause->next;
  else
    registration->first_cause = cause->next;
  if (next)
    next->previous = cause->previous;
  else
    registration->last_cause = cause->previous;
  uvt_id_map_remove(&check->process->causes, id);
}

/* An invocation took a cause. Only the newest taken may be repeated, older ones are forgotten. */
void uvt_check_take_cause(struct uvt_check *check, struct registration *registration, uint64_t id)
{
  if (registration->taken && registration->taken != id)
    remove_cause(check, registration, registration->taken);
  registration->taken = id;
}

void uvt_check_remember_dead_causes(struct uvt_check *check, const struct registration *registration)
{
  const struct cause *cause;
  for (uint64_t id = registration->first_cause; (cause = uvt_check_find_cause(check, id)); id = cause->next)
    uvt_check_set_add(check, &check->process->dead_causes, id);
}

/* Forgets a registration once no operation of it can be mentioned again. */
void uvt_check_drop_if_done(struct uvt_check *check, uint64_t link)
{
  struct registration *registration = uvt_check_find_registration(check, link);
  if (!registration || registration->live)
    return;
  bool ran = registration->begun != NEVER && (check->process->has_states || !registration->repeat);
  if (!registration->cancelled && !ran)
    return;
  while (registration->first_cause)
    remove_cause(check, registration, registration->first_cause);
  uvt_id_map_remove(&check->process->registrations, link);
}

static void check_pool_begin(struct uvt_check *check, struct registration *registration)
{
  uint64_t link = check->event->linkID;
  if (uvt_check_is_cancelled(check, link))
    uvt_check_found(check, UVT_CHECK_7, false,
                    "linkID %" PRIu64 " was cancelled; expected no poolBegin of it", link);
  else if (!registration || registration->begun != NEVER)
    uvt_check_found(check, UVT_CHECK_pool, true,
                    "linkID %" PRIu64 " has executed already; expected poolBegin before", link);
  else if (registration->pool != POOL_NONE)
    uvt_check_found(check, UVT_CHECK_pool, true, "linkID %" PRIu64 " has a poolBegin already", link);
  if (registration)
    registration->pool = POOL_BEGUN;
}

void uvt_check_on_pool_begin(struct uvt_check *check)
{
  uint64_t link = check->event->linkID;
  struct thread *thread = uvt_check_thread_of(check, check->event->tid);
  if (!thread)
    return;
  if (thread->pool_link)
    uvt_check_found(check, UVT_CHECK_pool, true,
                    "thread %" PRIu64 " begins linkID %" PRIu64 " while at linkID %" PRIu64
                    "; expected its poolEnd before",
                    thread->tid, link, thread->pool_link);
  thread->pool_link = link;
  if (uvt_check_known(check, ID_LINK, link, UVT_CHECK_2))
    check_pool_begin(check, uvt_check_find_registration(check, link));
}

void uvt_check_on_pool_end(struct uvt_check *check)
{
  uint64_t link = check->event->linkID;
  struct thread *thread = uvt_check_thread_of(check, check->event->tid);
  if (!thread)
    return;
  bool begun = thread->pool_link == link;
  if (begun)
    thread->pool_link = 0;
  if (!uvt_check_known(check, ID_LINK, link, UVT_CHECK_2))
    return;
  if (!begun)
    uvt_check_found(check, UVT_CHECK_pool, true, "linkID %" PRIu64 " has no poolBegin on thread %" PRIu64,
                    link, thread->tid);
  struct registration *registration = uvt_check_find_registration(check, link);
  if (!registration)
    return;
  registration->pool = POOL_ENDED;
  registration->pool_ended = check->event->time;
}

void uvt_check_on_poll_begin(struct uvt_check *check)
{
  uint64_t loop = check->event->loopID;
  struct thread *thread = uvt_check_thread_of(check, check->event->tid);
  uvt_check_known(check, ID_LOOP, loop, UVT_CHECK_2);
  if (!thread)
    return;
  if (thread->poll_loop)
    uvt_check_found(check, UVT_CHECK_poll, true,
                    "loop %" PRIu64 " polls on thread %" PRIu64 " while loop %" PRIu64
                    " does; expected its pollEnd before",
                    loop, thread->tid, thread->poll_loop);
  thread->poll_loop = loop;
}

void uvt_check_on_poll_end(struct uvt_check *check)
{
  uint64_t loop = check->event->loopID;
  struct thread *thread = uvt_check_thread_of(check, check->event->tid);
  uvt_check_known(check, ID_LOOP, loop, UVT_CHECK_2);
  if (!thread)
    return;
  if (thread->poll_loop != loop)
    uvt_check_found(check, UVT_CHECK_poll, true, "loop %" PRIu64 " has no pollBegin on thread %" PRIu64, loop,
                    thread->tid);
  thread->poll_loop = 0;
}

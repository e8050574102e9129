/* SPDX-License-Identifier: MIT */
#include "registration.h"

#include "base/thread.h"
#include "live/arena.h"
#include "live/table.h"
#include "recording/announce.h"
#include "recording/put.h"
#include "stacks/stack.h"

#define LINK_BLOCK \
  64 /* link IDs that a thread sets aside at a time, so that the counter is not fought over */

static uint64_t next_link = 1;

uint64_t uvt_next_link_id(struct uvt_thread *thread)
{
  if (thread->link_next == thread->link_end) {
    thread->link_next = __atomic_fetch_add(&next_link, LINK_BLOCK, __ATOMIC_RELAXED);
    thread->link_end = thread->link_next + LINK_BLOCK;
  }
  uint64_t id = thread->link_next++;
  return (uint32_t)id ? id : uvt_next_link_id(thread); /* packed, only 0 may have a low half of 0 */
}

/* uv_queue_work's after-work callback is enabled by the work callback, an async handle's by each send. */
static bool caused_by_its_link(uint8_t type)
{
  return type != UVT_TYPE_uv_after_work && type != UVT_TYPE_uv_async_init;
}

static void record_link(struct uvt_thread *thread, const struct uvt_link *link, uint64_t id)
{
  uint32_t stack = uvt_stack(link->type);
  if (link->text)
    uvt_put_detail(thread, id, link->text);
  uvt_put_link(thread, uvt_current(thread), id, link->type,
               link->flags | (caused_by_its_link(link->type) ? UVT_LINK_CAUSED : 0), link->arg, stack);
}

static void fill_slot(uint32_t slot, const struct uvt_link *link, uint32_t parent, uint64_t now)
{
  struct uvt_live_registration *registration = uvt_live_registration(slot);
  UVT_SLOT_SET(registration->kind, UVT_LIVE_REGISTRATION);
  UVT_SLOT_SET(registration->type, link->type);
  UVT_SLOT_SET(registration->flags, link->flags);
  UVT_SLOT_SET(registration->state, UVT_LIVE_QUEUED);
  UVT_SLOT_SET(registration->parent, parent);
  UVT_SLOT_SET(registration->key, link->key);
  UVT_SLOT_SET(registration->next, 0);
  UVT_SLOT_SET(registration->n, 1);
  UVT_SLOT_SET(registration->since, now);
  UVT_SLOT_SET(registration->linked, now);
  UVT_SLOT_SET(registration->arg, link->arg);
  UVT_SLOT_SET(registration->due, link->due);
}

static bool is_request(uint64_t key)
{
  return key >> 56 == UVT_KEY_REQUEST || key >> 56 == UVT_KEY_AFTER;
}

/* It is counted, and what held its key ends all the same: a request's now, a handle's when libuv has accepted
 * it. */
static struct uvt_pending not_followed(struct uvt_thread *thread, const struct uvt_link *link)
{
  uvt_count_lost(1);
  if (!is_request(link->key))
    return (struct uvt_pending){.id = link->key};
  uvt_cancel(thread, link->key, UVT_reason_reused, 0);
  return (struct uvt_pending){0};
}

struct uvt_pending uvt_register(struct uvt_thread *thread, const struct uvt_link *link)
{
  uint32_t parent = uvt_current_slot(thread);
  struct uvt_pending pending = {.slot = link->thunk ? uvt_slot_take(thread) : 0};
  if (!pending.slot)
    return not_followed(thread, link);
  uint64_t now = uvt_now_coarse();
  pending.id = uvt_next_link_id(thread);
  uvt_invocation_hold(parent);
  fill_slot(pending.slot, link, parent, now);
  uvt_slot_publish(pending.slot, pending.id);
  if (link->key)
    pending.old = uvt_table_put(pending.slot);
  if (uvt_recording(thread))
    record_link(thread, link, pending.id);
  return pending;
}

void uvt_record_cancel(struct uvt_thread *thread, uint64_t link_id, enum uvt_reason reason, int status)
{
  if (uvt_recording(thread))
    uvt_put_cancel(thread, uvt_current(thread), link_id, reason, status);
}

void uvt_registration_free(struct uvt_thread *thread, uint32_t slot)
{
  uint32_t parent = uvt_live_registration(slot)->parent;
  uvt_slot_give(thread, slot);
  uvt_invocation_release(thread, parent);
}

/* True: an invocation uses its reference, and will free it. */
static bool leave_to_borrower(uint32_t slot)
{
  uint8_t *flags = &uvt_live_registration(slot)->flags, before = __atomic_load_n(flags, __ATOMIC_RELAXED);
  if (__builtin_expect(!(before & UVT_LIVE_LENT), 1))
    return false;
  UVT_SLOT_SET(*flags, before | UVT_LIVE_ENDED);
  return true;
}

/* It is in no table any more. */
static void end(struct uvt_thread *thread, uint32_t slot, enum uvt_reason reason, int status)
{
  uvt_record_cancel(thread, uvt_live_registration(slot)->id, reason, status);
  if (!leave_to_borrower(slot))
    uvt_registration_free(thread, slot);
}

void uvt_registered(struct uvt_thread *thread, const struct uvt_pending *pending, int status)
{
  if (!pending->slot) {
    if (pending->id && status >= 0)
      uvt_cancel(thread, pending->id, UVT_reason_replaced, 0);
    return;
  }
  bool keep_old = pending->old && status < 0 && !is_request(uvt_live_registration(pending->slot)->key);
  if (status < 0) {
    uint64_t key = uvt_live_registration(pending->slot)->key;
    if (key)
      uvt_table_take_id(key, pending->id);
    end(thread, pending->slot, UVT_reason_refused, status);
  }
  if (keep_old)
    uvt_table_put(pending->old);
  else if (pending->old)
    end(thread, pending->old, status < 0 ? UVT_reason_reused : UVT_reason_replaced, 0);
}

void uvt_cancel(struct uvt_thread *thread, uint64_t key, enum uvt_reason reason, int status)
{
  uvt_cancel_id(thread, key, 0, reason, status);
}

void uvt_cancel_id(struct uvt_thread *thread, uint64_t key, uint64_t link_id, enum uvt_reason reason,
                   int status)
{
  uint32_t slot = uvt_table_take_id(key, link_id);
  if (slot)
    end(thread, slot, reason, status);
}

void uvt_cause(struct uvt_thread *thread, uint64_t link_id, uint8_t flags)
{
  if (uvt_recording(thread))
    uvt_put_cause(thread, uvt_current(thread), link_id, flags);
}

void uvt_claim_slot(struct uvt_thread *thread, uint32_t slot, struct uvt_claim *claim)
{
  struct uvt_live_registration *registration = uvt_live_registration(slot);
  *claim = (struct uvt_claim){.link_id = registration->id,
                              .parent = registration->parent, /* and the reference that the slot had */
                              .type = registration->type,
                              .due = registration->due};
  if (leave_to_borrower(slot))
    uvt_invocation_hold(claim->parent);
  else
    uvt_slot_give(thread, slot);
}

bool uvt_claim_last(struct uvt_thread *thread, uint64_t key, struct uvt_claim *claim)
{
  uint32_t slot = uvt_table_take(key);
  if (slot)
    uvt_claim_slot(thread, slot, claim);
  return slot != 0;
}

bool uvt_claim_peek(uint64_t key, struct uvt_claim *claim)
{
  uint32_t slot = uvt_table_find(key);
  if (!slot)
    return false;
  struct uvt_live_registration *registration = uvt_live_registration(slot);
  *claim = (struct uvt_claim){
      .link_id = registration->id, .slot = slot, .type = registration->type, .due = registration->due};
  return true;
}

bool uvt_claim_next(uint64_t key, struct uvt_claim *claim)
{
  if (!uvt_claim_peek(key, claim))
    return false;
  struct uvt_live_registration *registration = uvt_live_registration(claim->slot);
  UVT_SLOT_SET(registration->n, registration->n + 1);
  UVT_SLOT_SET(registration->state, UVT_LIVE_QUEUED);
  return true;
}

void uvt_claim_count(uint64_t key, uint64_t link_id)
{
  uint32_t slot = uvt_table_find(key);
  if (slot && uvt_live_registration(slot)->id == link_id)
    uvt_live_registration(slot)->n++;
}

uint64_t uvt_find_link(uint64_t key)
{
  uint32_t slot = uvt_table_find(key);
  return slot ? uvt_live_registration(slot)->id : 0;
}

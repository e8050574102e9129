/* SPDX-License-Identifier: MIT */
/*
 * Registrations: one storing of a callback for later, from its link to its end. Kept in the live tree's slots
 * (arena.h) and found by the object that libuv stores the callback in (table.h).
 */
#ifndef UVT_REGISTRATION_H
#define UVT_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "live/arena.h"
#include "schema.h"

/* Which of an object's callbacks: a stream may have one of each at a time. */
enum uvt_key_kind {
  UVT_KEY_REQUEST = 1,
  UVT_KEY_HANDLE,
  UVT_KEY_READ,
  UVT_KEY_LISTEN,
  UVT_KEY_CLOSE,
  UVT_KEY_AFTER
};

/* User addresses have 47 bits. */
static inline uint64_t uvt_key(const void *object, enum uvt_key_kind kind)
{
  return (uint64_t)(uintptr_t)object | (uint64_t)kind << 56;
}

struct uvt_link {
  uint64_t key;
  uint8_t type;     /* enum uvt_type */
  uint8_t flags;    /* UVT_LINK_* */
  int64_t arg;      /* api.def, column arg */
  int64_t due;      /* timers: ms on CLOCK_MONOTONIC */
  const char *text; /* api.def, column text; NULL: none */
  void *thunk;      /* what libuv is given (thunk.h); NULL: there was none left, it cannot be followed */
};

/* A registration that is being made. */
struct uvt_pending {
  uint32_t slot; /* 0: it is not followed (no room, no thunk), which has been counted */
  uint32_t old;  /* the registration that held the key before */
  uint64_t id;   /* without a slot, a handle's key: another registration may hold it */
};

/* What an invocation needs of its registration, taken before the callback may free or reuse the object. */
struct uvt_claim {
  uint64_t link_id;
  uint32_t slot;   /* of the registration; 0: it has ended */
  uint32_t parent; /* of one that has ended: slot of the invocation that linked it, with a reference that
                    * uvt_invocation_begin takes over */
  uint8_t type;
  int64_t due;
};

/* Links: an ID, a slot under the current invocation, the record. Call before libuv is called. */
struct uvt_pending uvt_register(struct uvt_thread *thread, const struct uvt_link *link);

/*
 * libuv has answered. `status` < 0: refused, and what held the key before holds it again if it is a handle's
 * (a handle's start that fails changes nothing). Else what held it before is cancelled: replaced, or, for a
 * request, reused.
 */
void uvt_registered(struct uvt_thread *thread, const struct uvt_pending *pending, int status);

/* Ends the registration with that key, if there is one, and records why. */
void uvt_cancel(struct uvt_thread *thread, uint64_t key, enum uvt_reason reason, int status);

/* Same, if it still is the one with that ID. */
void uvt_cancel_id(struct uvt_thread *thread, uint64_t key, uint64_t link_id, enum uvt_reason reason,
                   int status);

/* An ID for a registration that is kept elsewhere (js.h). */
uint64_t uvt_next_link_id(struct uvt_thread *thread);

/* Records that the current invocation ends it. */
void uvt_record_cancel(struct uvt_thread *thread, uint64_t link_id, enum uvt_reason reason, int status);
/* Records that the current invocation enables it. */
void uvt_cause(struct uvt_thread *thread, uint64_t link_id, uint8_t flags);

/* Its one operation is about to execute: the registration ends. False if there is none. */
bool uvt_claim_last(struct uvt_thread *thread, uint64_t key, struct uvt_claim *claim);
/* The next of its operations is about to execute. */
bool uvt_claim_next(uint64_t key, struct uvt_claim *claim);
/* It stays as it is; something else than its callback is about to execute for it. */
bool uvt_claim_peek(uint64_t key, struct uvt_claim *claim);
/* The operation that was peeked at counts after all. */
void uvt_claim_count(uint64_t key, uint64_t link_id);
/* As uvt_claim_last, for a registration that is in no table. */
void uvt_claim_slot(struct uvt_thread *thread, uint32_t slot, struct uvt_claim *claim);

/* It is in no table any more, and lends nothing: frees its slot, and its parent perhaps, too. */
void uvt_registration_free(struct uvt_thread *thread, uint32_t slot);

/*
 * An invocation of a registration that stays borrows its reference to the parent (live.h): true. False:
 * another one has it, and this one needs a reference of its own.
 */
static inline bool uvt_registration_lend(uint32_t slot)
{
  uint8_t *flags = &uvt_live_registration(slot)->flags, before = __atomic_load_n(flags, __ATOMIC_RELAXED);
  UVT_SLOT_SET(*flags, before | UVT_LIVE_LENT);
  return !(before & UVT_LIVE_LENT);
}

/* What was borrowed is given back. */
static inline void uvt_registration_take_back(struct uvt_thread *thread, uint32_t slot)
{
  uint8_t *flags = &uvt_live_registration(slot)->flags, before = __atomic_load_n(flags, __ATOMIC_RELAXED);
  if (__builtin_expect(before & UVT_LIVE_ENDED, 0))
    uvt_registration_free(thread, slot);
  else
    UVT_SLOT_SET(*flags, before & ~UVT_LIVE_LENT);
}

/* Looks only: 0 if there is none. */
uint64_t uvt_find_link(uint64_t key);

#endif

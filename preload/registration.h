/* SPDX-License-Identifier: MIT */
/*
 * Registrations: one storing of a callback for later, from its link to its end. Kept in the live tree's slots
 * (arena.h) and found by the object that libuv stores the callback in (table.h).
 */
#ifndef UVT_REGISTRATION_H
#define UVT_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "schema.h"

struct uvt_thread;

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
};

/* A registration that is being made. */
struct uvt_pending {
  uint32_t slot; /* 0: there was no room, it is not followed and its callback must not be wrapped */
  uint32_t old;  /* the registration that held the key before */
  uint64_t id;
};

/* What an invocation needs of its registration, taken before the callback may free or reuse the object. */
struct uvt_claim {
  uint64_t link_id;
  uint32_t slot;   /* of the registration; 0 once it has ended */
  uint32_t parent; /* slot of the invocation that linked it. With the registration ended, a reference that
                    * uvt_invocation_begin takes over; else the registration's own, borrowed */
  uint8_t type;
  uint8_t flags;
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
bool uvt_claim_last(uint64_t key, struct uvt_claim *claim);
/* The next of its operations is about to execute. */
bool uvt_claim_next(uint64_t key, struct uvt_claim *claim);
/* It stays as it is; something else than its callback is about to execute for it. No parent is claimed. */
bool uvt_claim_peek(uint64_t key, struct uvt_claim *claim);
/* The parent that was not claimed then, with a reference; 0 if the registration has ended since. */
uint32_t uvt_claim_parent(uint32_t slot, uint64_t link_id);
/* The operation that was peeked at counts after all. */
void uvt_claim_count(uint64_t key, uint64_t link_id);
/* As uvt_claim_last, for a registration that is in no table. */
void uvt_claim_slot(uint32_t slot, struct uvt_claim *claim);

/* Looks only: 0 if there is none. */
uint64_t uvt_find_link(uint64_t key);

#endif

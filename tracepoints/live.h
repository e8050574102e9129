/* SPDX-License-Identifier: MIT */
/*
 * Layout of the live tree: what is registered, and the invocations that it hangs from, in memory that another
 * process, or a debugger on a core dump, can read without the program's help.
 *
 * Where: a memfd named UVT_LIVE_NAME, one per process, at /proc/PID/fd/N (the highest descriptors first).
 * Offset 0 holds the header; segment k, of UVT_LIVE_SEGMENT slots, starts at UVT_LIVE_HEADER_SIZE + k *
 * UVT_LIVE_SEGMENT * sizeof(union uvt_live_slot). Slot numbers run through the segments; number 0 is never
 * used and means "none". In a core dump look for UVT_LIVE_MAGIC at the start of a page.
 *
 * How to read while the program runs: nobody waits for a reader. Read slot.any.id (acquire); 0: free. Copy
 * the slot, read the id again (acquire); the copy is sound iff both are equal and not 0, since no id is ever
 * used twice in one kind and a slot's id is set last and cleared first. Walk all slots up to header.slots; a
 * parent whose slot no longer holds the id it had when the child was copied has gone: read again.
 *
 * Who keeps whom: a parent pointer, of a registration or an invocation, is one of the references that keep
 * the invocation it leads to, and nothing changes it but the cutting of a chain. One exception, so that a
 * callback that does nothing need not count: an executing invocation from which nothing hangs may use the
 * reference of its registration, which is marked UVT_LIVE_LENT meanwhile and whose slot then stays even if it
 * ends (UVT_LIVE_ENDED).
 *
 * Bounded: an invocation stays as long as it executes or something live hangs from it. Chains are cut: when
 * something is to hang from an invocation UVT_LIVE_CHAIN below its root, that loses the middle of its
 * ancestry; `gap` of the one above which it was cut counts the invocations left out, and its parent is then
 * the root.
 */
#ifndef UVT_LIVE_H
#define UVT_LIVE_H

#include <stdint.h>

#define UVT_LIVE_NAME "uvtree-live"
#define UVT_LIVE_MAGIC UINT64_C(0x3165657274767555) /* "Uuvtree1" */
#define UVT_LIVE_VERSION 2
#define UVT_LIVE_HEADER_SIZE 4096
#define UVT_LIVE_SEGMENT 4096 /* slots */
#define UVT_LIVE_CHAIN 64     /* ancestors kept below the root before the middle is cut out */

enum uvt_live_kind { UVT_LIVE_FREE, UVT_LIVE_REGISTRATION, UVT_LIVE_INVOCATION };

/* Of a registration's current operation; Executing and later are told by its invocations. */
enum uvt_live_state {
  UVT_LIVE_QUEUED,
  UVT_LIVE_READY,   /* an async handle that was sent to, a request that uv_cancel took from the pool */
  UVT_LIVE_WORKING, /* a worker of the thread pool is at it */
  UVT_LIVE_DONE     /* the worker has finished */
};

/* In a registration's flags, beside UVT_LINK_*. */
#define UVT_LIVE_LENT 0x80  /* one of its invocations uses its reference to the parent */
#define UVT_LIVE_ENDED 0x40 /* it has ended: what executes of it is the last of it */

struct uvt_live_registration {
  uint64_t id; /* link_id */
  uint8_t kind;
  uint8_t type;    /* enum uvt_type */
  uint8_t flags;   /* UVT_LINK_*, UVT_LIVE_LENT, UVT_LIVE_ENDED */
  uint8_t state;   /* enum uvt_live_state */
  uint32_t parent; /* slot of the invocation that linked it */
  uint64_t key;    /* the writer's: which object it is stored in */
  uint32_t next;   /* the writer's: next in its hash chain */
  uint32_t n;      /* number of its current operation, from 1 */
  uint64_t since;  /* CLOCK_MONOTONIC_COARSE ns: when its current operation was queued */
  uint64_t linked; /* ... when it was linked */
  int64_t arg;     /* api.def, column arg */
  int64_t due;     /* timers: ms on CLOCK_MONOTONIC */
};

struct uvt_live_invocation {
  uint64_t id; /* execute_id */
  uint8_t kind;
  uint8_t type; /* of the registration; 0: root */
  uint8_t ended;
  uint8_t spare;   /* where a registration has its state */
  uint32_t parent; /* slot of the invocation that linked its registration, or of the root; 0: none */
  uint64_t link_id;
  uint32_t references; /* parent pointers to it, and 1 while it executes */
  uint32_t chain;      /* the writer's: it has at most so many ancestors; 0 while nothing hangs from it */
  uint32_t gap;        /* invocations cut out above it */
  int32_t tid;
  uint64_t begin; /* CLOCK_MONOTONIC_COARSE ns */
  uint64_t spare2[2];
};

union uvt_live_slot {
  struct {
    uint64_t id;
    uint8_t kind;
  } any;
  struct uvt_live_registration registration;
  struct uvt_live_invocation invocation;
};
_Static_assert(sizeof(union uvt_live_slot) == 64, "a slot is a cache line");

struct uvt_live_header {
  uint64_t magic;
  uint32_t version;
  uint32_t schema; /* UVT_SCHEMA_VERSION: what type numbers mean */
  uint32_t slot_size;
  uint32_t segment; /* UVT_LIVE_SEGMENT */
  int32_t pid;
  uint32_t process; /* as in the trace */
  uint64_t start;   /* CLOCK_MONOTONIC ns */
  uint32_t slots;   /* slots that exist; only grows */
  uint32_t spare;
  uint64_t lost; /* registrations that found no slot and are not followed */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The memory of the live tree (tracepoints/live.h): slots in a memfd, or in private memory where there can be
 * none or the live tree is switched off for readers. Any thread; never blocks; a segment is mapped only when
 * all slots are in use. Slots never move.
 */
#ifndef UVT_ARENA_H
#define UVT_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "live.h"

struct uvt_thread;

#define UVT_SEGMENTS_MAX 1024 /* 4 Mi slots, 256 MiB */

extern union uvt_live_slot *uvt_segments[UVT_SEGMENTS_MAX];
extern struct uvt_live_header *uvt_live; /* never NULL */

static inline union uvt_live_slot *uvt_slot(uint32_t slot)
{
  return &uvt_segments[slot / UVT_LIVE_SEGMENT][slot % UVT_LIVE_SEGMENT];
}

static inline struct uvt_live_invocation *uvt_live_invocation(uint32_t slot)
{
  return &uvt_slot(slot)->invocation;
}

static inline struct uvt_live_registration *uvt_live_registration(uint32_t slot)
{
  return &uvt_slot(slot)->registration;
}

/* `max_bytes`: how far it may grow; `shared`: readers shall find it. Always succeeds in having a header. */
void uvt_arena_init(uint64_t max_bytes, bool shared);

/* A free slot, its id 0; or 0 where there is none. */
uint32_t uvt_slot_take(struct uvt_thread *thread);
void uvt_slot_give(struct uvt_thread *thread, uint32_t slot);
/* A thread ends: its free slots go to the others. */
void uvt_slots_return(struct uvt_thread *thread);

/*
 * Around fork(): the child has slots of its own, with the contents from before it, at the same addresses.
 * False: no memory; then they must not be touched any more. Only what has references stays (by slot; NULL:
 * nothing has any), an invocation with as many; all others are free.
 */
void uvt_arena_before_fork(void);
void uvt_arena_after_fork_parent(void);
bool uvt_arena_after_fork_child(void);
void uvt_arena_inherit(struct uvt_thread *thread, const uint32_t *references);
/* Slots up to which none has ever been used. */
uint32_t uvt_arena_used(void);

/* Sets a field of a slot: somebody may be reading what was there before. */
#define UVT_SLOT_SET(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

/* Shows the slot to readers. */
static inline void uvt_slot_publish(uint32_t slot, uint64_t id)
{
  __atomic_store_n(&uvt_slot(slot)->any.id, id, __ATOMIC_RELEASE);
}

/*
 * References (live.h says who has them): an invocation is kept for one reason more, or one less; with none it
 * is freed, and what it hung from perhaps, too. 0 is none and may be held and released.
 */
void uvt_invocation_hold(uint32_t slot);
void uvt_invocation_release(struct uvt_thread *thread, uint32_t slot);

/* A slot for an invocation below `parent` (0: none), executing; 0 where there is no room. The reference to
 * the parent is the caller's affair: the slot's own from now on, or lent by its registration. */
uint32_t uvt_invocation_new(struct uvt_thread *thread, uint32_t parent, uint64_t execute_id, uint64_t link_id,
                            uint8_t type, uint64_t now);
/* The first thing is about to hang from it, and the reference to its parent is its own: a chain that has
 * grown too long is cut. Nothing may hang from an invocation before. */
void uvt_invocation_bears(struct uvt_thread *thread, uint32_t slot);
/* It has ended, and the reference to its parent is its own. */
void uvt_invocation_done(struct uvt_thread *thread, uint32_t slot);

#endif

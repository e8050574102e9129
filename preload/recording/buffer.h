/* SPDX-License-Identifier: MIT */
/*
 * Where a thread's records wait, packed (batch.h), to be written as one record.
 *
 * The owner appends; it writes out what waits before a record of its thread that cannot be packed
 * (uvt_recording_alone() sees to that) and when the buffer is full. What has waited for UVT_DRAIN_MS while
 * the owner runs on without filling it is written by the drainer, a thread of ours that begins with the first
 * buffer; and what waits when the process ends, by whoever ends it (endings.c). So only a kill can take what
 * was recorded, and no more than what two of the drainer's periods hold.
 *
 * Appending takes no lock and may be interrupted by a signal handler that appends, too. With UVTREE_BATCH=0,
 * in a child of fork() and when the process is ending each record is written at once, as one of its own.
 */
#ifndef UVT_BUFFER_H
#define UVT_BUFFER_H

#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

#include "base/thread.h"
#include "batch.h"

/* What most records pass through: each place has its own, in which what it knows is worked out. */
#define UVT_HOT_INLINE static inline __attribute__((always_inline))

#define UVT_BUFFER_WORDS 1000 /* with what lies before them, two pages */
#define UVT_SPARE_WORDS 4     /* the longest record that a signal handler appends */
#define UVT_UNIT_TICKS 4      /* a unit of a record's time is so many bits of the clock's ticks */
/* A record waits for two of the drainer's periods at most, if that gets a processor. */
#define UVT_DRAIN_MS 8
#define UVT_LIMIT_NS 8000000   /* the owner itself writes what waits when it appends so much later */
#define UVT_WINDOW_NS 20000000 /* process.window */

struct uvt_buffer {
  /* The owner's */
  uint32_t used;  /* the drainer looks at it */
  uint32_t limit; /* units after `ticks` up to which a record may join: 0 while nothing waits */
  uint64_t ticks; /* when the first record came */
  uint64_t begin; /* the same on CLOCK_MONOTONIC, ns */
  uint32_t execute_high, link_high;
  uint32_t records; /* among the words in use */
  uint32_t busy;    /* appends under way: what begins while there is one is a signal handler's */
  bool plain;       /* records are to be written one by one */
  int32_t tid;
  /* Shared with the drainer */
  uint64_t shown;   /* what may be written: records << 32 | words */
  uint64_t taken;   /* what of that has been; under the lock */
  uint64_t before;  /* records written in all; under the lock */
  uint32_t number;  /* of the next batch; under the lock */
  uint32_t turn;    /* how often the owner has written out; changed under the lock */
  uint32_t seen;    /* the drainer's: turn, when it last looked */
  uint32_t longest; /* UVT_LIMIT_NS in units, once known; changed under the lock */
  bool told_open;   /* a `waiting` with a time stands; the drainer's and the owner's, under the lock */
  uint8_t lock;
  uint8_t owned; /* by a thread that has not ended */
  struct uvt_buffer *next;
  struct {
    uint32_t execute_high, link_high;
    uint64_t words[UVT_SPARE_WORDS];
  } spare; /* for an append that interrupts one */
  uint64_t words[UVT_BUFFER_WORDS];
};

/* A buffer for the thread, in thread->buffer; starts the drainer. False: no memory. */
bool uvt_buffer_create(struct uvt_thread *thread);
/* The thread ends: what waits is written, and the buffer is there for another thread. */
void uvt_buffer_release(struct uvt_thread *thread);

/* Writes out what waits, unless the caller is a signal handler that interrupted an append. Cold: use
 * uvt_recording_alone(). */
void uvt_buffer_flush(struct uvt_thread *thread);
/* The record that was appended with `hold` is taken back: that operation's, of that link or, where it has
 * none, execute ID. False: it cannot be, as something has been appended since or it has been written. */
bool uvt_buffer_drop(struct uvt_thread *thread, enum uvt_batch_op op, uint64_t id);

/* Writes out what waits on all threads. May be called by a signal handler; a buffer that it finds locked for
 * long stays as it is. */
void uvt_buffers_write(void);
/* The same where the process is about to end: from now on every record is written at once. */
void uvt_buffers_end(void);

/* In a child of fork(): what waits is the parent's to tell, and there is no drainer. */
void uvt_buffers_after_fork_child(struct uvt_thread *thread);

/* process.window: how late records may come in this process, in ns; 0: never. */
uint32_t uvt_buffers_window(void);

extern bool uvt_ticks_are_tsc; /* the processor's time stamp counter is what the kernel itself goes by */
uint64_t uvt_ticks_clock(void);

static inline uint64_t uvt_ticks(void)
{
  return __builtin_expect(uvt_ticks_are_tsc, 1) ? __rdtsc() : uvt_ticks_clock();
}

/* How many appends are under way: for signal handlers of the thread, and the drainer. */
static inline void uvt_buffer_busy(struct uvt_buffer *buffer, uint32_t appends)
{
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  __atomic_store_n(&buffer->busy, appends, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* For what is below. Makes room for a record that cannot join what waits. */
void uvt_buffer_turn(struct uvt_buffer *buffer, uint64_t execute_id, uint64_t link_id);
/* Around a record that interrupts an append: it is written at once, with a time of its own. */
uint64_t *uvt_buffer_interrupt(struct uvt_buffer *buffer, uint64_t execute_id, uint64_t link_id);
void uvt_buffer_interrupted(struct uvt_buffer *buffer);

/*
 * The words of a record that the thread appends, `size` of them: the first is made, the others are the
 * caller's. Then uvt_appended(). link_id: what the record names, or any of the thread's. The thread must have
 * a buffer: after uvt_recording() it has.
 */
UVT_HOT_INLINE uint64_t *uvt_append(struct uvt_thread *thread, enum uvt_batch_op op, uint8_t flags,
                                    uint64_t execute_id, uint64_t link_id, uint32_t size)
{
  struct uvt_buffer *buffer = thread->buffer;
  bool interrupts = buffer->busy != 0;
  uvt_buffer_busy(buffer, buffer->busy + 1);
  if (__builtin_expect(interrupts, 0)) {
    uint64_t *words = uvt_buffer_interrupt(buffer, execute_id, link_id);
    words[0] = uvt_batch_word(op, flags, 0, execute_id);
    return words;
  }
  uint64_t when = (uvt_ticks() - buffer->ticks) >> UVT_UNIT_TICKS;
  if (__builtin_expect(when >= __atomic_load_n(&buffer->limit, __ATOMIC_RELAXED) ||
                           buffer->execute_high != execute_id >> 32 || buffer->link_high != link_id >> 32 ||
                           buffer->used + size > UVT_BUFFER_WORDS,
                       0)) {
    uvt_buffer_turn(buffer, execute_id, link_id);
    when = 0;
  }
  uint64_t *words = &buffer->words[buffer->used];
  words[0] = uvt_batch_word(op, flags, (uint32_t)when, execute_id);
  return words;
}

/* All that the owner has appended may be written. */
static inline void uvt_buffer_show(struct uvt_buffer *buffer)
{
  __atomic_store_n(&buffer->shown, (uint64_t)buffer->records << 32 | buffer->used, __ATOMIC_RELEASE);
}

/* `size` as before. `hold`: it may yet be dropped, but nothing before it. */
UVT_HOT_INLINE void uvt_appended(struct uvt_thread *thread, uint32_t size, bool hold)
{
  struct uvt_buffer *buffer = thread->buffer;
  if (__builtin_expect(buffer->busy > 1, 0)) {
    uvt_buffer_interrupted(buffer);
    return;
  }
  if (hold)
    uvt_buffer_show(buffer);
  __atomic_store_n(&buffer->used, buffer->used + size, __ATOMIC_RELAXED);
  buffer->records++;
  if (!hold)
    uvt_buffer_show(buffer);
  uvt_buffer_busy(buffer, 0);
  if (__builtin_expect(__atomic_load_n(&buffer->plain, __ATOMIC_RELAXED), 0) && !hold)
    uvt_buffer_flush(thread);
}

#endif

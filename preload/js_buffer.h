/* SPDX-License-Identifier: MIT */
/*
 * Where a thread's records of the JavaScript layer wait, packed (js_batch.h), to be written as one record.
 *
 * The owner appends; it writes out what waits before any other record of its thread (uvt_recording() sees to
 * that), when the buffer is full, and when its environment or the process ends. What has waited for
 * UVT_JS_DRAIN_MS while the owner runs on without a record is written by the drainer, a thread of ours that
 * begins with the first buffer: so a program that hangs or is killed has told all but its last moments.
 * Appending takes no lock.
 */
#ifndef UVT_JS_BUFFER_H
#define UVT_JS_BUFFER_H

#include <stdbool.h>
#include <stdint.h>
#include <x86intrin.h>

#include "js_batch.h"
#include "thread.h"

#define UVT_JS_BUFFER_WORDS UVT_SEQUENCE_MAX
#define UVT_JS_RECORD_WORDS 3 /* the longest record */
#define UVT_JS_UNIT_TICKS 4   /* a unit of a record's time is so many bits of the clock's ticks */
#define UVT_JS_DRAIN_MS 8
#define UVT_JS_WINDOW_NS \
  20000000 /* process.window: a record waits for two of the drainer's periods at most */

struct uvt_js_buffer {
  /* The owner's */
  uint32_t used;
  uint32_t limit; /* units after `ticks` up to which a record may join: 0 while nothing waits */
  uint64_t ticks; /* when the first record came */
  uint64_t begin; /* the same on CLOCK_MONOTONIC, ns */
  uint32_t execute_high, link_high;
  bool busy;  /* a signal handler must not write out now */
  bool plain; /* records are to be written one by one */
  int32_t tid;
  /* Shared with the drainer */
  uint32_t shown; /* words that may be written */
  uint32_t turn;  /* how often the owner has written out; changed under the lock */
  uint32_t taken; /* words that the drainer has written; under the lock */
  uint32_t seen;  /* the drainer's: turn, when it last looked */
  uint8_t lock;
  struct uvt_js_buffer *next;
  uint64_t words[UVT_JS_BUFFER_WORDS];
};

/* A buffer for the thread, in thread->js_buffer; starts the drainer. False: no memory. */
bool uvt_js_buffer_create(struct uvt_thread *thread);
/* Writes out what waits and frees it. */
void uvt_js_buffer_destroy(struct uvt_thread *thread);

/* Writes out what waits. Cold: use uvt_recording(). */
void uvt_js_buffer_flush(struct uvt_thread *thread);
/* The record that was appended with `hold` is taken back, if it is the last. */
void uvt_js_buffer_drop(struct uvt_thread *thread);

/* In a child of fork(): what waits is the parent's to tell, and there is no drainer. */
void uvt_js_buffer_after_fork_child(struct uvt_thread *thread);

/* Makes room for a record that cannot join what waits. Returns its time in units. */
uint32_t uvt_js_buffer_turn(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id);

extern bool uvt_js_tsc; /* the processor's time stamp counter is what the kernel itself goes by */
uint64_t uvt_js_clock(void);

static inline uint64_t uvt_js_ticks(void)
{
  return __builtin_expect(uvt_js_tsc, 1) ? __rdtsc() : uvt_js_clock();
}

/* The words of a record that the thread appends: its first word is made, the others are the caller's. Then
 * uvt_js_append_end(). link_id: what the record names, or any of the thread's. */
static inline uint64_t *uvt_js_append(struct uvt_thread *thread, enum uvt_js_op op, uint8_t flags,
                                      uint64_t execute_id, uint64_t link_id)
{
  struct uvt_js_buffer *buffer = thread->js_buffer;
  buffer->busy = true;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  uint64_t when = (uvt_js_ticks() - buffer->ticks) >> UVT_JS_UNIT_TICKS;
  if (__builtin_expect(when >= buffer->limit || buffer->execute_high != execute_id >> 32 ||
                           buffer->link_high != link_id >> 32 ||
                           buffer->used > UVT_JS_BUFFER_WORDS - UVT_JS_RECORD_WORDS,
                       0))
    when = uvt_js_buffer_turn(thread, execute_id, link_id);
  uint64_t *words = &buffer->words[buffer->used];
  words[0] = uvt_js_word(op, flags, (uint32_t)when, execute_id);
  return words;
}

/* `size`: of the record, in words. `hold`: it may yet be dropped. */
static inline void uvt_js_append_end(struct uvt_thread *thread, uint32_t size, bool hold)
{
  struct uvt_js_buffer *buffer = thread->js_buffer;
  buffer->used += size;
  if (!hold)
    __atomic_store_n(&buffer->shown, buffer->used, __ATOMIC_RELEASE);
  thread->js_waits = true;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  buffer->busy = false;
  if (__builtin_expect(buffer->plain, 0) && !hold)
    uvt_js_buffer_flush(thread);
}

#endif

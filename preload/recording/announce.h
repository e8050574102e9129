/* SPDX-License-Identifier: MIT */
/*
 * Whether somebody records, and, each time recording is switched on, the records that describe the process,
 * its threads and its loops before anything else is recorded of them.
 */
#ifndef UVT_ANNOUNCE_H
#define UVT_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "emit.h"

struct uvt_thread;

/* buffer.h */
void uvt_buffer_flush(struct uvt_thread *thread);

extern const struct uvt_emit *uvt_emit; /* the provider's table, or one that records nothing; never NULL */
extern uint32_t uvt_process;            /* this process's key in the trace */
extern uint32_t uvt_epoch;              /* how many times recording has been switched on */
extern uint8_t uvt_on;                  /* it is on, and the process has been described */

/* Loads the provider object. `wait_ms`: how long it may wait for the session daemon; 0: not at all. */
void uvt_provider_load(long wait_ms);

/* Describes what is not described yet. False: cannot be done now (a signal handler interrupted another's
 * doing so). */
bool uvt_announce(struct uvt_thread *thread);
void uvt_recording_off(void);
/* Describes all again when another session records, too, and every 10 s: a snapshot's oldest records are gone
 * by then. Call where a loop wakes up. */
void uvt_announce_again(void);
/* The process is about to end by itself, and says so; once. */
void uvt_announce_end(void);

/* Somebody records. */
static inline bool uvt_recorded(void)
{
  return (*uvt_emit->records_begin | *uvt_emit->records_link) != 0;
}

/* True: record, by put.h; what the record rests on has been described, and the thread has a buffer. */
static inline bool uvt_recording(struct uvt_thread *thread);
/* The same for a record that is written alone, by uvt_emit: what the thread recorded before has been written.
 */
static inline bool uvt_recording_alone(struct uvt_thread *thread);

/* Counts what cannot be recorded; told in a `lost` record as soon as one can be: at once where somebody
 * records, else with the next announcement. */
void uvt_count_lost(uint64_t count);
/* The two parts of it; the first in a signal handler, too. */
void uvt_note_lost(uint64_t count);
void uvt_tell_lost(void);

/* The program has begun, or a child of fork(). If nobody records now, what comes is no account from its
 * start.
 */
void uvt_announce_missed_start(void);

extern pthread_mutex_t uvt_announce_lock; /* fork.c */

/* This thread is about to fork: the number by which the child says so; 0: it is not recorded. */
uint32_t uvt_announce_fork(struct uvt_thread *thread, uint64_t execute_id);

/* This process is a child of fork(): a new key, and it says where it came from. */
void uvt_announce_fork_child(uint64_t parent_execute, uint32_t fork);

#include "base/thread.h"

static inline bool uvt_recording(struct uvt_thread *thread)
{
  bool on = __atomic_load_n(&uvt_on, __ATOMIC_ACQUIRE);
  if (!uvt_recorded()) {
    if (__builtin_expect(on, 0))
      uvt_recording_off();
    return false;
  }
  if (__builtin_expect(!on || thread->announced != __atomic_load_n(&uvt_epoch, __ATOMIC_RELAXED), 0))
    return uvt_announce(thread);
  return true;
}

static inline bool uvt_recording_alone(struct uvt_thread *thread)
{
  if (!uvt_recording(thread))
    return false;
  uvt_buffer_flush(thread);
  return true;
}

#endif

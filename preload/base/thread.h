/* SPDX-License-Identifier: MIT */
/*
 * What is kept per thread: whether it is inside libuv, and the stack of invocations that it is in.
 *
 * The stack's bottom is the thread's root function: code outside every callback. Root invocations, and those
 * of allocation callbacks, are lazy: they get their index and are recorded only once something happens in
 * them that has to name them. Everything here is for the calling thread only and never blocks or allocates.
 */
#ifndef UVT_THREAD_H
#define UVT_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls/registration.h"
#include "schema.h"

#define UVT_FRAMES 64     /* nested invocations followed on one thread */
#define UVT_SLOT_CACHE 64 /* free slots of the live tree kept by a thread */
#define UVT_SENDS 16      /* of signal handlers, that wait until our own code has ended */
#define UVT_UNWIND_MAX \
  0x100000 /* a stack pointer farther away than this is another stack, not an unwound one */

struct uvt_frame {
  uintptr_t sp;        /* frame address of the trampoline: when the stack is above it, it was unwound */
  uint64_t execute_id; /* 0: not begun yet, or ending */
  uint64_t link_id;    /* 0: a root */
  uint32_t slot;       /* in the live tree, 0: none, or not asked for yet (a lazy one, JavaScript's) */
  uint32_t lender; /* slot of its registration, while it uses the reference to the parent of that; else 0 */
  uint32_t parent; /* of a lazy one that has not begun: what it will hang from; with no lender, a reference */
  uint8_t type;
  uint8_t begin_flags; /* UVT_BEGIN_* for a lazy one */
  bool is_js;          /* it has no native frame of its own (js.h) */
  bool bears;          /* something may hang from it: its slot has a reference to its parent of its own */
};

enum uvt_ours {
  UVT_OURS_NOT,   /* the program's code runs, or libuv's */
  UVT_OURS,       /* our own */
  UVT_OURS_SENDS, /* our own, sending what signal handlers would have sent (hooks_loop.c) */
};

struct uvt_thread {
  uintptr_t
      libuv_sp;     /* 0: in the program's code; else where it entered libuv (entry.S relies on the offset) */
  void *submitting; /* struct uv__work being submitted by this thread (entry.S relies on the offset) */
  int submitting_kind;
  uint32_t depth;               /* frames above the root */
  uint32_t open;                /* of all frames, those that have begun */
  int32_t tid;                  /* 0: not seen yet; < 0: it is being made known */
  uint8_t role;                 /* enum uvt_role */
  bool spawning;                /* inside uv_spawn: a fork is followed by an exec */
  bool js_rejected;             /* promises were rejected and not handled (js.h) */
  uint8_t ours;                 /* enum uvt_ours */
  uint32_t sends_waiting;       /* what handlers would have sent while our own code ran; the first of them: */
  void *sends[UVT_SENDS];       /* uv_async_t */
  uint32_t announced;           /* the recording epoch in which this thread was described */
  uint64_t link_next, link_end; /* link IDs set aside for this thread */
  struct uvt_buffer *buffer;    /* NULL: none yet (buffer.h) */
  struct uvt_loop *loop;        /* whose uv_run this thread is in */
  struct uvt_finished {
    uint64_t link_id, execute_id; /* 0: there is none */
    bool recorded;                /* its end waits in the buffer, and can be taken back */
  } finished;                     /* JavaScript's last invocation that finished */
  int poll_fd;                    /* its backend descriptor + 1; 0: none */
  int poll_timeout; /* of the poll that has begun and whose begin was recorded; 0: there is none */
  uint32_t free_count;
  uint32_t free_slots[UVT_SLOT_CACHE];
  struct uvt_frame frames[UVT_FRAMES];
};

extern __thread struct uvt_thread uvt_thread __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* CLOCK_MONOTONIC in ns. */
uint64_t uvt_now(void);
/* The same as of the last timer tick (1 to 4 ms): for the live tree, where reading the clock would cost the
 * most. */
uint64_t uvt_now_coarse(void);

/* First use of this thread by us: tid, role, destructor, LTTng's per-thread state. */
void uvt_thread_begin(struct uvt_thread *thread);

/* Ends the frames that the stack has been unwound past; `sp`: a frame address of the caller. */
void uvt_thread_unwind(struct uvt_thread *thread, uintptr_t sp);

static inline void uvt_thread_set_ours(struct uvt_thread *thread, enum uvt_ours ours)
{
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  __atomic_store_n(&thread->ours, ours, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/*
 * From here on our own code runs, and what the thread keeps may be half done, until uvt_thread_leave(). A
 * signal handler that sends (uv_async_send) may come between any two instructions; it lets all that alone,
 * and only leaves behind what it would have sent to.
 */
static inline void uvt_thread_ours(struct uvt_thread *thread)
{
  uvt_thread_set_ours(thread, UVT_OURS);
}

/* hooks_loop.c: sends, and records, what waits; our own code has ended. */
void uvt_sends_catch_up(struct uvt_thread *thread);

/* Our own code ends, for the program's or libuv's; what handlers would have sent meanwhile is sent. */
static inline void uvt_thread_leave(struct uvt_thread *thread)
{
  uvt_thread_set_ours(thread, UVT_OURS_NOT);
  if (__builtin_expect(thread->sends_waiting != 0, 0))
    uvt_sends_catch_up(thread);
}

/*
 * The calling thread, for a hook or a callback: made known, and in our own code until uvt_thread_leave().
 * `sp` is the caller's frame address.
 */
static inline struct uvt_thread *uvt_thread_enter(uintptr_t sp)
{
  struct uvt_thread *thread = &uvt_thread;
  uvt_thread_ours(thread);
  if (__builtin_expect(thread->tid == 0, 0))
    uvt_thread_begin(thread);
  if (__builtin_expect(thread->frames[thread->depth].sp < sp, 0))
    uvt_thread_unwind(thread, sp);
  return thread;
}

/*
 * Pushes the invocation of a claimed registration and begins it. With `claim` NULL, or lazy flags, it is
 * begun when it is first named. Returns its depth, for uvt_invocation_end, or 0 where the stack is full.
 */
uint32_t uvt_invocation_begin(struct uvt_thread *thread, const struct uvt_claim *claim, uintptr_t sp,
                              int64_t value, uint8_t flags);
uint32_t uvt_invocation_begin_lazy(struct uvt_thread *thread, const struct uvt_claim *claim, uintptr_t sp,
                                   uint8_t flags);

/* The same for JavaScript (js.h): within the current one, on its frame address; `link_id` 0: the main script.
 */
uint32_t uvt_js_invocation_begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags);
/* The same of a timer that was due then: ms on CLOCK_MONOTONIC; 0: not known. */
void uvt_js_timer_begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags, int64_t due);

/* Ends the invocation at `depth` and all above it. */
void uvt_invocation_end(struct uvt_thread *thread, uint32_t depth);
/* Of that registration's JavaScript invocations within the nearest native one, the topmost that has not
 * ended; and all above it. */
void uvt_js_invocation_end(struct uvt_thread *thread, uint64_t link_id);

/*
 * As uvt_js_invocation_end() of the current one (false: it is another, and nothing is done), which may turn
 * out to go on: if nothing has been recorded since, uvt_js_invocation_resume() takes it back. -> its index;
 * 0: it was not the last to finish.
 */
bool uvt_js_invocation_finish(struct uvt_thread *thread, uint64_t link_id);
uint64_t uvt_js_invocation_resume(struct uvt_thread *thread, uint64_t link_id);

/* The current invocation's index; begins it where it is lazy. */
static inline uint64_t uvt_current(struct uvt_thread *thread);
/* For the above. */
uint64_t uvt_current_begin(struct uvt_thread *thread);

static inline uint64_t uvt_current(struct uvt_thread *thread)
{
  uint64_t execute_id = thread->frames[thread->depth].execute_id;
  return __builtin_expect(execute_id != 0, 1) ? execute_id : uvt_current_begin(thread);
}

/* Its slot in the live tree, for something to hang from; 0 where there is no room. */
uint32_t uvt_current_slot(struct uvt_thread *thread);

/* The thread's root invocation ends, if it has begun (uv_run begins). */
void uvt_root_end(struct uvt_thread *thread);

/* The next index. */
uint64_t uvt_next_execute_id(void);

/* Creates the key whose destructor ends what is open when a thread ends. 0 or a negative errno. */
int uvt_threads_init(void);

#endif

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stddef.h>

#include "thread.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "js/js.h"
#include "live/arena.h"
#include "recording/announce.h"
#include "recording/buffer.h"
#include "recording/put.h"

__thread struct uvt_thread uvt_thread
    __attribute__((tls_model("initial-exec"), visibility("hidden"))) = {.frames[0].sp = UINTPTR_MAX};

_Static_assert(offsetof(struct uvt_thread, libuv_sp) == 0, "entry.S");
_Static_assert(offsetof(struct uvt_thread, submitting) == 8, "entry.S");

static uint64_t last_execute __attribute__((aligned(64)));
static pthread_key_t exit_key;

static uint64_t read_clock(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t uvt_now(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

uint64_t uvt_now_coarse(void)
{
  return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t uvt_next_execute_id(void)
{
  return __atomic_add_fetch(&last_execute, 1, __ATOMIC_RELAXED);
}

void uvt_thread_begin(struct uvt_thread *thread)
{
  int32_t tid = (int32_t)syscall(SYS_gettid);
  thread->tid = -1;
  if (thread->role == UVT_role_main && tid != getpid())
    thread->role = UVT_role_other;
  pthread_setspecific(exit_key, thread);
  if (uvt_emit->touch)
    uvt_emit->touch();
  thread->tid = tid;
}

/* The frame's begin is recorded; from then on it has its index. */
static inline void record_begin(struct uvt_thread *thread, struct uvt_frame *frame, uint64_t execute_id,
                                int64_t value, uint8_t flags)
{
  if (uvt_recording(thread))
    uvt_put_execute_begin(thread, execute_id, frame->link_id, (uint8_t)thread->open, flags, value);
  frame->execute_id = execute_id;
  thread->open++;
}

/* It has its index no more; then its end is recorded. `hold`: as of uvt_put_execute_end(). -> it has been. */
static inline bool record_end(struct uvt_thread *thread, struct uvt_frame *frame, uint8_t flags, bool hold)
{
  uint64_t execute_id = frame->execute_id;
  frame->execute_id = 0;
  thread->open--;
  bool records = uvt_recording(thread);
  if (records)
    uvt_put_execute_end(thread, execute_id, flags, hold);
  return records;
}

/* Pushes a frame; NULL where there is no room: then what runs there is not followed. */
static struct uvt_frame *push(struct uvt_thread *thread, uintptr_t sp)
{
  if (thread->depth + 1 == UVT_FRAMES) {
    uvt_count_lost(1);
    return NULL;
  }
  struct uvt_frame *frame = &thread->frames[thread->depth + 1];
  *frame = (struct uvt_frame){.sp = sp};
  thread->depth++;
  return frame;
}

/* The registration's parent, by the registration's reference or else by one of the frame's own. */
static uint32_t parent_by(struct uvt_frame *frame, uint32_t registration)
{
  uint32_t parent = uvt_live_registration(registration)->parent;
  if (__builtin_expect(uvt_registration_lend(registration), 1))
    frame->lender = registration;
  else
    uvt_invocation_hold(parent);
  return parent;
}

/* Of a frame whose slot does not keep it. */
static void let_parent_go(struct uvt_thread *thread, struct uvt_frame *frame, uint32_t parent)
{
  if (frame->lender)
    uvt_registration_take_back(thread, frame->lender);
  else
    uvt_invocation_release(thread, parent);
  frame->lender = 0;
}

static void enter_live_tree(struct uvt_thread *thread, struct uvt_frame *frame, uint64_t execute_id,
                            uint32_t parent, uint64_t now)
{
  frame->slot = uvt_invocation_new(thread, parent, execute_id, frame->link_id, frame->type, now);
  if (__builtin_expect(!frame->slot, 0))
    let_parent_go(thread, frame, parent);
}

/* Something is about to hang from the invocation. */
static void begin_to_bear(struct uvt_thread *thread, struct uvt_frame *frame)
{
  if (!frame->slot)
    return;
  if (frame->lender) {
    uvt_invocation_hold(uvt_live_registration(frame->lender)->parent);
    uvt_registration_take_back(thread, frame->lender);
    frame->lender = 0;
  }
  uvt_invocation_bears(thread, frame->slot);
  frame->bears = true;
}

static __attribute__((noinline)) void leave_live_tree(struct uvt_thread *thread, struct uvt_frame *frame)
{
  if (frame->slot && !frame->lender) {
    uvt_invocation_done(thread, frame->slot);
    return;
  }
  if (frame->slot) /* nothing hangs from it */
    uvt_slot_give(thread, frame->slot);
  let_parent_go(thread, frame, frame->parent);
}

uint32_t uvt_invocation_begin(struct uvt_thread *thread, const struct uvt_claim *claim, uintptr_t sp,
                              int64_t value, uint8_t flags)
{
  struct uvt_frame *frame = push(thread, sp);
  if (!frame) {
    if (!claim->slot)
      uvt_invocation_release(thread, claim->parent);
    return 0;
  }
  uint64_t now = uvt_now_coarse();
  frame->link_id = claim->link_id;
  frame->type = claim->type;
  uint64_t execute_id = uvt_next_execute_id();
  uint32_t parent = claim->parent;
  if (claim->slot) {
    parent = parent_by(frame, claim->slot);
    UVT_SLOT_SET(uvt_live_registration(claim->slot)->since, now);
  }
  enter_live_tree(thread, frame, execute_id, parent, now);
  record_begin(thread, frame, execute_id, value, flags);
  return thread->depth;
}

uint32_t uvt_invocation_begin_lazy(struct uvt_thread *thread, const struct uvt_claim *claim, uintptr_t sp,
                                   uint8_t flags)
{
  struct uvt_frame *frame = push(thread, sp);
  if (!frame)
    return 0;
  frame->begin_flags = flags;
  if (claim) {
    frame->link_id = claim->link_id;
    frame->type = claim->type;
    frame->parent = parent_by(frame, claim->slot);
  }
  return thread->depth;
}

/* What remains to be done once its end has been recorded. */
static inline void close_frame(struct uvt_thread *thread, struct uvt_frame *frame)
{
  if (frame->slot | frame->lender | frame->parent) /* most of JavaScript's are not in it */
    leave_live_tree(thread, frame);
  frame->slot = frame->lender = frame->parent = 0;
  frame->bears = false;
}

static inline void end_frame(struct uvt_thread *thread, struct uvt_frame *frame, uint8_t flags)
{
  if (frame->execute_id)
    record_end(thread, frame, flags, false);
  close_frame(thread, frame);
}

static inline void pop(struct uvt_thread *thread, uint8_t flags)
{
  struct uvt_frame *top = &thread->frames[thread->depth];
  end_frame(thread, top, flags);
  thread->depth--;
}

void uvt_invocation_end(struct uvt_thread *thread, uint32_t depth)
{
  if (!depth)
    return;
  while (thread->depth > depth) {
    const struct uvt_frame *above = &thread->frames[thread->depth];
    bool is_main =
        above->is_js && !above->link_id; /* nothing else tells that a worker's main script has ended */
    pop(thread, is_main ? 0 : UVT_END_UNWOUND);
  }
  if (thread->depth == depth)
    pop(thread, 0);
  if (__builtin_expect(thread->js_rejected, 0) && !thread->frames[depth].is_js) {
    uvt_thread_leave(thread); /* JavaScript runs */
    uvt_js_tell_rejected(thread);
    uvt_thread_ours(thread);
  }
}

void uvt_js_invocation_end(struct uvt_thread *thread, uint64_t link_id)
{
  struct uvt_frame *top = &thread->frames[thread->depth];
  if (__builtin_expect(top->is_js && top->link_id == link_id, 1)) {
    pop(thread, 0);
    return;
  }
  for (uint32_t depth = thread->depth; depth && thread->frames[depth].is_js; depth--)
    if (thread->frames[depth].link_id == link_id) {
      uvt_invocation_end(thread, depth);
      break;
    }
}

bool uvt_js_invocation_finish(struct uvt_thread *thread, uint64_t link_id)
{
  struct uvt_frame *top = &thread->frames[thread->depth];
  if (!top->is_js || top->link_id != link_id)
    return false;
  thread->finished = (struct uvt_finished){.link_id = link_id, .execute_id = top->execute_id};
  thread->finished.recorded = record_end(thread, top, 0, true);
  close_frame(thread, top);
  thread->depth--;
  return true;
}

uint64_t uvt_js_invocation_resume(struct uvt_thread *thread, uint64_t link_id)
{
  struct uvt_finished finished = thread->finished;
  thread->finished = (struct uvt_finished){0};
  if (finished.link_id != link_id)
    return 0;
  if (finished.recorded && !uvt_buffer_drop(thread, UVT_BATCH_end, finished.execute_id))
    return finished.execute_id;
  struct uvt_frame *frame = push(thread, thread->frames[thread->depth].sp);
  if (!frame)
    return finished.execute_id;
  frame->is_js = true;
  frame->link_id = link_id;
  frame->execute_id = finished.execute_id;
  thread->open++;
  return finished.execute_id;
}

void uvt_thread_unwind(struct uvt_thread *thread, uintptr_t sp)
{
  while (thread->depth) {
    uintptr_t frame_sp = thread->frames[thread->depth].sp;
    if (frame_sp >= sp || (sp != UINTPTR_MAX && sp - frame_sp > UVT_UNWIND_MAX))
      return;
    pop(thread, UVT_END_UNWOUND);
  }
}

uint64_t uvt_current_begin(struct uvt_thread *thread)
{
  struct uvt_frame *frame = &thread->frames[thread->depth];
  uint32_t parent = frame->parent;
  uint64_t execute_id = uvt_next_execute_id();
  frame->parent = 0;
  enter_live_tree(thread, frame, execute_id, parent, uvt_now_coarse());
  record_begin(thread, frame, execute_id, 0, frame->begin_flags);
  return execute_id;
}

/* The slot of the invocation at `depth`, for something to hang from; one of JavaScript gets it here, below
 * the one that it runs in. */
static uint32_t bearing_slot(struct uvt_thread *thread, uint32_t depth)
{
  struct uvt_frame *frame = &thread->frames[depth];
  if (__builtin_expect(frame->bears, 1))
    return frame->slot;
  if (frame->is_js && !frame->slot) {
    uint32_t below = bearing_slot(thread, depth - 1);
    uvt_invocation_hold(below);
    enter_live_tree(thread, frame, frame->execute_id, below, uvt_now_coarse());
  }
  begin_to_bear(thread, frame);
  return frame->slot;
}

uint32_t uvt_current_slot(struct uvt_thread *thread)
{
  uvt_current(thread);
  return bearing_slot(thread, thread->depth);
}

static inline uint32_t js_begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags, int64_t value)
{
  uvt_current(thread);
  struct uvt_frame *frame = push(thread, thread->frames[thread->depth].sp);
  if (!frame)
    return 0;
  frame->is_js = true;
  frame->link_id = link_id;
  record_begin(thread, frame, uvt_next_execute_id(), value, flags);
  return thread->depth;
}

uint32_t uvt_js_invocation_begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags)
{
  return js_begin(thread, link_id, flags, 0);
}

void uvt_js_timer_begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags, int64_t due)
{
  js_begin(thread, link_id, flags, due);
}

void uvt_root_end(struct uvt_thread *thread)
{
  if (thread->depth == 0)
    end_frame(thread, &thread->frames[0], 0);
}

/* The root, and a script that runs on it, go from the live tree alone: in the stream they end with the
 * thread. */
static void thread_exit(void *value)
{
  struct uvt_thread *thread = value;
  uvt_thread_ours(thread);
  uvt_thread_unwind(thread, UINTPTR_MAX);
  while (thread->depth)
    close_frame(thread, &thread->frames[thread->depth--]);
  close_frame(thread, &thread->frames[0]);
  uvt_slots_return(thread);
  uvt_buffer_release(thread);
  uvt_thread_leave(thread);
}

int uvt_threads_init(void)
{
  return -pthread_key_create(&exit_key, thread_exit);
}

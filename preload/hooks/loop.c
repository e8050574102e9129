/* SPDX-License-Identifier: MIT */
/* Loops: running them, initialising them, and waking them by uv_async_send. */
#include "hooks.h"

#include <errno.h>
#include <signal.h>

#include "js/js.h"
#include "live/arena.h"
#include "live/table.h"
#include "recording/loops.h"
#include "recording/put.h"

int hook_uv_run(uv_loop_t *loop, uv_run_mode mode)
{
  HOOK(thread);
  uvt_js_loop_runs(thread, loop);
  uvt_root_end(thread);
  struct uvt_loop *outer = thread->loop;
  int outer_fd = thread->poll_fd;
  thread->loop = uvt_loop_at(loop, false);
  thread->poll_fd = thread->loop ? loop->backend_fd + 1 : 0;
  int status = CALL_REAL(thread, uv_run, loop, mode);
  thread->loop = outer;
  thread->poll_fd = outer_fd;
  return status;
}

int hook_uv_loop_init(uv_loop_t *loop)
{
  HOOK(thread);
  int status = CALL_REAL(thread, uv_loop_init, loop);
  if (status == 0)
    uvt_loop_at(loop, true);
  return status;
}

/* Initialises the default loop on its first call: those inner calls are libuv's own. */
uv_loop_t *hook_uv_default_loop(void)
{
  HOOK(thread);
  uv_loop_t *loop = CALL_REAL(thread, uv_default_loop);
  struct uvt_loop *known = loop ? uvt_loop_at(loop, false) : NULL;
  if (known)
    known->is_default = true;
  return loop;
}

/* Starts file watchers again with the callbacks that are stored: no registrations. */
int hook_uv_loop_fork(uv_loop_t *loop)
{
  HOOK(thread);
  return CALL_REAL(thread, uv_loop_fork, loop);
}

/*
 * uv_async_send: from any thread, and from signal handlers, which may have interrupted anything. What they
 * interrupt of ours is done first: until then only the handle is kept (uvt_thread_leave).
 */

/* A send with no invocation open on its thread (a signal handler while libuv runs): a root for it alone.
 * Where libuv polls, that is between two polls, as nothing runs in one. */
static void cause_alone(struct uvt_thread *thread, uint64_t link_id)
{
  uint64_t execute_id = uvt_next_execute_id();
  if (thread->poll_timeout)
    uvt_put_poll_end(thread, thread->loop->id, 0);
  uvt_put_execute_begin(thread, execute_id, 0, (uint8_t)thread->open, 0, 0);
  uvt_put_cause(thread, execute_id, link_id, UVT_CAUSE_SIGNAL);
  uvt_put_execute_end(thread, execute_id, 0, false);
  if (thread->poll_timeout)
    uvt_put_poll_begin(thread, thread->loop->id, thread->poll_timeout);
}

static bool is_on_signal_stack(void)
{
  stack_t stack;
  return sigaltstack(NULL, &stack) == 0 && stack.ss_flags & SS_ONSTACK;
}

/* Is this the program's code in its place? Else a handler has interrupted libuv. The stack of a handler may
 * lie anywhere; it is asked for only where addresses suggest that libuv, or a frame, was left by an exception
 * or longjmp. */
static bool is_in_place(const struct uvt_thread *thread, uintptr_t sp)
{
  if (thread->libuv_sp > sp)
    return false;
  return (!thread->libuv_sp && thread->frames[thread->depth].sp >= sp) || !is_on_signal_stack();
}

/* False: it could not be. */
static bool record_cause(struct uvt_thread *thread, uint64_t link_id, bool in_place)
{
  if (!in_place && (!uvt_on || thread->announced != uvt_epoch)) /* what comes first is not for handlers */
    return false;
  if (!uvt_recording(thread)) /* nobody records any more, or it has been counted */
    return true;
  if (in_place || thread->frames[thread->depth].execute_id)
    uvt_cause(thread, link_id, in_place ? 0 : UVT_CAUSE_SIGNAL);
  else
    cause_alone(thread, link_id);
  return true;
}

/* A handle that we do not know is libuv's own. */
static void record_send(struct uvt_thread *thread, const uv_async_t *handle, bool in_place)
{
  uint32_t slot;
  bool found = uvt_table_try_find(uvt_key(handle, UVT_KEY_HANDLE), &slot);
  if (found && !slot)
    return;
  if (found)
    uvt_live_registration(slot)->state = UVT_LIVE_READY;
  if (!uvt_recorded())
    return;
  if (!found || !record_cause(thread, uvt_live_registration(slot)->id, in_place))
    uvt_count_lost(1);
}

static int send_now(struct uvt_thread *thread, uv_async_t *handle, bool in_place)
{
  uintptr_t before = thread->libuv_sp;
  record_send(thread, handle, in_place);
  if (!before)
    thread->libuv_sp = (uintptr_t)__builtin_frame_address(0);
  int status = UVT_REAL(uv_async_send)(handle);
  thread->libuv_sp = before;
  return status;
}

/* A place among those that wait; UVT_SENDS: there is none. A handler may interrupt another one here, so it is
 * taken in one step: two that took the same would be one send. */
static uint32_t take_place(struct uvt_thread *thread)
{
  uint32_t at = __atomic_load_n(&thread->sends_waiting, __ATOMIC_RELAXED);
  while (at < UVT_SENDS && !__atomic_compare_exchange_n(&thread->sends_waiting, &at, at + 1, 0,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
  return at;
}

/* By a handler that interrupted our own code. Where there is no room, or what waits is being sent, it is sent
 * at once. */
static int send_later(struct uvt_thread *thread, uv_async_t *handle)
{
  uint32_t at = thread->ours == UVT_OURS_SENDS ? UVT_SENDS : take_place(thread);
  if (at == UVT_SENDS) {
    if (uvt_recorded())
      uvt_note_lost(1);
    return UVT_REAL(uv_async_send)(handle);
  }
  thread->sends[at] = handle;
  return 0;
}

void uvt_sends_catch_up(struct uvt_thread *thread)
{
  int saved = errno;
  uvt_thread_set_ours(thread, UVT_OURS_SENDS);
  for (uint32_t i = 0; i < thread->sends_waiting; i++)
    send_now(thread, thread->sends[i], false);
  thread->sends_waiting = 0;
  uvt_tell_lost();
  uvt_thread_set_ours(thread, UVT_OURS_NOT);
  errno = saved;
}

int hook_uv_async_send(uv_async_t *handle)
{
  uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
  struct uvt_thread *thread = &uvt_thread;
  if (thread->ours)
    return send_later(thread, handle);
  bool in_place = is_in_place(thread, sp);
  if (in_place)
    uvt_hook_enter(sp);
  else
    uvt_thread_ours(thread);
  int status = send_now(thread, handle, in_place);
  uvt_thread_leave(thread);
  return status;
}

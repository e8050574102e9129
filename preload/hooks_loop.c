/* SPDX-License-Identifier: MIT */
/* Loops: running them, initialising them, and waking them by uv_async_send. */
#include "hooks.h"

#include <signal.h>

#include "arena.h"
#include "js.h"
#include "loops.h"
#include "put.h"
#include "table.h"

int hook_uv_run(uv_loop_t *loop, uv_run_mode mode)
{
  struct uvt_thread *thread = ENTER();
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
  struct uvt_thread *thread = ENTER();
  int status = CALL_REAL(thread, uv_loop_init, loop);
  if (status == 0)
    uvt_loop_at(loop, true);
  return status;
}

/* Initialises the default loop on its first call: those inner calls are libuv's own. */
uv_loop_t *hook_uv_default_loop(void)
{
  struct uvt_thread *thread = ENTER();
  uv_loop_t *loop = CALL_REAL(thread, uv_default_loop);
  struct uvt_loop *known = loop ? uvt_loop_at(loop, false) : NULL;
  if (known)
    known->is_default = true;
  return loop;
}

/* Starts file watchers again with the callbacks that are stored: no registrations. */
int hook_uv_loop_fork(uv_loop_t *loop)
{
  struct uvt_thread *thread = ENTER();
  return CALL_REAL(thread, uv_loop_fork, loop);
}

/*
 * uv_async_send: from any thread, and from signal handlers, which may have interrupted anything, also what is
 * ours. Nothing here allocates, blocks or takes a slot in a handler; where it cannot be recorded, the send is
 * counted as lost.
 */

/* A send that comes while the frame on top is being made or ended, or by a handler that may not begin it: a
 * root for it alone, nested in what the reader finds open. */
static void cause_alone(struct uvt_thread *thread, uint64_t link_id)
{
  uint64_t execute_id = uvt_next_execute_id();
  uvt_put_execute_begin(thread, execute_id, 0, UVT_DEPTH_UNKNOWN, 0, 0);
  uvt_put_cause(thread, execute_id, link_id, UVT_CAUSE_SIGNAL);
  uvt_put_execute_end(thread, execute_id, 0, false);
}

static bool is_on_signal_stack(void)
{
  stack_t stack;
  return sigaltstack(NULL, &stack) == 0 && stack.ss_flags & SS_ONSTACK;
}

/* Is this the program's code in its place? Else a handler has interrupted libuv, or us on the way to or from
 * a callback. The stack of a handler may lie anywhere; it is asked for only where addresses suggest that
 * libuv, or a frame, was left by an exception or longjmp. */
static bool is_in_place(const struct uvt_thread *thread, uintptr_t sp)
{
  if (thread->libuv_sp > sp)
    return false;
  return (!thread->libuv_sp && thread->frames[thread->depth].sp >= sp) || !is_on_signal_stack();
}

/* False: it could not be. */
static bool record_send(struct uvt_thread *thread, uint64_t link_id, bool in_place)
{
  if (thread->tid <= 0) /* a handler on a thread that LTTng has not seen yet */
    return false;
  if (!in_place && (!uvt_on || thread->announced != uvt_epoch)) /* what comes first is not for handlers */
    return false;
  if (!uvt_recording(thread)) /* nobody records any more, or it has been counted */
    return true;
  if (thread->buffer->busy > 1) /* a handler that interrupted one that was at this */
    return false;
  const struct uvt_frame *top = &thread->frames[thread->depth];
  if (top->execute_id || (in_place && top->lazy))
    uvt_put_cause(thread, uvt_current(thread), link_id, in_place ? 0 : UVT_CAUSE_SIGNAL);
  else
    cause_alone(thread, link_id);
  return true;
}

/* A handle that we do not know is libuv's own. */
static void note_send(const uv_async_t *handle, bool in_place)
{
  uint32_t slot;
  bool found = uvt_table_try_find(uvt_key(handle, UVT_KEY_HANDLE), &slot);
  if (found && !slot)
    return;
  if (found)
    uvt_live_registration(slot)->state = UVT_LIVE_READY;
  if (!uvt_recorded())
    return;
  if (!found || !record_send(&uvt_thread, uvt_live_registration(slot)->id, in_place))
    uvt_count_lost(1);
}

int hook_uv_async_send(uv_async_t *handle)
{
  uintptr_t sp = (uintptr_t)__builtin_frame_address(0), before = 0;
  struct uvt_thread *thread = &uvt_thread;
  bool in_place = is_in_place(thread, sp);
  if (in_place)
    ENTER();
  else
    before = thread->libuv_sp;
  note_send(handle, in_place);
  if (!before)
    ENTER_LIBUV(thread);
  int status = UVT_REAL(uv_async_send)(handle);
  thread->libuv_sp = before;
  return status;
}

/* SPDX-License-Identifier: MIT */
/* Loops: running them, initialising them, and waking them by uv_async_send. */
#include "hooks.h"

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

/* A send with no invocation open on its thread (a signal handler while libuv polls): a root for it alone. */
static void cause_alone(struct uvt_thread *thread, uint64_t link_id)
{
  uint64_t execute_id = uvt_next_execute_id();
  uvt_put_execute_begin(thread, execute_id, 0, thread->open < 255 ? (uint8_t)thread->open : 255, 0, 0);
  uvt_put_cause(thread, execute_id, link_id, UVT_CAUSE_SIGNAL);
  uvt_put_execute_end(thread, execute_id, 0, false);
}

/*
 * From any thread, and from signal handlers: nothing here allocates, blocks or takes a slot. A handle that we
 * do not know is libuv's own. A send while the thread is inside libuv can only come from a handler that
 * interrupted it. What a handler may find half done is the frame on top; it is only read.
 */
static void cause_async(struct uvt_thread *thread, uint64_t link_id)
{
  bool interrupted = thread->libuv_sp > (uintptr_t)__builtin_frame_address(0);
  uint64_t current = thread->frames[thread->depth].execute_id;
  if (interrupted && thread->announced != uvt_epoch) { /* what comes first is not for handlers */
    uvt_count_lost(1);
    return;
  }
  if (!uvt_recording(thread))
    return;
  if (interrupted && !current)
    cause_alone(thread, link_id);
  else
    uvt_cause(thread, link_id, interrupted ? UVT_CAUSE_SIGNAL : 0);
}

int hook_uv_async_send(uv_async_t *handle)
{
  struct uvt_thread *thread = &uvt_thread;
  uint32_t slot = uvt_table_find(uvt_key(handle, UVT_KEY_HANDLE));
  if (slot) {
    uvt_live_registration(slot)->state = UVT_LIVE_READY;
    bool inside = thread->libuv_sp > (uintptr_t)__builtin_frame_address(0);
    if (!inside)
      thread = ENTER();
    if (thread->tid)
      cause_async(thread, uvt_live_registration(slot)->id);
    else
      uvt_count_lost(1); /* a handler on a thread that LTTng has not seen */
  }
  uintptr_t before = thread->libuv_sp;
  if (!before)
    ENTER_LIBUV(thread);
  int status = UVT_REAL(uv_async_send)(handle);
  thread->libuv_sp = before;
  return status;
}

/* SPDX-License-Identifier: MIT */
/* Timers, loop watchers, async, poll, signals, child processes, file watching: one callback a handle. */
#include "hooks.h"
#include "recording/put.h"

#include <string.h>

static struct uvt_pending watch(struct uvt_thread *thread, const void *handle, enum uvt_type type,
                                uint8_t flags, int64_t arg, const char *text, void *thunk)
{
  return uvt_register(thread, &(struct uvt_link){.key = uvt_key(handle, UVT_KEY_HANDLE),
                                                 .type = type,
                                                 .flags = flags,
                                                 .arg = arg,
                                                 .text = text,
                                                 .thunk = thunk});
}

static void stop(struct uvt_thread *thread, const void *handle)
{
  uvt_cancel(thread, uvt_key(handle, UVT_KEY_HANDLE), UVT_reason_stopped, 0);
}

/* As uv_timer_start computes it: an overflow means never. */
static int64_t due_at(const uv_timer_t *handle, uint64_t timeout)
{
  uint64_t now = handle->loop ? handle->loop->time : 0, due = now + timeout;
  return due < timeout || due > INT64_MAX ? INT64_MAX : (int64_t)due;
}

static struct uvt_pending register_timer(struct uvt_thread *thread, const uv_timer_t *handle,
                                         enum uvt_type type, uint64_t timeout, uint64_t repeat, void *thunk)
{
  return uvt_register(thread, &(struct uvt_link){.key = uvt_key(handle, UVT_KEY_HANDLE),
                                                 .type = type,
                                                 .flags = repeat ? UVT_LINK_REPEAT : 0,
                                                 .arg = timeout > INT64_MAX ? INT64_MAX : (int64_t)timeout,
                                                 .due = due_at(handle, timeout),
                                                 .thunk = thunk});
}

int hook_uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, uint64_t timeout, uint64_t repeat)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_timer_start, handle, cb, timeout, repeat);
  void *thunk = THUNK(timer, cb);
  struct uvt_pending pending =
      register_timer(thread, handle, UVT_TYPE_uv_timer_start, timeout, repeat, thunk);
  int status = CALL_REAL(thread, uv_timer_start, handle, GIVE(thunk, cb), timeout, repeat);
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_timer_stop(uv_timer_t *handle)
{
  HOOK(thread);
  stop(thread, handle);
  return CALL_REAL(thread, uv_timer_stop, handle);
}

/* Always a new registration, unless libuv does nothing: never started (an error), or no repeat.
 */
int hook_uv_timer_again(uv_timer_t *handle)
{
  HOOK(thread);
  if (!handle->timer_cb || !handle->repeat)
    return CALL_REAL(thread, uv_timer_again, handle);
  struct uvt_pending pending =
      register_timer(thread, handle, UVT_TYPE_uv_timer_again, handle->repeat, handle->repeat,
                     uvt_thunk_itself(UVT_CB_timer, (void *)handle->timer_cb));
  int status = CALL_REAL(thread, uv_timer_again, handle);
  uvt_registered(thread, &pending, status);
  return status;
}

/* An active one keeps its callback and says 0: not a registration. */
#define LOOP_WATCHER(name)                                                                   \
  int hook_uv_##name##_start(uv_##name##_t *handle, uv_##name##_cb cb)                       \
  {                                                                                          \
    HOOK(thread);                                                                            \
    if (!cb || handle->flags & UVT_HANDLE_ACTIVE)                                            \
      return CALL_REAL(thread, uv_##name##_start, handle, cb);                               \
    void *thunk = THUNK(watch, cb);                                                          \
    struct uvt_pending pending =                                                             \
        watch(thread, handle, UVT_TYPE_uv_##name##_start, UVT_LINK_REPEAT, -1, NULL, thunk); \
    int status = CALL_REAL(thread, uv_##name##_start, handle, GIVE(thunk, cb));              \
    uvt_registered(thread, &pending, status);                                                \
    return status;                                                                           \
  }                                                                                          \
  int hook_uv_##name##_stop(uv_##name##_t *handle)                                           \
  {                                                                                          \
    HOOK(thread);                                                                            \
    stop(thread, handle);                                                                    \
    return CALL_REAL(thread, uv_##name##_stop, handle);                                      \
  }
LOOP_WATCHER(prepare)
LOOP_WATCHER(check)
LOOP_WATCHER(idle)

int hook_uv_async_init(uv_loop_t *loop, uv_async_t *handle, uv_async_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_async_init, loop, handle, cb);
  void *thunk = THUNK(async, cb);
  struct uvt_pending pending =
      watch(thread, handle, UVT_TYPE_uv_async_init, UVT_LINK_REPEAT, -1, NULL, thunk);
  int status = CALL_REAL(thread, uv_async_init, loop, handle, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

/* events 0 is a stop. */
int hook_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb cb)
{
  HOOK(thread);
  if (!cb || !events) {
    if (!events)
      stop(thread, handle);
    return CALL_REAL(thread, uv_poll_start, handle, events, cb);
  }
  void *thunk = THUNK(poll, cb);
  struct uvt_pending pending = watch(thread, handle, UVT_TYPE_uv_poll_start, UVT_LINK_REPEAT,
                                     uvt_fd_of((uv_handle_t *)handle), NULL, thunk);
  int status = CALL_REAL(thread, uv_poll_start, handle, events, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_poll_stop(uv_poll_t *handle)
{
  HOOK(thread);
  stop(thread, handle);
  return CALL_REAL(thread, uv_poll_stop, handle);
}

int hook_uv_signal_start(uv_signal_t *handle, uv_signal_cb cb, int signum)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_signal_start, handle, cb, signum);
  void *thunk = THUNK(signal, cb);
  struct uvt_pending pending =
      watch(thread, handle, UVT_TYPE_uv_signal_start, UVT_LINK_REPEAT, signum, NULL, thunk);
  int status = CALL_REAL(thread, uv_signal_start, handle, GIVE(thunk, cb), signum);
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_signal_start_oneshot(uv_signal_t *handle, uv_signal_cb cb, int signum)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_signal_start_oneshot, handle, cb, signum);
  void *thunk = THUNK(signal, cb);
  struct uvt_pending pending =
      watch(thread, handle, UVT_TYPE_uv_signal_start_oneshot, 0, signum, NULL, thunk);
  int status = CALL_REAL(thread, uv_signal_start_oneshot, handle, GIVE(thunk, cb), signum);
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_signal_stop(uv_signal_t *handle)
{
  HOOK(thread);
  stop(thread, handle);
  return CALL_REAL(thread, uv_signal_stop, handle);
}

int hook_uv_fs_event_start(uv_fs_event_t *handle, uv_fs_event_cb cb, const char *path, unsigned flags)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_fs_event_start, handle, cb, path, flags);
  void *thunk = THUNK(fs_event, cb);
  struct uvt_pending pending =
      watch(thread, handle, UVT_TYPE_uv_fs_event_start, UVT_LINK_REPEAT, -1, path, thunk);
  int status = CALL_REAL(thread, uv_fs_event_start, handle, GIVE(thunk, cb), path, flags);
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_fs_event_stop(uv_fs_event_t *handle)
{
  HOOK(thread);
  stop(thread, handle);
  return CALL_REAL(thread, uv_fs_event_stop, handle);
}

int hook_uv_fs_poll_start(uv_fs_poll_t *handle, uv_fs_poll_cb cb, const char *path, unsigned interval)
{
  HOOK(thread);
  if (!cb || handle->flags & UVT_HANDLE_ACTIVE)
    return CALL_REAL(thread, uv_fs_poll_start, handle, cb, path, interval);
  void *thunk = THUNK(fs_poll, cb);
  struct uvt_pending pending =
      watch(thread, handle, UVT_TYPE_uv_fs_poll_start, UVT_LINK_REPEAT, interval, path, thunk);
  int status = CALL_REAL(thread, uv_fs_poll_start, handle, GIVE(thunk, cb), path, interval);
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_fs_poll_stop(uv_fs_poll_t *handle)
{
  HOOK(thread);
  stop(thread, handle);
  return CALL_REAL(thread, uv_fs_poll_stop, handle);
}

/* The real call with the fork in it marked: its child execs, and must not be taken for a process of its own.
 */
static int spawn(struct uvt_thread *thread, uv_loop_t *loop, uv_process_t *handle,
                 const uv_process_options_t *options)
{
  thread->spawning = true;
  int status = CALL_REAL(thread, uv_spawn, loop, handle, options);
  thread->spawning = false;
  return status;
}

bool uvt_had_child_pipes;

static void record_child(struct uvt_thread *thread, const uv_process_t *handle,
                         const uv_process_options_t *options, uint64_t link_id)
{
  if (!uvt_recording(thread))
    return;
  uvt_put_child(thread, uvt_current(thread), link_id ? link_id : uvt_put_no_link(thread), handle->pid);
  for (int i = 0; i < options->stdio_count && i <= UINT8_MAX; i++) {
    const uv_stdio_container_t *stdio = &options->stdio[i];
    if (!(stdio->flags & UV_CREATE_PIPE))
      continue;
    const uv_pipe_t *pipe = (const uv_pipe_t *)stdio->data.stream;
    uvt_put_child_pipe(thread, handle->pid, uvt_fd_of((const uv_handle_t *)pipe), i, pipe->ipc);
    uvt_had_child_pipes = true;
  }
}

/*
 * The exit callback comes in the options, which are the program's: a copy is passed. It cannot run before we
 * return, so the link is recorded afterwards, with what libuv said. A negative answer is not always a
 * refusal: when the child runs but handing over its pipes failed, libuv has stored the callback and will call
 * it.
 */
int hook_uv_spawn(uv_loop_t *loop, uv_process_t *handle, const uv_process_options_t *options)
{
  HOOK(thread);
  if (!options->exit_cb) {
    int status = spawn(thread, loop, handle, options);
    if (status == 0)
      record_child(thread, handle, options, 0);
    return status;
  }
  uv_process_options_t copy = *options;
  void *thunk = THUNK(exit, options->exit_cb);
  copy.exit_cb = GIVE(thunk, options->exit_cb);
  handle->exit_cb = NULL; /* not initialised yet, by contract: lets us see whether libuv stored ours */
  int status = spawn(thread, loop, handle, &copy);
  bool stored = status == 0 || handle->exit_cb == copy.exit_cb;
  struct uvt_pending pending =
      watch(thread, handle, UVT_TYPE_uv_spawn, 0, status ? status : handle->pid, options->file, thunk);
  if (stored)
    record_child(thread, handle, options, pending.slot ? pending.id : 0);
  uvt_registered(thread, &pending, stored ? 0 : status);
  return status;
}

/* SPDX-License-Identifier: MIT */
/*
 * The trampolines: libuv calls a thunk, the thunk comes here with its number, and the program's callback runs
 * as an invocation of its registration. What is needed of the object is read before the callback runs, which
 * may free or reuse it; afterwards only what is on our stack is touched.
 */
#include "hooks.h"

#include "live/arena.h"
#include "live/table.h"

#define SP ((uintptr_t)__builtin_frame_address(0))
#define CALLBACK(kind, type, number) ((type)uvt_originals[UVT_CB_##kind][number])

struct run {
  struct uvt_thread *thread;
  uintptr_t libuv_sp;
  uint32_t depth;
};

/* The thread leaves libuv for the program, by way of our own code: up to the end of begin(). */
static inline struct run arrive(uintptr_t sp)
{
  struct uvt_thread *thread = uvt_thread_enter(sp);
  struct run run = {.thread = thread, .libuv_sp = thread->libuv_sp};
  thread->libuv_sp = 0;
  return run;
}

/* A callback whose registration is not known (it was made while nothing could be followed) runs as a root
 * would. */
static inline void begin(struct run *run, bool found, const struct uvt_claim *claim, uintptr_t sp,
                         int64_t value, uint8_t flags)
{
  run->depth = found ? uvt_invocation_begin(run->thread, claim, sp, value, flags)
                     : uvt_invocation_begin_lazy(run->thread, NULL, sp, 0);
  uvt_thread_leave(run->thread);
}

/* Back to libuv. */
static inline void leave(struct run *run)
{
  uvt_thread_ours(run->thread);
  uvt_invocation_end(run->thread, run->depth);
  run->thread->libuv_sp = run->libuv_sp;
  uvt_thread_leave(run->thread);
}

static inline struct run begin_last(const void *object, enum uvt_key_kind kind, uintptr_t sp, int64_t value)
{
  struct run run = arrive(sp);
  struct uvt_claim claim;
  bool found = uvt_claim_last(run.thread, uvt_key(object, kind), &claim);
  begin(&run, found, &claim, sp, value, 0);
  return run;
}

static inline struct run begin_next(const void *object, enum uvt_key_kind kind, uintptr_t sp, int64_t value)
{
  struct run run = arrive(sp);
  struct uvt_claim claim;
  bool found = uvt_claim_next(uvt_key(object, kind), &claim);
  begin(&run, found, &claim, sp, value, UVT_BEGIN_MORE);
  return run;
}

/* An operation that libuv itself ends its registration with: reported by a cancel after the callback. */
struct ending {
  struct run run;
  uint64_t key;
  uint64_t link_id;
};

static inline struct ending begin_ending(const void *object, enum uvt_key_kind kind, uintptr_t sp,
                                         int64_t value)
{
  struct ending ending = {.run = arrive(sp), .key = uvt_key(object, kind)};
  struct uvt_claim claim;
  bool found = uvt_claim_next(ending.key, &claim);
  ending.link_id = found ? claim.link_id : 0;
  begin(&ending.run, found, &claim, sp, value, 0);
  return ending;
}

static inline void leave_ending(struct ending *ending, enum uvt_reason reason, int status)
{
  uvt_thread_ours(ending->run.thread);
  if (ending->link_id)
    uvt_cancel_id(ending->run.thread, ending->key, ending->link_id, reason, status);
  leave(&ending->run);
}

#define RUN(kind) __attribute__((visibility("hidden"))) void uvt_run_##kind

RUN(status)(uv_req_t *req, int status, unsigned number);
RUN(after_work)(uv_work_t *req, int status, unsigned number);
RUN(fs)(uv_fs_t *req, unsigned number);
RUN(getaddrinfo)(uv_getaddrinfo_t *req, int status, struct addrinfo *result, unsigned number);
RUN(getnameinfo)(uv_getnameinfo_t *req, int status, const char *host, const char *service, unsigned number);
RUN(random)(uv_random_t *req, int status, void *buffer, size_t length, unsigned number);
RUN(work)(uv_work_t *req, unsigned number);
RUN(close)(uv_handle_t *handle, unsigned number);
RUN(timer)(uv_timer_t *handle, unsigned number);
RUN(async)(uv_async_t *handle, unsigned number);
RUN(watch)(uv_handle_t *handle, unsigned number);
RUN(poll)(uv_poll_t *handle, int status, int events, unsigned number);
RUN(signal)(uv_signal_t *handle, int signum, unsigned number);
RUN(exit)(uv_process_t *handle, int64_t exit_status, int term_signal, unsigned number);
RUN(fs_event)(uv_fs_event_t *handle, const char *name, int events, int status, unsigned number);
RUN(fs_poll)
(uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *now, unsigned number);
RUN(connection)(uv_stream_t *server, int status, unsigned number);
RUN(read)(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buffer, unsigned number);
RUN(alloc)(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer, unsigned number);
RUN(udp_recv)
(uv_udp_t *handle, ssize_t nread, const uv_buf_t *buffer, const struct sockaddr *address, unsigned flags,
 unsigned number);

/* write, connect, shutdown, udp_send: (request, status). */
void uvt_run_status(uv_req_t *req, int status, unsigned number)
{
  struct run run = begin_last(req, UVT_KEY_REQUEST, SP, status);
  CALLBACK(status, void (*)(uv_req_t *, int), number)(req, status);
  leave(&run);
}

void uvt_run_after_work(uv_work_t *req, int status, unsigned number)
{
  struct run run = begin_last(req, UVT_KEY_AFTER, SP, status);
  CALLBACK(after_work, uv_after_work_cb, number)(req, status);
  leave(&run);
}

void uvt_run_fs(uv_fs_t *req, unsigned number)
{
  struct run run = begin_last(req, UVT_KEY_REQUEST, SP, req->result);
  CALLBACK(fs, uv_fs_cb, number)(req);
  leave(&run);
}

void uvt_run_getaddrinfo(uv_getaddrinfo_t *req, int status, struct addrinfo *result, unsigned number)
{
  struct run run = begin_last(req, UVT_KEY_REQUEST, SP, status);
  CALLBACK(getaddrinfo, uv_getaddrinfo_cb, number)(req, status, result);
  leave(&run);
}

void uvt_run_getnameinfo(uv_getnameinfo_t *req, int status, const char *host, const char *service,
                         unsigned number)
{
  struct run run = begin_last(req, UVT_KEY_REQUEST, SP, status);
  CALLBACK(getnameinfo, uv_getnameinfo_cb, number)(req, status, host, service);
  leave(&run);
}

void uvt_run_random(uv_random_t *req, int status, void *buffer, size_t length, unsigned number)
{
  struct run run = begin_last(req, UVT_KEY_REQUEST, SP, status);
  CALLBACK(random, uv_random_cb, number)(req, status, buffer, length);
  leave(&run);
}

/* On a worker. The after-work callback, if any, is enabled by this invocation; once the work callback has
 * returned, the request may be anybody's, so what to enable is looked up before. */
void uvt_run_work(uv_work_t *req, unsigned number)
{
  struct uvt_thread *thread = uvt_thread_enter(SP);
  if (thread->role == UVT_role_other)
    thread->role = UVT_role_pool;
  thread->libuv_sp = UINTPTR_MAX; /* the worker's own code, between its callbacks, is libuv's */
  uint64_t after = uvt_find_link(uvt_key(req, UVT_KEY_AFTER));
  struct run run = begin_last(req, UVT_KEY_REQUEST, SP, 0);
  CALLBACK(work, uv_work_cb, number)(req);
  uvt_thread_ours(thread);
  if (after)
    uvt_cause(thread, after, 0);
  leave(&run);
}

void uvt_run_close(uv_handle_t *handle, unsigned number)
{
  struct run run = begin_last(handle, UVT_KEY_CLOSE, SP, 0);
  CALLBACK(close, uv_close_cb, number)(handle);
  leave(&run);
}

/* A repeating timer has been armed again when its callback runs; then `timeout` is the next due time. */
void uvt_run_timer(uv_timer_t *handle, unsigned number)
{
  struct run run = arrive(SP);
  struct uvt_claim claim;
  uint64_t key = uvt_key(handle, UVT_KEY_HANDLE);
  bool more = handle->repeat != 0;
  bool found = more ? uvt_claim_next(key, &claim) : uvt_claim_last(run.thread, key, &claim);
  if (found && more)
    UVT_SLOT_SET(uvt_live_registration(claim.slot)->due, (int64_t)handle->timeout);
  begin(&run, found, &claim, SP, found ? claim.due : 0, more ? UVT_BEGIN_MORE : 0);
  CALLBACK(timer, uv_timer_cb, number)(handle);
  leave(&run);
}

void uvt_run_async(uv_async_t *handle, unsigned number)
{
  struct run run = begin_next(handle, UVT_KEY_HANDLE, SP, 0);
  CALLBACK(async, uv_async_cb, number)(handle);
  leave(&run);
}

/* prepare, check, idle */
void uvt_run_watch(uv_handle_t *handle, unsigned number)
{
  struct run run = begin_next(handle, UVT_KEY_HANDLE, SP, 0);
  CALLBACK(watch, void (*)(uv_handle_t *), number)(handle);
  leave(&run);
}

/* On POLLERR libuv stops the handle and says UV_EBADF. */
void uvt_run_poll(uv_poll_t *handle, int status, int events, unsigned number)
{
  uv_poll_cb callback = CALLBACK(poll, uv_poll_cb, number);
  if (status == UV_EBADF) {
    struct ending ending = begin_ending(handle, UVT_KEY_HANDLE, SP, events);
    callback(handle, status, events);
    leave_ending(&ending, UVT_reason_error, status);
    return;
  }
  struct run run = begin_next(handle, UVT_KEY_HANDLE, SP, events);
  callback(handle, status, events);
  leave(&run);
}

/* Of one shot, libuv stops the handle as soon as the callback has returned, also if that started it again. */
void uvt_run_signal(uv_signal_t *handle, int signum, unsigned number)
{
  struct run run = handle->flags & UVT_SIGNAL_ONE_SHOT ? begin_last(handle, UVT_KEY_HANDLE, SP, signum)
                                                       : begin_next(handle, UVT_KEY_HANDLE, SP, signum);
  CALLBACK(signal, uv_signal_cb, number)(handle, signum);
  if (handle->flags & UVT_SIGNAL_ONE_SHOT)
    uvt_cancel(run.thread, uvt_key(handle, UVT_KEY_HANDLE), UVT_reason_stopped, 0);
  leave(&run);
}

void uvt_run_exit(uv_process_t *handle, int64_t exit_status, int term_signal, unsigned number)
{
  int64_t value = (int64_t)(uint32_t)exit_status | (int64_t)term_signal << 32;
  struct run run = begin_last(handle, UVT_KEY_HANDLE, SP, value);
  CALLBACK(exit, uv_exit_cb, number)(handle, exit_status, term_signal);
  leave(&run);
}

void uvt_run_fs_event(uv_fs_event_t *handle, const char *name, int events, int status, unsigned number)
{
  struct run run = begin_next(handle, UVT_KEY_HANDLE, SP, events);
  CALLBACK(fs_event, uv_fs_event_cb, number)(handle, name, events, status);
  leave(&run);
}

void uvt_run_fs_poll(uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *now,
                     unsigned number)
{
  struct run run = begin_next(handle, UVT_KEY_HANDLE, SP, status);
  CALLBACK(fs_poll, uv_fs_poll_cb, number)(handle, status, before, now);
  leave(&run);
}

void uvt_run_connection(uv_stream_t *server, int status, unsigned number)
{
  struct run run = begin_next(server, UVT_KEY_LISTEN, SP, status);
  CALLBACK(connection, uv_connection_cb, number)(server, status);
  leave(&run);
}

/* A negative nread ends the reading, but for UV_ENOBUFS: there the program declined to read now. */
void uvt_run_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buffer, unsigned number)
{
  uv_read_cb callback = CALLBACK(read, uv_read_cb, number);
  if (nread < 0 && nread != UV_ENOBUFS) {
    struct ending ending = begin_ending(stream, UVT_KEY_READ, SP, nread);
    callback(stream, nread, buffer);
    leave_ending(&ending, nread == UV_EOF ? UVT_reason_eof : UVT_reason_error,
                 nread == UV_EOF ? 0 : (int)nread);
    return;
  }
  struct run run = begin_next(stream, UVT_KEY_READ, SP, nread);
  callback(stream, nread, buffer);
  leave(&run);
}

/* Part of the read that follows: an invocation of its own only if something is registered in it. */
void uvt_run_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer, unsigned number)
{
  struct run run = arrive(SP);
  struct uvt_claim claim;
  uint64_t key = uvt_key(handle, UVT_KEY_READ);
  bool found = uvt_claim_peek(key, &claim);
  run.depth = uvt_invocation_begin_lazy(run.thread, found ? &claim : NULL, SP,
                                        found ? UVT_BEGIN_ALLOC | UVT_BEGIN_MORE : 0);
  uvt_thread_leave(run.thread);
  CALLBACK(alloc, uv_alloc_cb, number)(handle, suggested, buffer);
  uvt_thread_ours(run.thread);
  if (found && run.depth == run.thread->depth && run.thread->frames[run.depth].execute_id)
    uvt_claim_count(key, claim.link_id);
  leave(&run);
}

void uvt_run_udp_recv(uv_udp_t *handle, ssize_t nread, const uv_buf_t *buffer, const struct sockaddr *address,
                      unsigned flags, unsigned number)
{
  struct run run = begin_next(handle, UVT_KEY_READ, SP, nread);
  CALLBACK(udp_recv, uv_udp_recv_cb, number)(handle, nread, buffer, address, flags);
  leave(&run);
}

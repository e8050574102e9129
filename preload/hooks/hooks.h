/* SPDX-License-Identifier: MIT */
/*
 * What all hooks do: hook_<function> has the signature of the libuv function it stands for and is called by
 * entry.S for calls of the program only. The pattern:
 *
 *   HOOK(thread);                                         our own code runs, until the end
 *   void *thunk = THUNK(kind, cb);
 *   struct uvt_pending pending = uvt_register(...);          link and cause, before libuv is called
 *   int status = CALL_REAL(thread, uv_x, ..., GIVE(thunk, cb));
 *   uvt_registered(thread, &pending, status);                refused, or a former one replaced
 */
#ifndef UVT_HOOKS_H
#define UVT_HOOKS_H

#include <uv.h>

#include "base/thread.h"
#include "calls/registration.h"
#include "entry.h"
#include "recording/announce.h"
#include "thunk.h"

/* Newer than the header we build with; the signature is libuv 1.46's. */
#if UV_VERSION_HEX < 0x012e00
int uv_pipe_connect2(uv_connect_t *req, uv_pipe_t *handle, const char *name, size_t namelen,
                     unsigned int flags, uv_connect_cb cb);
#endif

/* Bits of uv_handle_t.flags (src/uv-common.h), the same from 1.44 on. */
#define UVT_HANDLE_CLOSING 0x1
#define UVT_HANDLE_ACTIVE 0x4
#define UVT_SIGNAL_ONE_SHOT 0x02000000

static inline struct uvt_thread *uvt_hook_enter(uintptr_t sp)
{
  struct uvt_thread *thread = uvt_thread_enter(sp);
  thread->libuv_sp = 0; /* still set only if libuv was left by an exception or longjmp */
  return thread;
}

static inline void uvt_hook_leave(struct uvt_thread **thread)
{
  uvt_thread_leave(*thread);
}
#define HOOK(thread)                                                   \
  struct uvt_thread *thread __attribute__((cleanup(uvt_hook_leave))) = \
      uvt_hook_enter((uintptr_t)__builtin_frame_address(0))

/* From here to LEAVE_LIBUV what this thread calls is libuv's own business. */
#define ENTER_LIBUV(thread)                                     \
  do {                                                          \
    (thread)->libuv_sp = (uintptr_t)__builtin_frame_address(0); \
    uvt_thread_leave(thread);                                   \
  } while (0)
#define LEAVE_LIBUV(thread)  \
  do {                       \
    uvt_thread_ours(thread); \
    (thread)->libuv_sp = 0;  \
  } while (0)

#define CALL_REAL(thread, function, ...)                                         \
  ({                                                                             \
    ENTER_LIBUV(thread);                                                         \
    __typeof__(function(__VA_ARGS__)) result_ = UVT_REAL(function)(__VA_ARGS__); \
    LEAVE_LIBUV(thread);                                                         \
    result_;                                                                     \
  })
#define CALL_REAL_VOID(thread, function, ...) \
  do {                                        \
    ENTER_LIBUV(thread);                      \
    UVT_REAL(function)(__VA_ARGS__);          \
    LEAVE_LIBUV(thread);                      \
  } while (0)

#define THUNK(kind, callback) uvt_thunk(UVT_CB_##kind, (void *)(callback))
/* The callback that libuv gets: the thunk, or the callback itself where there is none. */
#define GIVE(thunk, callback) ((__typeof__(callback))((thunk) ? (thunk) : (void *)(callback)))

/* X(function): every hook is named here once more by api.def's rows; each file defines its own. */
#define UVT_HOOK_DECLARE(function) __typeof__(function) hook_##function __attribute__((visibility("hidden")));
#define UVT_HOOK_FS(op, shape, object) UVT_HOOK_DECLARE(uv_fs_##op)
#define UVT_HOOK_STORE(function, ready, arg, value, text) UVT_HOOK_DECLARE(function)
#define UVT_HOOK_CALL(function) UVT_HOOK_DECLARE(function)
UVT_API(UVT_HOOK_FS, UVT_HOOK_STORE, UVT_NONE, UVT_HOOK_CALL)
#undef UVT_HOOK_FS
#undef UVT_HOOK_STORE
#undef UVT_HOOK_CALL
#undef UVT_HOOK_DECLARE

/* A stream's or socket's descriptor, -1 where it has none yet. Never calls libuv. */
int uvt_fd_of(const uv_handle_t *handle);

extern bool uvt_had_child_pipes; /* uv_spawn has made some: their end is to be recorded */

/* "127.0.0.1:80", "[::1]:80", a path, or "" ; returns buffer. */
const char *uvt_address_text(const struct sockaddr *address, char *buffer, size_t size);
#define UVT_ADDRESS_TEXT 128

/* hooks_pool.c: around the call that submits a request to the pool; `kind` tells where its uv__work lies,
 * `status` is what libuv answered. */
struct uvt_submission {
  struct uv__work *work;
  void (*before)(struct uv__work *work); /* what was in it, should libuv refuse */
};
struct uvt_submission uvt_submit_begin(struct uvt_thread *thread, void *req, uv_req_type kind);
void uvt_submit_end(struct uvt_thread *thread, struct uvt_submission submission, int status);

/* hooks_pool.c: a synchronous call that may block, around the real one. */
struct uvt_blocking {
  uint64_t begin; /* 0: not to be recorded */
};
struct uvt_blocking uvt_blocking_begin(struct uvt_thread *thread);
void uvt_blocking_end(struct uvt_thread *thread, struct uvt_blocking blocking, enum uvt_type type,
                      int64_t result, const char *path);

#endif

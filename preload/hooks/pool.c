/* SPDX-License-Identifier: MIT */
/*
 * The thread pool: uv_queue_work, uv_getaddrinfo, uv_getnameinfo, uv_random, uv_cancel; and, for the requests
 * whose work is libuv's own code, the moments at which a worker takes it up and has done it.
 *
 * How those are seen: before the submitting call the request's work pointer is cleared. libuv sets it, then
 * takes the pool's mutex to queue the request; in that uv_mutex_lock the request is complete and no worker
 * can see it yet, so there the pointer is replaced by ours. A request that io_uring serves never gets a work
 * pointer and stays as it is.
 */
#include "hooks.h"

#include "live/arena.h"
#include "live/table.h"
#include "recording/put.h"
#include "stacks/stack.h"

/* Requests with libuv's own work, and where their struct uv__work lies (the same from 1.44 on; checked for
 * the header). */
#define POOL_REQUESTS(X)                        \
  X(FS, fs, uv_fs_t)                            \
  X(GETADDRINFO, getaddrinfo, uv_getaddrinfo_t) \
  X(GETNAMEINFO, getnameinfo, uv_getnameinfo_t) X(RANDOM, random, uv_random_t)

typedef void (*work_fn)(struct uv__work *work);

static work_fn real_work[UV_REQ_TYPE_MAX]; /* libuv's own work function of each kind, once seen */

/* The registration, if it still is there: it ends only after the work has been reported as done. */
static uint64_t mark(const void *req, enum uvt_live_state state)
{
  uint32_t slot = uvt_table_find(uvt_key(req, UVT_KEY_REQUEST));
  if (!slot)
    return 0;
  uvt_live_registration(slot)->state = state;
  return uvt_live_registration(slot)->id;
}

static void run_work(struct uv__work *work, const void *req, uv_req_type kind, uintptr_t sp)
{
  struct uvt_thread *thread = uvt_thread_enter(sp);
  if (thread->role == UVT_role_other)
    thread->role = UVT_role_pool;
  thread->libuv_sp = UINTPTR_MAX; /* all that this thread does outside work callbacks is libuv's own */
  uint64_t link_id = mark(req, UVT_LIVE_WORKING);
  if (link_id && uvt_recording(thread))
    uvt_put_pool_begin(thread, link_id);
  uvt_thread_leave(thread);
  real_work[kind](work);
  if (!link_id)
    return;
  uvt_thread_ours(thread);
  mark(req, UVT_LIVE_DONE);
  if (uvt_recording(thread))
    uvt_put_pool_end(thread, link_id);
  uvt_thread_leave(thread);
}

#define WORK(KIND, name, type)                                         \
  static void work_##name(struct uv__work *work)                       \
  {                                                                    \
    run_work(work, (char *)work - offsetof(type, work_req), UV_##KIND, \
             (uintptr_t)__builtin_frame_address(0));                   \
  }
POOL_REQUESTS(WORK)

static work_fn our_work(int kind)
{
#define OUR_WORK(KIND, name, type) \
  if (kind == UV_##KIND)           \
    return work_##name;
  POOL_REQUESTS(OUR_WORK)
  return NULL;
}

struct uvt_submission uvt_submit_begin(struct uvt_thread *thread, void *req, uv_req_type kind)
{
  struct uvt_submission submission = {0};
#define WORK_OF(KIND, name, type) \
  if (kind == UV_##KIND)          \
    submission.work = &((type *)req)->work_req;
  POOL_REQUESTS(WORK_OF)
  submission.before = submission.work->work;
  submission.work->work = NULL;
  thread->submitting_kind = kind;
  thread->submitting = submission.work;
  return submission;
}

/* A refused request is as it was: a program may (though it must not) try one that is still at work. */
void uvt_submit_end(struct uvt_thread *thread, struct uvt_submission submission, int status)
{
  thread->submitting = NULL;
  if (status < 0 && !submission.work->work)
    submission.work->work = submission.before;
}

/* Two copies of libuv in one process would have two work functions of a kind: the second one's are left
 * alone. */
static bool know_work(int kind, work_fn work)
{
  work_fn none = NULL;
  return __atomic_compare_exchange_n(&real_work[kind], &none, work, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
         none == work;
}

/* Called only while this thread submits (entry.S). */
void hook_uv_mutex_lock(uv_mutex_t *mutex)
{
  struct uvt_thread *thread = &uvt_thread;
  struct uv__work *work = thread->submitting;
  if (work->work) {
    thread->submitting = NULL;
    work_fn ours = our_work(thread->submitting_kind);
    if (know_work(thread->submitting_kind, work->work))
      work->work = ours;
  }
  UVT_REAL(uv_mutex_lock)(mutex);
}

struct uvt_blocking uvt_blocking_begin(struct uvt_thread *thread)
{
  bool record = thread->role != UVT_role_pool && uvt_recording(thread);
  return (struct uvt_blocking){.begin = record ? uvt_now() : 0};
}

void uvt_blocking_end(struct uvt_thread *thread, struct uvt_blocking blocking, enum uvt_type type,
                      int64_t result, const char *path)
{
  if (!blocking.begin)
    return;
  uint64_t duration = uvt_now() - blocking.begin;
  if (!uvt_recording(thread))
    return;
  uint32_t stack = uvt_stack(type);
  uvt_put_blocking(thread, uvt_current(thread), (uint8_t)type, duration, result, stack, path);
}

/* getaddrinfo, getnameinfo, random: one request, one callback; without a callback, synchronous. */
#define SUBMIT(KIND, function, number, string, wrap_kind, callback, ...)                                     \
  HOOK(thread);                                                                                              \
  if (!(callback) || !req) {                                                                                 \
    struct uvt_blocking blocking = uvt_blocking_begin(thread);                                               \
    int result = CALL_REAL(thread, function, __VA_ARGS__);                                                   \
    uvt_blocking_end(thread, blocking, UVT_TYPE_##function, result, string);                                 \
    return result;                                                                                           \
  }                                                                                                          \
  void *thunk = THUNK(wrap_kind, callback);                                                                  \
  struct uvt_pending pending = uvt_register(thread, &(struct uvt_link){.key = uvt_key(req, UVT_KEY_REQUEST), \
                                                                       .type = UVT_TYPE_##function,          \
                                                                       .arg = (int64_t)(number),             \
                                                                       .text = string,                       \
                                                                       .thunk = thunk});                     \
  callback = GIVE(thunk, callback);                                                                          \
  struct uvt_submission submission = uvt_submit_begin(thread, req, UV_##KIND);                               \
  int status = CALL_REAL(thread, function, __VA_ARGS__);                                                     \
  uvt_submit_end(thread, submission, status);                                                                \
  uvt_registered(thread, &pending, status);                                                                  \
  return status

int hook_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb, const char *node,
                        const char *service, const struct addrinfo *hints)
{
  SUBMIT(GETADDRINFO, uv_getaddrinfo, -1, node ? node : service, getaddrinfo, cb, loop, req, cb, node,
         service, hints);
}

int hook_uv_getnameinfo(uv_loop_t *loop, uv_getnameinfo_t *req, uv_getnameinfo_cb cb,
                        const struct sockaddr *address, int flags)
{
  char text[UVT_ADDRESS_TEXT];
  SUBMIT(GETNAMEINFO, uv_getnameinfo, -1, uvt_address_text(address, text, sizeof text), getnameinfo, cb, loop,
         req, cb, address, flags);
}

int hook_uv_random(uv_loop_t *loop, uv_random_t *req, void *buffer, size_t length, unsigned flags,
                   uv_random_cb cb)
{
  SUBMIT(RANDOM, uv_random, length, NULL, random, cb, loop, req, buffer, length, flags, cb);
}

/* Two registrations: the work callback, enabled by the submitter; the after-work callback, enabled by the
 * work. */
int hook_uv_queue_work(uv_loop_t *loop, uv_work_t *req, uv_work_cb work, uv_after_work_cb after)
{
  HOOK(thread);
  if (!work)
    return CALL_REAL(thread, uv_queue_work, loop, req, work, after);
  void *work_thunk = THUNK(work, work);
  void *after_thunk = work_thunk ? THUNK(after_work, after) : NULL; /* the one is what enables the other */
  struct uvt_pending first = uvt_register(thread, &(struct uvt_link){.key = uvt_key(req, UVT_KEY_REQUEST),
                                                                     .type = UVT_TYPE_uv_queue_work,
                                                                     .arg = -1,
                                                                     .thunk = work_thunk});
  struct uvt_pending second = {0};
  if (after)
    second = uvt_register(thread, &(struct uvt_link){.key = uvt_key(req, UVT_KEY_AFTER),
                                                     .type = UVT_TYPE_uv_after_work,
                                                     .arg = -1,
                                                     .thunk = after_thunk});
  int status = CALL_REAL(thread, uv_queue_work, loop, req, GIVE(work_thunk, work), GIVE(after_thunk, after));
  uvt_registered(thread, &first, status);
  uvt_registered(thread, &second, status);
  return status;
}

/* A request taken out of the queue: its callback comes with UV_ECANCELED. A work callback will never run, and
 * it is the canceller that enables the after-work callback. */
int hook_uv_cancel(uv_req_t *req)
{
  HOOK(thread);
  uint64_t link = uvt_find_link(uvt_key(req, UVT_KEY_REQUEST));
  uint64_t after = req->type == UV_WORK ? uvt_find_link(uvt_key(req, UVT_KEY_AFTER)) : 0;
  int status = CALL_REAL(thread, uv_cancel, req);
  if (status != 0)
    return status;
  if (req->type == UV_WORK) {
    uvt_cancel_id(thread, uvt_key(req, UVT_KEY_REQUEST), link, UVT_reason_cancelled, UV_ECANCELED);
    if (after)
      uvt_cause(thread, after, 0);
  } else if (link) {
    mark(req, UVT_LIVE_READY);
    if (uvt_recording(thread))
      uvt_put_ready(thread, link);
  }
  return status;
}

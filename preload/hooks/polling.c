/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "polling.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/thread.h"
#include "entry.h"
#include "recording/announce.h"
#include "recording/loops.h"
#include "recording/put.h"

#define EXPORT __attribute__((visibility("default")))

/* Should another object's constructor poll before ours has run: the system calls themselves. */
static int syscall_epoll_pwait(int epoll, struct epoll_event *events, int count, int timeout,
                               const sigset_t *mask)
{
  return (int)syscall(SYS_epoll_pwait, epoll, events, count, timeout, mask, _NSIG / 8);
}

static int syscall_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
  return syscall_epoll_pwait(epoll, events, count, timeout, NULL);
}

static __typeof__(&epoll_wait) real_epoll_wait = syscall_epoll_wait;
static __typeof__(&epoll_pwait) real_epoll_pwait = syscall_epoll_pwait;

void uvt_poll_init(void)
{
  void *wait = dlsym(RTLD_NEXT, "epoll_wait"), *pwait = dlsym(RTLD_NEXT, "epoll_pwait");
  if (wait)
    real_epoll_wait = (__typeof__(&epoll_wait))wait;
  if (pwait)
    real_epoll_pwait = (__typeof__(&epoll_pwait))pwait;
}

/* Is this libuv polling for the loop that this thread runs? Then its thread, else NULL. */
static struct uvt_thread *polling(int epoll)
{
  struct uvt_thread *thread = &uvt_thread;
  return uvt_gate && thread->poll_fd == epoll + 1 && thread->libuv_sp ? thread : NULL;
}

/* A poll with timeout 0 waits for nothing: its begin is not recorded (schema.h). */
static void poll_begin(struct uvt_thread *thread, int timeout)
{
  uvt_thread_ours(thread);
  if (uvt_recording(thread)) {
    uvt_loop_describe(thread);
    if (timeout != 0)
      uvt_put_poll_begin(thread, thread->loop->id, thread->poll_timeout = timeout);
  }
  uvt_thread_leave(thread);
}

static void poll_end(struct uvt_thread *thread, int timeout, int events)
{
  int saved = errno;
  uvt_thread_ours(thread);
  thread->poll_timeout = 0;
  if (uvt_recording(thread)) {
    uvt_announce_again();
    if (timeout != 0 || events > 0)
      uvt_put_poll_end(thread, thread->loop->id, events < 0 ? 0 : events);
  }
  uvt_thread_leave(thread);
  errno = saved;
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
  struct uvt_thread *thread = polling(epoll);
  if (!thread)
    return real_epoll_wait(epoll, events, count, timeout);
  poll_begin(thread, timeout);
  int reported = real_epoll_wait(epoll, events, count, timeout);
  poll_end(thread, timeout, reported);
  return reported;
}

EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int count, int timeout, const sigset_t *mask)
{
  struct uvt_thread *thread = polling(epoll);
  if (!thread)
    return real_epoll_pwait(epoll, events, count, timeout, mask);
  poll_begin(thread, timeout);
  int reported = real_epoll_pwait(epoll, events, count, timeout, mask);
  poll_end(thread, timeout, reported);
  return reported;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fork.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/env.h"
#include "base/thread.h"
#include "hooks/entry.h"
#include "live/arena.h"
#include "live/inherit.h"
#include "recording/announce.h"
#include "recording/buffer.h"
#include "recording/js_text.h"
#include "recording/loops.h"
#include "stacks/code_map.h"
#include "stacks/stack.h"
#include "stacks/stack_walk.h"

#define WAIT_MS_MAX 5000 /* for another thread that starts us, which may wait for LTTng */

/*
 * What threads share under a lock, in the order in which one may take a lock while it has another. fork()
 * waits until it has them all. Where one cannot be had (its holder waits for something that the forking
 * thread has, or is the code that a signal handler which forks has interrupted), what it guards may be half
 * changed in the child: then it is lost there. Without `lose` it is of use at every moment.
 */
static const struct shared {
  pthread_mutex_t *lock;
  void (*lose)(void);
} shared[] = {
    {&uvt_start_lock, uvt_start_lose}, {&uvt_stacks_lock, NULL}, {&uvt_announce_lock, NULL},
    {&uvt_code_lock, uvt_code_lose},   {&uvt_texts_lock, NULL},  {&uvt_loops_lock, NULL},
};
uint32_t uvt_forks_waiting;
#define EXPORT __attribute__((visibility("default")))
#define SHARED (sizeof shared / sizeof *shared)

/* Between the handlers of one fork(). */
static __thread struct {
  sigset_t signals; /* the program's: its handlers do not run in that time */
  bool held[SHARED], none_created;
  uint32_t number; /* uvt_announce_fork() */
} fork_state __attribute__((tls_model("initial-exec")));

static long wait_ms(const struct shared *what)
{
  long more = what->lock == &uvt_start_lock ? uvt_env.wait : 0;
  return more < 0 || more > WAIT_MS_MAX - UVT_LOCK_MS ? WAIT_MS_MAX : UVT_LOCK_MS + more;
}

/*
 * The C library gives a new thread the stack of one that has ended, and first frees what that had of the
 * thread-local variables of objects that were loaded late; a child of a fork() in the middle of it frees them
 * once more. Without us there may be no such object in the program: with liblttng-ust there is.
 */
static pthread_rwlock_t creating = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static __typeof__(&pthread_create) real_pthread_create;

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*entry)(void *),
                          void *argument)
{
  __typeof__(&pthread_create) real = real_pthread_create;
  if (!real) /* another object's constructor, before ours */
    real = (__typeof__(&pthread_create))dlsym(RTLD_NEXT, "pthread_create");
  pthread_rwlock_rdlock(&creating);
  int status = real(thread, attributes, entry, argument);
  pthread_rwlock_unlock(&creating);
  return status;
}

static bool keep_from_creating(void)
{
  struct timespec until = uvt_time_in(UVT_LOCK_MS);
  return pthread_rwlock_clockwrlock(&creating, CLOCK_MONOTONIC, &until) == 0;
}

static uint64_t current(const struct uvt_thread *thread)
{
  return thread->frames[thread->depth].execute_id;
}

/* LTTng's own locks come last: who has one of ours may need one of those to go on. */
static void before(void)
{
  if (uvt_thread.spawning)
    return;
  int saved = errno;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &fork_state.signals);
  fork_state.number = uvt_announce_fork(&uvt_thread, current(&uvt_thread));
  __atomic_add_fetch(&uvt_forks_waiting, 1, __ATOMIC_RELEASE);
  for (size_t i = 0; i < SHARED; i++)
    fork_state.held[i] = uvt_lock_within(shared[i].lock, wait_ms(&shared[i]));
  __atomic_sub_fetch(&uvt_forks_waiting, 1, __ATOMIC_RELEASE);
  fork_state.none_created = keep_from_creating();
  uvt_arena_before_fork();
  if (uvt_emit->before_fork)
    uvt_emit->before_fork();
  errno = saved;
}

static void after_in_parent(void)
{
  if (uvt_thread.spawning)
    return;
  int saved = errno;
  if (uvt_emit->after_fork_parent)
    uvt_emit->after_fork_parent();
  uvt_arena_after_fork_parent();
  if (fork_state.none_created)
    pthread_rwlock_unlock(&creating);
  for (size_t i = SHARED; i-- > 0;)
    if (fork_state.held[i])
      pthread_mutex_unlock(shared[i].lock);
  pthread_sigmask(SIG_SETMASK, &fork_state.signals, NULL);
  errno = saved;
}

static void free_locks(void)
{
  for (size_t i = 0; i < SHARED; i++) {
    if (!fork_state.held[i] && shared[i].lose)
      shared[i].lose();
    *shared[i].lock = (pthread_mutex_t)UVT_LOCK_FREE;
  }
  creating = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
  uvt_forks_waiting = 0;
}

/* What others share without a lock, and who it is. */
static void become_child(struct uvt_thread *thread)
{
  if (!uvt_arena_after_fork_child()) {
    uvt_gate = 0;
    return;
  }
  uvt_inherit(thread);
  uvt_unwind_after_fork_child();
  uvt_announce_fork_child(current(thread), fork_state.number);
  if (thread->tid) {
    thread->tid = (int32_t)syscall(SYS_gettid);
    thread->role = UVT_role_main;
  }
  uvt_buffers_after_fork_child(thread);
}

static void after_in_child(void)
{
  if (uvt_thread.spawning)
    return;
  int saved = errno;
  free_locks();
  if (uvt_started && uvt_gate)
    become_child(&uvt_thread);
  if (uvt_emit->after_fork_child)
    uvt_emit->after_fork_child();
  uvt_announce_missed_start();
  pthread_sigmask(SIG_SETMASK, &fork_state.signals, NULL);
  errno = saved;
}

void uvt_fork_init(void)
{
  real_pthread_create = (__typeof__(&pthread_create))dlsym(RTLD_NEXT, "pthread_create");
  pthread_atfork(before, after_in_parent, after_in_child);
}

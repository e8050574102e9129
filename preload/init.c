/* SPDX-License-Identifier: MIT */
/*
 * Start reading here. Two moments: the constructor, in every process that LD_PRELOAD reaches, decides as
 * little as possible (a libuv inside the executable must be patched while there is one thread); uvt_start, at
 * the first call of a libuv function, sets everything else up. A program that never calls libuv never gets
 * there.
 */
#define _GNU_SOURCE
#include "base/descriptors.h"
#include "base/env.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/v8_parts.h"
#include "endings.h"
#include "fork.h"
#include "hooks/entry.h"
#include "hooks/polling.h"
#include "hooks/route.h"
#include "live/arena.h"
#include "recording/announce.h"
#include "stacks/stack.h"

uint8_t uvt_gate = 1;
uint8_t uvt_started;
uint8_t uvt_by_symbol;
pthread_mutex_t uvt_start_lock = UVT_LOCK_FREE;
static bool half_started; /* by a thread of the parent of this process */

__attribute__((constructor)) static void load(void)
{
  uvt_env_read();
  uvt_log_open(uvt_env.debug);
  uvt_poll_init();
  uvt_descriptors_init();
  uvt_endings_init();
  if (uvt_env.disable)
    uvt_gate = 0;
  else if (uvt_route_in_executable() && uvt_route_patch() < 0)
    uvt_gate = 0;
  if (uvt_gate) {
    uvt_fork_init();
    uvt_v8_parts_init();
  }
}

/* False: stay out of the way. */
static bool set_up(void)
{
  if (!uvt_route_patched() && !uvt_route_interpose()) {
    uvt_log("no libuv found behind us");
    return false;
  }
  if (uvt_env.disable || half_started || uvt_threads_init() < 0)
    return false;
  uvt_arena_init((uint64_t)(uvt_env.live_mib > 0 ? uvt_env.live_mib : 1) << 20, uvt_env.live != 0);
  uvt_stacks_init(uvt_env.stacks);
  uvt_provider_load(uvt_env.wait);
  return uvt_env.live || *uvt_emit->records_begin || *uvt_emit->records_link;
}

static void start(void)
{
  if (!set_up())
    uvt_gate = 0;
  uvt_by_symbol = !uvt_route_patched();
  __atomic_store_n(&uvt_started, 1, __ATOMIC_RELEASE);
  uvt_log("%s libuv %s, %s", uvt_route_patched() ? "patched" : "interposed", uvt_route_uv_version(),
          uvt_gate ? "following it" : "staying out of the way");
  struct uvt_thread *thread = &uvt_thread;
  if (!uvt_gate)
    return;
  uvt_thread_begin(thread);
  uvt_announce_missed_start();
  if (thread->role == UVT_role_main && uvt_recording(thread))
    uvt_current(thread); /* the root of the main thread begins with the program (uvtree-stream(7), rule 4) */
}

void uvt_start(void)
{
  pthread_mutex_lock(&uvt_start_lock);
  if (!uvt_started)
    start();
  pthread_mutex_unlock(&uvt_start_lock);
  /* A fork that has waited for this comes first, as it would have without us: the C library does not call
   * handlers in the child that libuv adds only now. */
  while (__atomic_load_n(&uvt_forks_waiting, __ATOMIC_ACQUIRE))
    sched_yield();
  pthread_mutex_lock(&uvt_start_lock);
  pthread_mutex_unlock(&uvt_start_lock);
}

void uvt_start_lose(void)
{
  half_started = !uvt_started;
}

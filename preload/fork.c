/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fork.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "announce.h"
#include "arena.h"
#include "buffer.h"
#include "stack.h"
#include "table.h"
#include "thread.h"

static void before(void)
{
  if (!uvt_thread.spawning && uvt_emit->before_fork)
    uvt_emit->before_fork();
}

static void after_in_parent(void)
{
  if (!uvt_thread.spawning && uvt_emit->after_fork_parent)
    uvt_emit->after_fork_parent();
}

static void after_in_child(void)
{
  struct uvt_thread *thread = &uvt_thread;
  if (thread->spawning)
    return;
  uvt_table_after_fork_child();
  uvt_arena_after_fork_child();
  uvt_stacks_after_fork_child();
  uvt_announce_fork_child(thread->frames[thread->depth].execute_id);
  if (thread->tid) {
    thread->tid = (int32_t)syscall(SYS_gettid);
    thread->role = UVT_role_main;
  }
  uvt_buffers_after_fork_child(thread);
  if (uvt_emit->after_fork_child)
    uvt_emit->after_fork_child();
}

void uvt_fork_init(void)
{
  pthread_atfork(before, after_in_parent, after_in_child);
}

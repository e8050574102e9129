/* SPDX-License-Identifier: MIT */
#include "loops.h"

#include <sched.h>

#include "announce.h"

#define LOOPS 1024 /* further ones run, but their polls are not recorded */

static struct uvt_loop loops[LOOPS];
static uint32_t count, locked, next_id = 1;

static void lock(void)
{
  while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE))
    sched_yield();
}

static void unlock(void)
{
  __atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
}

struct uvt_loop *uvt_loop_at(const void *address, bool fresh)
{
  struct uvt_loop *loop = NULL;
  lock();
  for (uint32_t i = 0; i < count && !loop; i++)
    if (loops[i].address == address)
      loop = &loops[i];
  bool is_new = !loop || fresh;
  if (!loop && count < LOOPS)
    loop = &loops[count++];
  if (loop && is_new)
    *loop = (struct uvt_loop){.address = address, .id = next_id++};
  unlock();
  return loop;
}

void uvt_loop_describe(struct uvt_thread *thread)
{
  struct uvt_loop *loop = thread->loop;
  if (loop->described == uvt_epoch)
    return;
  loop->described = uvt_epoch;
  uvt_buffer_flush(thread);
  uvt_emit->loop(&(struct uvt_rec_loop){.process = uvt_process,
                                        .loop_id = loop->id,
                                        .tid = thread->tid,
                                        .name = loop->is_default ? "default" : ""});
}

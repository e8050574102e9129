/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "loops.h"

#include "announce.h"

#define LOOPS 1024 /* further ones run, but their polls are not recorded */

static struct uvt_loop loops[LOOPS];
static uint32_t count, next_id = 1;
pthread_mutex_t uvt_loops_lock = UVT_LOCK_FREE;

struct uvt_loop *uvt_loop_at(const void *address, bool fresh)
{
  struct uvt_loop *loop = NULL;
  pthread_mutex_lock(&uvt_loops_lock);
  for (uint32_t i = 0; i < count && !loop; i++)
    if (loops[i].address == address)
      loop = &loops[i];
  bool is_new = !loop || fresh;
  if (!loop && count < LOOPS)
    loop = &loops[count++];
  if (loop && is_new)
    *loop = (struct uvt_loop){.address = address, .id = next_id++};
  pthread_mutex_unlock(&uvt_loops_lock);
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

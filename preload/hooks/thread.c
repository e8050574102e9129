/* SPDX-License-Identifier: MIT */
/*
 * Threads that the program makes: the entry is a callback, linked by the creator. Its argument is the
 * program's, so what we need to know travels in a block of its own.
 */
#include "hooks.h"

#include <stdlib.h>

#include "live/arena.h"

struct start {
  uv_thread_cb entry;
  void *argument;
  uint32_t slot; /* of the registration, which is in no table */
};

static void run_thread(void *block)
{
  struct start start = *(struct start *)block;
  free(block);
  struct uvt_thread *thread = uvt_thread_enter((uintptr_t)__builtin_frame_address(0));
  if (thread->role == UVT_role_other)
    thread->role = UVT_role_worker;
  struct uvt_claim claim;
  uvt_claim_slot(thread, start.slot, &claim);
  uint32_t depth = uvt_invocation_begin(thread, &claim, (uintptr_t)__builtin_frame_address(0), 0, 0);
  uvt_thread_leave(thread);
  start.entry(start.argument);
  uvt_thread_ours(thread);
  uvt_invocation_end(thread, depth);
  uvt_thread_leave(thread);
}

/* NULL: the thread is made as the program said, unfollowed. */
static struct start *prepare(struct uvt_thread *thread, struct uvt_pending *pending, uv_thread_cb entry,
                             void *argument)
{
  struct start *start = pending->slot ? malloc(sizeof *start) : NULL;
  if (start) {
    *start = (struct start){entry, argument, pending->slot};
  } else {
    uvt_registered(thread, pending, UV_ENOMEM);
    *pending = (struct uvt_pending){0};
  }
  return start;
}

static int finish(struct uvt_thread *thread, struct uvt_pending *pending, struct start *start, int status)
{
  if (status < 0)
    free(start);
  uvt_registered(thread, pending, status);
  return status;
}

static struct uvt_pending register_thread(struct uvt_thread *thread, enum uvt_type type)
{
  return uvt_register(thread, &(struct uvt_link){.type = type, .arg = -1, .thunk = (void *)run_thread});
}

int hook_uv_thread_create(uv_thread_t *tid, uv_thread_cb entry, void *argument)
{
  HOOK(thread);
  struct uvt_pending pending = register_thread(thread, UVT_TYPE_uv_thread_create);
  struct start *start = prepare(thread, &pending, entry, argument);
  int status = start ? CALL_REAL(thread, uv_thread_create, tid, run_thread, start)
                     : CALL_REAL(thread, uv_thread_create, tid, entry, argument);
  return finish(thread, &pending, start, status);
}

int hook_uv_thread_create_ex(uv_thread_t *tid, const uv_thread_options_t *options, uv_thread_cb entry,
                             void *argument)
{
  HOOK(thread);
  struct uvt_pending pending = register_thread(thread, UVT_TYPE_uv_thread_create_ex);
  struct start *start = prepare(thread, &pending, entry, argument);
  int status = start ? CALL_REAL(thread, uv_thread_create_ex, tid, options, run_thread, start)
                     : CALL_REAL(thread, uv_thread_create_ex, tid, options, entry, argument);
  return finish(thread, &pending, start, status);
}

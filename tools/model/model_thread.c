/* SPDX-License-Identifier: MIT */
/* Threads, and what is open on them. */
#include <errno.h>
#include <stdlib.h>

#include "model_state.h"

struct uvt_thread *uvt_thread_of(struct uvt_model *model, struct uvt_process *process, int32_t tid)
{
  struct uvt_thread *thread = uvt_map_get(&process->threads, (uint32_t)tid);
  if (thread)
    return thread;
  thread = calloc(1, sizeof *thread);
  if (!thread) {
    uvt_model_fail(model, -ENOMEM);
    return NULL;
  }
  thread->tid = tid;
  uvt_map_put(model, &process->threads, (uint32_t)tid, thread);
  return thread;
}

struct uvt_invocation *uvt_invocation_new(struct uvt_model *model, struct uvt_process *process,
                                          uint64_t execute_id)
{
  struct uvt_invocation *invocation = model->free_invocations;
  if (invocation)
    model->free_invocations = invocation->next_free;
  else
    invocation = malloc(sizeof *invocation);
  if (!invocation) {
    uvt_model_fail(model, -ENOMEM);
    return NULL;
  }
  *invocation = (struct uvt_invocation){.execute_id = execute_id};
  uvt_map_put(model, &process->invocations, execute_id, invocation);
  return invocation;
}

void uvt_invocation_free(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_invocation *invocation)
{
  uvt_id_map_remove(&process->invocations, invocation->execute_id);
  invocation->next_free = model->free_invocations;
  model->free_invocations = invocation;
}

void uvt_thread_push(struct uvt_model *model, struct uvt_thread *thread, struct uvt_invocation *invocation)
{
  if (thread->depth == thread->capacity) {
    uint32_t capacity = thread->capacity ? thread->capacity * 2 : 8;
    struct uvt_invocation **stack = realloc(thread->stack, capacity * sizeof(struct uvt_invocation *));
    if (!stack) {
      uvt_model_fail(model, -ENOMEM);
      return;
    }
    thread->stack = stack;
    thread->capacity = capacity;
  }
  thread->stack[thread->depth++] = invocation;
  if (invocation)
    invocation->thread = thread;
}

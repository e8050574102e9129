/* SPDX-License-Identifier: MIT */
/* The states of operations, and the tree of those that are not yet Retired. */
#include "model_state.h"

void uvt_operation_state(struct uvt_model *model, const struct uvt_process *process, uint64_t operation,
                         uint64_t link_id, enum uvt_state state)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_state, process);
  event->operationID = operation;
  event->linkID = link_id;
  event->state = state;
  uvt_model_emit(model);
}

void uvt_operation_queue(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_registration *registration)
{
  registration->queued = ++process->operations;
  registration->queued_time = model->now;
  registration->ready = false;
  registration->environment_done = false;
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_operation, process);
  event->operationID = registration->queued;
  event->linkID = registration->link_id;
  event->n = ++registration->n;
  uvt_model_emit(model);
  uvt_operation_state(model, process, registration->queued, registration->link_id, UVT_STATE_Queued);
  struct uvt_pending_operation *parent =
      registration->parent ? uvt_pending_get(model->pending, registration->parent) : NULL;
  if (parent)
    parent->children++;
}

void uvt_operation_ready(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_registration *registration, uint64_t time)
{
  if (!registration->queued || registration->ready)
    return;
  if (time < registration->queued_time)
    time = registration->queued_time;
  if (time > model->now)
    time = model->now;
  registration->ready = true;
  registration->ready_time = time;
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_state, process);
  event->operationID = registration->queued;
  event->linkID = registration->link_id;
  event->state = UVT_STATE_Ready;
  event->time = time;
  uvt_model_emit(model);
}

uint64_t uvt_operation_slot(struct uvt_model *model, struct uvt_invocation *invocation)
{
  if (!invocation->children)
    invocation->children =
        uvt_pending_add(model->pending, invocation->operation, invocation->link_id, invocation->parent);
  return invocation->children;
}

/* One child of that operation less: true if that was the last it waited for; then *operation is what retires
 * next. */
static bool parent_retires(struct uvt_model *model, uint64_t slot, struct uvt_pending_operation *operation)
{
  struct uvt_pending_operation *parent = uvt_pending_get(model->pending, slot);
  if (!parent || !parent->children || --parent->children)
    return false;
  *operation = *parent;
  if (!parent->flags)
    return false; /* still executing */
  uvt_pending_remove(model->pending, slot);
  return operation->flags & UVT_PENDING_EXECUTED;
}

void uvt_operation_retire(struct uvt_model *model, const struct uvt_process *process, uint64_t operation,
                          uint64_t link_id, uint64_t parent)
{
  struct uvt_pending_operation next = {.operation_id = operation, .link_id = link_id, .parent = parent};
  do
    uvt_operation_state(model, process, next.operation_id, next.link_id, UVT_STATE_Retired);
  while (next.parent && parent_retires(model, next.parent, &next));
}

static void forget(struct uvt_model *model, uint64_t parent)
{
  struct uvt_pending_operation next = {.parent = parent};
  while (next.parent && parent_retires(model, next.parent, &next))
    ;
}

/* Every operation that is not Retired is an ancestor of one that is queued or executing, or such a one. */
void uvt_operations_forget(struct uvt_model *model, struct uvt_process *process)
{
  size_t cursor = 0;
  for (void **value; (value = uvt_id_map_next(&process->invocations, &cursor, NULL));) {
    struct uvt_invocation *invocation = *value;
    struct uvt_pending_operation *own =
        invocation->children ? uvt_pending_get(model->pending, invocation->children) : NULL;
    if (!own) {
      forget(model, invocation->parent);
      continue;
    }
    own->flags |= UVT_PENDING_EXECUTED;
    if (own->children)
      continue;
    uvt_pending_remove(model->pending, invocation->children);
    forget(model, invocation->parent);
  }
  cursor = 0;
  for (void **value; (value = uvt_id_map_next(&process->registrations, &cursor, NULL));) {
    struct uvt_registration *registration = *value;
    if (registration->queued)
      forget(model, registration->parent);
  }
}

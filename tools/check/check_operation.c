/* SPDX-License-Identifier: MIT */
/* Operations and their states (rule 6). */
#include <inttypes.h>

#include "check_state.h"

struct operation *uvt_check_find_operation(const struct uvt_check *check, uint64_t id)
{
  return id ? uvt_id_map_find(&check->process->operations, id) : NULL;
}

static uint32_t *children_of(struct uvt_check *check, uint64_t id)
{
  struct operation *operation = uvt_check_find_operation(check, id);
  if (operation)
    return &operation->children;
  struct pending_operation *pending = uvt_check_find_pending(check, id);
  return pending ? &pending->children : NULL;
}

static void count_child(struct uvt_check *check, uint64_t parent)
{
  uint32_t *children = children_of(check, parent);
  if (children)
    ++*children;
  else if (parent && !uvt_check_in_shadow(check, ID_OPERATION, parent))
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " linked it and is Retired; expected its parent to wait", parent);
}

static void uncount_child(struct uvt_check *check, uint64_t parent)
{
  uint32_t *children = children_of(check, parent);
  if (children && *children)
    --*children;
}

/* It waits for nothing but its children: from here on a few bytes are enough. */
void uvt_check_make_pending(struct uvt_check *check, uint64_t id)
{
  struct operation *operation = uvt_check_find_operation(check, id);
  if (!operation || operation->state != UVT_STATE_ChildrenPending || operation->ended == NEVER)
    return;
  uvt_check_add_pending(check, id, operation->parent, operation->children);
  uvt_id_map_remove(&check->process->operations, id);
}

struct operation *uvt_check_add_operation(struct uvt_check *check, uint64_t id)
{
  struct operation *operation = uvt_check_map_add(check, &check->process->operations, id);
  if (operation)
    *operation = (struct operation){.entered = NEVER, .ready = NEVER, .begun = NEVER, .ended = NEVER};
  return operation;
}

/* What its registration says of a new operation. */
static void bind_operation(struct uvt_check *check, uint64_t id, uint64_t link)
{
  struct registration *registration = uvt_check_find_registration(check, link);
  struct operation *operation = uvt_check_find_operation(check, id);
  if (!operation)
    return;
  operation->link = link;
  if (!registration)
    return;
  operation->parent = registration->parent;
  registration->live++;
  registration->operations++;
  count_child(check, registration->parent);
}

static void check_number(struct uvt_check *check, uint64_t link, uint64_t n)
{
  const struct registration *registration = uvt_check_find_registration(check, link);
  uint64_t expected = !link ? 0 : registration ? registration->operations + 1 : n;
  if (n != expected)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " of linkID %" PRIu64 " is its n = %" PRIu64 "; expected %" PRIu64,
                    check->event->operationID, link, n, expected);
}

/* An event introduces an operation: `operation`, or in streams without it the first `state`. */
static struct operation *announce_operation(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  struct operation *operation = uvt_check_find_operation(check, event->operationID);
  bool by_execution = operation && !operation->announced && operation->begun == event->time;
  if (!by_execution)
    uvt_check_introduce(check, ID_OPERATION, event->operationID);
  if (event->linkID && uvt_check_known(check, ID_LINK, event->linkID, UVT_CHECK_2) &&
      uvt_check_is_cancelled(check, event->linkID))
    uvt_check_found(check, UVT_CHECK_7, false,
                    "linkID %" PRIu64 " was cancelled; expected no new operation of it", event->linkID);
  if (!operation)
    operation = uvt_check_add_operation(check, event->operationID);
  if (!operation || operation->announced)
    return operation;
  operation->announced = true;
  bind_operation(check, event->operationID, event->linkID);
  return uvt_check_find_operation(check, event->operationID);
}

void uvt_check_on_operation(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  check->process->has_states = check->process->has_operations = true;
  check_number(check, event->linkID, event->n);
  announce_operation(check);
}

static bool may_follow(const struct operation *operation, enum uvt_state next)
{
  switch (operation->state) {
  case UVT_STATE_NONE:
    return next == (operation->link ? UVT_STATE_Queued : UVT_STATE_Executing);
  case UVT_STATE_Queued:
    return next == UVT_STATE_Ready || next == UVT_STATE_Retired;
  case UVT_STATE_Ready:
    return next == UVT_STATE_Executing || next == UVT_STATE_Retired;
  case UVT_STATE_Executing:
    return next == UVT_STATE_ChildrenPending || next == UVT_STATE_Retired;
  default:
    return next == UVT_STATE_Retired;
  }
}

static void wrong_state(struct uvt_check *check, enum uvt_state from)
{
  const struct uvt_event *event = check->event;
  uvt_check_found(check, UVT_CHECK_6, true,
                  "operation %" PRIu64 " enters %s from %s; expected the order of the states",
                  event->operationID, uvt_state_name(event->state), from ? uvt_state_name(from) : "no state");
}

static void enter_queued(struct uvt_check *check, const struct operation *operation)
{
  const struct uvt_event *event = check->event;
  const struct registration *registration = uvt_check_find_registration(check, operation->link);
  if (!registration)
    return;
  uint64_t expected = registration->operations <= 1 ? registration->linked : registration->begun;
  if (expected != event->time)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " is Queued at %" PRIu64 "; expected when %s%" PRId64,
                    event->operationID, event->time,
                    registration->operations <= 1 ? "it was linked, " : "its predecessor began, ",
                    expected == NEVER ? (int64_t)-1 : (int64_t)expected);
}

static void enter_ready(struct uvt_check *check, struct operation *operation)
{
  const struct uvt_event *event = check->event;
  const struct registration *registration = uvt_check_find_registration(check, operation->link);
  operation->ready = event->time;
  if (operation->entered != NEVER && event->time < operation->entered)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " is Ready at %" PRIu64 ", before it was Queued at %" PRIu64,
                    event->operationID, event->time, operation->entered);
  if (operation->begun != NEVER)
    uvt_check_found(check, UVT_CHECK_6, true, "operation %" PRIu64 " is Ready after its executeBegin",
                    event->operationID);
  if (!registration)
    return;
  if (registration->caused == NEVER || event->time < registration->caused)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " is Ready before linkID %" PRIu64 " was caused", event->operationID,
                    operation->link);
  if (registration->pool == POOL_BEGUN ||
      (registration->pool == POOL_ENDED && event->time < registration->pool_ended))
    uvt_check_found(check, UVT_CHECK_6, true, "operation %" PRIu64 " is Ready before its poolEnd",
                    event->operationID);
}

static void enter_executing(struct uvt_check *check, const struct operation *operation)
{
  if (operation->begun != NEVER && operation->begun != check->event->time)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " enters Executing at %" PRIu64
                    "; expected at its executeBegin, %" PRIu64,
                    check->event->operationID, check->event->time, operation->begun);
}

/* After Executing: the invocation must have ended, and just now. */
static void leave_executing(struct uvt_check *check, const struct operation *operation)
{
  const struct uvt_event *event = check->event;
  if (operation->ended == NEVER) {
    if (!operation->execute || !uvt_check_in_shadow(check, ID_EXECUTE, operation->execute))
      uvt_check_found(check, UVT_CHECK_6, true, "operation %" PRIu64 " enters %s before its executeEnd",
                      event->operationID, uvt_state_name(event->state));
  } else if (operation->ended != event->time) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " enters %s at %" PRIu64 "; expected at its executeEnd, %" PRIu64,
                    event->operationID, uvt_state_name(event->state), event->time, operation->ended);
  }
}

static void check_childless(struct uvt_check *check, uint32_t children)
{
  if (children)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " is Retired, but %" PRIu32
                    " that it linked are not; expected ChildrenPending",
                    check->event->operationID, children);
}

static void leave_live(struct uvt_check *check, uint64_t link)
{
  struct registration *registration = uvt_check_find_registration(check, link);
  if (registration && registration->live)
    registration->live--;
  uvt_check_drop_if_done(check, link);
}

static void retire(struct uvt_check *check, struct operation operation, enum uvt_state from)
{
  if (from == UVT_STATE_Executing)
    leave_executing(check, &operation);
  else if (from < UVT_STATE_Executing && !check->closes_silently &&
           !uvt_check_is_cancelled(check, operation.link))
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " is Retired but has neither executed nor was its linkID %" PRIu64
                    " cancelled",
                    check->event->operationID, operation.link);
  check_childless(check, operation.children);
  uvt_id_map_remove(&check->process->operations, check->event->operationID);
  uncount_child(check, operation.parent);
  leave_live(check, operation.link);
}

static void retire_pending(struct uvt_check *check, struct pending_operation pending)
{
  if (check->event->state != UVT_STATE_Retired) {
    wrong_state(check, UVT_STATE_ChildrenPending);
    return;
  }
  check_childless(check, pending.children);
  uvt_check_remove_pending(check, check->event->operationID);
  uncount_child(check, pending.parent);
}

static void enter_state(struct uvt_check *check, struct operation *operation)
{
  const struct uvt_event *event = check->event;
  enum uvt_state from = operation->state;
  if (!may_follow(operation, event->state)) {
    wrong_state(check, from);
    if (event->state <= from)
      return;
  }
  operation->state = event->state;
  switch (event->state) {
  case UVT_STATE_Queued:
    enter_queued(check, operation);
    break;
  case UVT_STATE_Ready:
    enter_ready(check, operation);
    break;
  case UVT_STATE_Executing:
    enter_executing(check, operation);
    break;
  case UVT_STATE_ChildrenPending:
    leave_executing(check, operation);
    if (!operation->children)
      uvt_check_found(check, UVT_CHECK_6, true,
                      "operation %" PRIu64
                      " is ChildrenPending, but all that it linked is Retired; expected Retired",
                      event->operationID);
    break;
  default:
    retire(check, *operation, from);
    return;
  }
  operation->entered = event->time;
  if (event->state == UVT_STATE_ChildrenPending) {
    uint64_t link = operation->link;
    uvt_check_make_pending(check, event->operationID);
    leave_live(check, link);
  }
}

/* Only a stream without `operation` events introduces operations by their first state. */
static bool introduces_operation(const struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  if (check->process->has_operations ||
      uvt_check_introduced(check->process, ID_OPERATION, event->operationID))
    return false;
  return event->state == (event->linkID ? UVT_STATE_Queued : UVT_STATE_Executing);
}

void uvt_check_on_state(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  uint64_t id = event->operationID;
  check->process->has_states = true;
  if (uvt_check_in_shadow(check, ID_OPERATION, id))
    return;
  const struct pending_operation *pending = uvt_check_find_pending(check, id);
  if (pending) {
    retire_pending(check, *pending);
    return;
  }
  struct operation *operation = uvt_check_find_operation(check, id);
  if ((operation && !operation->announced && !check->process->has_operations) || introduces_operation(check))
    operation = announce_operation(check);
  if (operation) {
    if (event->linkID != operation->link && event->linkID)
      uvt_check_found(check, UVT_CHECK_6, false,
                      "operation %" PRIu64 " is one of linkID %" PRIu64 ", not of linkID %" PRIu64, id,
                      operation->link, event->linkID);
    enter_state(check, operation);
  } else if (uvt_check_known(check, ID_OPERATION, id, UVT_CHECK_2)) {
    uvt_check_found(check, UVT_CHECK_6, false, "operation %" PRIu64 " enters %s after it was Retired", id,
                    uvt_state_name(event->state));
  }
}

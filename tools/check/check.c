/* SPDX-License-Identifier: MIT */
/* The frame of the checker: fields, ranges, time, dispatch, and the end. Start reading here. */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "check_state.h"

#define DEFAULT_MEMORY (UINT64_C(64) << 20)

static void on_nothing(struct uvt_check *check)
{
  (void)check;
}

#define NEEDS(kind) (1u << (kind))
static const struct {
  void (*on)(struct uvt_check *check);
  unsigned needs; /* IDs that are not 0 */
} handlers[UVT_EV_COUNT] = {
    [UVT_EV_process] = {uvt_check_on_process, 0},
    [UVT_EV_processEnd] = {on_nothing, 0},
    [UVT_EV_thread] = {uvt_check_on_thread, 0},
    [UVT_EV_loop] = {uvt_check_on_loop, NEEDS(ID_LOOP)},
    [UVT_EV_executeBegin] = {uvt_check_on_execute_begin, NEEDS(ID_EXECUTE)},
    [UVT_EV_executeEnd] = {uvt_check_on_execute_end, NEEDS(ID_EXECUTE)},
    [UVT_EV_link] = {uvt_check_on_link, NEEDS(ID_LINK)},
    [UVT_EV_cause] = {uvt_check_on_cause, NEEDS(ID_LINK) | NEEDS(ID_CAUSE)},
    [UVT_EV_cancel] = {uvt_check_on_cancel, NEEDS(ID_LINK)},
    [UVT_EV_externalCause] = {uvt_check_on_external_cause, NEEDS(ID_CAUSE)},
    [UVT_EV_failedCallback] = {uvt_check_on_about_invocation, NEEDS(ID_EXECUTE)},
    [UVT_EV_handled] = {uvt_check_on_about_invocation, NEEDS(ID_EXECUTE)},
    [UVT_EV_operation] = {uvt_check_on_operation, NEEDS(ID_OPERATION)},
    [UVT_EV_state] = {uvt_check_on_state, NEEDS(ID_OPERATION)},
    [UVT_EV_poolBegin] = {uvt_check_on_pool_begin, NEEDS(ID_LINK)},
    [UVT_EV_poolEnd] = {uvt_check_on_pool_end, NEEDS(ID_LINK)},
    [UVT_EV_pollBegin] = {uvt_check_on_poll_begin, NEEDS(ID_LOOP)},
    [UVT_EV_pollEnd] = {uvt_check_on_poll_end, NEEDS(ID_LOOP)},
    [UVT_EV_blocking] = {uvt_check_on_blocking, 0},
    [UVT_EV_label] = {uvt_check_on_about_invocation, NEEDS(ID_EXECUTE)},
    [UVT_EV_createPromise] = {on_nothing, 0},
    [UVT_EV_resolvePromise] = {on_nothing, 0},
    [UVT_EV_rejectPromise] = {on_nothing, 0},
    [UVT_EV_lost] = {uvt_check_on_lost, 0},
};

static bool in_range(struct uvt_check *check, const char *name, uint64_t value)
{
  if (value < ID_LIMIT)
    return true;
  uvt_check_found(check, UVT_CHECK_range, false, "%s is %" PRIu64 "; expected below 2^53", name, value);
  return false;
}

/* Says which are out of range. */
static bool check_each_range(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  bool ranges = in_range(check, "time", event->time) & in_range(check, "processID", event->processID) &
                in_range(check, "executeID", event->executeID) & in_range(check, "linkID", event->linkID) &
                in_range(check, "causeID", event->causeID) & in_range(check, "within", event->within) &
                in_range(check, "operationID", event->operationID) &
                in_range(check, "loopID", event->loopID) & in_range(check, "from", event->from) &
                in_range(check, "to", event->to);
  for (size_t i = 0; i < event->coalesced_count; i++)
    ranges &= in_range(check, "coalesced", event->coalesced[i]);
  if (event->pid >= 0)
    return ranges;
  uvt_check_found(check, UVT_CHECK_range, false, "pid is %" PRId64, event->pid);
  return false;
}

static bool check_ranges(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  /* The limit is a power of two: one is too great where all together are. */
  uint64_t all = event->time | event->processID | event->executeID | event->linkID | event->causeID |
                 event->within | event->operationID | event->loopID | event->from | event->to;
  for (size_t i = 0; i < event->coalesced_count; i++)
    all |= event->coalesced[i];
  return (all < ID_LIMIT && event->pid >= 0) || check_each_range(check);
}

/* Of a registration and of a blocking call a list of frames; of a failure it is one text. */
static void check_stack(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  const struct uvt_datum *stack = NULL;
  if (event->kind == UVT_EV_link || event->kind == UVT_EV_blocking)
    stack = uvt_event_datum(event, "stack");
  if (stack && stack->type != UVT_DATUM_STACK && stack->type != UVT_DATUM_STRINGS)
    uvt_check_found(check, UVT_CHECK_field, false, "data.stack is no list of texts");
}

static unsigned missing_ids(const struct uvt_event *event)
{
  unsigned missing = (event->executeID ? 0 : NEEDS(ID_EXECUTE)) | (event->linkID ? 0 : NEEDS(ID_LINK)) |
                     (event->causeID ? 0 : NEEDS(ID_CAUSE)) | (event->operationID ? 0 : NEEDS(ID_OPERATION)) |
                     (event->loopID ? 0 : NEEDS(ID_LOOP));
  return missing & handlers[event->kind].needs;
}

static bool check_fields(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  unsigned missing = missing_ids(event);
  bool complete = !missing;
  for (int kind = 0; missing && kind < ID_KINDS; kind++) {
    if (missing & NEEDS(kind))
      uvt_check_found(check, UVT_CHECK_field, false, "%s is missing", uvt_check_id_names[kind]);
  }
  if (event->kind == UVT_EV_state && event->state == UVT_STATE_NONE) {
    uvt_check_found(check, UVT_CHECK_field, false, "state is missing, or none of those of an operation");
    complete = false;
  }
  check_stack(check);
  return complete;
}

/* Only Ready may be written late (uvtree-stream(7), RULES). */
static void check_time(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  if (event->time >= check->time)
    check->time = event->time;
  else if (event->kind != UVT_EV_state || event->state != UVT_STATE_Ready)
    uvt_check_found(check, UVT_CHECK_time, false,
                    "time %" PRIu64 " after %" PRIu64 "; expected no smaller one", event->time, check->time);
}

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct uvt_check *check = (struct uvt_check *)sink;
  check->events++;
  if (event->kind >= UVT_EV_unknown)
    return 0;
  check->event = event;
  check->process = NULL;
  if (!check_ranges(check))
    return check->status;
  if (event->kind != UVT_EV_process && event->kind != UVT_EV_lost) {
    check->process = NULL;
    struct process *process = uvt_check_process_of(check, event);
    if (!process)
      return check->status;
    check->process = process;
  }
  check_time(check);
  if (check_fields(check))
    handlers[event->kind].on(check);
  return check->status;
}

static void end_of_operation(struct uvt_check *check, uint64_t id, const struct operation *operation)
{
  if (!operation->announced) {
    if (check->process->has_states)
      uvt_check_found(check, UVT_CHECK_6, true,
                      "operation %" PRIu64 " executed without an operation or state event", id);
  } else if (operation->begun != NEVER && operation->state < UVT_STATE_Executing) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " has begun as #%" PRIu64 " but never entered Executing", id,
                    operation->execute);
  } else if (operation->begun == NEVER && operation->state >= UVT_STATE_Executing) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " entered Executing without an executeBegin", id);
  } else if (operation->ended != NEVER && operation->state == UVT_STATE_Executing) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " has ended as #%" PRIu64 " but is still Executing", id,
                    operation->execute);
  } else if (operation->state == UVT_STATE_NONE) {
    uvt_check_found(check, UVT_CHECK_6, true, "operation %" PRIu64 " never entered a state", id);
  } else if (operation->state < UVT_STATE_Executing && uvt_check_is_cancelled(check, operation->link)) {
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64 " is still %s, though its linkID %" PRIu64
                    " was cancelled; expected Retired",
                    id, uvt_state_name(operation->state), operation->link);
  }
}

static void end_of_pending(struct uvt_check *check, uint64_t id, uint32_t children)
{
  if (!children)
    uvt_check_found(check, UVT_CHECK_6, true,
                    "operation %" PRIu64
                    " is still ChildrenPending, but all that it linked is Retired; expected Retired",
                    id);
}

static void end_of_process(struct uvt_check *check, struct process *process)
{
  check->process = process;
  uint64_t id;
  size_t cursor = 0;
  const struct operation *operation;
  while ((operation = uvt_id_map_next(&process->operations, &cursor, &id)))
    end_of_operation(check, id, operation);
  uvt_check_each_pending(check, end_of_pending);
}

static int take_end(struct uvt_sink *sink)
{
  struct uvt_check *check = (struct uvt_check *)sink;
  check->event = NULL;
  size_t cursor = 0;
  struct process **slot;
  while ((slot = uvt_id_map_next(&check->processes, &cursor, NULL)))
    end_of_process(check, *slot);
  return check->status;
}

struct uvt_check *uvt_check_create(uint64_t memory)
{
  struct uvt_check *check = calloc(1, sizeof *check);
  if (!check)
    return NULL;
  check->sink = (struct uvt_sink){.event = take_event, .end = take_end};
  uvt_id_map_init(&check->processes, sizeof(struct process *));
  if (uvt_check_init_pending(check, memory ? memory : DEFAULT_MEMORY) != 0) {
    free(check);
    return NULL;
  }
  return check;
}

void uvt_check_destroy(struct uvt_check *check)
{
  if (!check)
    return;
  size_t cursor = 0;
  struct process **slot;
  while ((slot = uvt_id_map_next(&check->processes, &cursor, NULL)))
    uvt_check_destroy_process(check, *slot);
  uvt_id_map_clear(&check->processes);
  uvt_check_clear_pending(check);
  uvt_check_report_clear(&check->report);
  free(check);
}

struct uvt_sink *uvt_check_sink(struct uvt_check *check)
{
  return &check->sink;
}

const struct uvt_check_report *uvt_check_findings(const struct uvt_check *check)
{
  return &check->report;
}

uint64_t uvt_check_events(const struct uvt_check *check)
{
  return check->events;
}

uint64_t uvt_check_losses(const struct uvt_check *check)
{
  return check->losses;
}

/* SPDX-License-Identifier: MIT */
/* Processes, their threads and loops, and losses. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check_state.h"

static void clear_sets(struct process *process)
{
  for (int kind = 0; kind < ID_KINDS; kind++) {
    uvt_id_set_clear(&process->known[kind]);
    uvt_id_set_clear(&process->shadow[kind]);
  }
}

/* All but the IDs that a forked child may mention. */
static void clear_live(struct uvt_check *check, struct process *process)
{
  size_t cursor = 0;
  struct thread **thread;
  while ((thread = uvt_id_map_next(&process->threads, &cursor, NULL))) {
    if (*thread)
      free((*thread)->open);
    free(*thread);
  }
  uvt_id_map_clear(&process->threads);
  uvt_id_map_clear(&process->invocations);
  uvt_id_map_clear(&process->registrations);
  uvt_id_map_clear(&process->causes);
  uvt_id_map_clear(&process->operations);
  uvt_check_clear_process_pending(check, process);
  uvt_id_set_clear(&process->cancelled);
  uvt_id_set_clear(&process->dead_causes);
  uvt_id_set_clear(&process->unwound);
  uvt_id_set_clear(&process->external);
}

void uvt_check_destroy_process(struct uvt_check *check, struct process *process)
{
  clear_live(check, process);
  clear_sets(process);
  free(process->host);
  free(process);
}

static void init_process(struct process *process)
{
  for (int kind = 0; kind < ID_KINDS; kind++) {
    uvt_id_set_init(&process->known[kind]);
    uvt_id_set_init(&process->shadow[kind]);
  }
  uvt_id_set_init(&process->cancelled);
  uvt_id_set_init(&process->dead_causes);
  uvt_id_set_init(&process->unwound);
  uvt_id_set_init(&process->external);
  uvt_id_map_init(&process->threads, sizeof(struct thread *));
  uvt_id_map_init(&process->invocations, sizeof(struct invocation));
  uvt_id_map_init(&process->registrations, sizeof(struct registration));
  uvt_id_map_init(&process->causes, sizeof(struct cause));
  uvt_id_map_init(&process->operations, sizeof(struct operation));
  uvt_check_init_process_pending(process);
}

static struct process *create_process(struct uvt_check *check, uint64_t id)
{
  struct process **slot = uvt_check_map_add(check, &check->processes, id);
  struct process *process = slot ? calloc(1, sizeof *process) : NULL;
  if (!process) {
    if (slot)
      uvt_id_map_remove(&check->processes, id);
    check->status = -ENOMEM;
    return NULL;
  }
  init_process(process);
  process->id = id;
  process->lost = check->lost_all;
  *slot = process;
  return process;
}

static struct process *find_process(const struct uvt_check *check, uint64_t id)
{
  struct process **slot = uvt_id_map_find(&check->processes, id);
  return slot ? *slot : NULL;
}

static struct process *find_pid(const struct uvt_check *check, int64_t pid)
{
  size_t cursor = 0;
  struct process **slot;
  while ((slot = uvt_id_map_next(&check->processes, &cursor, NULL))) {
    if ((*slot)->pid == pid && !(*slot)->ended)
      return *slot;
  }
  return NULL;
}

static struct process *sole_process(const struct uvt_check *check)
{
  size_t cursor = 0;
  struct process **slot = uvt_id_map_next(&check->processes, &cursor, NULL);
  return slot && check->processes.count == 1 ? *slot : NULL;
}

/* The process that an event names, of those seen so far. */
static struct process *named_process(const struct uvt_check *check, const struct uvt_event *event)
{
  if (event->processID)
    return find_process(check, event->processID);
  if (event->pid)
    return find_pid(check, event->pid);
  return sole_process(check);
}

/* The process of any event but `process` and `lost`; NULL where that cannot be told. */
struct process *uvt_check_process_of(struct uvt_check *check, const struct uvt_event *event)
{
  struct process *last = check->last;
  if (last && !last->ended && event->processID == last->id && event->processID)
    return last;
  struct process *process = named_process(check, event);
  if (!process && !event->processID && !event->pid && check->processes.count) {
    uvt_check_found(check, UVT_CHECK_process, false,
                    "processID is missing; expected it in a stream of several processes");
    return NULL;
  }
  if (!process) {
    process = create_process(check, event->processID ? event->processID : (uint64_t)event->pid);
    if (!process)
      return NULL;
    process->pid = event->pid;
    check->process = process;
    /* A stream of one process that nothing names needs no `process` event. */
    if (process->id)
      uvt_check_found(check, UVT_CHECK_process, false,
                      "the first event of its process; expected a process event");
  }
  if (process->ended) {
    check->process = process;
    uvt_check_found(check, UVT_CHECK_process, false,
                    "its process was ended by a later one with the same host and pid");
    return NULL;
  }
  check->last = process;
  return process;
}

static const char *string_datum(const struct uvt_event *event, const char *key)
{
  const struct uvt_datum *datum = uvt_event_datum(event, key);
  return datum && datum->type == UVT_DATUM_STRING && datum->string ? datum->string : "";
}

/* A pid in use again, on the same host: the older process is over. */
static void end_namesakes(struct uvt_check *check, const struct process *newer)
{
  size_t cursor = 0;
  struct process **slot;
  while (newer->pid && (slot = uvt_id_map_next(&check->processes, &cursor, NULL))) {
    struct process *older = *slot;
    if (older != newer && older->pid == newer->pid && older->host && strcmp(older->host, newer->host) == 0 &&
        !older->ended) {
      older->ended = true;
      clear_live(check, older);
    }
  }
}

/* Whether the stream is a view of another: its `process` says so or, where that is gone, the `lost` in its
 * place (view_layer.h). */
static void note_view(struct uvt_check *check)
{
  const char *view = string_datum(check->event, "view");
  bool is_users = strncmp(view, "user", 4) == 0;
  check->contracted |= is_users || strcmp(view, "js") == 0;
  check->closes_silently |= is_users;
}

/* Events came before any `process`: they are taken as those of the first one. */
static struct process *adopt_nameless(struct uvt_check *check, uint64_t id)
{
  struct process *process = find_process(check, 0);
  if (!process || !id)
    return process;
  struct process **slot = uvt_check_map_add(check, &check->processes, id);
  if (!slot)
    return NULL;
  *slot = process;
  uvt_id_map_remove(&check->processes, 0);
  process->id = id;
  return process;
}

void uvt_check_on_process(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  uint64_t id = event->processID ? event->processID : (uint64_t)event->pid;
  struct process *process = find_process(check, id);
  if (!process && find_process(check, 0)) {
    process = adopt_nameless(check, id);
    check->process = process;
    uvt_check_found(check, UVT_CHECK_process, true, "other events came before; expected it first");
  }
  if (!process)
    process = create_process(check, id);
  if (!process)
    return;
  check->process = process;
  note_view(check);
  if (process->announced)
    uvt_check_found(check, UVT_CHECK_2, false, "process %" PRIu64 " was introduced before", id);
  process->announced = true;
  process->pid = event->pid ? event->pid : (int64_t)uvt_check_number_datum(event, "pid");
  free(process->host);
  process->host = strdup(string_datum(event, "host"));
  if (!process->host) {
    check->status = -ENOMEM;
    return;
  }
  if (strcmp(string_datum(event, "how"), "fork") == 0) {
    struct process *parent = find_process(check, uvt_check_number_datum(event, "parent.processID"));
    process->forked_from = parent != process ? parent : NULL;
    if (!process->forked_from)
      process->lost = true; /* what it inherited is in no event */
  }
  end_namesakes(check, process);
}

void uvt_check_on_thread(struct uvt_check *check)
{
  struct thread *thread = uvt_check_thread_of(check, check->event->tid);
  if (!thread)
    return;
  /* A second thread with the number of one that is over: what that left open stays so (uvtree-stream(7), rule
   * 4). */
  if (thread->announced)
    uvt_check_loosen(check->process, thread);
  thread->announced = true;
}

void uvt_check_on_loop(struct uvt_check *check)
{
  uvt_check_introduce(check, ID_LOOP, check->event->loopID);
}

static void enter_loss(struct uvt_check *check, struct process *process)
{
  process->lost = true;
  if (check->event->to > process->loose_until)
    process->loose_until = check->event->to;
  uvt_check_loosen(process, NULL);
  size_t cursor = 0;
  struct thread **thread;
  while ((thread = uvt_id_map_next(&process->threads, &cursor, NULL))) {
    if (*thread)
      (*thread)->pool_link = (*thread)->poll_loop = 0;
  }
}

void uvt_check_on_lost(struct uvt_check *check)
{
  const struct uvt_event *event = check->event;
  bool of_one = event->processID || event->pid;
  struct process *process = of_one ? named_process(check, event) : NULL;
  /* A process whose beginning is gone is introduced by its first event (uvtree-stream(7), LOSSES). */
  if (of_one && !process && event->processID)
    process = create_process(check, event->processID);
  check->process = process;
  check->losses++;
  note_view(check);
  if (event->to < event->from)
    uvt_check_found(check, UVT_CHECK_field, false, "to %" PRIu64 " lies before from %" PRIu64, event->to,
                    event->from);
  if (of_one && process) {
    enter_loss(check, process);
    uvt_check_report_excuse(&check->report, process->id, event->from);
  } else if (!of_one) {
    check->lost_all = true;
    size_t cursor = 0;
    struct process **slot;
    while ((slot = uvt_id_map_next(&check->processes, &cursor, NULL)))
      enter_loss(check, *slot);
    uvt_check_report_excuse(&check->report, UINT64_MAX, event->from);
  } else {
    uvt_check_found(check, UVT_CHECK_process, false, "no process event introduces its process");
  }
}

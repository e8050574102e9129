/* SPDX-License-Identifier: MIT */
/* What was found, which IDs are known, and the threads that they are met on. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "check_state.h"

const char *const uvt_check_id_names[ID_KINDS] = {"executeID", "linkID", "causeID", "operationID", "loopID"};

__attribute__((format(printf, 4, 5))) void uvt_check_found(struct uvt_check *check, enum uvt_check_rule rule,
                                                           bool excusable, const char *format, ...)
{
  const struct process *process = check->process;
  if (excusable && process && process->lost) {
    check->report.excused++;
    return;
  }
  struct uvt_check_place place = {
      .line = check->events,
      .event = check->event,
      .process = process ? process->id : UINT64_MAX,
      .show_process = process && check->processes.count > 1,
  };
  va_list arguments;
  va_start(arguments, format);
  if (uvt_check_report_add(&check->report, &place, rule, excusable, format, arguments) != 0)
    check->status = -ENOMEM;
  va_end(arguments);
}

/* Returns true where it was not in the set. */
bool uvt_check_set_add(struct uvt_check *check, struct uvt_id_set *set, uint64_t id)
{
  int added = uvt_id_set_add(set, id);
  if (added < 0)
    check->status = added;
  return added == 1;
}

void *uvt_check_map_add(struct uvt_check *check, struct uvt_id_map *map, uint64_t id)
{
  void *value = uvt_id_map_add(map, id);
  if (!value)
    check->status = -ENOMEM;
  return value;
}

bool uvt_check_in_shadow(const struct uvt_check *check, enum id_kind kind, uint64_t id)
{
  return uvt_id_set_has(&check->process->shadow[kind], id);
}

bool uvt_check_introduced(const struct process *process, enum id_kind kind, uint64_t id)
{
  return uvt_id_set_has(&process->known[kind], id);
}

/* Is it an ID that a process introduced before this one was forked from it? */
static bool inherited(const struct process *process, enum id_kind kind, uint64_t id)
{
  for (process = process->forked_from; process; process = process->forked_from) {
    if (uvt_check_introduced(process, kind, id) || uvt_id_set_has(&process->shadow[kind], id))
      return true;
  }
  return false;
}

void uvt_check_introduce(struct uvt_check *check, enum id_kind kind, uint64_t id)
{
  if (!uvt_check_set_add(check, &check->process->known[kind], id))
    uvt_check_found(check, UVT_CHECK_2, false, "%s %" PRIu64 " was introduced before; expected a new one",
                    uvt_check_id_names[kind], id);
}

/* False where nothing more can be said of the ID: no event before introduced it, which is reported once. */
bool uvt_check_known(struct uvt_check *check, enum id_kind kind, uint64_t id, enum uvt_check_rule rule)
{
  if (uvt_check_in_shadow(check, kind, id))
    return false;
  if (uvt_check_introduced(check->process, kind, id))
    return true;
  if (!inherited(check->process, kind, id))
    uvt_check_found(check, rule, true, "no event before introduces %s %" PRIu64, uvt_check_id_names[kind],
                    id);
  uvt_check_set_add(check, &check->process->shadow[kind], id);
  return false;
}

struct thread *uvt_check_thread_of(struct uvt_check *check, int64_t tid)
{
  uint64_t key = (uint32_t)tid;
  struct thread **slot = uvt_check_map_add(check, &check->process->threads, key);
  if (!slot)
    return NULL;
  if (!*slot) {
    *slot = calloc(1, sizeof **slot);
    if (*slot)
      (*slot)->tid = key;
    else
      check->status = -ENOMEM;
  }
  return *slot;
}

void uvt_check_loosen(struct process *process, const struct thread *thread)
{
  size_t cursor = 0;
  struct invocation *invocation;
  while ((invocation = uvt_id_map_next(&process->invocations, &cursor, NULL))) {
    if (!thread || invocation->thread == thread)
      invocation->loose = true;
  }
}

uint64_t uvt_check_number_datum(const struct uvt_event *event, const char *key)
{
  const struct uvt_datum *datum = uvt_event_datum(event, key);
  bool number = datum && (datum->type == UVT_DATUM_INT || datum->type == UVT_DATUM_BOOL);
  return number && datum->number > 0 ? (uint64_t)datum->number : 0;
}

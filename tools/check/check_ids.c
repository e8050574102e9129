/* SPDX-License-Identifier: MIT */
/* What was found, and which IDs are known. */
#include <errno.h>
#include <inttypes.h>

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

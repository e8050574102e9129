/* SPDX-License-Identifier: MIT */
/* The making of events, and what else all of the model stands on: the first failure, maps. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "model_state.h"
#include "stream/stack_store.h"

void uvt_model_fail(struct uvt_model *model, int status)
{
  if (!model->status)
    model->status = status;
}

struct uvt_event *uvt_model_begin_event(struct uvt_model *model, enum uvt_event_kind kind,
                                        const struct uvt_process *process)
{
  struct uvt_event *event = &model->event;
  memset(event, 0, offsetof(struct uvt_event, data)); /* what lies behind counts only up to data_count */
  event->data_count = 0;
  event->kind = kind;
  event->time = model->now;
  if (process) {
    event->processID = process->processID;
    event->pid = process->pid;
  }
  return event;
}

void uvt_model_emit(struct uvt_model *model)
{
  if (!model->status)
    model->status = model->sink->event(model->sink, &model->event);
}

static struct uvt_datum *add_datum(struct uvt_event *event, const char *key, enum uvt_datum_type type)
{
  static struct uvt_datum beyond;
  struct uvt_datum *datum = event->data_count < UVT_DATA_MAX ? &event->data[event->data_count++] : &beyond;
  datum->key = key;
  datum->type = type;
  return datum;
}

void uvt_event_add_int(struct uvt_event *event, const char *key, int64_t number)
{
  add_datum(event, key, UVT_DATUM_INT)->number = number;
}

void uvt_event_add_bool(struct uvt_event *event, const char *key, bool value)
{
  add_datum(event, key, UVT_DATUM_BOOL)->number = value;
}

void uvt_event_add_string(struct uvt_event *event, const char *key, const char *string)
{
  add_datum(event, key, UVT_DATUM_STRING)->string = string ? string : "";
}

void uvt_event_add_stack_of(struct uvt_event *event, const char *key, struct uvt_stack_store *stacks,
                            uint32_t stack)
{
  struct uvt_datum *datum = add_datum(event, key, UVT_DATUM_STACK);
  datum->number = stack;
  datum->stacks = stacks;
}

/* ---- Maps ---- */

void *uvt_map_get(const struct uvt_id_map *map, uint64_t id)
{
  void **value = uvt_id_map_find(map, id);
  return value ? *value : NULL;
}

void uvt_map_put(struct uvt_model *model, struct uvt_id_map *map, uint64_t id, void *value)
{
  void **place = uvt_id_map_add(map, id);
  if (place)
    *place = value;
  else
    uvt_model_fail(model, -ENOMEM);
}

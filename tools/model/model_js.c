/* SPDX-License-Identifier: MIT */
/* The JavaScript layer: texts, registrations, failures, labels, the life cycle of promises. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"
#include "stream/types.h"

/* ---- Texts ---- */

void uvt_model_string(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_string *record)
{
  char *text = strdup(record->text ? record->text : "");
  if (!text) {
    uvt_model_fail(model, -ENOMEM);
    return;
  }
  free(uvt_map_get(&process->texts, record->id)); /* told again when recording was switched on again */
  uvt_map_put(model, &process->texts, record->id, text);
}

static const char *text_of(const struct uvt_process *process, uint32_t id)
{
  return id ? uvt_map_get(&process->texts, id) : NULL;
}

void uvt_texts_clear(struct uvt_process *process)
{
  size_t cursor = 0;
  for (void **value; (value = uvt_id_map_next(&process->texts, &cursor, NULL));)
    free(*value);
  uvt_id_map_clear(&process->texts);
}

/* ---- Registrations ---- */

/* Who runs it; all others are what libuv's callbacks call. */
static enum uvt_js_kind kind_of(const char *type)
{
  static const struct {
    const char *type;
    enum uvt_js_kind kind;
  } kinds[] = {{"PROMISE", UVT_JS_ONCE},  {"TickObject", UVT_JS_ONCE},     {"Microtask", UVT_JS_ONCE},
               {"Timeout", UVT_JS_TIMER}, {"Immediate", UVT_JS_IMMEDIATE}, {"EventListener", UVT_JS_EMITTED}};
  for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++) {
    if (!strcmp(type, kinds[i].type))
      return kinds[i].kind;
  }
  return UVT_JS_HOSTED;
}

/* "@file:line" is where it was registered, for want of the function; else "name file:line" of the function.
 */
static void add_function(struct uvt_event *event, const char *text)
{
  if (text && *text == '@')
    uvt_event_add_string(event, "at", text + 1);
  else if (text)
    uvt_event_add_string(event, "function", text);
}

static void emit_link(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_js_link *record, const char *type)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_link, process);
  event->executeID = record->execute_id;
  event->linkID = record->link_id;
  uvt_event_add_string(event, "type", type ? type : "unknown");
  uvt_event_add_string(event, "layer", "js");
  if (record->flags & UVT_LINK_REPEAT)
    uvt_event_add_bool(event, "repeat", true);
  if (record->flags & UVT_LINK_INTERNAL)
    uvt_event_add_bool(event, "internal", true);
  if (record->timeout)
    uvt_event_add_int(event, "timeout", record->timeout);
  add_function(event, text_of(process, record->function));
  uvt_event_add_link_stack(model, process, event);
  uvt_model_emit(model);
}

void uvt_model_js_link(struct uvt_model *model, struct uvt_process *process,
                       const struct uvt_rec_js_link *record)
{
  const char *type = text_of(process, record->type);
  emit_link(model, process, record, type);
  struct uvt_new_link link = {.execute_id = record->execute_id,
                              .link_id = record->link_id,
                              .type = UVT_UNKNOWN_ENUMERATOR,
                              .js = kind_of(type),
                              .caused = record->flags & UVT_LINK_CAUSED};
  uvt_registration_link(model, process, &link);
}

/* ---- About invocations ---- */

void uvt_model_failed(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_failed *record)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_failedCallback, process);
  event->executeID = record->execute_id;
  uvt_event_add_string(event, "message", record->message);
  if (record->stack && *record->stack)
    uvt_event_add_string(event, "stack", record->stack);
  if (record->causes && *record->causes)
    uvt_event_add_string(event, "causes", record->causes);
  uvt_model_emit(model);
}

void uvt_model_handled(struct uvt_model *model, struct uvt_process *process,
                       const struct uvt_rec_handled *record)
{
  uvt_model_begin_event(model, UVT_EV_handled, process)->executeID = record->execute_id;
  uvt_model_emit(model);
}

void uvt_model_label(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_label *record)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_label, process);
  event->executeID = record->execute_id;
  uvt_event_add_string(event, "kind", record->kind);
  uvt_event_add_string(event, "name", record->name);
  uvt_event_add_int(event, "id", (int64_t)record->id);
  if (record->status)
    uvt_event_add_int(event, "status", record->status);
  uvt_model_emit(model);
}

void uvt_model_js_label(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_js_label *record)
{
  const char *kind = text_of(process, record->kind), *name = text_of(process, record->name);
  struct uvt_rec_label label = {.process = record->process,
                                .execute_id = record->execute_id,
                                .id = record->id,
                                .status = record->status,
                                .kind = kind ? kind : "",
                                .name = name ? name : ""};
  uvt_model_label(model, process, &label);
}

void uvt_model_promise(struct uvt_model *model, struct uvt_process *process,
                       const struct uvt_rec_promise *record)
{
  static const enum uvt_event_kind kinds[] = {[UVT_life_create] = UVT_EV_createPromise,
                                              [UVT_life_resolve] = UVT_EV_resolvePromise,
                                              [UVT_life_reject] = UVT_EV_rejectPromise};
  if (record->life >= sizeof kinds / sizeof *kinds)
    return;
  struct uvt_event *event = uvt_model_begin_event(model, kinds[record->life], process);
  event->executeID = record->execute_id;
  uvt_event_add_int(event, "promise", (int64_t)record->promise);
  uvt_model_emit(model);
}

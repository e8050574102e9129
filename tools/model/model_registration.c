/* SPDX-License-Identifier: MIT */
/* Registrations: linked, caused, made ready by their environment, cancelled. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"
#include "stream/types.h"

struct uvt_registration *uvt_registration_new(struct uvt_model *model, struct uvt_process *process,
                                              uint64_t link_id)
{
  struct uvt_registration *registration = model->free_registrations;
  if (registration)
    model->free_registrations = registration->next_free;
  else
    registration = malloc(sizeof *registration);
  if (!registration) {
    uvt_model_fail(model, -ENOMEM);
    return NULL;
  }
  *registration = (struct uvt_registration){.link_id = link_id, .type = UVT_UNKNOWN_ENUMERATOR};
  uvt_map_put(model, &process->registrations, link_id, registration);
  return registration;
}

void uvt_registration_free(struct uvt_model *model, struct uvt_process *process,
                           struct uvt_registration *registration)
{
  uvt_id_map_remove(&process->registrations, registration->link_id);
  free(registration->untaken);
  registration->next_free = model->free_registrations;
  model->free_registrations = registration;
}

bool uvt_registration_collects(const struct uvt_registration *registration)
{
  return registration->type == UVT_TYPE_uv_async_init || !registration->known;
}

/* ---- Texts ---- */

void uvt_model_detail(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_detail *record)
{
  struct uvt_detail *detail = &process->details[process->details_next++ % UVT_DETAILS_MAX];
  free(detail->text); /* its link was lost */
  detail->link_id = record->link_id;
  detail->text = strdup(record->text ? record->text : "");
  if (!detail->text)
    uvt_model_fail(model, -ENOMEM);
}

/* The text of a registration, the caller's to free; NULL: it has none. It was written just before the link,
 * so only records of other threads can lie between. */
static char *take_detail(struct uvt_process *process, uint64_t link_id)
{
  for (size_t back = 1; back <= UVT_DETAILS_MAX && back <= process->details_next; back++) {
    struct uvt_detail *detail = &process->details[(process->details_next - back) % UVT_DETAILS_MAX];
    if (!detail->text || detail->link_id != link_id)
      continue;
    char *text = detail->text;
    detail->text = NULL;
    if (back == 1)
      process->details_next--; /* so that a process without texts in flight looks at none */
    return text;
  }
  return NULL;
}

/* ---- Causes ---- */

static void keep_untaken(struct uvt_model *model, struct uvt_registration *registration, uint64_t cause)
{
  if (registration->untaken_count == registration->untaken_capacity) {
    uint32_t capacity = registration->untaken_capacity ? registration->untaken_capacity * 2 : 4;
    uint64_t *untaken = realloc(registration->untaken, capacity * sizeof *untaken);
    if (!untaken) {
      uvt_model_fail(model, -ENOMEM);
      return;
    }
    registration->untaken = untaken;
    registration->untaken_capacity = capacity;
  }
  registration->untaken[registration->untaken_count++] = cause;
}

/* What is Ready needs its cause and its environment; with ready rule ONCE there is nothing to wait for in the
 * latter. */
static void become_ready(struct uvt_model *model, struct uvt_process *process,
                         struct uvt_registration *registration)
{
  bool waits_for_loop = registration->js == UVT_JS_HOSTED || registration->js == UVT_JS_TIMER ||
                        registration->js == UVT_JS_IMMEDIATE;
  if (!registration->known || !registration->cause || waits_for_loop)
    return;
  if (registration->environment_done || uvt_type_info(registration->type)->ready == UVT_READY_ONCE)
    uvt_operation_ready(model, process, registration, model->now);
}

static void add_cause(struct uvt_model *model, struct uvt_process *process,
                      struct uvt_registration *registration, uint64_t execute_id, uint64_t link_id,
                      bool from_signal)
{
  uint64_t cause = ++process->causes;
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_cause, process);
  event->executeID = execute_id;
  event->linkID = link_id;
  event->causeID = cause;
  if (from_signal)
    uvt_event_add_bool(event, "signal", true);
  uvt_model_emit(model);
  registration->cause = cause;
  registration->cause_time = model->now;
  if (uvt_registration_collects(registration))
    keep_untaken(model, registration, cause);
  become_ready(model, process, registration);
}

void uvt_model_cause(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_cause *record)
{
  struct uvt_registration *registration = uvt_map_get(&process->registrations, record->link_id);
  if (!registration) /* linked before recording began, or its link was lost */
    registration = uvt_registration_new(model, process, record->link_id);
  if (registration)
    add_cause(model, process, registration, record->execute_id, record->link_id,
              record->flags & UVT_CAUSE_SIGNAL);
}

/* ---- Links ---- */

/* A handle without a descriptor has -1, and a child that was not made has libuv's error in place of its pid.
 */
static void add_arg(struct uvt_event *event, const struct uvt_process *process, const char *key, int64_t arg)
{
  if (!strcmp(key, "pid")) {
    if (arg)
      uvt_event_add_int(event, arg < 0 ? "status" : key, arg);
  } else if (strcmp(key, "fd")) {
    uvt_event_add_int(event, key, arg);
  } else if (arg >= 0) {
    uvt_event_add_int(event, key, arg);
    uvt_event_add_child_pipe(event, process, arg);
  }
}

static void emit_link(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_link *record,
                      const char *text)
{
  const struct uvt_type_info *info = uvt_type_info(record->type);
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_link, process);
  event->executeID = record->execute_id;
  event->linkID = record->link_id;
  uvt_event_add_string(event, "type", info->name);
  uvt_event_add_string(event, "layer", "uv");
  if (record->flags & UVT_LINK_REPEAT)
    uvt_event_add_bool(event, "repeat", true);
  if (info->arg)
    add_arg(event, process, info->arg, record->arg);
  if (text)
    uvt_event_add_string(event, info->text ? info->text : "text", text);
  uvt_event_add_link_stack(model, process, event);
  uvt_model_emit(model);
}

static struct uvt_registration *fresh_registration(struct uvt_model *model, struct uvt_process *process,
                                                   uint64_t link_id)
{
  struct uvt_registration *earlier = uvt_map_get(&process->registrations, link_id);
  if (earlier && earlier->known) /* the trace is damaged: its queued operation stays as it is */
    uvt_registration_free(model, process, earlier);
  else if (earlier)
    return earlier; /* mentioned before its link, on another thread: keep the causes */
  return uvt_registration_new(model, process, link_id);
}

void uvt_registration_link(struct uvt_model *model, struct uvt_process *process,
                           const struct uvt_new_link *link)
{
  struct uvt_registration *registration = fresh_registration(model, process, link->link_id);
  if (!registration)
    return;
  registration->type = link->type;
  registration->js = (uint8_t)link->js;
  registration->known = true;
  if (!registration->queued) {
    struct uvt_invocation *linker = uvt_map_get(&process->invocations, link->execute_id);
    registration->parent = linker ? uvt_operation_slot(model, linker) : 0;
    uvt_operation_queue(model, process, registration);
  }
  if (link->caused)
    add_cause(model, process, registration, link->execute_id, link->link_id, false);
}

void uvt_model_link(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_link *record)
{
  char *text = take_detail(process, record->link_id);
  emit_link(model, process, record, text);
  free(text);
  uvt_registration_link(model, process,
                        &(struct uvt_new_link){.execute_id = record->execute_id,
                                               .link_id = record->link_id,
                                               .type = record->type,
                                               .caused = record->flags & UVT_LINK_CAUSED});
}

/* ---- The environment ---- */

static void environment_done(struct uvt_model *model, struct uvt_process *process, uint64_t link_id)
{
  struct uvt_registration *registration = uvt_map_get(&process->registrations, link_id);
  if (!registration || registration->environment_done)
    return;
  registration->environment_done = true;
  registration->environment_time = model->now;
  become_ready(model, process, registration);
}

void uvt_model_ready(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_ready *record)
{
  environment_done(model, process, record->link_id);
}

static void emit_pool(struct uvt_model *model, struct uvt_process *process, enum uvt_event_kind kind,
                      int32_t tid, uint64_t link_id)
{
  struct uvt_event *event = uvt_model_begin_event(model, kind, process);
  event->tid = tid;
  event->linkID = link_id;
  uvt_model_emit(model);
}

void uvt_model_pool_begin(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_pool_begin *record)
{
  emit_pool(model, process, UVT_EV_poolBegin, record->tid, record->link_id);
}

void uvt_model_pool_end(struct uvt_model *model, struct uvt_process *process,
                        const struct uvt_rec_pool_end *record)
{
  emit_pool(model, process, UVT_EV_poolEnd, record->tid, record->link_id);
  environment_done(model, process, record->link_id);
}

/* ---- The end ---- */

static const char *reason_name(uint8_t reason)
{
  static const char *const names[] = {
#define REASON_NAME(enumeration, name) [UVT_##enumeration##_##name] = #name,
      UVT_ENUM_reason(REASON_NAME)
#undef REASON_NAME
  };
  return reason < sizeof names / sizeof *names ? names[reason] : "unknown";
}

void uvt_model_cancel(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_cancel *record)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_cancel, process);
  event->executeID = record->execute_id;
  event->linkID = record->link_id;
  uvt_event_add_string(event, "reason", reason_name(record->reason));
  if (record->status)
    uvt_event_add_int(event, "status", record->status);
  uvt_model_emit(model);
  struct uvt_registration *registration = uvt_map_get(&process->registrations, record->link_id);
  if (!registration)
    return;
  uint64_t operation = registration->queued, parent = registration->parent;
  uvt_registration_free(model, process, registration);
  if (operation)
    uvt_operation_retire(model, process, operation, record->link_id, parent);
}

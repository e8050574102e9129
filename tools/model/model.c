/* SPDX-License-Identifier: MIT */
/* The frame of the model: time and dispatch. Start reading here. */
#include "model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"
#include "stream/stack_store.h"

struct uvt_model *uvt_model_create(struct uvt_sink *sink, uint64_t memory)
{
  struct uvt_model *model = calloc(1, sizeof *model);
  if (!model)
    return NULL;
  model->sink = sink;
  model->pending = uvt_pending_create(memory);
  uvt_id_map_init(&model->processes, sizeof(void *));
  uvt_family_init(&model->family);
  if (model->pending)
    return model;
  free(model);
  return NULL;
}

void uvt_model_destroy(struct uvt_model *model)
{
  if (!model)
    return;
  size_t cursor = 0;
  for (void **value; (value = uvt_id_map_next(&model->processes, &cursor, NULL));)
    uvt_process_destroy(model, *value);
  uvt_id_map_clear(&model->processes);
  uvt_family_clear(&model->family);
  uvt_pending_destroy(model->pending);
  uvt_stack_store_release(model->stacks);
  while (model->free_registrations) {
    struct uvt_registration *registration = model->free_registrations;
    model->free_registrations = registration->next_free;
    free(registration);
  }
  while (model->free_invocations) {
    struct uvt_invocation *invocation = model->free_invocations;
    model->free_invocations = invocation->next_free;
    free(invocation);
  }
  for (size_t i = 0; i < model->hosts_count; i++)
    free(model->hosts[i]);
  free(model->hosts);
  free(model);
}

struct uvt_model_losses uvt_model_losses(const struct uvt_model *model)
{
  return model->losses;
}

/* ---- Records ---- */

static uint64_t stream_time(const struct uvt_model *model, int64_t time)
{
  return time > model->origin ? (uint64_t)time - (uint64_t)model->origin : 0;
}

static void start_stream(struct uvt_model *model, int64_t time)
{
  model->started = true;
  model->origin = time;
  snprintf(model->origin_text, sizeof model->origin_text, "%" PRId64, time);
}

/* Records that go back in time (they should not) happen now. */
static void advance_time(struct uvt_model *model, int64_t time)
{
  if (!model->started)
    start_stream(model, time);
  uint64_t now = stream_time(model, time);
  if (now > model->now && now < UVT_ID_LIMIT)
    model->now = now;
}

/* What is told of a data stream is told of all processes: it may hold several. */
static void take_discarded(struct uvt_model *model, const struct uvt_record *record)
{
  const struct uvt_rec_discarded *data = &record->discarded;
  uint64_t from = stream_time(model, data->from), to = stream_time(model, data->to);
  struct uvt_process *process = data->process ? uvt_model_process(model, record, data->process) : NULL;
  if (!process || !process->stranger)
    uvt_model_lost(model, process, data->count, from, to > from ? to : from);
}

/* An ID that no recorder would give out means that the record is damaged. */
static bool is_sound(const struct uvt_record *record)
{
#define SOUND_ID(id) ((id) < UVT_ID_LIMIT)
  switch (record->kind) {
  case UVT_RECORD_link:
    return SOUND_ID(record->link.execute_id) && SOUND_ID(record->link.link_id);
  case UVT_RECORD_detail:
    return SOUND_ID(record->detail.link_id);
  case UVT_RECORD_cause:
    return SOUND_ID(record->cause.execute_id) && SOUND_ID(record->cause.link_id);
  case UVT_RECORD_ready:
    return SOUND_ID(record->ready.link_id);
  case UVT_RECORD_cancel:
    return SOUND_ID(record->cancel.execute_id) && SOUND_ID(record->cancel.link_id);
  case UVT_RECORD_execute_begin:
    return SOUND_ID(record->execute_begin.execute_id) && SOUND_ID(record->execute_begin.link_id);
  case UVT_RECORD_execute_end:
    return SOUND_ID(record->execute_end.execute_id);
  case UVT_RECORD_pool_begin:
    return SOUND_ID(record->pool_begin.link_id);
  case UVT_RECORD_pool_end:
    return SOUND_ID(record->pool_end.link_id);
  case UVT_RECORD_blocking:
    return SOUND_ID(record->blocking.execute_id) && record->blocking.duration < INT64_MAX;
  case UVT_RECORD_child:
    return SOUND_ID(record->child.execute_id) && SOUND_ID(record->child.link_id);
  case UVT_RECORD_fork:
    return SOUND_ID(record->fork.execute_id);
  case UVT_RECORD_js_link:
    return SOUND_ID(record->js_link.execute_id) && SOUND_ID(record->js_link.link_id);
  case UVT_RECORD_failed:
    return SOUND_ID(record->failed.execute_id);
  case UVT_RECORD_handled:
    return SOUND_ID(record->handled.execute_id);
  case UVT_RECORD_label:
    return SOUND_ID(record->label.execute_id) && SOUND_ID(record->label.id);
  case UVT_RECORD_js_label:
    return SOUND_ID(record->js_label.execute_id);
  case UVT_RECORD_promise:
    return SOUND_ID(record->promise.execute_id) && SOUND_ID(record->promise.promise);
  case UVT_RECORD_link_stack:
    return SOUND_ID(record->link_stack.link_id);
  case UVT_RECORD_process:
    return SOUND_ID(record->process.parent_execute);
  default:
    return true;
  }
#undef SOUND_ID
}

static void take_lost(struct uvt_model *model, struct uvt_process *process, uint64_t count)
{
  uvt_model_lost(model, process, count, process->lost_until, model->now);
  process->lost_until = model->now;
}

static void take_record(struct uvt_model *model, struct uvt_process *process, const struct uvt_record *record)
{
  switch (record->kind) {
  case UVT_RECORD_process:
    uvt_model_process_record(model, process, record);
    return;
  case UVT_RECORD_lost:
    take_lost(model, process, record->lost.count);
    return;
#define TAKE(event)                                    \
  case UVT_RECORD_##event:                             \
    uvt_model_##event(model, process, &record->event); \
    return;
    TAKE(thread)
    TAKE(loop)
    TAKE(link)
    TAKE(detail)
    TAKE(cause)
    TAKE(ready)
    TAKE(cancel)
    TAKE(execute_begin)
    TAKE(execute_end)
    TAKE(pool_begin)
    TAKE(pool_end)
    TAKE(poll_begin)
    TAKE(poll_end)
    TAKE(blocking)
    TAKE(child)
    TAKE(child_pipe)
    TAKE(fork)
    TAKE(process_end)
    TAKE(string)
    TAKE(js_link)
    TAKE(failed)
    TAKE(handled)
    TAKE(label)
    TAKE(js_label)
    TAKE(promise)
    TAKE(stack)
    TAKE(link_stack)
    TAKE(code)
    TAKE(image)
#undef TAKE
  default:
    return;
  }
}

void uvt_model_take_all(struct uvt_model *model)
{
  model->family.everybody = true;
}

uint64_t uvt_model_strangers(const struct uvt_model *model)
{
  return model->strangers;
}

uint64_t uvt_model_stacks_refused(const struct uvt_model *model)
{
  return model->stacks ? uvt_stack_store_refused(model->stacks) : 0;
}

int uvt_model_record(struct uvt_model *model, const struct uvt_record *record, struct uvt_error *error)
{
  model->error = error;
  if (model->status || !is_sound(record))
    return model->status;
  advance_time(model, record->time);
  if (record->kind == UVT_RECORD_discarded) {
    take_discarded(model, record);
    return model->status;
  }
  /* Every record of ours begins with its process. */
  struct uvt_process *process = uvt_model_process(model, record, record->link.process);
  if (process && !process->stranger) {
    take_record(model, process, record);
    process->last_time = model->now;
  }
  if (!model->status)
    model->status = model->family.failed ? -ENOMEM : uvt_pending_status(model->pending);
  return model->status;
}

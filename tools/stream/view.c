/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "base/id_map.h"
#include "view_layer.h"

struct view {
  struct uvt_sink sink;
  struct uvt_sink *next;
  struct uvt_view_options options;
  struct uvt_sink *layer;   /* between this and user; NULL: all layers */
  struct uvt_sink *user;    /* between that and next; NULL: all functions */
  struct uvt_id_map wanted; /* processIDs with the pid asked for */
  uint64_t first_process;   /* whose lines may be without processID */
  bool cut_told;
  struct uvt_event copy;
};

bool uvt_view_is_needed(const struct uvt_view_options *options)
{
  return options->layer != UVT_LAYER_ALL || options->user || options->no_states || options->pid ||
         options->from || options->to;
}

bool uvt_view_met_pid(const struct uvt_sink *sink)
{
  const struct view *view = (const struct view *)sink;
  return !view->options.pid || view->wanted.count;
}

static bool is_of_process(struct view *view, const struct uvt_event *event)
{
  if (!view->options.pid)
    return true;
  if (!view->first_process)
    view->first_process = event->processID;
  if (event->kind == UVT_EV_process && event->pid == view->options.pid)
    uvt_id_map_add(&view->wanted, event->processID);
  if (event->kind == UVT_EV_lost && !event->processID)
    return true;
  return uvt_id_map_find(&view->wanted, event->processID ? event->processID : view->first_process);
}

static bool is_description(const struct uvt_event *event)
{
  return event->kind == UVT_EV_process || event->kind == UVT_EV_thread || event->kind == UVT_EV_loop;
}

static int tell_cut(struct view *view)
{
  struct uvt_event *cut = &view->copy;
  view->cut_told = true;
  memset(cut, 0, sizeof *cut);
  cut->kind = UVT_EV_lost;
  cut->time = cut->to = view->options.from;
  cut->count = UINT64_MAX;
  cut->data[0] = (struct uvt_datum){.key = "cut", .type = UVT_DATUM_BOOL, .number = 1};
  cut->data_count = 1;
  return view->next->event(view->next, cut);
}

static bool is_in_time(const struct view *view, const struct uvt_event *event)
{
  if (event->time < view->options.from)
    return is_description(event);
  return !view->options.to || event->time <= view->options.to;
}

static const struct uvt_event *without_operation(struct view *view, const struct uvt_event *event)
{
  if (!event->operationID)
    return event;
  view->copy = *event;
  view->copy.operationID = 0;
  return &view->copy;
}

/* Behind the layers: states and time, which change no other line. */
static int take_shown(struct view *view, const struct uvt_event *event)
{
  if (!is_in_time(view, event))
    return 0;
  if (view->options.from && !view->cut_told && event->time >= view->options.from) {
    int status = tell_cut(view);
    if (status)
      return status;
  }
  if (view->options.no_states) {
    if (event->kind == UVT_EV_state || event->kind == UVT_EV_operation)
      return 0;
    event = without_operation(view, event);
  }
  return view->next->event(view->next, event);
}

static int take_users(void *context, const struct uvt_event *event)
{
  return take_shown(context, event);
}

static int take_layered(void *context, const struct uvt_event *event)
{
  struct view *view = context;
  return view->user ? view->user->event(view->user, event) : take_shown(view, event);
}

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct view *view = (struct view *)sink;
  if (!is_of_process(view, event))
    return 0;
  return view->layer ? view->layer->event(view->layer, event) : take_layered(view, event);
}

static int end(struct uvt_sink *sink)
{
  struct view *view = (struct view *)sink;
  return view->next->end ? view->next->end(view->next) : 0;
}

static int flush(struct uvt_sink *sink)
{
  struct view *view = (struct view *)sink;
  return view->next->flush ? view->next->flush(view->next) : 0;
}

struct uvt_sink *uvt_view_create(const struct uvt_view_options *options, uint64_t memory,
                                 struct uvt_sink *next)
{
  struct view *view = calloc(1, sizeof *view);
  if (!view)
    return NULL;
  view->sink = (struct uvt_sink){.event = take_event, .end = end, .flush = flush};
  view->next = next;
  view->options = *options;
  uvt_id_map_init(&view->wanted, 1);
  if (options->layer != UVT_LAYER_ALL)
    view->layer = uvt_view_layer_create(options->layer == UVT_LAYER_JS ? UVT_SHOWN_JS : UVT_SHOWN_UV, memory,
                                        take_layered, view);
  if (options->user)
    view->user = uvt_view_layer_create(UVT_SHOWN_USER, memory, take_users, view);
  if ((options->layer == UVT_LAYER_ALL || view->layer) && (!options->user || view->user))
    return &view->sink;
  uvt_view_destroy(&view->sink);
  return NULL;
}

void uvt_view_destroy(struct uvt_sink *sink)
{
  struct view *view = (struct view *)sink;
  if (!view)
    return;
  uvt_view_layer_destroy(view->layer);
  uvt_view_layer_destroy(view->user);
  uvt_id_map_clear(&view->wanted);
  free(view);
}

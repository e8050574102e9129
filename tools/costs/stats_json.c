/* SPDX-License-Identifier: MIT */
/* {"processes":[{...}]}: all times in ns. Histograms are [[highest value of the bucket, count], ...]. */
#include <jansson.h>
#include <stdlib.h>

#include "base/json_out.h"
#include "base/words.h"
#include "stats_state.h"

#define NEVER UVT_MEASURE_NEVER

static json_t *make_buckets(const struct uvt_histogram *histogram)
{
  json_t *list = json_array();
  size_t cursor = 0;
  uint64_t highest;
  uint64_t count;
  while ((count = uvt_histogram_next(histogram, &cursor, &highest))) {
    json_t *pair = json_array();
    json_array_append_new(pair, json_integer((json_int_t)highest));
    json_array_append_new(pair, json_integer((json_int_t)count));
    json_array_append_new(list, pair);
  }
  return list;
}

static void set_times(json_t *object, const char *key, const struct uvt_histogram *histogram)
{
  if (!histogram->count)
    return;
  json_t *times = json_object();
  uvt_json_set_number(times, "count", histogram->count);
  uvt_json_set_number(times, "total", histogram->total);
  uvt_json_set_number(times, "p50", uvt_histogram_percentile(histogram, 50));
  uvt_json_set_number(times, "p90", uvt_histogram_percentile(histogram, 90));
  uvt_json_set_number(times, "p99", uvt_histogram_percentile(histogram, 99));
  uvt_json_set_number(times, "max", histogram->max);
  json_object_set_new(times, "histogram", make_buckets(histogram));
  json_object_set_new(object, key, times);
}

static json_t *make_types(const struct uvt_stats_process *process)
{
  static const char *const keys[] = {[UVT_STATS_POOL_WAIT] = "poolWait",
                                     [UVT_STATS_POOL_WORK] = "poolWork",
                                     [UVT_STATS_DELAY] = "delay",
                                     [UVT_STATS_RUN] = "run"};
  json_t *list = json_array();
  struct uvt_stats_type **types =
      (struct uvt_stats_type **)uvt_stats_sorted(&process->types, uvt_stats_by_time);
  for (size_t i = 0; types && types[i]; i++) {
    json_t *object = json_object();
    uvt_json_set_words(object, "type", types[i]->name);
    if (types[i]->allocates)
      json_object_set_new(object, "alloc", json_true());
    uvt_json_set_number(object, "count", types[i]->count);
    for (size_t what = 0; what < UVT_STATS_WHATS; what++)
      set_times(object, keys[what], &types[i]->times[what]);
    json_array_append_new(list, object);
  }
  free(types);
  return list;
}

static json_t *make_loops(const struct uvt_stats_process *process)
{
  json_t *list = json_array();
  struct uvt_stats_loop **loops =
      (struct uvt_stats_loop **)uvt_stats_sorted(&process->loops, uvt_stats_by_loop);
  for (size_t i = 0; loops && loops[i]; i++) {
    json_t *object = json_object();
    uvt_json_set_number(object, "loopID", loops[i]->id);
    json_object_set_new(object, "tid", json_integer((json_int_t)loops[i]->tid));
    uvt_json_set_number(object, "from", loops[i]->first);
    uvt_json_set_number(object, "to", loops[i]->last);
    uvt_json_set_number(object, "idle", loops[i]->idle);
    set_times(object, "iterations", &loops[i]->iterations);
    json_array_append_new(list, object);
  }
  free(loops);
  return list;
}

/* One entry a slot: thread-nanoseconds of working and waiting. */
static json_t *make_line(const uint64_t *line, uint64_t count)
{
  json_t *list = json_array();
  for (uint64_t i = 0; i < count; i++)
    json_array_append_new(list, json_integer((json_int_t)line[i]));
  return list;
}

static json_t *make_pool(const struct uvt_stats_pool *pool, uint64_t to)
{
  const struct uvt_stats_timeline *timeline = &pool->timeline;
  uint64_t slots = (to + timeline->width - 1) / timeline->width;
  json_t *object = json_object();
  slots = slots > UVT_STATS_SLOTS ? UVT_STATS_SLOTS : slots;
  uvt_json_set_number(object, "threads", pool->threads.count);
  uvt_json_set_number(object, "most", pool->most);
  uvt_json_set_number(object, "works", pool->works);
  uvt_json_set_number(object, "slot", timeline->width);
  json_object_set_new(object, "working", make_line(timeline->working, slots));
  json_object_set_new(object, "waiting", make_line(timeline->waiting, slots));
  return object;
}

static json_t *make_stack(const struct uvt_stats *stats, uint32_t stack)
{
  json_t *list = json_array();
  for (size_t i = 0; i < uvt_stack_length(stats->stacks, stack); i++) {
    char clean[4 * UVT_FRAME_TEXT_MAX];
    json_array_append_new(list, json_string(uvt_words_clean(
                                    clean, sizeof clean, uvt_stack_frame(stats->stacks, stack, i), false)));
  }
  return list;
}

static json_t *make_long(const struct uvt_stats *stats, const struct uvt_stats_long *entry)
{
  json_t *object = json_object();
  uvt_json_set_number(object, "executeID", entry->execute);
  uvt_json_set_words(object, "type", entry->type);
  uvt_json_set_words(object, "detail", entry->detail);
  uvt_json_set_number(object, "begin", entry->begun);
  uvt_json_set_number(object, "ranItself", entry->ran);
  uvt_json_set_number(object, "ran", entry->whole);
  if (entry->open)
    json_object_set_new(object, "open", json_true());
  if (entry->stack)
    json_object_set_new(object, "stack", make_stack(stats, entry->stack));
  return object;
}

/* `what` the path of a place is: of the file, or of the program that calls. */
static json_t *make_places(const struct uvt_id_map *map, const char *what)
{
  json_t *list = json_array();
  struct uvt_stats_place **places = (struct uvt_stats_place **)uvt_stats_sorted(map, uvt_stats_by_total);
  for (size_t i = 0; places && places[i]; i++) {
    json_t *object = json_object();
    uvt_json_set_words(object, "type", places[i]->type);
    uvt_json_set_words(object, what, places[i]->path);
    uvt_json_set_number(object, "count", places[i]->count);
    uvt_json_set_number(object, "total", places[i]->total);
    uvt_json_set_number(object, "max", places[i]->longest);
    json_array_append_new(list, object);
  }
  free(places);
  return list;
}

static void set_tally(json_t *object, const struct uvt_stats *stats, const struct uvt_stats_tally *tally,
                      const struct uvt_stats_long *open, size_t open_count)
{
  json_t *longest = json_array();
  for (size_t i = 0; i < open_count; i++)
    json_array_append_new(longest, make_long(stats, &open[i]));
  for (size_t i = 0; i < tally->longest_count; i++)
    json_array_append_new(longest, make_long(stats, &tally->longest[i]));
  uvt_json_set_number(object, "invocations", tally->invocations);
  uvt_json_set_number(object, "ran", tally->ran);
  uvt_json_set_number(object, "blockingCalls", tally->blocking);
  uvt_json_set_number(object, "blocked", tally->blocked);
  json_object_set_new(object, "longest", longest);
  json_object_set_new(object, "blocking", make_places(&tally->places, "path"));
  if (tally->sites.count)
    json_object_set_new(object, "blockingBySite", make_places(&tally->sites, "site"));
}

static json_t *make_startup(const struct uvt_stats *stats, const struct uvt_stats_process *process)
{
  const struct uvt_stats_startup *startup = &process->startup;
  if (!startup->listens)
    return json_null();
  json_t *object = json_object();
  set_tally(object, stats, &startup->tally, startup->open, startup->open_count);
  uvt_json_set_number(object, "ran", startup->tally.ran + startup->open_ran);
  uvt_json_set_number(object, "time", startup->time - process->first);
  uvt_json_set_words(object, "listen", startup->detail);
  uvt_json_set_number(object, "idle", startup->idle);
  return object;
}

static json_t *make_process(const struct uvt_stats *stats, const struct uvt_stats_process *process)
{
  uint64_t from;
  uint64_t to;
  json_t *object = json_object();
  uvt_stats_span(stats, process, &from, &to);
  json_object_set_new(object, "pid", json_integer((json_int_t)process->measured->pid));
  uvt_json_set_words(object, "command", process->measured->title);
  uvt_json_set_number(object, "from", from);
  uvt_json_set_number(object, "to", to);
  set_tally(object, stats, &process->tally, NULL, 0);
  json_object_set_new(object, "types", make_types(process));
  json_object_set_new(object, "loops", make_loops(process));
  json_object_set_new(object, "pool", make_pool(&process->pool, to));
  json_object_set_new(object, "startup", make_startup(stats, process));
  return object;
}

int uvt_stats_print_json(const struct uvt_stats *stats, FILE *out, struct uvt_error *error)
{
  if (uvt_stats_check(stats, error) != 0)
    return -1;
  json_t *list = json_array();
  for (size_t i = 0; i < stats->measure.processes_count; i++) {
    const struct uvt_stats_process *process = uvt_stats_process_of(stats->measure.processes[i]);
    if (process)
      json_array_append_new(list, make_process(stats, process));
  }
  json_t *object = json_object();
  json_object_set_new(object, "processes", list);
  int status = json_dumpf(object, out, JSON_COMPACT);
  fputc('\n', out);
  json_decref(object);
  if (status != 0)
    uvt_error_set(error, "cannot write the statistics");
  return status;
}

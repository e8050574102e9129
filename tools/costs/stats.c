/* SPDX-License-Identifier: MIT */
/* Counts. stats_text.c and stats_json.c print. */
#include "stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "stats_state.h"
#include "stream/describe.h"

#define NEVER UVT_MEASURE_NEVER
#define FIRST_WIDTH UINT64_C(100000) /* ns a slot of the time line, to begin with */

typedef struct uvt_stats_process process_t;

/* --- maps of pointers --- */

/* A thing under that ID, zeroed if it is new (then *made); NULL: out of memory. */
static void *get(struct uvt_stats *stats, struct uvt_id_map *map, uint64_t id, size_t size, bool *made)
{
  void **place = uvt_id_map_find(map, id);
  *made = !place;
  if (place)
    return *place;
  void *thing = calloc(1, size);
  place = thing ? uvt_id_map_add(map, id) : NULL;
  if (place) {
    *place = thing;
    return thing;
  }
  free(thing);
  stats->status = -ENOMEM;
  return NULL;
}

void **uvt_stats_sorted(const struct uvt_id_map *map, int (*compare)(const void *, const void *))
{
  void **things = calloc(map->count + 1, sizeof *things);
  size_t cursor = 0;
  size_t count = 0;
  void **place;
  while (things && (place = uvt_id_map_next(map, &cursor, NULL)))
    things[count++] = *place;
  if (things && count)
    qsort(things, count, sizeof *things, compare);
  return things;
}

static int compare_numbers(uint64_t left, uint64_t right)
{
  return (left < right) - (left > right);
}

int uvt_stats_by_total(const void *left, const void *right)
{
  const struct uvt_stats_place *a = *(void *const *)left;
  const struct uvt_stats_place *b = *(void *const *)right;
  int order = compare_numbers(a->total, b->total);
  order = order ? order : strcmp(a->type, b->type);
  return order ? order : strcmp(a->path, b->path);
}

static uint64_t total_of(const struct uvt_stats_type *type)
{
  uint64_t total = 0;
  for (size_t i = 0; i < UVT_STATS_WHATS; i++)
    total += type->times[i].total;
  return total;
}

int uvt_stats_by_time(const void *left, const void *right)
{
  const struct uvt_stats_type *a = *(void *const *)left;
  const struct uvt_stats_type *b = *(void *const *)right;
  int order = compare_numbers(total_of(a), total_of(b));
  order = order ? order : strcmp(a->name, b->name);
  return order ? order : a->allocates - b->allocates;
}

int uvt_stats_by_loop(const void *left, const void *right)
{
  const struct uvt_stats_loop *a = *(void *const *)left;
  const struct uvt_stats_loop *b = *(void *const *)right;
  return compare_numbers(b->id, a->id);
}

/* --- the span --- */

static uint64_t end_of(const struct uvt_stats *stats)
{
  return stats->options.to ? stats->options.to : UINT64_MAX;
}

static bool is_within(const struct uvt_stats *stats, uint64_t time)
{
  return time >= stats->options.from && time <= end_of(stats);
}

/* What of a span lies within; false: nothing. */
static bool clip(const struct uvt_stats *stats, uint64_t *from, uint64_t *to)
{
  if (*from < stats->options.from)
    *from = stats->options.from;
  if (*to > end_of(stats))
    *to = end_of(stats);
  return *from < *to;
}

void uvt_stats_span(const struct uvt_stats *stats, const struct uvt_stats_process *process, uint64_t *from,
                    uint64_t *to)
{
  *from = process->first;
  *to = process->last;
  if (!clip(stats, from, to))
    *to = *from;
}

/* --- types --- */

static struct uvt_stats_type *type_of(struct uvt_stats *stats, process_t *process, const char *name,
                                      bool allocates)
{
  /* Equal names are one pointer, and no two of them are 2 bytes apart. */
  bool made;
  struct uvt_stats_type *type =
      get(stats, &process->types, (uint64_t)(uintptr_t)name * 2 + allocates, sizeof *type, &made);
  if (type && made) {
    type->name = name;
    type->allocates = allocates;
  }
  return type;
}

static void add_time(struct uvt_stats *stats, struct uvt_stats_type *type, enum uvt_stats_what what,
                     uint64_t from, uint64_t to)
{
  if (!type || from == NEVER || to == NEVER)
    return;
  if (uvt_histogram_add(&type->times[what], to > from ? to - from : 0) != 0)
    stats->status = -ENOMEM;
}

static struct uvt_stats_type *type_of_invocation(struct uvt_stats *stats,
                                                 const struct uvt_measure_invocation *invocation)
{
  const struct uvt_measure_registration *registration = invocation->registration;
  const char *name = registration ? registration->type : invocation->root ? "root" : "unknown";
  return type_of(stats, uvt_stats_process_of(invocation->process), name, invocation->allocates);
}

/* --- what ran, what blocked --- */

static void fill_long(struct uvt_stats_long *entry, const struct uvt_measure_invocation *invocation,
                      uint64_t ran, uint64_t now)
{
  const struct uvt_measure_registration *registration = invocation->registration;
  *entry = (struct uvt_stats_long){.execute = invocation->id,
                                   .type = registration       ? registration->type
                                           : invocation->root ? "root"
                                                              : "unknown",
                                   .begun = invocation->begun,
                                   .stack = registration ? registration->stack : 0,
                                   .ran = ran,
                                   .whole = now - invocation->begun};
  uvt_append(entry->detail, sizeof entry->detail, "%s",
             registration ? registration->detail : invocation->thread->name);
}

/* Keeps it where it is among the longest: these lie in order, the longest first. */
static void add_long(struct uvt_stats_tally *tally, const struct uvt_measure_invocation *invocation)
{
  size_t at = tally->longest_count;
  if (at == UVT_STATS_LONGEST && invocation->ran <= tally->longest[at - 1].ran)
    return;
  at -= at == UVT_STATS_LONGEST;
  for (; at > 0 && tally->longest[at - 1].ran < invocation->ran; at--)
    tally->longest[at] = tally->longest[at - 1];
  fill_long(&tally->longest[at], invocation, invocation->ran, invocation->ended);
  tally->longest_count += tally->longest_count < UVT_STATS_LONGEST;
}

/* The entry of a thread is no callback: it lasts as long as the thread, which may do nothing but wait. */
static bool is_thread(const struct uvt_measure_invocation *invocation)
{
  const char *type = invocation->registration ? invocation->registration->type : "";
  return strncmp(type, "uv_thread_create", strlen("uv_thread_create")) == 0;
}

static void add_invocation(struct uvt_stats_tally *tally, const struct uvt_measure_invocation *invocation)
{
  if (is_thread(invocation))
    return;
  tally->invocations++;
  tally->ran += invocation->ran;
  add_long(tally, invocation);
}

static struct uvt_stats_place *place_of(struct uvt_stats *stats, struct uvt_id_map *places, const char *type,
                                        const char *path)
{
  uint64_t hash = uvt_hash_text(uvt_hash_text(0, path), type);
  bool made;
  if (places->count >= UVT_STATS_PLACES && !uvt_id_map_find(places, hash)) {
    path = "(others)";
    hash = uvt_hash_text(0, type);
  }
  struct uvt_stats_place *place = get(stats, places, hash, sizeof *place, &made);
  if (place && made) {
    uvt_append(place->type, sizeof place->type, "%s", type);
    uvt_append(place->path, sizeof place->path, "%s", path);
  }
  return place;
}

static void add_spent(struct uvt_stats_place *place, uint64_t spent)
{
  if (!place)
    return;
  place->count++;
  place->total += spent;
  if (spent > place->longest)
    place->longest = spent;
}

static void add_blocking(struct uvt_stats *stats, struct uvt_stats_tally *tally,
                         const struct uvt_event *event)
{
  int64_t duration = 0;
  struct uvt_stack_store *stacks;
  uint32_t stack = uvt_event_stack(event, &stacks);
  const char *type = uvt_event_string(event, "type");
  uvt_event_number(event, "duration", &duration);
  uint64_t spent = duration > 0 ? (uint64_t)duration : 0;
  add_spent(place_of(stats, &tally->places, type, uvt_event_string(event, "path")), spent);
  if (stack)
    add_spent(place_of(stats, &tally->sites, type, uvt_stack_site(stacks, stack)), spent);
  tally->blocking++;
  tally->blocked += spent;
}

/* --- the start-up, until the first listen --- */

/* What is open when it listens has not ended, so it is nowhere yet: the main program, most often. */
static void take_open(struct uvt_stats_startup *startup, const struct uvt_measure_invocation *innermost)
{
  startup->open_count = 0;
  startup->open_ran = 0;
  for (const struct uvt_measure_invocation *i = innermost; i; i = i->within) {
    uint64_t ran = uvt_measure_ran_until(i, startup->time);
    startup->open_ran += ran;
    if (startup->open_count == UVT_STATS_OPEN)
      continue;
    struct uvt_stats_long *entry = &startup->open[startup->open_count++];
    fill_long(entry, i, ran, startup->time);
    entry->open = true;
  }
}

static void on_link(void *user, struct uvt_measure_registration *registration,
                    struct uvt_measure_invocation *by, const struct uvt_event *event)
{
  struct uvt_stats *stats = user;
  struct uvt_stack_store *stacks;
  struct uvt_stats_startup *startup = &uvt_stats_process_of(registration->process)->startup;
  if (!stats->stacks && uvt_event_stack(event, &stacks))
    stats->stacks = uvt_stack_store_hold(stacks);
  if (startup->listens || strcmp(registration->type, "uv_listen") != 0)
    return;
  startup->listens = true;
  startup->link = registration->id;
  startup->time = event->time;
  startup->detail[0] = '\0';
  uvt_append(startup->detail, sizeof startup->detail, "%s", registration->detail);
  take_open(startup, by);
}

/* It was refused: the start-up goes on. */
static void on_cancel(process_t *process, const struct uvt_event *event)
{
  int64_t status;
  bool refused = strcmp(uvt_event_string(event, "reason"), "refused") == 0 ||
                 (uvt_event_number(event, "status", &status) && status < 0);
  if (process->startup.listens && process->startup.link == event->linkID && refused)
    process->startup.listens = false;
}

/* --- events --- */

static void on_event(void *user, struct uvt_measure_process *measured, const struct uvt_event *event)
{
  struct uvt_stats *stats = user;
  process_t *process = uvt_stats_process_of(measured);
  if (!process)
    return;
  if (event->time < process->first)
    process->first = event->time;
  if (event->time > process->last)
    process->last = event->time;
  if (event->kind == UVT_EV_cancel)
    on_cancel(process, event);
  if (event->kind != UVT_EV_blocking)
    return;
  if (is_within(stats, event->time))
    add_blocking(stats, &process->tally, event);
  if (!process->startup.listens)
    add_blocking(stats, &process->startup.tally, event);
}

static void on_process(void *user, struct uvt_measure_process *measured)
{
  struct uvt_stats *stats = user;
  if (measured->user)
    return;
  process_t *process = calloc(1, sizeof *process);
  if (!process) {
    stats->status = -ENOMEM;
    return;
  }
  process->measured = measured;
  process->first = NEVER;
  process->pool.begun = NEVER;
  process->pool.timeline.width = FIRST_WIDTH;
  struct uvt_id_map *const maps[] = {&process->types,
                                     &process->loops,
                                     &process->tally.places,
                                     &process->tally.sites,
                                     &process->startup.tally.places,
                                     &process->startup.tally.sites};
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
    uvt_id_map_init(maps[i], sizeof(void *));
  uvt_id_map_init(&process->pool.threads, 1);
  measured->user = process;
}

static void on_begin(void *user, struct uvt_measure_invocation *invocation, const struct uvt_event *event)
{
  (void)event;
  struct uvt_stats *stats = user;
  const struct uvt_measure_registration *registration = invocation->registration;
  bool waits = registration && !registration->works && !registration->always_ready;
  if (!is_within(stats, invocation->begun))
    return;
  struct uvt_stats_type *type = type_of_invocation(stats, invocation);
  if (type)
    type->count++;
  if (waits)
    add_time(stats, type, UVT_STATS_DELAY, invocation->ready, invocation->begun);
}

/* Of uv_queue_work the run is the pool's work. */
static void on_end(void *user, struct uvt_measure_invocation *invocation)
{
  struct uvt_stats *stats = user;
  process_t *process = uvt_stats_process_of(invocation->process);
  if (invocation->registration && invocation->registration->works)
    return;
  if (!process->startup.listens)
    add_invocation(&process->startup.tally, invocation);
  if (!is_within(stats, invocation->ended))
    return;
  add_invocation(&process->tally, invocation);
  if (!is_thread(invocation))
    add_time(stats, type_of_invocation(stats, invocation), UVT_STATS_RUN, invocation->begun,
             invocation->ended);
}

/* --- the thread pool --- */

static void widen(struct uvt_stats_timeline *timeline)
{
  uint64_t *const lines[] = {timeline->waiting, timeline->working};
  for (size_t line = 0; line < 2; line++) {
    for (size_t i = 0; i < UVT_STATS_SLOTS / 2; i++)
      lines[line][i] = lines[line][2 * i] + lines[line][2 * i + 1];
    memset(lines[line] + UVT_STATS_SLOTS / 2, 0, UVT_STATS_SLOTS / 2 * sizeof **lines);
  }
  timeline->width *= 2;
}

static void add_span(struct uvt_stats *stats, struct uvt_stats_timeline *timeline, uint64_t *line,
                     uint64_t from, uint64_t to)
{
  if (from == NEVER || to == NEVER || !clip(stats, &from, &to))
    return;
  while (to / timeline->width >= UVT_STATS_SLOTS)
    widen(timeline);
  for (uint64_t slot = from / timeline->width; slot * timeline->width < to; slot++) {
    uint64_t begin = slot * timeline->width;
    uint64_t end = begin + timeline->width;
    line[slot] += (to < end ? to : end) - (from > begin ? from : begin);
  }
}

static void on_pool_begin(void *user, struct uvt_measure_registration *registration, uint64_t queued,
                          int64_t tid)
{
  struct uvt_stats *stats = user;
  process_t *process = uvt_stats_process_of(registration->process);
  struct uvt_stats_pool *pool = &process->pool;
  uint64_t now = registration->pool_begun;
  if (!uvt_id_map_add(&pool->threads, (uint64_t)(uint32_t)tid + 1))
    stats->status = -ENOMEM;
  add_span(stats, &pool->timeline, pool->timeline.waiting, queued, now);
  if (pool->begun == NEVER)
    pool->begun = queued;
  pool->working++;
  if (pool->working > pool->most && is_within(stats, now))
    pool->most = pool->working;
  if (!is_within(stats, now))
    return;
  pool->works++;
  add_time(stats, type_of(stats, process, registration->type, false), UVT_STATS_POOL_WAIT, queued, now);
}

static void on_pool_end(void *user, struct uvt_measure_registration *registration)
{
  struct uvt_stats *stats = user;
  process_t *process = uvt_stats_process_of(registration->process);
  struct uvt_stats_pool *pool = &process->pool;
  pool->working -= pool->working > 0;
  add_span(stats, &pool->timeline, pool->timeline.working, registration->pool_begun,
           registration->pool_ended);
  if (is_within(stats, registration->pool_ended))
    add_time(stats, type_of(stats, process, registration->type, false), UVT_STATS_POOL_WORK,
             registration->pool_begun, registration->pool_ended);
}

/* It is still with a worker, or waiting for one, when the stream ends. */
static void add_unfinished(struct uvt_stats *stats, process_t *process)
{
  size_t cursor = 0;
  struct uvt_measure_registration **place;
  while ((place = uvt_id_map_next(&process->measured->registrations, &cursor, NULL))) {
    const struct uvt_measure_registration *registration = *place;
    struct uvt_stats_timeline *timeline = &process->pool.timeline;
    if (!registration->pooled || registration->pool_ended != NEVER)
      continue;
    if (registration->pool_begun != NEVER)
      add_span(stats, timeline, timeline->working, registration->pool_begun, stats->measure.time);
    else if (registration->operations)
      add_span(stats, timeline, timeline->waiting, registration->operations->queued, stats->measure.time);
  }
}

/* --- loops --- */

static struct uvt_stats_loop *loop_of(struct uvt_stats *stats, process_t *process,
                                      const struct uvt_event *event)
{
  bool made;
  struct uvt_stats_loop *loop = get(stats, &process->loops, event->loopID + 1, sizeof *loop, &made);
  if (loop && made)
    *loop = (struct uvt_stats_loop){.id = event->loopID,
                                    .tid = event->tid,
                                    .first = event->time,
                                    .poll_began = NEVER,
                                    .poll_ended = NEVER};
  return loop;
}

static void on_poll_begin(void *user, struct uvt_measure_process *measured, struct uvt_measure_thread *thread,
                          const struct uvt_event *event)
{
  (void)thread;
  struct uvt_stats *stats = user;
  struct uvt_stats_loop *loop = loop_of(stats, uvt_stats_process_of(measured), event);
  if (!loop)
    return;
  if (loop->poll_ended != NEVER && is_within(stats, loop->poll_ended) && is_within(stats, event->time) &&
      uvt_histogram_add(&loop->iterations, event->time - loop->poll_ended) != 0)
    stats->status = -ENOMEM;
  loop->poll_began = loop->last = event->time;
}

static void on_poll_end(void *user, struct uvt_measure_process *measured, struct uvt_measure_thread *thread,
                        const struct uvt_event *event)
{
  (void)thread;
  struct uvt_stats *stats = user;
  process_t *process = uvt_stats_process_of(measured);
  struct uvt_stats_loop *loop = loop_of(stats, process, event);
  if (!loop)
    return;
  if (loop->poll_began != NEVER) {
    uint64_t from = loop->poll_began;
    uint64_t to = event->time;
    if (!process->startup.listens)
      process->startup.idle += to - from;
    if (clip(stats, &from, &to))
      loop->idle += to - from;
  }
  loop->poll_began = NEVER;
  loop->poll_ended = loop->last = event->time;
}

/* The loop still polls when the stream ends. */
static void end_polls(struct uvt_stats *stats, process_t *process)
{
  size_t cursor = 0;
  struct uvt_stats_loop **place;
  while ((place = uvt_id_map_next(&process->loops, &cursor, NULL))) {
    uint64_t from = (*place)->poll_began;
    uint64_t to = process->last;
    if (from == NEVER)
      continue;
    (*place)->last = to;
    if (clip(stats, &from, &to))
      (*place)->idle += to - from;
  }
}

/* --- the sink --- */

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct uvt_stats *stats = (struct uvt_stats *)sink;
  int status = uvt_measure_event(&stats->measure, event);
  return status ? status : stats->status;
}

static int take_end(struct uvt_sink *sink)
{
  struct uvt_stats *stats = (struct uvt_stats *)sink;
  for (size_t i = 0; i < stats->measure.processes_count && !stats->ended; i++) {
    process_t *process = uvt_stats_process_of(stats->measure.processes[i]);
    if (!process)
      continue;
    add_unfinished(stats, process);
    end_polls(stats, process);
  }
  stats->ended = true;
  return stats->status;
}

struct uvt_stats *uvt_stats_create(const struct uvt_stats_options *options)
{
  static const struct uvt_measure_handlers handlers = {.event = on_event,
                                                       .process = on_process,
                                                       .link = on_link,
                                                       .begin = on_begin,
                                                       .end = on_end,
                                                       .pool_begin = on_pool_begin,
                                                       .pool_end = on_pool_end,
                                                       .poll_begin = on_poll_begin,
                                                       .poll_end = on_poll_end};
  struct uvt_stats *stats = calloc(1, sizeof *stats);
  if (!stats)
    return NULL;
  stats->sink = (struct uvt_sink){.event = take_event, .end = take_end};
  stats->options = *options;
  uvt_measure_init(&stats->measure, &handlers, stats);
  return stats;
}

static void clear_places(struct uvt_id_map *places)
{
  size_t cursor = 0;
  void **place;
  while ((place = uvt_id_map_next(places, &cursor, NULL)))
    free(*place);
  uvt_id_map_clear(places);
}

static void destroy_process(process_t *process)
{
  size_t cursor = 0;
  void **place;
  while ((place = uvt_id_map_next(&process->types, &cursor, NULL))) {
    struct uvt_stats_type *type = *place;
    for (size_t i = 0; i < UVT_STATS_WHATS; i++)
      uvt_histogram_clear(&type->times[i]);
    free(type);
  }
  cursor = 0;
  while ((place = uvt_id_map_next(&process->loops, &cursor, NULL))) {
    struct uvt_stats_loop *loop = *place;
    uvt_histogram_clear(&loop->iterations);
    free(loop);
  }
  uvt_id_map_clear(&process->types);
  uvt_id_map_clear(&process->loops);
  uvt_id_map_clear(&process->pool.threads);
  clear_places(&process->tally.places);
  clear_places(&process->tally.sites);
  clear_places(&process->startup.tally.places);
  clear_places(&process->startup.tally.sites);
  free(process);
}

void uvt_stats_destroy(struct uvt_stats *stats)
{
  if (!stats)
    return;
  for (size_t i = 0; i < stats->measure.processes_count; i++) {
    if (stats->measure.processes[i]->user)
      destroy_process(stats->measure.processes[i]->user);
  }
  uvt_measure_clear(&stats->measure);
  uvt_stack_store_release(stats->stacks);
  free(stats);
}

struct uvt_sink *uvt_stats_sink(struct uvt_stats *stats)
{
  return &stats->sink;
}

int uvt_stats_check(const struct uvt_stats *stats, struct uvt_error *error)
{
  if (!stats->measure.has_invocations || stats->measure.has_states)
    return 0;
  uvt_error_set(error, "a stream without states: convert it without --no-states");
  return -1;
}

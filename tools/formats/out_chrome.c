/* SPDX-License-Identifier: MIT */
#include "out_chrome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "drawing.h"
#include "kept_data.h"
#include "stream/describe.h"

enum { HEAD_ROOM = 512 };

/* Where a pooled registration stands: uvt_follow_registration.own. */
enum { POOL_NOT = 0, POOL_WAITING, POOL_WORKING, POOL_DONE };

/* What is known of a process here; at its number. */
struct track {
  int64_t pid; /* as written */
  uint64_t threads;
  uint64_t waiting, working;
};

struct writer {
  struct uvt_drawing drawing;
  struct track *tracks;
  size_t tracks_count;
  struct uvt_id_map pids; /* that have been given */
  uint64_t ids;           /* of operations and arrows */
  bool started, ended;
};

/* ---- Pieces ---- */

static void put_text(struct writer *writer, const char *text, size_t length)
{
  uvt_out_advance(&writer->drawing.out, uvt_put(uvt_out_room(&writer->drawing.out, length), text, length));
}
#define PUT(writer, literal) put_text(writer, literal, sizeof(literal) - 1)

static void put_string(struct writer *writer, const char *text)
{
  uvt_out_json_text(&writer->drawing.out, text);
}

static void put_number(struct writer *writer, int64_t number)
{
  uvt_out_advance(&writer->drawing.out,
                  uvt_put_signed(uvt_out_room(&writer->drawing.out, HEAD_ROOM), number));
}

/* Nanoseconds as microseconds: 1234.567 */
static char *put_time(char *p, uint64_t time)
{
  unsigned rest = (unsigned)(time % 1000);
  p = uvt_put_unsigned(p, time / 1000);
  *p++ = '.';
  *p++ = (char)('0' + rest / 100);
  *p++ = (char)('0' + rest / 10 % 10);
  *p++ = (char)('0' + rest % 10);
  return p;
}

/* {"ph":"X","pid":1,"tid":2 */
static void start_event(struct writer *writer, const char *phase, int64_t pid, int64_t tid)
{
  char *p = uvt_out_room(&writer->drawing.out, HEAD_ROOM);
  p = writer->started ? UVT_PUT(p, ",\n{\"ph\":\"") : UVT_PUT(p, "\n{\"ph\":\"");
  *p++ = *phase;
  p = uvt_put_signed(UVT_PUT(p, "\",\"pid\":"), pid);
  p = uvt_put_signed(UVT_PUT(p, ",\"tid\":"), tid);
  uvt_out_advance(&writer->drawing.out, p);
  writer->started = true;
}

static void add_time(struct writer *writer, uint64_t time)
{
  char *p = uvt_out_room(&writer->drawing.out, HEAD_ROOM);
  uvt_out_advance(&writer->drawing.out, put_time(UVT_PUT(p, ",\"ts\":"), time));
}

static void add_span(struct writer *writer, uint64_t begin, uint64_t end)
{
  char *p = put_time(UVT_PUT(uvt_out_room(&writer->drawing.out, HEAD_ROOM), ",\"ts\":"), begin);
  uvt_out_advance(&writer->drawing.out, put_time(UVT_PUT(p, ",\"dur\":"), end - begin));
}

static void add_name(struct writer *writer, const char *category, const char *name)
{
  PUT(writer, ",\"cat\":");
  put_string(writer, category);
  PUT(writer, ",\"name\":");
  put_string(writer, name);
}

static void add_id(struct writer *writer, uint64_t id)
{
  static const char digits[] = "0123456789abcdef";
  char hex[16], *start = hex + sizeof hex;
  do {
    *--start = digits[id & 15];
    id >>= 4;
  } while (id);
  PUT(writer, ",\"id\":\"0x");
  put_text(writer, start, (size_t)(hex + sizeof hex - start));
  PUT(writer, "\"");
}

/* ---- Arguments ---- */

static void start_arguments(struct writer *writer)
{
  PUT(writer, ",\"args\":{");
}

static void add_key(struct writer *writer, const char *key, bool *first)
{
  if (!*first)
    PUT(writer, ",");
  *first = false;
  put_string(writer, key);
  PUT(writer, ":");
}

static void add_argument(struct writer *writer, const char *key, uint64_t number, bool *first)
{
  if (!number)
    return;
  add_key(writer, key, first);
  put_number(writer, (int64_t)number);
}

static void add_datum(struct writer *writer, const struct uvt_datum *datum, bool *first)
{
  if (datum->type == UVT_DATUM_STRINGS || datum->type == UVT_DATUM_STACK)
    return;
  add_key(writer, datum->key, first);
  if (datum->type == UVT_DATUM_STRING)
    put_string(writer, datum->string);
  else if (datum->type == UVT_DATUM_BOOL)
    put_text(writer, datum->number ? "true" : "false", datum->number ? 4 : 5);
  else if (datum->type == UVT_DATUM_NULL)
    PUT(writer, "null");
  else
    put_number(writer, datum->number);
  const char *error = uvt_datum_error(datum);
  if (error) {
    add_key(writer, "error", first);
    put_string(writer, error);
  }
}

static void add_kept(struct writer *writer, const char *kept, bool *first)
{
  struct uvt_datum datum;
  while (uvt_kept_data_next(&kept, &datum))
    add_datum(writer, &datum, first);
}

static void add_data(struct writer *writer, const struct uvt_event *event, bool *first)
{
  for (size_t i = 0; i < event->data_count; i++)
    add_datum(writer, &event->data[i], first);
}

static void end_event(struct writer *writer)
{
  PUT(writer, "}}");
}

/* ---- Processes, threads, loops ---- */

static int64_t unused_pid(struct writer *writer, const struct uvt_follow_process *process)
{
  uint64_t pid = process->pid > 0 ? (uint64_t)process->pid : process->id;
  if (uvt_id_map_find(&writer->pids, pid))
    pid = process->id;
  while (!pid || uvt_id_map_find(&writer->pids, pid))
    pid++;
  if (!uvt_id_map_add(&writer->pids, pid))
    writer->drawing.follow.status = -ENOMEM;
  return (int64_t)pid;
}

/* NULL: out of memory. */
static struct track *track_of(struct writer *writer, const struct uvt_follow_process *process)
{
  if (process->number > writer->tracks_count) {
    struct track *tracks = realloc(writer->tracks, process->number * sizeof *tracks);
    if (!tracks) {
      writer->drawing.follow.status = -ENOMEM;
      return NULL;
    }
    memset(&tracks[writer->tracks_count], 0, (process->number - writer->tracks_count) * sizeof *tracks);
    writer->tracks = tracks;
    writer->tracks_count = process->number;
  }
  struct track *track = &writer->tracks[process->number - 1];
  if (!track->pid)
    track->pid = unused_pid(writer, process);
  return track;
}

static int64_t pid_of(struct writer *writer, const struct uvt_follow_process *process)
{
  const struct track *track = track_of(writer, process);
  return track ? track->pid : 0;
}

static void name_track(struct writer *writer, const char *what, int64_t pid, int64_t tid, const char *name)
{
  bool first = true;
  start_event(writer, "M", pid, tid);
  PUT(writer, ",\"name\":");
  put_string(writer, what);
  start_arguments(writer);
  add_key(writer, !strcmp(what, "process_labels") ? "labels" : "name", &first);
  put_string(writer, name);
  end_event(writer);
}

static void sort_track(struct writer *writer, const char *what, int64_t pid, int64_t tid, uint64_t place)
{
  start_event(writer, "M", pid, tid);
  PUT(writer, ",\"name\":");
  put_string(writer, what);
  PUT(writer, ",\"args\":{\"sort_index\":");
  put_number(writer, (int64_t)place);
  end_event(writer);
}

static void write_process(void *format, struct uvt_follow_process *process, const struct uvt_event *event)
{
  struct writer *writer = format;
  char title[512], labels[256];
  int64_t pid = pid_of(writer, process);
  uvt_describe_process(title, sizeof title, event);
  name_track(writer, "process_name", pid, pid, *title ? title : "process");
  const char *node = uvt_event_string(event, "node");
  const char *libuv = uvt_event_string(event, "libuv");
  uvt_words_put(labels, sizeof labels, "%s%s%s%s%s", *node ? "Node " : "", node, *node && *libuv ? ", " : "",
                *libuv ? "libuv " : "", libuv);
  if (*labels)
    name_track(writer, "process_labels", pid, pid, labels);
  sort_track(writer, "process_sort_index", pid, pid, process->number);
}

/* Main first, then workers and others in the order of the stream, the pool last; a loop follows its thread.
 */
static uint64_t place_of(const struct uvt_follow_thread *thread)
{
  if (!strcmp(thread->role, "main"))
    return 0;
  return thread->own * 10 + (!strcmp(thread->role, "pool") ? 1000000 : 10);
}

static void write_thread(void *format, struct uvt_follow_thread *thread)
{
  struct writer *writer = format;
  struct track *track = track_of(writer, thread->process);
  char name[256];
  if (!track)
    return;
  if (!thread->own)
    thread->own = ++track->threads;
  uvt_words_put(name, sizeof name, "%s%s%s", *thread->role ? thread->role : "thread",
                *thread->name ? " " : "", thread->name);
  name_track(writer, "thread_name", track->pid, thread->tid, name);
  sort_track(writer, "thread_sort_index", track->pid, thread->tid, place_of(thread));
}

static int64_t track_of_loop(const struct uvt_follow_loop *loop)
{
  return UVT_CHROME_LOOPS + (int64_t)loop->loop_id;
}

static void write_loop(void *format, struct uvt_follow_loop *loop)
{
  struct writer *writer = format;
  char name[256];
  int64_t pid = pid_of(writer, loop->process);
  struct uvt_follow_thread **thread =
      uvt_id_map_find(&loop->process->threads, (uint64_t)(uint32_t)loop->tid + 1);
  uvt_words_put(name, sizeof name, "loop %llu%s%s", (unsigned long long)loop->loop_id, *loop->name ? " " : "",
                loop->name);
  name_track(writer, "thread_name", pid, track_of_loop(loop), name);
  sort_track(writer, "thread_sort_index", pid, track_of_loop(loop), thread ? place_of(*thread) + 1 : 1);
}

static void write_poll(void *format, struct uvt_follow_loop *loop, uint64_t end,
                       const struct uvt_event *event)
{
  struct writer *writer = format;
  bool first = true;
  start_event(writer, "X", pid_of(writer, loop->process), track_of_loop(loop));
  add_span(writer, loop->polled, end);
  add_name(writer, "poll", "poll");
  start_arguments(writer);
  if (event)
    add_data(writer, event, &first);
  end_event(writer);
}

/* ---- The thread pool ---- */

static void write_pool(struct writer *writer, const struct uvt_follow_process *process, uint64_t time)
{
  const struct track *track = track_of(writer, process);
  if (!track)
    return;
  start_event(writer, "C", track->pid, track->pid);
  add_time(writer, time);
  PUT(writer, ",\"name\":\"thread pool\",\"args\":{\"waiting\":");
  put_number(writer, (int64_t)track->waiting);
  PUT(writer, ",\"working\":");
  put_number(writer, (int64_t)track->working);
  end_event(writer);
}

static void move_in_pool(struct writer *writer, struct uvt_follow_registration *registration, uint64_t to,
                         uint64_t time)
{
  struct track *track = registration && registration->pooled ? track_of(writer, registration->process) : NULL;
  if (!track || registration->own >= to)
    return;
  track->waiting += to == POOL_WAITING;
  track->waiting -= registration->own == POOL_WAITING;
  track->working += to == POOL_WORKING;
  track->working -= registration->own == POOL_WORKING;
  registration->own = to;
  write_pool(writer, registration->process, time);
}

/* ---- Operations ---- */

static const char *name_of(const struct uvt_follow_registration *registration)
{
  if (!registration)
    return "unknown";
  return registration->function ? registration->function : registration->type;
}

static void start_operation_event(struct writer *writer, const char *phase,
                                  const struct uvt_follow_operation *operation, const char *name,
                                  uint64_t time)
{
  const struct uvt_follow_registration *registration = operation->registration;
  const struct uvt_follow_thread *thread = registration ? registration->at.thread : NULL;
  int64_t pid = pid_of(writer, operation->process);
  bool own_thread = thread && thread->process == operation->process;
  start_event(writer, phase, pid, own_thread ? thread->tid : pid);
  add_time(writer, time);
  add_name(writer, registration ? registration->type : "unknown", name);
  add_id(writer, operation->own);
  start_arguments(writer);
}

static void write_operation(void *format, struct uvt_follow_operation *operation)
{
  struct writer *writer = format;
  const struct uvt_follow_registration *registration = operation->registration;
  bool first = true;
  operation->own = ++writer->ids;
  start_operation_event(writer, "b", operation, name_of(registration), operation->queued);
  add_argument(writer, "operationID", operation->id, &first);
  if (registration) {
    add_argument(writer, "linkID", registration->link_id, &first);
    add_argument(writer, "linkedBy", registration->at.execute, &first);
    add_argument(writer, "n", operation->n, &first);
    add_kept(writer, registration->text, &first);
  }
  end_event(writer);
}

static void write_state(void *format, struct uvt_follow_operation *operation, enum uvt_state state,
                        uint64_t time)
{
  struct writer *writer = format;
  if (state != UVT_STATE_Ready && state != UVT_STATE_Executing)
    return;
  start_operation_event(writer, "n", operation, uvt_state_name(state),
                        time > operation->queued ? time : operation->queued);
  end_event(writer);
}

static void write_operation_end(void *format, struct uvt_follow_operation *operation, uint64_t time,
                                enum uvt_follow_end how)
{
  struct writer *writer = format;
  bool first = true;
  start_operation_event(writer, "e", operation, name_of(operation->registration),
                        time > operation->queued ? time : operation->queued);
  if (how == UVT_FOLLOW_OPEN) {
    add_key(writer, "still", &first);
    put_string(writer, uvt_state_name(operation->state));
  } else if (operation->state == UVT_STATE_Retired) {
    PUT(writer, "\"ran\":false");
  }
  end_event(writer);
}

/* ---- Arrows ---- */

static void write_arrow_end(struct writer *writer, const char *phase, const char *name, uint64_t id,
                            const struct uvt_follow_thread *thread, uint64_t time)
{
  start_event(writer, phase, pid_of(writer, thread->process), thread->tid);
  add_time(writer, time);
  add_name(writer, name, name);
  add_id(writer, id);
  if (*phase == 'f')
    PUT(writer, ",\"bp\":\"e\"}");
  else
    PUT(writer, "}");
}

/* Clocks of processors differ a little: an arrow that would point backwards comes a little later, or never.
 */
static void write_arrow(struct writer *writer, const char *name, const struct uvt_follow_point *from,
                        const struct uvt_follow_run *run)
{
  uint64_t to = from->time > run->begun ? from->time : run->begun;
  if (!from->thread || to >= run->ended)
    return;
  uint64_t id = ++writer->ids;
  write_arrow_end(writer, "s", name, id, from->thread, from->time);
  write_arrow_end(writer, "f", name, id, run->thread, to);
}

/* After the slice itself: where times are equal viewers go by the order in the file. */
static void write_arrows(struct writer *writer, const struct uvt_follow_run *run)
{
  if (run->kind != UVT_FOLLOW_INVOCATION || !run->registration)
    return;
  write_arrow(writer, "link", &run->registration->at, run);
  for (size_t i = 0; i < run->causes_count; i++) {
    if (run->causes[i].execute != run->registration->at.execute)
      write_arrow(writer, "cause", &run->causes[i], run);
  }
}

/* ---- Slices ---- */

static void write_link(void *format, struct uvt_follow_registration *registration, struct uvt_follow_run *run,
                       const struct uvt_event *event)
{
  (void)run;
  registration->text = uvt_kept_data(event);
  move_in_pool(format, registration, POOL_WAITING, event->time);
}

static void write_unlink(void *format, struct uvt_follow_registration *registration, uint64_t time)
{
  if (registration->own == POOL_WAITING)
    move_in_pool(format, registration, POOL_DONE, time);
}

static void begin_run(void *format, struct uvt_follow_run *run, const struct uvt_event *event)
{
  struct writer *writer = format;
  run->text = uvt_kept_data(event);
  if (run->kind == UVT_FOLLOW_POOL_WORK)
    move_in_pool(writer, run->registration, POOL_WORKING, event->time);
  else if (run->registration && run->registration->own == POOL_WAITING)
    move_in_pool(writer, run->registration, POOL_DONE, event->time);
}

static const char *category_of(const struct uvt_follow_run *run)
{
  if (run->kind == UVT_FOLLOW_POOL_WORK)
    return "pool";
  if (run->root)
    return "root";
  return run->registration && run->registration->js ? "js" : "uv";
}

static void add_run_arguments(struct writer *writer, const struct uvt_follow_run *run,
                              enum uvt_follow_end how)
{
  const struct uvt_follow_registration *registration = run->registration;
  bool first = true;
  start_arguments(writer);
  add_argument(writer, "executeID", run->execute_id, &first);
  add_argument(writer, "operationID", run->operation_id, &first);
  if (registration) {
    add_argument(writer, "linkID", registration->link_id, &first);
    add_argument(writer, "linkedBy", registration->at.execute, &first);
    if (registration->function) {
      add_key(writer, "type", &first);
      put_string(writer, registration->type);
    }
    add_kept(writer, registration->text, &first);
  }
  if (run->causes_count)
    add_argument(writer, "causedBy", run->causes[0].execute, &first);
  add_kept(writer, run->text, &first);
  if (how != UVT_FOLLOW_ENDED) {
    add_key(writer, "end", &first);
    put_string(writer, how == UVT_FOLLOW_OPEN ? "still running" : "not recorded");
  }
  end_event(writer);
}

static void end_run(void *format, struct uvt_follow_run *run, const struct uvt_event *event,
                    enum uvt_follow_end how)
{
  struct writer *writer = format;
  (void)event;
  start_event(writer, "X", pid_of(writer, run->thread->process), run->thread->tid);
  add_span(writer, run->begun, run->ended);
  add_name(writer, category_of(run), run->root ? "root" : name_of(run->registration));
  add_run_arguments(writer, run, how);
  write_arrows(writer, run);
  if (run->kind == UVT_FOLLOW_POOL_WORK && run->registration)
    move_in_pool(writer, run->registration, POOL_DONE, event ? event->time : run->ended);
}

/* ---- Other events ---- */

static void write_blocking(struct writer *writer, struct uvt_follow_run *run, const struct uvt_event *event)
{
  bool first = true;
  int64_t duration = uvt_follow_number(event, "duration");
  uint64_t length = duration > 0 ? (uint64_t)duration : 0;
  uint64_t begin = uvt_follow_tick(run->thread, event->time > length ? event->time - length : 0);
  uint64_t end = uvt_follow_tick(run->thread, event->time);
  start_event(writer, "X", pid_of(writer, run->thread->process), run->thread->tid);
  add_span(writer, begin, end);
  add_name(writer, "blocking", uvt_event_string(event, "type"));
  start_arguments(writer);
  add_argument(writer, "executeID", event->executeID, &first);
  add_data(writer, event, &first);
  end_event(writer);
}

/* On the thread where its invocation is open, or on the whole process, or on everything. */
static void write_instant(struct writer *writer, const struct uvt_follow_process *process,
                          struct uvt_follow_run *run, const struct uvt_event *event, const char *category,
                          const char *name)
{
  bool first = true;
  int64_t pid = process ? pid_of(writer, process) : 0;
  if (!process && writer->drawing.follow.processes_count)
    pid = pid_of(writer, writer->drawing.follow.processes[0]);
  start_event(writer, "i", pid, run ? run->thread->tid : pid);
  add_time(writer, run ? uvt_follow_tick(run->thread, event->time) : event->time);
  add_name(writer, category, name);
  PUT(writer, ",\"s\":\"");
  put_text(writer, run ? "t" : process ? "p" : "g", 1);
  PUT(writer, "\"");
  start_arguments(writer);
  add_argument(writer, "executeID", event->executeID, &first);
  if (event->kind == UVT_EV_lost) {
    if (event->count != UINT64_MAX)
      add_argument(writer, "count", event->count, &first);
    add_argument(writer, "from", event->from, &first);
    add_argument(writer, "to", event->to, &first);
  }
  add_data(writer, event, &first);
  end_event(writer);
}

static void write_other(void *format, struct uvt_follow_process *process, struct uvt_follow_run *run,
                        const struct uvt_event *event)
{
  struct writer *writer = format;
  if (event->kind == UVT_EV_blocking && run)
    write_blocking(writer, run, event);
  else if (event->kind == UVT_EV_lost)
    write_instant(writer, process, NULL, event, "lost", "lost events");
  else if (event->kind == UVT_EV_failedCallback)
    write_instant(writer, process, run, event, "failed", "failed");
  else if (event->kind == UVT_EV_label)
    write_instant(writer, process, run, event, "label",
                  *uvt_event_string(event, "name") ? uvt_event_string(event, "name") : "label");
}

/* ---- The sink ---- */

static int finish(struct uvt_drawing *drawing)
{
  PUT((struct writer *)drawing, "\n]}\n");
  return 0;
}

static struct uvt_sink *create(int file)
{
  static const struct uvt_follow_handlers handlers = {.process = write_process,
                                                      .thread = write_thread,
                                                      .loop = write_loop,
                                                      .link = write_link,
                                                      .unlink = write_unlink,
                                                      .operation = write_operation,
                                                      .state = write_state,
                                                      .operation_end = write_operation_end,
                                                      .begin = begin_run,
                                                      .end = end_run,
                                                      .poll = write_poll,
                                                      .event = write_other};
  struct writer *writer = calloc(1, sizeof *writer);
  if (!writer)
    return NULL;
  if (!uvt_drawing_init(&writer->drawing, file, &handlers, finish)) {
    free(writer);
    return NULL;
  }
  uvt_id_map_init(&writer->pids, sizeof(uint64_t));
  PUT(writer, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
  return &writer->drawing.sink;
}

static void destroy(struct uvt_sink *sink)
{
  struct writer *writer = (struct writer *)sink;
  uvt_drawing_clear(&writer->drawing);
  uvt_id_map_clear(&writer->pids);
  free(writer->tracks);
  free(writer);
}

const struct uvt_output_format uvt_output_chrome = {
    .name = "chrome",
    .summary = "trace-event JSON for Perfetto and chrome://tracing",
    .create = create,
    .destroy = destroy,
};

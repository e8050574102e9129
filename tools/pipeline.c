/* SPDX-License-Identifier: MIT */
#include "pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "model/model.h"
#include "stream/stream_reader.h"
#include "stream/view.h"
#include "trace/record_queue.h"
#include "trace/reorder.h"
#include "trace/trace_source.h"

#define DEFAULT_MEMORY (UINT64_C(64) << 20)

/* Counts what reaches the caller's sink, and remembers why that failed. */
struct counter {
  struct uvt_sink sink;
  struct uvt_sink *next;
  uint64_t events;
  int status;
};

static int count_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct counter *counter = (struct counter *)sink;
  counter->events++;
  int status = counter->next->event(counter->next, event);
  if (status && !counter->status)
    counter->status = status;
  return status;
}

static int count_flush(struct uvt_sink *sink)
{
  struct counter *counter = (struct counter *)sink;
  return counter->next->flush ? counter->next->flush(counter->next) : 0;
}

/* One run: what the functions below hand to each other. */
struct run {
  const char *source;
  const struct uvt_pipeline_options *options;
  struct uvt_sink *sink; /* where the stream's events go first: the view, or the counter */
  struct counter counter;
  struct uvt_pipeline_result result;
  struct uvt_error *error;
};

/* ---- From a trace: two threads ---- */

struct trace_run {
  struct uvt_trace_visitor visitor;
  struct run *run;
  struct uvt_model *model;
  struct uvt_record_queue *queue;
  bool live;
  pthread_t thread;       /* the model's */
  bool threaded;          /* it runs: not before the first record, since the trace source forks before that */
  struct uvt_error error; /* the model's thread's */
  int status;             /* the model's thread's */
};

static int model_batch(struct trace_run *run, const struct uvt_record *records, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    int status = uvt_model_record(run->model, &records[i], &run->error);
    if (status)
      return status;
  }
  struct uvt_sink *sink = run->run->sink;
  return run->live && uvt_record_queue_is_empty(run->queue) && sink->flush ? sink->flush(sink) : 0;
}

static void *run_model(void *argument)
{
  struct trace_run *run = argument;
  const struct uvt_record *records;
  size_t count;
  while (!run->status && (records = uvt_record_queue_take(run->queue, &count)))
    run->status = model_batch(run, records, count);
  uvt_record_queue_close(run->queue);
  return NULL;
}

static int start_model(struct trace_run *run)
{
  int status = pthread_create(&run->thread, NULL, run_model, run);
  run->threaded = !status;
  if (status)
    uvt_error_set(run->run->error, "cannot start a thread: %s", strerror(status));
  return status;
}

static int put_record(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  struct trace_run *run = (struct trace_run *)visitor;
  if (!run->threaded && start_model(run))
    return -1;
  run->run->result.records += record->kind != UVT_RECORD_discarded;
  return uvt_record_queue_put(run->queue, record);
}

static void put_idle(struct uvt_trace_visitor *visitor)
{
  uvt_record_queue_flush(((struct trace_run *)visitor)->queue);
}

static void put_rest(struct uvt_trace_visitor *visitor)
{
  struct trace_run *run = (struct trace_run *)visitor;
  if (run->threaded)
    uvt_record_queue_drain(run->queue);
}

static int read_records(struct trace_run *run)
{
  struct uvt_reorder *reorder = uvt_reorder_create(&run->visitor);
  if (!reorder) {
    uvt_error_set(run->run->error, "%s: out of memory", run->run->source);
    return -1;
  }
  int status = uvt_trace_read(run->run->source, uvt_reorder_visitor(reorder), run->run->error);
  uvt_reorder_finish(reorder);
  run->run->result.late = uvt_reorder_late(reorder, &run->run->result.late_by);
  uvt_reorder_destroy(reorder);
  return status;
}

static int read_trace(struct trace_run *run)
{
  int status = read_records(run);
  uvt_record_queue_finish(run->queue);
  if (run->threaded)
    pthread_join(run->thread, NULL);
  return run->run->error->text[0] ? -1 : status;
}

static int finish_trace(struct trace_run *run, int status)
{
  struct uvt_model_losses losses = uvt_model_losses(run->model);
  run->run->result.lost = losses.count;
  run->run->result.lost_unknown = losses.unknown;
  run->run->result.strangers = uvt_model_strangers(run->model);
  run->run->result.stacks_refused = uvt_model_stacks_refused(run->model);
  if (!run->status || run->run->counter.status)
    return status;
  /* What the model says counts for more than what came of stopping the source. */
  run->run->error->text[0] = '\0';
  uvt_error_set(run->run->error, "%s: %s", run->run->source,
                run->error.text[0] ? run->error.text : strerror(-run->status));
  return -1;
}

static int run_trace(struct run *run)
{
  struct trace_run trace = {.visitor = {.record = put_record, .idle = put_idle, .rest = put_rest},
                            .run = run,
                            .live = uvt_trace_is_url(run->source)};
  uint64_t memory = run->options->memory ? run->options->memory : DEFAULT_MEMORY;
  int status = -1;
  trace.model = uvt_model_create(run->sink, memory);
  trace.queue = uvt_record_queue_create();
  if (trace.model && run->options->all_processes)
    uvt_model_take_all(trace.model);
  if (trace.model && trace.queue)
    status = finish_trace(&trace, read_trace(&trace));
  else
    uvt_error_set(run->error, "%s: out of memory", run->source);
  uvt_model_destroy(trace.model);
  uvt_record_queue_destroy(trace.queue);
  return status;
}

/* ---- From JSON Lines ---- */

static int run_lines(struct run *run)
{
  bool standard = !strcmp(run->source, "-");
  FILE *file = standard ? stdin : fopen(run->source, "re");
  if (!file) {
    uvt_error_set(run->error, "%s: %s", run->source, strerror(errno));
    return -1;
  }
  int status = uvt_stream_read(file, standard ? "standard input" : run->source, run->sink,
                               &run->result.records, run->error);
  if (!standard)
    fclose(file);
  return status;
}

/* ---- Both ---- */

static bool is_trace(const char *source)
{
  struct stat status;
  return uvt_trace_is_url(source) || (!stat(source, &status) && S_ISDIR(status.st_mode));
}

static bool can_open(const char *source, struct uvt_error *error)
{
  struct stat status;
  if (!strcmp(source, "-") || uvt_trace_is_url(source) || !stat(source, &status))
    return true;
  uvt_error_set(error, "%s: %s", source, strerror(errno));
  return false;
}

static int run_source(struct run *run)
{
  int status = is_trace(run->source) ? run_trace(run) : run_lines(run);
  if (run->counter.next->end) {
    int ended = run->counter.next->end(run->counter.next);
    if (ended && !run->counter.status)
      run->counter.status = ended;
  }
  if (!run->counter.status)
    return status;
  run->error->text[0] = '\0';
  uvt_error_set(run->error, "the output failed: %s", strerror(-run->counter.status));
  return -1;
}

static int run_view(struct run *run)
{
  struct uvt_sink *view = uvt_view_create(&run->options->view, run->options->memory, &run->counter.sink);
  if (!view) {
    uvt_error_set(run->error, "out of memory");
    return -1;
  }
  run->sink = view;
  int status = run_source(run);
  if (!status && !uvt_view_met_pid(view)) {
    uvt_error_set(run->error, "%s: no process %lld in it", run->source, (long long)run->options->view.pid);
    status = -1;
  }
  uvt_view_destroy(view);
  return status;
}

int uvt_pipeline_run(const char *source, const struct uvt_pipeline_options *options, struct uvt_sink *sink,
                     struct uvt_pipeline_result *result, struct uvt_error *error)
{
  struct run run = {.source = source, .options = options, .error = error};
  if (!can_open(source, error))
    return -1;
  run.counter = (struct counter){.sink = {.event = count_event, .flush = count_flush}, .next = sink};
  run.sink = &run.counter.sink;
  int status = uvt_view_is_needed(&options->view) ? run_view(&run) : run_source(&run);
  run.result.events = run.counter.events;
  if (result)
    *result = run.result;
  return status;
}

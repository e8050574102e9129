/* SPDX-License-Identifier: MIT */
#include "reorder.h"

#include <stdlib.h>

#include "batch.h"
#include "batches.h"
#include "record_copy.h"

/* Longer than a processor is kept from a thread that is to write. */
#define AWAITED_NS INT64_C(2000000000)

struct held {
  struct uvt_record record;
  int64_t key; /* its place in the order: its time, unless that lies before an earlier one of its queue */
  uint64_t arrival; /* what comes first among those of one key */
  char *room;       /* of its strings; NULL: none */
};

/* Records in the order of their keys: those of one thread's batches, or all that came unpacked. */
struct queue {
  uint32_t process;
  int32_t tid;
  const char *host;
  int64_t last; /* the newest key */
  bool awaited; /* records are still to come, with times from `since` on */
  int64_t since;
  bool given_up; /* they are awaited no more: till `until` they had not come */
  int64_t until;
  struct uvt_batches batches;
  size_t head, count, capacity;
  struct held *held; /* a ring of `capacity`, a power of two */
};

struct uvt_reorder {
  struct uvt_trace_visitor visitor;
  struct uvt_trace_visitor *next;
  int64_t window; /* the longest of any process so far */
  int64_t newest; /* when the last record was written */
  int64_t given;  /* the key of what was given last */
  uint64_t arrivals;
  uint64_t late;
  int64_t late_by;
  size_t count;
  struct queue **queues; /* [0]: what came unpacked */
};

/* ---- Queues ---- */

static struct queue *add_queue(struct uvt_reorder *reorder)
{
  struct queue **queues = realloc(reorder->queues, (reorder->count + 1) * sizeof *queues);
  if (!queues)
    return NULL;
  reorder->queues = queues;
  struct queue *queue = calloc(1, sizeof *queue);
  if (!queue)
    return NULL;
  queue->last = INT64_MIN;
  queues[reorder->count++] = queue;
  return queue;
}

/* Of a thread of the record's process. */
static struct queue *queue_of(struct uvt_reorder *reorder, const struct uvt_record *record, int32_t tid)
{
  uint32_t process = record->batch.process; /* where every record has it */
  for (size_t i = 1; i < reorder->count; i++) {
    struct queue *queue = reorder->queues[i];
    if (queue->process == process && queue->tid == tid && queue->host == record->host)
      return queue;
  }
  struct queue *queue = add_queue(reorder);
  if (queue) {
    queue->process = process;
    queue->tid = tid;
    queue->host = record->host;
  }
  return queue;
}

static int grow(struct queue *queue)
{
  size_t capacity = queue->capacity ? 2 * queue->capacity : 64;
  struct held *held = malloc(capacity * sizeof *held);
  if (!held)
    return -1;
  for (size_t i = 0; i < queue->count; i++)
    held[i] = queue->held[(queue->head + i) & (queue->capacity - 1)];
  free(queue->held);
  queue->held = held;
  queue->head = 0;
  queue->capacity = capacity;
  return 0;
}

static int hold(struct uvt_reorder *reorder, struct queue *queue, const struct uvt_record *record)
{
  if (queue->count == queue->capacity && grow(queue) < 0)
    return -1;
  struct held *held = &queue->held[(queue->head + queue->count) & (queue->capacity - 1)];
  size_t room = uvt_record_room(record);
  held->room = room ? malloc(room) : NULL;
  if (room && !held->room)
    return -1;
  uvt_record_copy(&held->record, record, held->room);
  if (record->time > queue->last)
    queue->last = record->time;
  held->key = queue->last;
  held->arrival = reorder->arrivals++;
  queue->count++;
  return 0;
}

static struct held *first(const struct queue *queue)
{
  return queue->count ? &queue->held[queue->head] : NULL;
}

static bool is_before(const struct held *a, const struct held *b)
{
  return a->key < b->key || (a->key == b->key && a->arrival < b->arrival);
}

/* ---- Giving on ---- */

static void note_late(struct uvt_reorder *reorder, int64_t by)
{
  reorder->late++;
  if (by > reorder->late_by)
    reorder->late_by = by;
}

static int give_first(struct uvt_reorder *reorder, struct queue *queue)
{
  struct held *held = first(queue);
  if (held->key > reorder->given)
    reorder->given = held->key;
  else if (held->key < reorder->given)
    note_late(reorder, reorder->given - held->key);
  if (queue != reorder->queues[0])
    held->record.time = reorder->given;
  int status = reorder->next->record(reorder->next, &held->record);
  free(held->room);
  queue->head = (queue->head + 1) & (queue->capacity - 1);
  queue->count--;
  return status;
}

static struct queue *earliest(const struct uvt_reorder *reorder)
{
  struct queue *earliest = NULL;
  for (size_t i = 0; i < reorder->count; i++) {
    struct queue *queue = reorder->queues[i];
    if (queue->count && (!earliest || is_before(first(queue), first(earliest))))
      earliest = queue;
  }
  return earliest;
}

/* All of up to that time. */
static int give_until(struct uvt_reorder *reorder, int64_t horizon)
{
  struct queue *queue;
  int status = 0;
  while (!status && (queue = earliest(reorder)) && first(queue)->key <= horizon)
    status = give_first(reorder, queue);
  return status;
}

/* ---- Batches ---- */

static enum uvt_batch_op unpack(const struct uvt_rec_batch *batch, const uint64_t *words,
                                struct uvt_record *record)
{
  union uvt_batch_record unpacked;
  enum uvt_batch_op op = uvt_batch_unpack(batch, words, &unpacked);
  switch (op) {
#define UNPACKED(op, event, words, text) \
  case UVT_BATCH_##op:                   \
    record->kind = UVT_RECORD_##event;   \
    record->event = unpacked.event;      \
    break;
    UVT_BATCH_OPS(UNPACKED)
#undef UNPACKED
  case UVT_BATCH_OP_COUNT:
    break;
  }
  return op;
}

/* A moment on CLOCK_MONOTONIC, in the trace's time; not after the record was written. */
static int64_t moment(const struct uvt_record *record, uint64_t monotonic)
{
  int64_t before = (int64_t)(record->monotonic - monotonic);
  return before > 0 ? record->time - before : record->time;
}

static int64_t time_of(const struct uvt_record *batch, uint64_t word)
{
  return moment(batch, uvt_batch_time(&batch->batch, word));
}

static void await(struct queue *queue, const struct uvt_record *record, uint64_t since)
{
  queue->awaited = since != 0;
  queue->since = since ? moment(record, since) : 0;
  queue->given_up = false;
}

static void give_up(struct queue *queue, int64_t now)
{
  queue->awaited = false;
  queue->given_up = true;
  queue->until = now;
}

/* What was announced and never came. */
static int hold_missing(struct uvt_reorder *reorder, const struct queue *queue)
{
  struct uvt_record missing = {.kind = UVT_RECORD_discarded, .time = reorder->newest, .host = queue->host};
  missing.discarded = (struct uvt_rec_discarded){
      .process = queue->process, .count = UINT64_MAX, .from = queue->since, .to = queue->until};
  return hold(reorder, reorder->queues[0], &missing);
}

/* One of a batch's records; of a link that has one, its stack before it. */
static int hold_packed(struct uvt_reorder *reorder, struct queue *queue, const struct uvt_record *batch,
                       const uint64_t *words)
{
  struct uvt_record one = *batch;
  enum uvt_batch_op op = unpack(&batch->batch, words, &one);
  one.time = time_of(batch, words[0]);
  uint32_t stack = uvt_batch_stack_of(words);
  if (stack) {
    struct uvt_record of_link = one;
    of_link.kind = UVT_RECORD_link_stack;
    of_link.link_stack = (struct uvt_rec_link_stack){
        batch->batch.process, uvt_batch_is_js_link(op) ? one.js_link.link_id : one.link.link_id, stack};
    if (hold(reorder, queue, &of_link) < 0)
      return -1;
  }
  return hold(reorder, queue, &one);
}

/* Batches of the thread are missing: the tracer counted each as one record, but they held more. */
static int hold_loss(struct uvt_reorder *reorder, struct queue *queue, const struct uvt_record *batch)
{
  struct uvt_record lost = *batch;
  uint64_t count = uvt_batches_missing(&queue->batches, &batch->batch);
  if (!count)
    return 0;
  lost.kind = UVT_RECORD_lost;
  lost.time = time_of(batch, batch->batch.words.count ? batch->batch.words.at[0] : 0);
  lost.lost = (struct uvt_rec_lost){batch->batch.process, count};
  return hold(reorder, queue, &lost);
}

/* What is damaged ends a batch. */
static int hold_batch(struct uvt_reorder *reorder, const struct uvt_record *record)
{
  struct queue *queue = queue_of(reorder, record, record->batch.tid);
  const struct uvt_sequence *words = &record->batch.words;
  if (!queue || hold_loss(reorder, queue, record) < 0)
    return -1;
  for (uint32_t i = 0, size; (size = uvt_batch_size(words->at + i, words->count - i)) != 0; i += size) {
    if (hold_packed(reorder, queue, record, &words->at[i]) < 0)
      return -1;
  }
  await(queue, record, record->batch.since);
  return 0;
}

/* ---- The visitor ---- */

static void note_window(struct uvt_reorder *reorder, const struct uvt_record *record)
{
  if (record->kind == UVT_RECORD_process && record->process.window > reorder->window)
    reorder->window = record->process.window;
}

/* Up to when all is there. What has been awaited for too long will not come: its process was killed. */
static int64_t horizon(struct uvt_reorder *reorder, int64_t now)
{
  int64_t horizon = now - reorder->window;
  for (size_t i = 1; i < reorder->count; i++) {
    struct queue *queue = reorder->queues[i];
    if (queue->awaited && queue->since < now - AWAITED_NS)
      give_up(queue, now);
    if (queue->awaited && queue->since < horizon)
      horizon = queue->since;
  }
  return horizon;
}

static int take(struct uvt_reorder *reorder, const struct uvt_record *record)
{
  struct queue *queue;
  switch (record->kind) {
  case UVT_RECORD_batch:
    return hold_batch(reorder, record);
  case UVT_RECORD_waiting:
    queue = queue_of(reorder, record, record->waiting.tid);
    if (!queue)
      return -1;
    await(queue, record, record->waiting.since);
    return 0;
  default:
    return hold(reorder, reorder->queues[0], record);
  }
}

static int take_record(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  struct uvt_reorder *reorder = (struct uvt_reorder *)visitor;
  reorder->newest = record->time;
  note_window(reorder, record);
  if (!reorder->window && record->kind != UVT_RECORD_batch && record->kind != UVT_RECORD_waiting)
    return reorder->next->record(reorder->next, record);
  int status = take(reorder, record);
  return status ? status : give_until(reorder, horizon(reorder, record->time));
}

static void take_idle(struct uvt_trace_visitor *visitor)
{
  struct uvt_reorder *reorder = (struct uvt_reorder *)visitor;
  give_until(reorder, INT64_MAX);
  if (reorder->next->idle)
    reorder->next->idle(reorder->next);
}

static void take_rest(struct uvt_trace_visitor *visitor)
{
  struct uvt_reorder *reorder = (struct uvt_reorder *)visitor;
  if (reorder->next->rest)
    reorder->next->rest(reorder->next);
}

struct uvt_reorder *uvt_reorder_create(struct uvt_trace_visitor *next)
{
  struct uvt_reorder *reorder = calloc(1, sizeof *reorder);
  if (!reorder)
    return NULL;
  *reorder = (struct uvt_reorder){.visitor = {.record = take_record, .idle = take_idle, .rest = take_rest},
                                  .next = next,
                                  .given = INT64_MIN};
  if (!add_queue(reorder)) {
    uvt_reorder_destroy(reorder);
    return NULL;
  }
  return reorder;
}

void uvt_reorder_destroy(struct uvt_reorder *reorder)
{
  if (!reorder)
    return;
  for (size_t i = 0; i < reorder->count; i++) {
    struct queue *queue = reorder->queues[i];
    for (size_t j = 0; j < queue->count; j++)
      free(queue->held[(queue->head + j) & (queue->capacity - 1)].room);
    free(queue->held);
    free(queue);
  }
  free(reorder->queues);
  free(reorder);
}

struct uvt_trace_visitor *uvt_reorder_visitor(struct uvt_reorder *reorder)
{
  return &reorder->visitor;
}

int uvt_reorder_finish(struct uvt_reorder *reorder)
{
  for (size_t i = 1; i < reorder->count; i++) {
    struct queue *queue = reorder->queues[i];
    if (queue->awaited)
      give_up(queue, reorder->newest);
    if (queue->given_up && hold_missing(reorder, queue) < 0)
      return -1;
    queue->given_up = false;
  }
  return give_until(reorder, INT64_MAX);
}

uint64_t uvt_reorder_late(const struct uvt_reorder *reorder, int64_t *by)
{
  *by = reorder->late_by;
  return reorder->late;
}

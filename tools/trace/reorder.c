/* SPDX-License-Identifier: MIT */
#include "reorder.h"

#include <stdlib.h>

#include "base/id_map.h"
#include "batch.h"
#include "batches.h"
#include "record_copy.h"

/* Longer than a processor is kept from a thread that is to write. */
#define AWAITED_NS INT64_C(2000000000)

enum { RING_FIRST = 64, SPARE_RINGS = 16 };

struct held {
  struct uvt_record record;
  int64_t key; /* its place in the order: its time, unless that lies before an earlier one of its queue */
  uint64_t arrival; /* what comes first among those of one key */
  char *room;       /* of its strings; NULL: none */
};

/* Where a queue stands in each of the two heaps, counted from 1; 0: it is not in that one. */
enum heap_of { FILLED, AWAITED, HEAPS };

/* Records in the order of their keys: those of one thread's batches, or all that came unpacked. What is left
 * of it while it holds none is small: nothing says that a thread has ended. */
struct queue {
  uint32_t process;
  int32_t tid;
  const char *host;
  struct queue *next_same; /* of another host, with these numbers */
  size_t places[HEAPS];
  int64_t last;  /* the newest key */
  int64_t since; /* AWAITED: records are still to come, with times from then on */
  bool given_up; /* they are awaited no more: till `until` they had not come */
  int64_t until;
  struct uvt_batches batches;
  size_t head, count, capacity;
  struct held *held; /* a ring of `capacity`, a power of two; NULL: none is held */
};

/* A binary heap: what comes before all others is at the top. */
struct heap {
  bool (*is_before)(const struct queue *, const struct queue *);
  size_t count, capacity;
  struct queue **at;
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
  size_t count, capacity;
  struct queue **queues;       /* all; [0]: what came unpacked */
  struct uvt_id_map by_thread; /* values: struct queue * */
  struct heap heaps[HEAPS];
  struct held *spare[SPARE_RINGS]; /* of RING_FIRST records each */
  size_t spares;
  struct uvt_reorder_work work;
};

/* ---- Heaps of queues ---- */

static void set_place(struct uvt_reorder *reorder, enum heap_of which, struct queue *queue, size_t place)
{
  reorder->heaps[which].at[place - 1] = queue;
  queue->places[which] = place;
}

static bool comes_before(struct uvt_reorder *reorder, enum heap_of which, const struct queue *a,
                         const struct queue *b)
{
  reorder->work.compared++;
  return reorder->heaps[which].is_before(a, b);
}

static size_t rise(struct uvt_reorder *reorder, enum heap_of which, const struct queue *queue, size_t place)
{
  struct heap *heap = &reorder->heaps[which];
  for (; place > 1 && comes_before(reorder, which, queue, heap->at[place / 2 - 1]); place /= 2)
    set_place(reorder, which, heap->at[place / 2 - 1], place);
  return place;
}

static size_t sink(struct uvt_reorder *reorder, enum heap_of which, const struct queue *queue, size_t place)
{
  struct heap *heap = &reorder->heaps[which];
  for (size_t child; (child = 2 * place) <= heap->count; place = child) {
    if (child < heap->count && comes_before(reorder, which, heap->at[child], heap->at[child - 1]))
      child++;
    if (!comes_before(reorder, which, heap->at[child - 1], queue))
      break;
    set_place(reorder, which, heap->at[child - 1], place);
  }
  return place;
}

/* After what the queue is compared by has changed. */
static void settle(struct uvt_reorder *reorder, enum heap_of which, struct queue *queue)
{
  size_t place = rise(reorder, which, queue, queue->places[which]);
  set_place(reorder, which, queue, sink(reorder, which, queue, place));
}

/* Also of one that is in it already. */
static int put_in(struct uvt_reorder *reorder, enum heap_of which, struct queue *queue)
{
  struct heap *heap = &reorder->heaps[which];
  if (!queue->places[which]) {
    if (heap->count == heap->capacity) {
      size_t capacity = heap->capacity ? 2 * heap->capacity : 16;
      struct queue **at = realloc(heap->at, capacity * sizeof(struct queue *));
      if (!at)
        return -1;
      heap->at = at;
      heap->capacity = capacity;
    }
    set_place(reorder, which, queue, ++heap->count);
  }
  settle(reorder, which, queue);
  return 0;
}

static void take_out(struct uvt_reorder *reorder, enum heap_of which, struct queue *queue)
{
  struct heap *heap = &reorder->heaps[which];
  size_t place = queue->places[which];
  if (!place)
    return;
  struct queue *last = heap->at[--heap->count];
  queue->places[which] = 0;
  if (last == queue)
    return;
  set_place(reorder, which, last, place);
  settle(reorder, which, last);
}

static struct queue *top(const struct uvt_reorder *reorder, enum heap_of which)
{
  return reorder->heaps[which].count ? reorder->heaps[which].at[0] : NULL;
}

/* ---- Queues ---- */

static struct queue *add_queue(struct uvt_reorder *reorder)
{
  if (reorder->count == reorder->capacity) {
    size_t capacity = reorder->capacity ? 2 * reorder->capacity : 16;
    struct queue **queues = realloc(reorder->queues, capacity * sizeof(struct queue *));
    if (!queues)
      return NULL;
    reorder->queues = queues;
    reorder->capacity = capacity;
  }
  struct queue *queue = calloc(1, sizeof *queue);
  if (!queue)
    return NULL;
  queue->last = INT64_MIN;
  reorder->queues[reorder->count++] = queue;
  return queue;
}

/* Of a thread of the record's process. */
static struct queue *queue_of(struct uvt_reorder *reorder, const struct uvt_record *record, int32_t tid)
{
  uint32_t process = record->batch.process; /* where every record has it */
  uint64_t id = (uint64_t)process << 31 | ((uint32_t)tid & INT32_MAX);
  struct queue **first = uvt_id_map_add(&reorder->by_thread, id);
  for (struct queue *queue = first ? *first : NULL; queue; queue = queue->next_same) {
    reorder->work.compared++;
    if (queue->tid == tid && queue->host == record->host)
      return queue;
  }
  struct queue *queue = first ? add_queue(reorder) : NULL;
  if (queue) {
    queue->process = process;
    queue->tid = tid;
    queue->host = record->host;
    queue->next_same = *first;
    *first = queue;
  }
  return queue;
}

static int grow(struct uvt_reorder *reorder, struct queue *queue)
{
  size_t capacity = queue->capacity ? 2 * queue->capacity : RING_FIRST;
  bool has_spare = !queue->capacity && reorder->spares;
  struct held *held = has_spare ? reorder->spare[--reorder->spares] : malloc(capacity * sizeof *held);
  if (!held)
    return -1;
  reorder->work.rings += !queue->capacity;
  for (size_t i = 0; i < queue->count; i++)
    held[i] = queue->held[(queue->head + i) & (queue->capacity - 1)];
  free(queue->held);
  queue->held = held;
  queue->head = 0;
  queue->capacity = capacity;
  return 0;
}

/* The ring of a queue that holds nothing is for the next that does. */
static void let_ring_go(struct uvt_reorder *reorder, struct queue *queue)
{
  reorder->work.rings--;
  if (queue->capacity == RING_FIRST && reorder->spares < SPARE_RINGS)
    reorder->spare[reorder->spares++] = queue->held;
  else
    free(queue->held);
  queue->held = NULL;
  queue->head = queue->capacity = 0;
}

static int hold(struct uvt_reorder *reorder, struct queue *queue, const struct uvt_record *record)
{
  if (queue->count == queue->capacity && grow(reorder, queue) < 0)
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
  return queue->count++ ? 0 : put_in(reorder, FILLED, queue);
}

/* Of one that holds some. */
static struct held *first(const struct queue *queue)
{
  return &queue->held[queue->head];
}

static bool is_given_before(const struct queue *a, const struct queue *b)
{
  const struct held *one = first(a), *other = first(b);
  return one->key < other->key || (one->key == other->key && one->arrival < other->arrival);
}

static bool is_awaited_before(const struct queue *a, const struct queue *b)
{
  return a->since < b->since;
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
  if (--queue->count) {
    settle(reorder, FILLED, queue);
  } else {
    take_out(reorder, FILLED, queue);
    let_ring_go(reorder, queue);
  }
  return status;
}

/* All of up to that time. */
static int give_until(struct uvt_reorder *reorder, int64_t horizon)
{
  struct queue *queue;
  int status = 0;
  while (!status && (queue = top(reorder, FILLED)) && first(queue)->key <= horizon)
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

static int await(struct uvt_reorder *reorder, struct queue *queue, const struct uvt_record *record,
                 uint64_t since)
{
  queue->given_up = false;
  if (!since) {
    take_out(reorder, AWAITED, queue);
    return 0;
  }
  queue->since = moment(record, since);
  return put_in(reorder, AWAITED, queue);
}

static void give_up(struct uvt_reorder *reorder, struct queue *queue, int64_t now)
{
  take_out(reorder, AWAITED, queue);
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
  return await(reorder, queue, record, record->batch.since);
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
  struct queue *queue;
  while ((queue = top(reorder, AWAITED)) && queue->since < now - AWAITED_NS)
    give_up(reorder, queue, now);
  int64_t horizon = now - reorder->window;
  return queue && queue->since < horizon ? queue->since : horizon;
}

static int take(struct uvt_reorder *reorder, const struct uvt_record *record)
{
  struct queue *queue;
  switch (record->kind) {
  case UVT_RECORD_batch:
    return hold_batch(reorder, record);
  case UVT_RECORD_waiting:
    queue = queue_of(reorder, record, record->waiting.tid);
    return queue ? await(reorder, queue, record, record->waiting.since) : -1;
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
  *reorder = (struct uvt_reorder){
      .visitor = {.record = take_record, .idle = take_idle, .rest = take_rest},
      .next = next,
      .given = INT64_MIN,
      .heaps = {[FILLED].is_before = is_given_before, [AWAITED].is_before = is_awaited_before}};
  uvt_id_map_init(&reorder->by_thread, sizeof(struct queue *));
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
  for (size_t i = 0; i < reorder->spares; i++)
    free(reorder->spare[i]);
  for (size_t i = 0; i < HEAPS; i++)
    free(reorder->heaps[i].at);
  uvt_id_map_clear(&reorder->by_thread);
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
    if (queue->places[AWAITED])
      give_up(reorder, queue, reorder->newest);
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

struct uvt_reorder_work uvt_reorder_work(const struct uvt_reorder *reorder)
{
  return reorder->work;
}

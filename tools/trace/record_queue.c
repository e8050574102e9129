/* SPDX-License-Identifier: MIT */
#include "record_queue.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record_copy.h"

enum {
  BATCHES = 8,
  BATCH_RECORDS = 256, /* so that two batches stay in a core's cache */
  /* A thread that had to wait goes on when there are so many batches to take, or to fill: waking it costs
   * more than modelling a hundred records. */
  WAKE_BATCHES = 4,
  TEXT_SIZE = 16 * 1024
};

struct batch {
  size_t count;
  char *text; /* what the records' strings and sequences point into */
  size_t text_used, text_size;
  struct uvt_record records[BATCH_RECORDS];
};

/* Batches are used in a ring: the producer fills batch `filled`, the consumer has batch `taken` in its hands.
 */
struct uvt_record_queue {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  size_t filled, taken; /* how many ever */
  bool in_hands;        /* batch `taken` is the consumer's */
  bool urgent;          /* what is filled is to be taken now */
  bool producer_waits, consumer_waits;
  bool drains; /* the producer waits until the consumer does */
  bool finished, closed;
  struct batch batches[BATCHES];
};

struct uvt_record_queue *uvt_record_queue_create(void)
{
  struct uvt_record_queue *queue = calloc(1, sizeof *queue);
  if (!queue)
    return NULL;
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->changed, NULL);
  return queue;
}

void uvt_record_queue_destroy(struct uvt_record_queue *queue)
{
  if (!queue)
    return;
  for (size_t i = 0; i < BATCHES; i++)
    free(queue->batches[i].text);
  pthread_cond_destroy(&queue->changed);
  pthread_mutex_destroy(&queue->lock);
  free(queue);
}

/* Both with the lock held. */
static bool may_take(const struct uvt_record_queue *queue)
{
  size_t full = queue->filled - queue->taken;
  return full >= WAKE_BATCHES || (full && queue->urgent) || queue->finished;
}

static bool may_fill(const struct uvt_record_queue *queue)
{
  return BATCHES - (queue->filled - queue->taken) >= WAKE_BATCHES || queue->closed;
}

/* Makes the batch being filled the consumer's, and waits until there is room for another. */
static void hand_over(struct uvt_record_queue *queue, bool urgent)
{
  pthread_mutex_lock(&queue->lock);
  queue->filled++;
  queue->urgent |= urgent;
  if (queue->consumer_waits && may_take(queue))
    pthread_cond_broadcast(&queue->changed);
  if (queue->filled - queue->taken >= BATCHES) {
    queue->producer_waits = true;
    while (!may_fill(queue))
      pthread_cond_wait(&queue->changed, &queue->lock);
    queue->producer_waits = false;
  }
  pthread_mutex_unlock(&queue->lock);
  struct batch *batch = &queue->batches[queue->filled % BATCHES];
  batch->count = 0;
  batch->text_used = 0;
}

static bool is_closed(struct uvt_record_queue *queue)
{
  pthread_mutex_lock(&queue->lock);
  bool closed = queue->closed;
  pthread_mutex_unlock(&queue->lock);
  return closed;
}

/* A batch whose text has that much room; the text of one with records cannot move. NULL: no memory. */
static struct batch *batch_with_text(struct uvt_record_queue *queue, size_t needed)
{
  struct batch *batch = &queue->batches[queue->filled % BATCHES];
  if (batch->text_size - batch->text_used >= needed)
    return batch;
  if (batch->text_used) {
    hand_over(queue, false);
    batch = &queue->batches[queue->filled % BATCHES];
  }
  if (batch->text_size >= needed)
    return batch;
  size_t size = needed < TEXT_SIZE ? TEXT_SIZE : needed;
  free(batch->text);
  batch->text = malloc(size);
  batch->text_size = batch->text ? size : 0;
  return batch->text ? batch : NULL;
}

/* ---- The producer ---- */

int uvt_record_queue_put(struct uvt_record_queue *queue, const struct uvt_record *record)
{
  struct batch *batch = &queue->batches[queue->filled % BATCHES];
  size_t room = uvt_record_room(record);
  if (room && !(batch = batch_with_text(queue, room)))
    return -1;
  uvt_record_copy(&batch->records[batch->count++], record, batch->text + batch->text_used);
  batch->text_used += room;
  if (batch->count < BATCH_RECORDS)
    return 0;
  hand_over(queue, false);
  return is_closed(queue) ? -1 : 0;
}

void uvt_record_queue_flush(struct uvt_record_queue *queue)
{
  if (queue->batches[queue->filled % BATCHES].count) {
    hand_over(queue, true);
    return;
  }
  pthread_mutex_lock(&queue->lock);
  queue->urgent = true;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
}

void uvt_record_queue_drain(struct uvt_record_queue *queue)
{
  uvt_record_queue_flush(queue);
  pthread_mutex_lock(&queue->lock);
  queue->drains = true;
  while (!queue->closed && (!queue->consumer_waits || queue->taken != queue->filled))
    pthread_cond_wait(&queue->changed, &queue->lock);
  queue->drains = false;
  pthread_mutex_unlock(&queue->lock);
}

void uvt_record_queue_finish(struct uvt_record_queue *queue)
{
  uvt_record_queue_flush(queue);
  pthread_mutex_lock(&queue->lock);
  queue->finished = true;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
}

/* ---- The consumer ---- */

const struct uvt_record *uvt_record_queue_take(struct uvt_record_queue *queue, size_t *count)
{
  const struct batch *batch = NULL;
  pthread_mutex_lock(&queue->lock);
  queue->taken += queue->in_hands;
  if (queue->producer_waits && may_fill(queue))
    pthread_cond_broadcast(&queue->changed);
  if (queue->taken == queue->filled) {
    queue->consumer_waits = true;
    queue->urgent = false;
    if (queue->drains)
      pthread_cond_broadcast(&queue->changed);
    while (!may_take(queue))
      pthread_cond_wait(&queue->changed, &queue->lock);
    queue->consumer_waits = false;
  }
  queue->in_hands = queue->taken < queue->filled;
  if (queue->in_hands)
    batch = &queue->batches[queue->taken % BATCHES];
  pthread_mutex_unlock(&queue->lock);
  *count = batch ? batch->count : 0;
  return batch ? batch->records : NULL;
}

bool uvt_record_queue_is_empty(struct uvt_record_queue *queue)
{
  pthread_mutex_lock(&queue->lock);
  bool empty = queue->taken + queue->in_hands == queue->filled;
  pthread_mutex_unlock(&queue->lock);
  return empty;
}

void uvt_record_queue_close(struct uvt_record_queue *queue)
{
  pthread_mutex_lock(&queue->lock);
  queue->closed = true;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
}

/* SPDX-License-Identifier: MIT */
/*
 * Hands records from the thread that decodes a trace to the thread that makes events of them, in batches:
 * decoding takes about as long as all the rest, so two cores halve the time.
 *
 * One producer and one consumer. Records are copied, with their strings and sequences (not the host's name,
 * which the source keeps).
 */
#ifndef UVT_RECORD_QUEUE_H
#define UVT_RECORD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct uvt_record_queue;

struct uvt_record_queue *uvt_record_queue_create(void);
void uvt_record_queue_destroy(struct uvt_record_queue *queue);

/* Producer. 0; -1: the consumer has closed the queue, or there is no memory. */
int uvt_record_queue_put(struct uvt_record_queue *queue, const struct uvt_record *record);
/* Producer: what was put until now may be taken at once. */
void uvt_record_queue_flush(struct uvt_record_queue *queue);
/* Producer: waits until all was taken, and the consumer waits for more (or has closed the queue). */
void uvt_record_queue_drain(struct uvt_record_queue *queue);
/* Producer: nothing more will be put. */
void uvt_record_queue_finish(struct uvt_record_queue *queue);

/*
 * Consumer: waits for records, which hold until the next call. NULL: the producer has finished and everything
 * was taken.
 */
const struct uvt_record *uvt_record_queue_take(struct uvt_record_queue *queue, size_t *count);
/* Consumer: whether taking would wait. */
bool uvt_record_queue_is_empty(struct uvt_record_queue *queue);
/* Consumer: nothing more will be taken. */
void uvt_record_queue_close(struct uvt_record_queue *queue);

#endif

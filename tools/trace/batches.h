/* SPDX-License-Identifier: MIT */
/*
 * Which of a thread's batches (batch.h) are missing in a trace, and how many records they held: the tracer
 * counts a batch that it had no room for as one record.
 */
#ifndef UVT_BATCHES_H
#define UVT_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "schema.h"

/* Of one thread; zeroed at first. */
struct uvt_batches {
  bool begun;
  uint32_t next;   /* number of the next batch */
  uint64_t before; /* records in those so far */
};

/* Takes the thread's next batch. How many records were lost before it, less one for each batch that was. */
uint64_t uvt_batches_missing(struct uvt_batches *batches, const struct uvt_rec_batch *batch);

#endif

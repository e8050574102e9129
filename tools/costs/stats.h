/* SPDX-License-Identifier: MIT */
/*
 * How long things took, per process: a sink that counts, then printed as text or JSON. Streaming: memory
 * grows with what is alive and with how many types, loops and blocked paths there are (each bounded), not
 * with the length of the stream.
 */
#ifndef UVT_STATS_H
#define UVT_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "stream/event.h"

struct uvt_stats;

struct uvt_stats_options {
  uint64_t from, to; /* only what was in [from, to]; to 0: no end. The start-up report is of all there is */
};

struct uvt_stats_view {
  unsigned width;
  bool ascii;
};

struct uvt_stats *uvt_stats_create(const struct uvt_stats_options *options); /* NULL: out of memory */
void uvt_stats_destroy(struct uvt_stats *stats);

/* Its functions fail only when out of memory. The stats own it. */
struct uvt_sink *uvt_stats_sink(struct uvt_stats *stats);

/* After the sink's `end`. 0, or -1 with the error set: a stream without states, or a failed write. */
int uvt_stats_print_text(const struct uvt_stats *stats, const struct uvt_stats_view *view, FILE *out,
                         struct uvt_error *error);
int uvt_stats_print_json(const struct uvt_stats *stats, FILE *out, struct uvt_error *error);

#endif

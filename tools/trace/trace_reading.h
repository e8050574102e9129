/* SPDX-License-Identifier: MIT */
/* What the readers behind trace_source.h share: one reading of a source, and what has been given of it. */
#ifndef UVT_TRACE_READING_H
#define UVT_TRACE_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "record.h"
#include "trace_source.h"

struct uvt_trace_reading {
  struct uvt_trace_visitor *visitor;
  struct uvt_error *error;
  const char *source;
  uint64_t given; /* to the visitor, records of losses included */
  uint64_t skip;  /* so many of the next were given already, by a reader that gave up */
  uint64_t ours;  /* records of our provider, as often as they were read */
  bool missing;   /* from the beginning: to be told before the next record */
  bool stopped;   /* by the visitor: nothing more is to be given */
};

/* Who recorded a data stream: the parts of a record that are the same for all of it. */
struct uvt_trace_origin {
  const char *host, *session;  /* names.h */
  bool by_record, own_session; /* record.h */
};

/* `path` is that of the stream. */
struct uvt_trace_origin uvt_trace_origin(const char *host, const char *session, const char *path);

void uvt_trace_give(struct uvt_trace_reading *reading, const struct uvt_record *record);
/* A record of kind `discarded`; times are in ns since the epoch, a count of UINT64_MAX is unknown. */
void uvt_trace_give_loss(struct uvt_trace_reading *reading, const struct uvt_trace_origin *origin,
                         uint64_t count, int64_t from, int64_t to);

#endif

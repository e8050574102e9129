/* SPDX-License-Identifier: MIT */
/*
 * One decoded record of a trace: what tracepoints/schema.h declares, with its time; and what the
 * trace says of itself (records that were discarded).
 *
 * Records come from trace_source.h in order of time. Strings, sequences and the record itself are the
 * source's and hold until the callback that was given them returns.
 */
#ifndef UVT_RECORD_H
#define UVT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "schema.h"

enum uvt_record_kind {
#define UVT_RECORD_KIND(event) UVT_RECORD_##event,
  UVT_EVENTS(UVT_RECORD_KIND)
#undef UVT_RECORD_KIND
      UVT_RECORD_discarded, /* not in the trace, by what the trace says of itself: not an event of ours */
  UVT_RECORD_COUNT
};

struct uvt_rec_discarded {
  uint32_t process; /* whose; 0: of a data stream, which may hold several */
  uint64_t count;   /* UINT64_MAX: unknown */
  int64_t from;     /* ns since the epoch, as uvt_record.time */
  int64_t to;
};

struct uvt_record {
  enum uvt_record_kind kind;
  int64_t time;        /* ns since the Unix epoch (clock offset applied) */
  uint64_t monotonic;  /* the same moment on the CLOCK_MONOTONIC of the host that recorded it, ns */
  const char *host;    /* name of the host that recorded it, "" where unknown; lives on (names.h) */
  const char *session; /* name of the tracing session that it was recorded in; likewise */
  bool by_record;      /* that session was made by `uvtree record` */
  bool own_session;    /* and before its processes began, as far as its beginning is there */
  union {
#define UVT_RECORD_MEMBER(event) struct uvt_rec_##event event;
    UVT_EVENTS(UVT_RECORD_MEMBER)
#undef UVT_RECORD_MEMBER
    struct uvt_rec_discarded discarded;
  };
};

#endif

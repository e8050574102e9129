/* SPDX-License-Identifier: MIT */
/*
 * From a SOURCE, as every command takes it, to the async event stream:
 *
 *   trace folder or live URL ─ trace_source ─▶ records ─ model ─▶ events ─ view ─▶ sink
 *   .jsonl file or "-"       ─ stream_reader ────────────────────▶ events ─ view ─▶ sink
 *
 * Streaming: memory grows with what is alive in the traced program, not with the length of the trace.
 */
#ifndef UVT_PIPELINE_H
#define UVT_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/view.h"

struct uvt_pipeline_options {
  struct uvt_view_options view;
  bool all_processes; /* also those that do not belong to the recording (family.h) */
  uint64_t memory;    /* bytes for operations that are only ChildrenPending before they spill; 0: 64 MiB */
};

struct uvt_pipeline_result {
  uint64_t records;        /* read from the trace (lines of a .jsonl) */
  uint64_t events;         /* given to the sink */
  uint64_t lost;           /* records the tracer discarded, as far as it counted them */
  bool lost_unknown;       /* some were discarded that nobody counted */
  uint64_t strangers;      /* processes left out: they do not belong to the recording */
  uint64_t stacks_refused; /* stacks and pieces of code that there was no room for (stack_store.h) */
  uint64_t late;   /* records that came later than their process said; their times were moved (reorder.h) */
  int64_t late_by; /* by how many ns at most */
};

/*
 * Runs SOURCE into the sink; sink->end is called in any case once the source could be opened. Returns 0, or
 * -1 with the error set (no such source, not a trace of ours, damaged: what could be read has been given to
 * the sink). `result` may be NULL.
 */
int uvt_pipeline_run(const char *source, const struct uvt_pipeline_options *options, struct uvt_sink *sink,
                     struct uvt_pipeline_result *result, struct uvt_error *error);

#endif

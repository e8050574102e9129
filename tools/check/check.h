/* SPDX-License-Identifier: MIT */
/*
 * Verifies that an async event stream keeps the rules of uvtree-stream(7). A sink: feed it from the pipeline
 * or the stream reader. One thread at a time.
 *
 * Memory grows with what is alive in the traced program: open invocations, registrations that may still be
 * mentioned, operations that are not Retired (one that is only ChildrenPending costs 24 bytes in a table that
 * is at most 3/4 full); of all other IDs it is only kept that they were there, in at most a bit each.
 */
#ifndef UVT_CHECK_H
#define UVT_CHECK_H

#include "check_report.h"
#include "stream/event.h"

struct uvt_check;

/* `memory`: bytes for operations that only wait for their children before they spill to a temporary file; 0:
 * 64 MiB. NULL when out of memory. */
struct uvt_check *uvt_check_create(uint64_t memory);
void uvt_check_destroy(struct uvt_check *check);

/* Its functions fail only when out of memory, or where the temporary file does. The check owns it; `end`
 * looks for what is missing at the end.
 */
struct uvt_sink *uvt_check_sink(struct uvt_check *check);

/* Belongs to the check; whole after the sink's `end`. */
const struct uvt_check_report *uvt_check_findings(const struct uvt_check *check);

uint64_t uvt_check_events(const struct uvt_check *check); /* how many were seen */
uint64_t uvt_check_losses(const struct uvt_check *check); /* how many `lost` events were among them */

#endif

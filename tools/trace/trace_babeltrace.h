/* SPDX-License-Identifier: MIT */
/*
 * Reads traces through libbabeltrace2: whatever it can read, also live sessions and what is left of damaged
 * traces. trace_babeltrace.c is the only file that knows the library.
 */
#ifndef UVT_TRACE_BABELTRACE_H
#define UVT_TRACE_BABELTRACE_H

#include <stdbool.h>

#include "trace_folder.h"
#include "trace_reading.h"

/*
 * Gives every record of the folders, which the caller found whole or not (trace_salvage.h); NULL: of the live
 * session that the source names. Returns 0, or -1 with the error set.
 */
int uvt_trace_babeltrace_read(struct uvt_trace_reading *reading, const struct uvt_trace_folders *folders,
                              bool whole);

#endif

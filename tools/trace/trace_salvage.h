/* SPDX-License-Identifier: MIT */
/*
 * Damaged CTF traces as LTTng-UST writes them: makes readable copies of what is whole in them. Knows no
 * library.
 */
#ifndef UVT_TRACE_SALVAGE_H
#define UVT_TRACE_SALVAGE_H

#include <stdbool.h>

#include "trace_folder.h"

/*
 * Whether a trace may be given to babeltrace2: its 2.0 reads truncated metadata for ever, and aborts where an
 * index and its data stream contradict each other. Only the frame of the trace is looked at, not its events.
 * Where it returns false `what` gets what is damaged; NULL: only an index, without which a copy can be read.
 */
bool uvt_trace_is_whole(const char *folder, const char **what);

/*
 * Makes a temporary folder for each data stream of a trace that cannot be read as a whole, with what is left
 * of its metadata and a copy of its good packets, and appends them. Does what it can; the caller sees what
 * can be read.
 */
void uvt_trace_salvage(const char *folder, struct uvt_trace_folders *made);

/* Deletes the folders that were made, and frees the list. */
void uvt_trace_salvage_remove(struct uvt_trace_folders *made);

#endif

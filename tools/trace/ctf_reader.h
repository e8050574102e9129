/* SPDX-License-Identifier: MIT */
/*
 * Reads traces of LTTng-UST itself, many times as fast as babeltrace2 does. It is for sound traces that are
 * laid out in the one way that ctf_layout.h knows; at anything else it gives up, and babeltrace2 goes on.
 */
#ifndef UVT_CTF_READER_H
#define UVT_CTF_READER_H

#include <stdbool.h>

#include "trace_folder.h"
#include "trace_reading.h"

/*
 * Gives every record of the folders, which are whole (trace_salvage.h), in the order in which babeltrace2's
 * reader would give them. Returns false where it gave up, maybe after it has given some.
 */
bool uvt_ctf_read(const struct uvt_trace_folders *folders, struct uvt_trace_reading *reading);

#endif

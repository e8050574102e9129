/* SPDX-License-Identifier: MIT */
/* Reads an async event stream from JSON Lines (uvtree-stream(7)) back into events; unknown fields are
 * ignored.
 */
#ifndef UVT_STREAM_READER_H
#define UVT_STREAM_READER_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "event.h"

/*
 * Gives every line to the sink (not sink->end). Returns 0, or -1 with the error set ("FILE:LINE: why") at the
 * first line that is not a JSON object with an "event"; lines before it have been given. `lines`, where not
 * NULL, is how many.
 */
int uvt_stream_read(FILE *file, const char *name, struct uvt_sink *sink, uint64_t *lines,
                    struct uvt_error *error);

#endif

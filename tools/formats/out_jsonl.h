/* SPDX-License-Identifier: MIT */
/*
 * The async event stream as JSON Lines (uvtree-stream(7)).
 *
 * `processID` and `pid` are in every `process` line, and in all lines from the moment on that a second
 * process is met: a stream that is written while it is read cannot know earlier that there will be several.
 * So a line without them belongs to the first process of the stream, except `lost`: one without them tells of
 * all processes.
 *
 * Keys of data with a dot in them ("parent.processID") that follow each other become one object.
 */
#ifndef UVT_OUT_JSONL_H
#define UVT_OUT_JSONL_H

#include "output.h"

extern const struct uvt_output_format uvt_output_jsonl;

#endif

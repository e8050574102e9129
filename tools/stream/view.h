/* SPDX-License-Identifier: MIT */
/* Shows a part of a stream: of one process, of one layer, without states, of one span of time. */
#ifndef UVT_VIEW_H
#define UVT_VIEW_H

#include "pipeline.h"

/*
 * A sink that gives what the options leave to `next`, which stays the caller's. NULL: out of memory.
 *
 *   pid       lines of the processes with that pid, and losses that concern all processes
 *   layer     see view_layer.h
 *   user      see view_layer.h
 *   states    without them operations go, too, and the fields that mention one
 *   from, to  what lies outside goes but for the descriptions of processes, threads and loops; a `lost` with
 *             data.cut says that what follows may lack parents
 */
struct uvt_sink *uvt_view_create(const struct uvt_pipeline_options *options, struct uvt_sink *next);
void uvt_view_destroy(struct uvt_sink *view);

/* Whether the options leave out anything at all. */
bool uvt_view_is_needed(const struct uvt_pipeline_options *options);

/* Whether a process with the pid asked for was met; true where none was asked for. */
bool uvt_view_met_pid(const struct uvt_sink *view);

#endif

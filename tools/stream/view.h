/* SPDX-License-Identifier: MIT */
/* Shows a part of a stream: of one process, of one layer, without states, of one span of time. */
#ifndef UVT_VIEW_H
#define UVT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

enum uvt_layer { UVT_LAYER_ALL, UVT_LAYER_UV, UVT_LAYER_JS };

/* What of a stream is shown: all, with nothing set. */
struct uvt_view_options {
  enum uvt_layer layer; /* view_layer.h */
  bool user;            /* of JavaScript, only what is the program's own (view_layer.h) */
  bool no_states;       /* without states operations go, too, and the fields that mention one */
  int64_t pid;          /* only lines of the processes with that pid, and losses that concern all; 0: all */
  uint64_t from, to; /* ns since the origin, to 0: no end. What lies outside goes but for the descriptions of
                        processes, threads and loops; a `lost` with data.cut says that what follows may lack
                        parents */
};

/* A sink that gives what the options leave to `next`, which stays the caller's. `memory`: see view_layer.h.
 * NULL: out of memory. */
struct uvt_sink *uvt_view_create(const struct uvt_view_options *options, uint64_t memory,
                                 struct uvt_sink *next);
void uvt_view_destroy(struct uvt_sink *view);

/* Whether the options leave out anything at all. */
bool uvt_view_is_needed(const struct uvt_view_options *options);

/* Whether a process with the pid asked for was met; true where none was asked for. */
bool uvt_view_met_pid(const struct uvt_sink *view);

#endif

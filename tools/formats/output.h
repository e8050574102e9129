/* SPDX-License-Identifier: MIT */
/* A format that `uvtree convert` writes: a sink that writes the stream to a file descriptor. */
#ifndef UVT_OUTPUT_H
#define UVT_OUTPUT_H

#include "stream/event.h"

enum uvt_output_weight { UVT_WEIGHT_RUN, UVT_WEIGHT_WAIT };

struct uvt_output_options {
  uint64_t limit; /* operations drawn at most; 0: as many as the format thinks right */
  enum uvt_output_weight weight;
};

struct uvt_output_format {
  const char *name;
  const char *summary; /* a few words, for --help */
  /* The descriptor stays the caller's; what was written is complete once the sink's end() has returned 0.
   * NULL: out of memory. */
  struct uvt_sink *(*create)(int file);
  void (*destroy)(struct uvt_sink *sink);
  /* Before the first event; the options outlive the sink. NULL: the format has none. */
  void (*configure)(struct uvt_sink *sink, const struct uvt_output_options *options);
};

#endif

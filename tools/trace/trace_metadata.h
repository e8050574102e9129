/* SPDX-License-Identifier: MIT */
/* The text of a CTF trace's metadata. */
#ifndef UVT_TRACE_METADATA_H
#define UVT_TRACE_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uvt_trace_metadata {
  char *text; /* the caller's to free; NULL: there is none */
  size_t size;
  bool whole;
  bool packed; /* in packets as LTTng writes them, each of the trace that the text describes */
};

/* Of the trace in that folder, be it in packets or plain. */
struct uvt_trace_metadata uvt_trace_metadata_read(const char *folder);

/* The trace's UUID as packets have it; false where the metadata does not tell. */
bool uvt_trace_metadata_uuid(const struct uvt_trace_metadata *metadata, uint8_t uuid[16]);

#endif

/* SPDX-License-Identifier: MIT */
/* The text of a trace's metadata: what it says of the layout of records. */
#include <stdint.h>

#include "trace/ctf_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct uvt_trace_metadata metadata = {.text = (char *)data, .size = size, .whole = true, .packed = true};
  struct uvt_ctf_layout layout = {0};
  uint8_t uuid[16];
  uvt_trace_metadata_uuid(&metadata, uuid);
  uvt_ctf_layout_read(&layout, &metadata);
  uvt_ctf_layout_clear(&layout);
  return 0;
}

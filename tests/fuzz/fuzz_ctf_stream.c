/* SPDX-License-Identifier: MIT */
/* A data stream, of a trace whose metadata (UVT_FUZZ_METADATA) is as LTTng-UST writes it. */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/ctf_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct uvt_ctf_layout *layout(void)
{
  static struct uvt_ctf_layout known;
  static bool read;
  if (!read) {
    static char text[1 << 18];
    FILE *file = fopen(UVT_FUZZ_METADATA, "r");
    struct uvt_trace_metadata metadata = {.text = text, .whole = true, .packed = true};
    metadata.size = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
      fclose(file);
    read = uvt_ctf_layout_read(&known, &metadata);
    if (!read)
      abort(); /* nothing would be tested */
  }
  return &known;
}

static volatile uint64_t sum;

/* Looks at what a record points to, so that the sanitizers see where that lies. */
static int take(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  (void)visitor;
  if (record->kind == UVT_RECORD_stack)
    for (uint32_t i = 0; i < record->stack.frames.count; i++)
      sum += record->stack.frames.at[i];
  else if (record->kind == UVT_RECORD_string)
    sum += strlen(record->string.text);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct uvt_trace_visitor visitor = {.record = take};
  struct uvt_error error = {0};
  struct uvt_trace_reading reading = {.visitor = &visitor, .error = &error, .source = "fuzz"};
  char path[64];
  int file = memfd_create("stream", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != (ssize_t)size)
    abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  struct uvt_ctf_stream *stream = malloc(sizeof *stream);
  if (uvt_ctf_stream_open(stream, layout(), path))
    while (uvt_ctf_stream_next(stream) < UVT_CTF_AT_END)
      uvt_ctf_stream_give(stream, &reading);
  uvt_ctf_stream_close(stream);
  free(stream);
  close(file);
  return 0;
}

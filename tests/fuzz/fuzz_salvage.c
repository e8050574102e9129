/* SPDX-License-Identifier: MIT */
/* A damaged trace: its metadata, a NUL, and its one data stream. What is salvaged of it can be read again. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/trace_salvage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(int folder, const char *name, const void *data, size_t size)
{
  int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || write(file, data, size) != (ssize_t)size)
    abort();
  close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char folder[PATH_MAX];
  static int opened = -1;
  if (opened < 0) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/uvtree-fuzz-XXXXXX", base ? base : "/tmp");
    opened = mkdtemp(folder) ? open(folder, O_DIRECTORY | O_CLOEXEC) : -1;
    if (opened < 0)
      abort();
  }
  const uint8_t *end = memchr(data, '\0', size);
  size_t metadata = end ? (size_t)(end - data) : size;
  const char *what;
  struct uvt_trace_folders made = {0};
  put(opened, "metadata", data, metadata);
  put(opened, "stream_0", data + metadata + (end != NULL), size - metadata - (end != NULL));
  uvt_trace_is_whole(folder, &what);
  uvt_trace_salvage(folder, &made);
  for (size_t i = 0; i < made.count; i++)
    uvt_trace_is_whole(made.paths[i], &what);
  uvt_trace_salvage_remove(&made);
  return 0;
}

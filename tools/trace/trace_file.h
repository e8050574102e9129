/* SPDX-License-Identifier: MIT */
/* The files of a trace. They are read with pread: mapped pages would count as this program's memory, and a
 * file that shrinks would kill it. */
#ifndef UVT_TRACE_FILE_H
#define UVT_TRACE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct uvt_trace_file {
  int file;
  size_t size; /* when it was opened */
};

/* False where it cannot be opened or is no regular file; close(2) ends it. */
bool uvt_trace_file_open(const char *path, struct uvt_trace_file *file);

/* False where not all of that is there. */
bool uvt_trace_file_read(const struct uvt_trace_file *file, size_t offset, void *data, size_t size);

/* Joins a folder and a name; false where that is longer than any path. */
bool uvt_trace_join(char path[PATH_MAX], const char *folder, const char *name);

/* Whether that file in a trace's folder is one of its data streams. */
bool uvt_trace_is_stream(const char *folder, const char *name);

#endif

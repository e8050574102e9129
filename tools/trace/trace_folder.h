/* SPDX-License-Identifier: MIT */
/* Finds the CTF traces in a folder. Knows no library. */
#ifndef UVT_TRACE_FOLDER_H
#define UVT_TRACE_FOLDER_H

#include <stddef.h>

#include "base/error.h"

struct uvt_trace_folders {
  char **paths;
  size_t count;
};

/*
 * Appends every folder with a file `metadata`, at the path or below it. Returns 0, or -1 with the error set:
 * there is no such folder, or no trace in it.
 */
int uvt_trace_folders_find(const char *path, struct uvt_trace_folders *found, struct uvt_error *error);

/* Appends a copy of the path. Returns 0 or -ENOMEM. */
int uvt_trace_folders_add(struct uvt_trace_folders *folders, const char *path);

void uvt_trace_folders_free(struct uvt_trace_folders *folders);

#endif

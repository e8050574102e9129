/* SPDX-License-Identifier: MIT */
#include "trace_folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper than any session's folder; ends a cycle of links. */
#define DEPTH_MAX 24

int uvt_trace_folders_add(struct uvt_trace_folders *folders, const char *path)
{
  char **paths = realloc(folders->paths, (folders->count + 1) * sizeof *paths);
  if (!paths)
    return -ENOMEM;
  folders->paths = paths;
  paths[folders->count] = strdup(path);
  if (!paths[folders->count])
    return -ENOMEM;
  folders->count++;
  return 0;
}

static bool is_folder(const char *path)
{
  struct stat status;
  return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static bool is_file(const char *path)
{
  struct stat status;
  return !stat(path, &status) && S_ISREG(status.st_mode);
}

/* Joins a folder and a name; false where that is longer than any path. */
static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
  int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
  return length > 0 && length < PATH_MAX;
}

static int find_below(const char *folder, int depth, struct uvt_trace_folders *found)
{
  char path[PATH_MAX];
  if (depth > DEPTH_MAX)
    return 0;
  if (join(path, folder, "metadata") && is_file(path))
    return uvt_trace_folders_add(found, folder);
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, alphasort); /* in order, so that equal times come out equally */
  int status = 0;
  for (int i = 0; i < count; i++) {
    const char *name = entries[i]->d_name;
    if (!status && strcmp(name, ".") && strcmp(name, "..") && join(path, folder, name) && is_folder(path))
      status = find_below(path, depth + 1, found);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
  return status;
}

int uvt_trace_folders_find(const char *path, struct uvt_trace_folders *found, struct uvt_error *error)
{
  size_t before = found->count;
  if (!is_folder(path)) {
    uvt_error_set(error, "%s: %s", path, access(path, F_OK) ? strerror(errno) : "not a folder");
    return -1;
  }
  if (find_below(path, 0, found)) {
    uvt_error_set(error, "%s: out of memory", path);
    return -1;
  }
  if (found->count == before) {
    uvt_error_set(error, "%s: no CTF trace in this folder", path);
    return -1;
  }
  return 0;
}

void uvt_trace_folders_free(struct uvt_trace_folders *folders)
{
  for (size_t i = 0; i < folders->count; i++)
    free(folders->paths[i]);
  free(folders->paths);
  *folders = (struct uvt_trace_folders){0};
}

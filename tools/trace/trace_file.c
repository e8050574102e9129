/* SPDX-License-Identifier: MIT */
#include "trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool uvt_trace_file_open(const char *path, struct uvt_trace_file *file)
{
  struct stat status;
  *file = (struct uvt_trace_file){.file = open(path, O_RDONLY | O_CLOEXEC)};
  if (file->file < 0)
    return false;
  if (!fstat(file->file, &status) && S_ISREG(status.st_mode)) {
    file->size = (size_t)status.st_size;
    return true;
  }
  close(file->file);
  return false;
}

bool uvt_trace_file_read(const struct uvt_trace_file *file, size_t offset, void *data, size_t size)
{
  for (char *p = data; size;) {
    ssize_t got = pread(file->file, p, size, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    p += got;
    offset += (size_t)got;
    size -= (size_t)got;
  }
  return true;
}

bool uvt_trace_join(char path[PATH_MAX], const char *folder, const char *name)
{
  int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
  return length > 0 && length < PATH_MAX;
}

bool uvt_trace_is_stream(const char *folder, const char *name)
{
  char path[PATH_MAX];
  struct stat status;
  return name[0] != '.' && strcmp(name, "metadata") && uvt_trace_join(path, folder, name) &&
         !stat(path, &status) && S_ISREG(status.st_mode);
}

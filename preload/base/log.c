/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char
    *log_path; /* NULL: silent; "1": standard error. Opened for each line: no descriptor stays */

void uvt_log_open(const char *where)
{
  log_path = where && *where && strcmp(where, "0") != 0 ? where : NULL;
}

void uvt_log(const char *format, ...)
{
  if (!log_path)
    return;
  int saved = errno;
  char line[1024];
  int length = snprintf(line, sizeof line, "uvtree[%d]: ", (int)getpid());
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 2)
    length = (int)sizeof line - 2;
  line[length++] = '\n';
  int fd = strcmp(log_path, "1") == 0 ? STDERR_FILENO
                                      : open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  ssize_t written = write(fd, line, (size_t)length);
  (void)written; /* a log that cannot be written must not matter */
  if (fd != STDERR_FILENO && fd >= 0)
    close(fd);
  errno = saved;
}

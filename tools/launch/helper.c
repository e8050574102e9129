/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The fields of /proc/self/stat that say where the command line lies, counted after the command's name. */
enum { STAT_ARG_START = 45, STAT_ARG_END = 46 };

/* Where `ps` and `pkill -f` read the command line: [*start, *end), or false. */
static bool command_line(uintptr_t *start, uintptr_t *end)
{
  char line[2048];
  FILE *file = fopen("/proc/self/stat", "re");
  size_t size = file ? fread(line, 1, sizeof line - 1, file) : 0;
  if (file)
    fclose(file);
  line[size] = '\0';
  char *field = strrchr(line, ')'); /* the name itself may hold spaces and parentheses */
  if (!field)
    return false;
  field++;
  *start = *end = 0;
  for (int i = 0; i <= STAT_ARG_END && *field; i++) {
    unsigned long value = 0;
    sscanf(field, " %lu", &value);
    if (i == STAT_ARG_START)
      *start = value;
    if (i == STAT_ARG_END)
      *end = value;
    field += strspn(field, " ");
    field += strcspn(field, " ");
  }
  return *start && *start < *end;
}

static void rename_self(const char *name)
{
  uintptr_t start, end;
  prctl(PR_SET_NAME, name);
  if (!command_line(&start, &end))
    return;
  memset((void *)start, 0, end - start);
  strncpy((char *)start, name, end - start - 1);
}

static void close_but(int channel)
{
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++)
    dup2(null, fd);
  if (channel > 3)
    close_range(3, channel - 1, 0);
  close_range(channel + 1, ~0U, 0);
}

/* A descriptor that is not one of the standard three, even if the caller started us with those closed. */
static int above_standard(int fd)
{
  if (fd > 2)
    return fd;
  int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return high;
}

pid_t uvt_helper_fork(const char *name, int *channel, struct uvt_error *error)
{
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
    uvt_error_set(error, "cannot make a socket pair: %s", strerror(errno));
    return -1;
  }
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork();
  if (pid == 0) {
    close(pair[0]);
    *channel = above_standard(pair[1]);
    close_but(*channel);
    rename_self(name);
    return 0;
  }
  int why = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  close(pair[1]);
  *channel = above_standard(pair[0]);
  if (pid > 0)
    return pid;
  close(*channel);
  uvt_error_set(error, "cannot fork: %s", strerror(why));
  return -1;
}

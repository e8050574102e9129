/* SPDX-License-Identifier: MIT */
/* Starts 1000 timers and ends as its argument says: for tests/e2e/record/endings. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

static void nothing(uv_timer_t *timer)
{
  (void)timer;
}

static void do_execs(const char *how)
{
  char *arguments[] = {"sh", "-c", "exit 5", NULL};
  if (!strcmp(how, "execve"))
    execve("/bin/sh", arguments, environ);
  if (!strcmp(how, "execv"))
    execv("/bin/sh", arguments);
  if (!strcmp(how, "execvp"))
    execvp("sh", arguments);
  if (!strcmp(how, "execvpe"))
    execvpe("sh", arguments, environ);
  if (!strcmp(how, "fexecve"))
    fexecve(open("/bin/sh", O_RDONLY | O_CLOEXEC), arguments, environ);
  if (!strcmp(how, "execl"))
    execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
  if (!strcmp(how, "execlp"))
    execlp("sh", "sh", "-c", "exit 5", (char *)NULL);
  if (!strcmp(how, "execle"))
    execle("/bin/sh", "sh", "-c", "exit 5", (char *)NULL, environ);
  if (!strcmp(how, "exec-fails") && execl("/nonexistent", "x", (char *)NULL) < 0)
    _exit(3);
}

/* A child that shares our memory ends: what waits stays ours. */
static int do_vfork(void)
{
  int status;
  pid_t child = vfork();
  if (!child)
    _exit(0);
  return waitpid(child, &status, 0) == child && status == 0 ? 3 : 1;
}

int main(int argc, char **argv)
{
  static uv_timer_t timers[1000];
  const char *how = argc > 1 ? argv[1] : "";
  for (int i = 0; i < 1000; i++) {
    uv_timer_init(uv_default_loop(), &timers[i]);
    uv_timer_start(&timers[i], nothing, 1000000, 0);
  }
  if (!strcmp(how, "exit"))
    exit(3);
  if (!strcmp(how, "_exit"))
    _exit(3);
  if (!strcmp(how, "_Exit"))
    _Exit(3);
  if (!strcmp(how, "quick_exit"))
    quick_exit(3);
  if (!strcmp(how, "abort"))
    abort();
  if (!strcmp(how, "raise"))
    raise(SIGTERM);
  if (!strcmp(how, "kill"))
    kill(getpid(), SIGKILL);
  if (!strcmp(how, "vfork"))
    return do_vfork();
  do_execs(how);
  return strcmp(how, "return") ? 1 : 3;
}

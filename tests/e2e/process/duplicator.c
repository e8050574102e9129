/* SPDX-License-Identifier: MIT */
/*
 * duplicator FILE: puts an empty file in the place of each descriptor that it has not opened itself, and
 * works on. What dup2 has accepted is its own: it is there, and can be closed. Nobody else may write to the
 * file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

static int wrong;

static void on_timer(uv_timer_t *timer)
{
  static int count;
  if (++count % 50 == 0)
    uv_timer_stop(timer);
}

static void run(uv_loop_t *loop)
{
  static uv_timer_t timer;
  if (!timer.loop)
    uv_timer_init(loop, &timer);
  uv_timer_start(&timer, on_timer, 0, 2);
  uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
  int file = open(argc > 1 ? argv[1] : "file", O_RDWR | O_CREAT | O_TRUNC, 0600), foreign = 0;
  uv_loop_t *loop = uv_default_loop();
  run(loop);
  for (int fd = 32; fd < 65536; fd++) {
    if (fcntl(fd, F_GETFD) < 0)
      continue;
    foreign++;
    bool mine = fd % 2 ? dup2(file, fd) == fd : dup3(file, fd, O_CLOEXEC) == fd;
    if (mine && close(fd) != 0)
      wrong++;
  }
  run(loop);
  struct stat status;
  if (fstat(file, &status) != 0 || status.st_size != 0)
    wrong++;
  fprintf(stderr, "%d foreign\n", foreign);
  printf("%d wrong\n", wrong);
  return wrong != 0;
}

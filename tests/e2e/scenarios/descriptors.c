/* SPDX-License-Identifier: MIT */
/* A program that closes every descriptor it may have, in each way there is, as daemons do; then it goes on.
 */
#define _GNU_SOURCE
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 66000 };

static uv_fs_t request;

static void on_stat(uv_fs_t *req)
{
  printf("stat %d\n", (int)req->result);
  uv_fs_req_cleanup(req);
}

static void on_timer(uv_timer_t *timer)
{
  puts("timer");
  OK(uv_fs_stat(timer->loop, &request, "/", on_stat));
  uv_close((uv_handle_t *)timer, NULL);
}

static void run_one(void)
{
  uv_loop_t loop;
  uv_timer_t timer;
  OK(uv_loop_init(&loop));
  OK(uv_timer_init(&loop, &timer));
  OK(uv_timer_start(&timer, on_timer, 1, 0));
  run_loop(&loop);
  OK(uv_loop_close(&loop));
}

int main(void)
{
  int closed = 0;
  run_one();
  for (int fd = FIRST; fd < MOST; fd++) {
    errno = 0;
    if (close(fd) == 0)
      closed++;
    else
      CHECK(errno == EBADF);
  }
  printf("closed %d\n", closed);
  CHECK(open("/dev/null", O_RDONLY) == FIRST);
  CHECK(close_range(FIRST, ~0u, 0) == 0);
  CHECK(fcntl(FIRST, F_GETFD) < 0);
  CHECK(open("/dev/null", O_RDONLY) == FIRST);
  closefrom(FIRST);
  CHECK(fcntl(FIRST, F_GETFD) < 0);
  CHECK(close_range(FIRST + 1, FIRST, 0) < 0 && errno == EINVAL);
  run_one();
  puts("end");
}

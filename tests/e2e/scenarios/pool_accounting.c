/* SPDX-License-Identifier: MIT */
/* Five works of one length, queued at once for a pool of one thread: each waits one length longer than the
 * last. */
#include <time.h>

#include "scenario.h"

enum { WORKS = 5, LENGTH_MS = 50 };

static void work(uv_work_t *req)
{
  struct timespec length = {.tv_nsec = LENGTH_MS * 1000000L};
  (void)req;
  while (nanosleep(&length, &length) != 0)
    ;
}

static void after(uv_work_t *req, int status)
{
  printf("done %d %d\n", (int)(size_t)req->data, status);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_work_t reqs[WORKS];
  setenv("UV_THREADPOOL_SIZE", "1", 1);
  for (size_t i = 0; i < WORKS; i++) {
    reqs[i].data = (void *)i;
    OK(uv_queue_work(loop, &reqs[i], work, after));
  }
  run_loop(loop);
  end_loop(loop);
  return 0;
}

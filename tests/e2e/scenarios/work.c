/* SPDX-License-Identifier: MIT */
/*
 * Pool work on one thread: done, without an after-work callback, cancelled in the queue, too late to cancel;
 * and what else waits in that queue cancelled too.
 */
#include <sys/socket.h>

#include "scenario.h"

static uv_sem_t started, go;
static uv_work_t blocker, cancelled, silent, last;
static uv_fs_t cancelled_fs;
static uv_random_t cancelled_random;
static char bytes[8];

static void work_blocker(uv_work_t *req)
{
  (void)req;
  uv_sem_post(&started);
  uv_sem_wait(&go);
}

static void work_nothing(uv_work_t *req)
{
  (void)req;
}

static void work_never(uv_work_t *req)
{
  (void)req;
  puts("never: cancelled");
}

static void after(uv_work_t *req, int status)
{
  printf("after %s %s\n", (const char *)req->data, status ? uv_err_name(status) : "ok");
}

static void after_blocker(uv_work_t *req, int status)
{
  after(req, status);
  last.data = "last";
  OK(uv_queue_work(req->loop, &last, work_nothing, after));
}

static void on_stat(uv_fs_t *req)
{
  printf("stat %s\n", uv_err_name((int)req->result));
  uv_fs_req_cleanup(req);
}

static void on_random(uv_random_t *req, int status, void *buf, size_t length)
{
  (void)req, (void)buf, (void)length;
  printf("random %s\n", uv_err_name(status));
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  setenv("UV_THREADPOOL_SIZE", "1", 1);
  OK(uv_sem_init(&started, 0));
  OK(uv_sem_init(&go, 0));
  blocker.data = "blocker";
  cancelled.data = "cancelled";
  OK(uv_queue_work(loop, &blocker, work_blocker, after_blocker));
  uv_sem_wait(&started);
  OK(uv_queue_work(loop, &cancelled, work_never, after));
  OK(uv_queue_work(loop, &silent, work_nothing, NULL));
  OK(uv_fs_stat(loop, &cancelled_fs, ".", on_stat));
  OK(uv_random(loop, &cancelled_random, bytes, sizeof bytes, 0, on_random));
  CHECK(uv_cancel((uv_req_t *)&blocker) == UV_EBUSY);
  OK(uv_cancel((uv_req_t *)&cancelled));
  OK(uv_cancel((uv_req_t *)&cancelled_fs));
  OK(uv_cancel((uv_req_t *)&cancelled_random));
  CHECK(uv_queue_work(loop, &last, NULL, after) == UV_EINVAL);
  uv_sem_post(&go);
  run_loop(loop);
  uv_sem_destroy(&started);
  uv_sem_destroy(&go);
  end_loop(loop);
  return 0;
}

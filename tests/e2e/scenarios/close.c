/* SPDX-License-Identifier: MIT */
/* Closing: the order of close callbacks, and what a close ends: a queued write and a shutdown, which are
 * told. */
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

static uv_pipe_t stream;
static uv_write_t write_req;
static uv_shutdown_t shutdown_req;
static uv_timer_t timers[3];
static char block[65536];

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", (const char *)handle->data);
}

static void on_write(uv_write_t *req, int status)
{
  (void)req;
  printf("written %s\n", uv_err_name(status));
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
  (void)req;
  printf("shut down %s\n", uv_err_name(status));
}

static void on_timer(uv_timer_t *timer)
{
  (void)timer;
  puts("never");
}

/* Fills the socket, so that a further write must wait. */
static void fill(void)
{
  uv_buf_t buf = uv_buf_init(block, sizeof block);
  while (uv_try_write((uv_stream_t *)&stream, &buf, 1) > 0)
    ;
}

int main(void)
{
  static const char *names[] = {"first", "second", "third"};
  uv_loop_t *loop = uv_default_loop();
  uv_buf_t buf = uv_buf_init(block, 100);
  int ends[2];
  OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  OK(uv_pipe_init(loop, &stream, 0));
  stream.data = "stream";
  OK(uv_pipe_open(&stream, ends[0]));
  fill();
  OK(uv_write(&write_req, (uv_stream_t *)&stream, &buf, 1, on_write));
  OK(uv_shutdown(&shutdown_req, (uv_stream_t *)&stream, on_shutdown));
  for (int i = 0; i < 3; i++) {
    OK(uv_timer_init(loop, &timers[i]));
    timers[i].data = (void *)names[i];
    OK(uv_timer_start(&timers[i], on_timer, 1000, 0));
    uv_close((uv_handle_t *)&timers[i], on_close);
  }
  uv_close((uv_handle_t *)&stream, on_close);
  run_loop(loop);
  close(ends[1]);
  end_loop(loop);
  return 0;
}

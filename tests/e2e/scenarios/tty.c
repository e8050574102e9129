/* SPDX-License-Identifier: MIT */
/* A terminal: what is typed on a pseudo terminal is read from it, and what is written to it is seen. */
#include <pty.h>
#include <unistd.h>

#include "scenario.h"

static uv_tty_t terminal;
static uv_write_t write_req;
static char buffer[64];
static int keyboard;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_write(uv_write_t *req, int status)
{
  char seen[8] = "";
  CHECK(read(keyboard, seen, sizeof seen - 1) == 3);
  printf("written %d %s\n", status, seen);
  OK(uv_tty_set_mode((uv_tty_t *)req->handle, UV_TTY_MODE_NORMAL));
  uv_close((uv_handle_t *)req->handle, on_close);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  (void)handle, (void)size;
  *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  uv_buf_t answer = uv_buf_init("bye", 3);
  CHECK(nread > 0);
  printf("typed %.*s\n", (int)nread, buf->base);
  OK(uv_read_stop(stream));
  OK(uv_write(&write_req, stream, &answer, 1, on_write));
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  int screen;
  if (openpty(&keyboard, &screen, NULL, NULL, NULL) != 0)
    return SCENARIO_SKIPPED;
  OK(uv_tty_init(loop, &terminal, screen, 1));
  OK(uv_tty_set_mode(&terminal, UV_TTY_MODE_RAW));
  OK(uv_read_start((uv_stream_t *)&terminal, on_alloc, on_read));
  CHECK(write(keyboard, "hi", 2) == 2);
  run_loop(loop);
  close(keyboard);
  end_loop(loop);
  return 0;
}

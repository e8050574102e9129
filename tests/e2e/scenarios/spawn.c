/* SPDX-License-Identifier: MIT */
/* Child processes: a program that is not there, an exit status and output, a signal, no exit callback. */
#include <signal.h>

#include "scenario.h"

static uv_process_t process;
static uv_pipe_t outputs[3]; /* one a child: the end of one and the exit of its child may come in one go */
static uv_pipe_t *output = outputs;
static char buffer[64];

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  (void)handle, (void)size;
  *buf = uv_buf_init(buffer, sizeof buffer);
}

/* The pipe's end comes before the exit: a process closes its files before its parent hears of it. */
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  if (nread > 0)
    printf("output %.*s\n", (int)nread, buf->base);
  else if (nread == UV_EOF)
    uv_close((uv_handle_t *)stream, NULL);
}

static void spawn(const char *script, uv_exit_cb on_exit)
{
  char *arguments[] = {"sh", "-c", (char *)script, NULL};
  uv_stdio_container_t stdio[3] = {
      {.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}, {.flags = UV_IGNORE}};
  uv_process_options_t options = {
      .file = "/bin/sh", .args = arguments, .exit_cb = on_exit, .stdio = stdio, .stdio_count = 3};
  OK(uv_pipe_init(uv_default_loop(), output, 0));
  stdio[1].data.stream = (uv_stream_t *)output;
  OK(uv_spawn(uv_default_loop(), &process, &options));
}

/* Without an exit callback only the end of the output tells that the child is gone. */
static void on_silent_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  (void)buf;
  CHECK(nread == UV_EOF);
  puts("silent");
  uv_close((uv_handle_t *)stream, NULL);
  uv_close((uv_handle_t *)&process, NULL);
}

static void on_killed_closed(uv_handle_t *handle)
{
  (void)handle;
  output++;
  spawn("exit 0", NULL);
  OK(uv_read_start((uv_stream_t *)output, on_alloc, on_silent_read));
}

static void on_killed(uv_process_t *child, int64_t status, int signum)
{
  printf("killed %d %d\n", (int)status, signum == SIGTERM);
  uv_close((uv_handle_t *)child, on_killed_closed);
}

static void on_exited_closed(uv_handle_t *handle)
{
  (void)handle;
  output++;
  spawn("exec sleep 100", on_killed);
  uv_close((uv_handle_t *)output, NULL);
  OK(uv_process_kill(&process, SIGTERM));
}

static void on_exited(uv_process_t *child, int64_t status, int signum)
{
  printf("exited %d %d\n", (int)status, signum);
  uv_close((uv_handle_t *)child, on_exited_closed);
}

static void on_missing_closed(uv_handle_t *handle)
{
  (void)handle;
  spawn("printf hello; exit 3", on_exited);
  OK(uv_read_start((uv_stream_t *)output, on_alloc, on_read));
}

static void on_missing(uv_process_t *child, int64_t status, int signum)
{
  (void)child, (void)status, (void)signum;
  puts("never");
}

int main(void)
{
  char *arguments[] = {"/no/such/program", NULL};
  uv_process_options_t options = {.file = arguments[0], .args = arguments, .exit_cb = on_missing};
  uv_loop_t *loop = uv_default_loop();
  CHECK(uv_spawn(loop, &process, &options) == UV_ENOENT);
  puts("missing");
  uv_close((uv_handle_t *)&process, on_missing_closed);
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Descriptor watchers: readable, another mask, stopped by an empty mask, refused for a descriptor watched
 * already. */
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

static int sockets[2];
static uv_poll_t reader, second;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_writable(uv_poll_t *handle, int status, int events)
{
  printf("writable %d %d\n", status, events == UV_WRITABLE);
  OK(uv_poll_start(handle, 0, NULL)); /* an empty mask stops */
  uv_close((uv_handle_t *)handle, on_close);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
  char byte;
  CHECK(read(sockets[0], &byte, 1) == 1);
  printf("readable %d %d '%c'\n", status, events == UV_READABLE, byte);
  if (byte == 'a')
    CHECK(write(sockets[1], "b", 1) == 1);
  else
    OK(uv_poll_start(handle, UV_WRITABLE, on_writable));
}

static void on_never(uv_poll_t *handle, int status, int events)
{
  (void)handle, (void)status, (void)events;
  puts("never");
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_poll_t stopped;
  OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
  OK(uv_poll_init(loop, &reader, sockets[0]));
  OK(uv_poll_start(&reader, UV_READABLE, on_readable));
  CHECK(uv_poll_init(loop, &second, sockets[0]) == UV_EEXIST);
  OK(uv_poll_init(loop, &stopped, sockets[1]));
  OK(uv_poll_start(&stopped, UV_READABLE, on_never));
  OK(uv_poll_stop(&stopped));
  uv_close((uv_handle_t *)&stopped, NULL);
  CHECK(write(sockets[1], "a", 1) == 1);
  run_loop(loop);
  close(sockets[0]);
  close(sockets[1]);
  end_loop(loop);
  return 0;
}

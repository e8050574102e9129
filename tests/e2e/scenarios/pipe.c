/* SPDX-License-Identifier: MIT */
/* Pipes: a socket in the file system, one that is not there, and a descriptor sent along with uv_write2. */
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

static uv_loop_t *loop;
static uv_pipe_t server, client, peer, nowhere, sender, receiver, payload, received;
static uv_connect_t connect_req, nowhere_req;
static uv_write_t write_req, send_req;
static char buffer[64];

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", (const char *)handle->data);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  (void)handle, (void)size;
  *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_write(uv_write_t *req, int status)
{
  printf("written %d\n", status);
  uv_close((uv_handle_t *)req->handle, on_close);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  if (nread > 0) {
    printf("read %.*s\n", (int)nread, buf->base);
  } else {
    CHECK(nread == UV_EOF);
    uv_close((uv_handle_t *)stream, on_close);
  }
}

static void make(uv_pipe_t *pipe, const char *name, int ipc)
{
  OK(uv_pipe_init(loop, pipe, ipc));
  pipe->data = (void *)name;
}

static void on_connection(uv_stream_t *stream, int status)
{
  printf("connection %d\n", status);
  make(&peer, "peer", 0);
  OK(uv_accept(stream, (uv_stream_t *)&peer));
  OK(uv_read_start((uv_stream_t *)&peer, on_alloc, on_read));
  uv_close((uv_handle_t *)stream, on_close);
}

static void on_connect(uv_connect_t *req, int status)
{
  uv_buf_t hello = uv_buf_init("hello", 5);
  printf("connected %d\n", status);
  OK(uv_write(&write_req, req->handle, &hello, 1, on_write));
}

static void on_nowhere(uv_connect_t *req, int status)
{
  printf("nowhere %s\n", uv_err_name(status));
  uv_close((uv_handle_t *)req->handle, on_close);
}

static void on_receive(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  CHECK(nread == 1 && buf->base[0] == 'd');
  CHECK(uv_pipe_pending_count((uv_pipe_t *)stream) == 1);
  make(&received, "received", 0);
  OK(uv_accept(stream, (uv_stream_t *)&received));
  puts("received a descriptor");
  uv_close((uv_handle_t *)&received, on_close);
  uv_close((uv_handle_t *)stream, on_close);
}

static void on_sent(uv_write_t *req, int status)
{
  printf("sent %d\n", status);
  uv_close((uv_handle_t *)&payload, on_close);
  uv_close((uv_handle_t *)req->handle, on_close);
}

static void start_sending(void)
{
  int ends[2], carried[2];
  uv_buf_t byte = uv_buf_init("d", 1);
  OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  OK(socketpair(AF_UNIX, SOCK_STREAM, 0, carried));
  close(carried[1]);
  make(&sender, "sender", 1);
  make(&receiver, "receiver", 1);
  make(&payload, "payload", 0);
  OK(uv_pipe_open(&sender, ends[0]));
  OK(uv_pipe_open(&receiver, ends[1]));
  OK(uv_pipe_open(&payload, carried[0]));
  OK(uv_read_start((uv_stream_t *)&receiver, on_alloc, on_receive));
  OK(uv_write2(&send_req, (uv_stream_t *)&sender, &byte, 1, (uv_stream_t *)&payload, on_sent));
}

int main(void)
{
  loop = uv_default_loop();
  make(&nowhere, "nowhere", 0);
  uv_pipe_connect(&nowhere_req, &nowhere, "nowhere", on_nowhere);
  run_loop(loop);

  make(&server, "server", 0);
  make(&client, "client", 0);
  OK(uv_pipe_bind(&server, "socket"));
  OK(uv_listen((uv_stream_t *)&server, 8, on_connection));
  uv_pipe_connect(&connect_req, &client, "socket", on_connect);
  run_loop(loop);

  start_sending();
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* TCP: listen, connect, accept, ping and pong, shutdown, end of file, reset; refused starts; a refused
 * connection. */
#include <netinet/in.h>

#include "scenario.h"

static uv_loop_t *loop;
static uv_tcp_t server, client, peer, taken, refused;
static uv_connect_t connect_req, refused_req;
static uv_write_t client_write, peer_write;
static uv_shutdown_t shutdown_req;
static char client_buffer[64], peer_buffer[64];

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", (const char *)handle->data);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  (void)size;
  *buf = uv_buf_init(handle == (uv_handle_t *)&client ? client_buffer : peer_buffer, 64);
}

static void on_write(uv_write_t *req, int status)
{
  printf("written %s %d\n", (const char *)req->data, status);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
  printf("shut down %d\n", status);
  uv_close((uv_handle_t *)req->handle, on_close);
}

static void on_peer_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  if (nread > 0) {
    uv_buf_t reply = uv_buf_init("pong", 4);
    printf("peer read %.*s\n", (int)nread, buf->base);
    peer_write.data = "pong";
    OK(uv_write(&peer_write, stream, &reply, 1, on_write));
  } else {
    CHECK(nread == UV_EOF);
    puts("peer end");
    OK(uv_tcp_close_reset(&peer, on_close));
  }
}

static void on_connection(uv_stream_t *stream, int status)
{
  printf("connection %d\n", status);
  OK(uv_tcp_init(loop, &peer));
  peer.data = "peer";
  OK(uv_accept(stream, (uv_stream_t *)&peer));
  OK(uv_read_start((uv_stream_t *)&peer, on_alloc, on_peer_read));
  CHECK(uv_read_start((uv_stream_t *)&peer, on_alloc, on_peer_read) == UV_EALREADY);
  uv_close((uv_handle_t *)stream, on_close);
}

static void on_client_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  printf("client read %.*s\n", (int)nread, buf->base);
  OK(uv_read_stop(stream));
  OK(uv_shutdown(&shutdown_req, stream, on_shutdown));
}

static void on_connect(uv_connect_t *req, int status)
{
  uv_buf_t ping = uv_buf_init("ping", 4);
  printf("connected %d\n", status);
  client_write.data = "ping";
  OK(uv_write(&client_write, req->handle, &ping, 1, on_write));
  OK(uv_read_start(req->handle, on_alloc, on_client_read));
}

static void start_pair(struct sockaddr_in *address)
{
  OK(uv_listen((uv_stream_t *)&server, 8, on_connection));
  OK(uv_tcp_bind(&taken, (struct sockaddr *)address, 0)); /* libuv tells it at the next step */
  CHECK(uv_listen((uv_stream_t *)&taken, 8, on_connection) == UV_EADDRINUSE);
  uv_close((uv_handle_t *)&taken, on_close);
  OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr *)address, on_connect));
  CHECK(uv_tcp_connect(&refused_req, &client, (struct sockaddr *)address, on_connect) == UV_EALREADY);
}

static void on_refused(uv_connect_t *req, int status)
{
  printf("refused %s\n", uv_err_name(status));
  uv_close((uv_handle_t *)req->handle, on_close);
}

static void make(uv_tcp_t *tcp, const char *name)
{
  OK(uv_tcp_init(loop, tcp));
  tcp->data = (void *)name;
}

int main(void)
{
  struct sockaddr_in address;
  int length = sizeof address;
  loop = uv_default_loop();
  make(&server, "server");
  make(&taken, "taken");
  make(&client, "client");
  make(&refused, "refused");
  OK(uv_ip4_addr("127.0.0.1", 0, &address));
  OK(uv_tcp_bind(&server, (struct sockaddr *)&address, 0));
  OK(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length));
  start_pair(&address);
  run_loop(loop);
  /* Nobody listens there any more. */
  OK(uv_tcp_connect(&refused_req, &refused, (struct sockaddr *)&address, on_refused));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* UDP: a datagram and its answer, receiving stopped and started twice, a send that is refused. */
#include <netinet/in.h>

#include "scenario.h"

static uv_udp_t server, client;
static uv_udp_send_t request, answer;
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

static void on_send(uv_udp_send_t *req, int status)
{
  printf("sent %s %d\n", (const char *)req->data, status);
}

/* libuv calls with nothing (no address) when it has read all there is. */
static void on_server_recv(uv_udp_t *udp, ssize_t nread, const uv_buf_t *buf, const struct sockaddr *from,
                           unsigned flags)
{
  uv_buf_t pong = uv_buf_init("pong", 4);
  (void)flags;
  if (!from) {
    CHECK(nread == 0);
    return;
  }
  printf("server received %.*s\n", (int)nread, buf->base);
  answer.data = "pong";
  OK(uv_udp_send(&answer, udp, &pong, 1, from, on_send));
  OK(uv_udp_recv_stop(udp));
}

static void on_client_recv(uv_udp_t *udp, ssize_t nread, const uv_buf_t *buf, const struct sockaddr *from,
                           unsigned flags)
{
  (void)flags;
  if (!from)
    return;
  printf("client received %.*s\n", (int)nread, buf->base);
  uv_close((uv_handle_t *)udp, on_close);
  uv_close((uv_handle_t *)&server, on_close);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  struct sockaddr_in address;
  int length = sizeof address;
  uv_buf_t ping = uv_buf_init("ping", 4);
  OK(uv_udp_init(loop, &server));
  OK(uv_udp_init(loop, &client));
  server.data = "server";
  client.data = "client";
  OK(uv_ip4_addr("127.0.0.1", 0, &address));
  OK(uv_udp_bind(&server, (struct sockaddr *)&address, 0));
  OK(uv_udp_bind(&client, (struct sockaddr *)&address, 0));
  OK(uv_udp_getsockname(&server, (struct sockaddr *)&address, &length));
  OK(uv_udp_recv_start(&server, on_alloc, on_server_recv));
  OK(uv_udp_recv_start(&client, on_alloc, on_client_recv));
  CHECK(uv_udp_recv_start(&client, on_alloc, on_client_recv) == UV_EALREADY);
  CHECK(uv_udp_send(&request, &client, &ping, 1, NULL, on_send) == UV_EDESTADDRREQ);
  request.data = "ping";
  OK(uv_udp_send(&request, &client, &ping, 1, (struct sockaddr *)&address, on_send));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Names, addresses and random bytes: asynchronous, synchronous, refused. */
#include <netdb.h>
#include <netinet/in.h>

#include "scenario.h"

static uv_getnameinfo_t name_req;
static uv_random_t random_req, refused_random;
static char bytes[16];

static void on_random(uv_random_t *req, int status, void *buf, size_t length)
{
  (void)req;
  printf("random %d %d %d\n", status, buf == (void *)bytes, (int)length);
}

static void on_name(uv_getnameinfo_t *req, int status, const char *host, const char *service)
{
  printf("name %d %s %s\n", status, host, service);
  OK(uv_random(req->loop, &random_req, bytes, sizeof bytes, 0, on_random));
}

static void on_address(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
  char text[64];
  CHECK(status == 0);
  OK(uv_ip4_name((struct sockaddr_in *)found->ai_addr, text, sizeof text));
  printf("address %s\n", text);
  OK(uv_getnameinfo(req->loop, &name_req, on_name, found->ai_addr, NI_NUMERICHOST | NI_NUMERICSERV));
  uv_freeaddrinfo(found);
}

static void synchronously(uv_loop_t *loop, const struct addrinfo *hints)
{
  uv_getaddrinfo_t address;
  uv_getnameinfo_t name;
  OK(uv_getaddrinfo(loop, &address, NULL, "127.0.0.1", "80", hints));
  OK(uv_getnameinfo(loop, &name, NULL, address.addrinfo->ai_addr, NI_NUMERICHOST | NI_NUMERICSERV));
  printf("synchronously %s %s\n", name.host, name.service);
  uv_freeaddrinfo(address.addrinfo);
  OK(uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL));
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_getaddrinfo_t req, refused;
  struct addrinfo hints = {
      .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  OK(uv_getaddrinfo(loop, &req, on_address, "127.0.0.1", "80", &hints));
  CHECK(uv_getaddrinfo(loop, &refused, on_address, NULL, NULL, &hints) == UV_EINVAL);
  CHECK(uv_random(loop, &refused_random, bytes, sizeof bytes, -1, on_random) == UV_EINVAL);
  run_loop(loop);
  synchronously(loop, &hints);
  end_loop(loop);
  return 0;
}

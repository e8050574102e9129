/* SPDX-License-Identifier: MIT */
/* The table of hooks, and what several of them use. */
#include "hooks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define HOOK_FS(op, shape, object) [UVT_FN_uv_fs_##op] = {(void *)hook_uv_fs_##op, 0},
#define HOOK_STORE(function, ready, arg, value, text) \
  [UVT_FN_##function] = {(void *)hook_##function, RETURNS(function)},
#define HOOK_CALL(function) [UVT_FN_##function] = {(void *)hook_##function, RETURNS(function)},

/* 1 for a function that returns nothing: its type is one of these three. */
#define IS(function, type) __builtin_types_compatible_p(__typeof__(function), type)
#define RETURNS(function)                                                                \
  (IS(function, void(uv_handle_t *, uv_close_cb)) || IS(function, void(uv_mutex_t *)) || \
   IS(function, void(uv_connect_t *, uv_pipe_t *, const char *, uv_connect_cb)))

const struct uvt_hook uvt_hooks[UVT_FN_COUNT] = {UVT_API(HOOK_FS, HOOK_STORE, UVT_NONE, HOOK_CALL)};

#define NAME_FS(op, shape, object) "uv_fs_" #op,
#define NAME_STORE(function, ready, arg, value, text) #function,
#define NAME_CALL(function) #function,
const char *const uvt_fn_names[UVT_FN_COUNT] = {UVT_API(NAME_FS, NAME_STORE, UVT_NONE, NAME_CALL)};

/* As uv_fileno finds it (src/unix/core.c), but without a call into libuv. */
int uvt_fd_of(const uv_handle_t *handle)
{
  switch (handle->type) {
  case UV_TCP:
  case UV_NAMED_PIPE:
  case UV_TTY:
    return ((const uv_stream_t *)handle)->io_watcher.fd;
  case UV_UDP:
    return ((const uv_udp_t *)handle)->io_watcher.fd;
  case UV_POLL:
    return ((const uv_poll_t *)handle)->io_watcher.fd;
  default:
    return -1;
  }
}

const char *uvt_address_text(const struct sockaddr *address, char *buffer, size_t size)
{
  char host[INET6_ADDRSTRLEN] = "";
  buffer[0] = '\0';
  if (!address)
    return buffer;
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
    snprintf(buffer, size, "%s:%u", host, ntohs(in->sin_port));
  } else if (address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
    snprintf(buffer, size, "[%s]:%u", host, ntohs(in6->sin6_port));
  } else if (address->sa_family == AF_UNIX) {
    const struct sockaddr_un *un = (const struct sockaddr_un *)address;
    snprintf(buffer, size, "%.*s", (int)sizeof un->sun_path, un->sun_path);
  }
  return buffer;
}

/* SPDX-License-Identifier: MIT */
/* Streams, UDP, and closing. */
#include "hooks.h"
#include "recording/put.h"

#include <errno.h>
#include <sys/socket.h>

#define UVT_BUFFERS_MAX 65536

/* libuv refuses a senseless count without looking at the buffers, so we must not either: -1, not known. */
static int64_t total(const uv_buf_t bufs[], unsigned count)
{
  int64_t bytes = 0;
  if (count > UVT_BUFFERS_MAX)
    return -1;
  for (unsigned i = 0; bufs && i < count; i++)
    bytes += (int64_t)bufs[i].len;
  return bytes;
}

/* A request on a stream or socket. */
static struct uvt_pending request(struct uvt_thread *thread, const void *req, enum uvt_type type, int64_t arg,
                                  const char *text, void *thunk)
{
  return uvt_register(
      thread,
      &(struct uvt_link){
          .key = uvt_key(req, UVT_KEY_REQUEST), .type = type, .arg = arg, .text = text, .thunk = thunk});
}

/* A watcher on one. */
static struct uvt_pending watch(struct uvt_thread *thread, const void *handle, enum uvt_key_kind kind,
                                enum uvt_type type, const char *text, void *thunk)
{
  return uvt_register(thread, &(struct uvt_link){.key = uvt_key(handle, kind),
                                                 .type = type,
                                                 .flags = UVT_LINK_REPEAT,
                                                 .arg = uvt_fd_of(handle),
                                                 .text = text,
                                                 .thunk = thunk});
}

int hook_uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned nbufs, uv_write_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_write, req, stream, bufs, nbufs, cb);
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending = request(thread, req, UVT_TYPE_uv_write, total(bufs, nbufs), NULL, thunk);
  int status = CALL_REAL(thread, uv_write, req, stream, bufs, nbufs, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_write2(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned nbufs,
                   uv_stream_t *send_handle, uv_write_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_write2, req, stream, bufs, nbufs, send_handle, cb);
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending = request(thread, req, UVT_TYPE_uv_write2, total(bufs, nbufs), NULL, thunk);
  int status = CALL_REAL(thread, uv_write2, req, stream, bufs, nbufs, send_handle, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_shutdown(uv_shutdown_t *req, uv_stream_t *stream, uv_shutdown_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_shutdown, req, stream, cb);
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending =
      request(thread, req, UVT_TYPE_uv_shutdown, uvt_fd_of((uv_handle_t *)stream), NULL, thunk);
  int status = CALL_REAL(thread, uv_shutdown, req, stream, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_tcp_connect(uv_connect_t *req, uv_tcp_t *handle, const struct sockaddr *address, uv_connect_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_tcp_connect, req, handle, address, cb);
  char text[UVT_ADDRESS_TEXT];
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending = request(thread, req, UVT_TYPE_uv_tcp_connect, uvt_fd_of((uv_handle_t *)handle),
                                       uvt_address_text(address, text, sizeof text), thunk);
  int status = CALL_REAL(thread, uv_tcp_connect, req, handle, address, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

void hook_uv_pipe_connect(uv_connect_t *req, uv_pipe_t *handle, const char *name, uv_connect_cb cb)
{
  HOOK(thread);
  if (!cb) {
    CALL_REAL_VOID(thread, uv_pipe_connect, req, handle, name, cb);
    return;
  }
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending =
      request(thread, req, UVT_TYPE_uv_pipe_connect, uvt_fd_of((uv_handle_t *)handle), name, thunk);
  CALL_REAL_VOID(thread, uv_pipe_connect, req, handle, name, GIVE(thunk, cb));
  uvt_registered(thread, &pending, 0);
}

/* The name may hold NULs (an abstract socket): what comes before the first is shown. */
int hook_uv_pipe_connect2(uv_connect_t *req, uv_pipe_t *handle, const char *name, size_t namelen,
                          unsigned flags, uv_connect_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_pipe_connect2, req, handle, name, namelen, flags, cb);
  char text[UVT_ADDRESS_TEXT] = "";
  for (size_t i = 0; name && i < namelen && i < sizeof text - 1; i++)
    text[i] = name[i];
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending =
      request(thread, req, UVT_TYPE_uv_pipe_connect2, uvt_fd_of((uv_handle_t *)handle), text, thunk);
  int status = CALL_REAL(thread, uv_pipe_connect2, req, handle, name, namelen, flags, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_udp_send(uv_udp_send_t *req, uv_udp_t *handle, const uv_buf_t bufs[], unsigned nbufs,
                     const struct sockaddr *address, uv_udp_send_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_udp_send, req, handle, bufs, nbufs, address, cb);
  char text[UVT_ADDRESS_TEXT];
  void *thunk = THUNK(status, cb);
  struct uvt_pending pending = request(thread, req, UVT_TYPE_uv_udp_send, total(bufs, nbufs),
                                       address ? uvt_address_text(address, text, sizeof text) : NULL, thunk);
  int status = CALL_REAL(thread, uv_udp_send, req, handle, bufs, nbufs, address, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

/* Only getsockname(2), of a descriptor that is there: libuv is not asked. */
static const char *own_address(const uv_handle_t *handle, char *buffer, size_t size)
{
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  int fd = uvt_fd_of(handle);
  if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0)
    return NULL;
  return uvt_address_text((struct sockaddr *)&address, buffer, size);
}

int hook_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb)
{
  HOOK(thread);
  if (!cb)
    return CALL_REAL(thread, uv_listen, stream, backlog, cb);
  char text[UVT_ADDRESS_TEXT];
  int saved = errno;
  const char *address = own_address((uv_handle_t *)stream, text, sizeof text);
  errno = saved;
  void *thunk = THUNK(connection, cb);
  struct uvt_pending pending = watch(thread, stream, UVT_KEY_LISTEN, UVT_TYPE_uv_listen, address, thunk);
  int status = CALL_REAL(thread, uv_listen, stream, backlog, GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb cb)
{
  HOOK(thread);
  if (!stream || !alloc || !cb)
    return CALL_REAL(thread, uv_read_start, stream, alloc, cb);
  void *alloc_thunk = THUNK(alloc, alloc);
  void *thunk = THUNK(read, cb);
  struct uvt_pending pending = watch(thread, stream, UVT_KEY_READ, UVT_TYPE_uv_read_start, NULL, thunk);
  int status = CALL_REAL(thread, uv_read_start, stream, GIVE(alloc_thunk, alloc), GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_read_stop(uv_stream_t *stream)
{
  HOOK(thread);
  uvt_cancel(thread, uvt_key(stream, UVT_KEY_READ), UVT_reason_stopped, 0);
  return CALL_REAL(thread, uv_read_stop, stream);
}

int hook_uv_udp_recv_start(uv_udp_t *handle, uv_alloc_cb alloc, uv_udp_recv_cb cb)
{
  HOOK(thread);
  if (!handle || !alloc || !cb)
    return CALL_REAL(thread, uv_udp_recv_start, handle, alloc, cb);
  void *alloc_thunk = THUNK(alloc, alloc);
  void *thunk = THUNK(udp_recv, cb);
  struct uvt_pending pending = watch(thread, handle, UVT_KEY_READ, UVT_TYPE_uv_udp_recv_start, NULL, thunk);
  int status = CALL_REAL(thread, uv_udp_recv_start, handle, GIVE(alloc_thunk, alloc), GIVE(thunk, cb));
  uvt_registered(thread, &pending, status);
  return status;
}

int hook_uv_udp_recv_stop(uv_udp_t *handle)
{
  HOOK(thread);
  uvt_cancel(thread, uvt_key(handle, UVT_KEY_READ), UVT_reason_stopped, 0);
  return CALL_REAL(thread, uv_udp_recv_stop, handle);
}

/* What closing a handle ends: whatever is stored in it. Its requests come back with UV_ECANCELED by
 * themselves. */
static void cancel_all(struct uvt_thread *thread, const uv_handle_t *handle)
{
  switch (handle->type) {
  case UV_TCP:
  case UV_NAMED_PIPE:
  case UV_TTY:
    uvt_cancel(thread, uvt_key(handle, UVT_KEY_LISTEN), UVT_reason_closed, 0);
    uvt_cancel(thread, uvt_key(handle, UVT_KEY_READ), UVT_reason_closed, 0);
    break;
  case UV_UDP:
    uvt_cancel(thread, uvt_key(handle, UVT_KEY_READ), UVT_reason_closed, 0);
    break;
  default:
    uvt_cancel(thread, uvt_key(handle, UVT_KEY_HANDLE), UVT_reason_closed, 0);
  }
}

static struct uvt_pending register_close(struct uvt_thread *thread, const void *handle, enum uvt_type type,
                                         void *thunk)
{
  return uvt_register(
      thread,
      &(struct uvt_link){.key = uvt_key(handle, UVT_KEY_CLOSE), .type = type, .arg = -1, .thunk = thunk});
}

void hook_uv_close(uv_handle_t *handle, uv_close_cb cb)
{
  HOOK(thread);
  void *thunk = THUNK(close, cb);
  struct uvt_pending pending = {0};
  if (cb)
    pending = register_close(thread, handle, UVT_TYPE_uv_close, thunk);
  cancel_all(thread, handle);
  if (handle->type == UV_NAMED_PIPE && uvt_had_child_pipes && uvt_recording(thread))
    uvt_put_child_pipe(thread, 0, uvt_fd_of(handle), 0, false);
  CALL_REAL_VOID(thread, uv_close, handle, GIVE(thunk, cb));
  uvt_registered(thread, &pending, 0);
}

/* Refused while a shutdown is under way: then the handle is not closed and keeps what it has. */
int hook_uv_tcp_close_reset(uv_tcp_t *handle, uv_close_cb cb)
{
  HOOK(thread);
  void *thunk = THUNK(close, cb);
  struct uvt_pending pending = {0};
  if (cb)
    pending = register_close(thread, handle, UVT_TYPE_uv_tcp_close_reset, thunk);
  int status = CALL_REAL(thread, uv_tcp_close_reset, handle, GIVE(thunk, cb));
  if (status == 0)
    cancel_all(thread, (uv_handle_t *)handle);
  uvt_registered(thread, &pending, status);
  return status;
}

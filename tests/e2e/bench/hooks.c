/* SPDX-License-Identifier: MIT */
/*
 * The operations of operations.def on a real libuv, many at a time, so that a poll's system call is shared by
 * many of them. What the preload object adds is the difference to a run without it (scripts/bench-hooks).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "measure.h"
#include "operations.def"

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

#define BATCH 240 /* handles at work at a time; a third of them of each kind of loop watcher */
#define READS 32  /* that libuv does of one stream in a row */
#define POOLED 32 /* requests in the pool at a time */
#define HOUR 3600000

static uv_loop_t loop;
static uint64_t ran; /* callbacks */

static void run_until(uint64_t target)
{
  while (ran < target)
    uv_run(&loop, UV_RUN_NOWAIT);
}

/* Calls `batch` with numbers that add up to count, `size` at most. */
static void in_batches(uint64_t count, unsigned size, void (*batch)(unsigned))
{
  for (; count >= size; count -= size)
    batch(size);
  if (count)
    batch((unsigned)count);
}

static void on_timer(uv_timer_t *timer)
{
  (void)timer;
  ran++;
}

static uv_timer_t timers[BATCH];

static void run_timer_stop(uint64_t count)
{
  for (uint64_t i = 0; i < count; i++) {
    uv_timer_start(&timers[0], on_timer, HOUR, 0);
    uv_timer_stop(&timers[0]);
  }
}

static void fire_timers(unsigned count)
{
  uint64_t target = ran + count;
  for (unsigned i = 0; i < count; i++)
    uv_timer_start(&timers[i], on_timer, 0, 0);
  run_until(target);
}

static void run_timer_fire(uint64_t count)
{
  in_batches(count, BATCH, fire_timers);
}

static uv_prepare_t prepares[BATCH / 3];
static uv_check_t checks[BATCH / 3];
static uv_idle_t idles[BATCH / 3];

static void on_prepare(uv_prepare_t *handle)
{
  (void)handle;
  ran++;
}

static void on_check(uv_check_t *handle)
{
  (void)handle;
  ran++;
}

static void on_idle(uv_idle_t *handle)
{
  (void)handle;
  ran++;
}

static void run_watchers(uint64_t count)
{
  for (int i = 0; i < BATCH / 3; i++) {
    uv_prepare_start(&prepares[i], on_prepare);
    uv_check_start(&checks[i], on_check);
    uv_idle_start(&idles[i], on_idle);
  }
  run_until(ran + count);
  for (int i = 0; i < BATCH / 3; i++) {
    uv_prepare_stop(&prepares[i]);
    uv_check_stop(&checks[i]);
    uv_idle_stop(&idles[i]);
  }
}

static uv_async_t asyncs[BATCH];

static void on_async(uv_async_t *handle)
{
  (void)handle;
  ran++;
}

static void send_asyncs(unsigned count)
{
  uint64_t target = ran + count;
  for (unsigned i = 0; i < count; i++)
    uv_async_send(&asyncs[i]);
  run_until(target);
}

static void run_async(uint64_t count)
{
  in_batches(count, BATCH, send_asyncs);
}

static void run_fs_sync(uint64_t count)
{
  for (uint64_t i = 0; i < count; i++) {
    uv_fs_t request;
    uv_fs_fstat(&loop, &request, 0, NULL);
    uv_fs_req_cleanup(&request);
  }
}

static void on_fs(uv_fs_t *request)
{
  uv_fs_req_cleanup(request);
  ran++;
}

static void pool_fs(unsigned count)
{
  static uv_fs_t requests[POOLED];
  uint64_t target = ran + count;
  for (unsigned i = 0; i < count; i++)
    uv_fs_fstat(&loop, &requests[i], 0, on_fs);
  while (ran < target)
    uv_run(&loop, UV_RUN_ONCE);
}

static void run_fs_pool(uint64_t count)
{
  in_batches(count, POOLED, pool_fs);
}

static void on_work(uv_work_t *work)
{
  (void)work;
}

static void after_work(uv_work_t *work, int status)
{
  (void)work;
  (void)status;
  ran++;
}

static void queue_works(unsigned count)
{
  static uv_work_t works[POOLED];
  uint64_t target = ran + count;
  for (unsigned i = 0; i < count; i++)
    uv_queue_work(&loop, &works[i], on_work, after_work);
  while (ran < target)
    uv_run(&loop, UV_RUN_ONCE);
}

static void run_queue_work(uint64_t count)
{
  in_batches(count, POOLED, queue_works);
}

static uv_pipe_t reader, writer;
static int reader_peer, writer_peer;

/* One byte at a time: libuv reads on as long as the buffer was filled. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  static char byte;
  (void)handle;
  (void)suggested;
  *buffer = uv_buf_init(&byte, 1);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buffer)
{
  (void)stream;
  (void)buffer;
  ran += nread > 0;
}

static void read_bytes(unsigned count)
{
  static const char bytes[READS];
  uint64_t target = ran + count;
  CHECK(write(reader_peer, bytes, count) == (ssize_t)count);
  run_until(target);
}

static void run_pipe_read(uint64_t count)
{
  uv_read_start((uv_stream_t *)&reader, on_alloc, on_read);
  in_batches(count, READS, read_bytes);
  uv_read_stop((uv_stream_t *)&reader);
}

static void on_write(uv_write_t *request, int status)
{
  (void)request;
  CHECK(status == 0);
  ran++;
}

static void write_bytes(unsigned count)
{
  static uv_write_t requests[READS];
  static char byte, sink[READS];
  uint64_t target = ran + count;
  uv_buf_t buffer = uv_buf_init(&byte, 1);
  for (unsigned i = 0; i < count; i++)
    uv_write(&requests[i], (uv_stream_t *)&writer, &buffer, 1, on_write);
  run_until(target);
  CHECK(read(writer_peer, sink, count) == (ssize_t)count);
}

static void run_pipe_write(uint64_t count)
{
  in_batches(count, READS, write_bytes);
}

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  ran++;
}

static void close_handles(unsigned count)
{
  static uv_idle_t handles[BATCH];
  uint64_t target = ran + count;
  for (unsigned i = 0; i < count; i++) {
    uv_idle_init(&loop, &handles[i]);
    uv_close((uv_handle_t *)&handles[i], on_close);
  }
  run_until(target);
}

static void run_close(uint64_t count)
{
  in_batches(count, BATCH, close_handles);
}

static void open_pipes(void)
{
  uv_file to_reader[2], from_writer[2];
  CHECK(uv_pipe(to_reader, UV_NONBLOCK_PIPE, 0) == 0);
  CHECK(uv_pipe(from_writer, 0, UV_NONBLOCK_PIPE) == 0);
  uv_pipe_init(&loop, &reader, 0);
  uv_pipe_init(&loop, &writer, 0);
  CHECK(uv_pipe_open(&reader, to_reader[0]) == 0);
  CHECK(uv_pipe_open(&writer, from_writer[1]) == 0);
  reader_peer = to_reader[1];
  writer_peer = from_writer[0];
}

int main(int argc, char **argv)
{
  static const struct uvt_operation operations[] = {
#define NOTHING(event)
#define OPERATION(name, label, calls, callbacks, links, records) {#name, run_##name},
      UVT_BENCH_OPERATIONS(OPERATION, NOTHING){0}};
  setenv("UV_THREADPOOL_SIZE", "1",
         1); /* how several workers get into each other's way is not the question */
  uv_loop_init(&loop);
  for (int i = 0; i < BATCH; i++) {
    uv_timer_init(&loop, &timers[i]);
    uv_async_init(&loop, &asyncs[i], on_async);
  }
  for (int i = 0; i < BATCH / 3; i++) {
    uv_prepare_init(&loop, &prepares[i]);
    uv_check_init(&loop, &checks[i]);
    uv_idle_init(&loop, &idles[i]);
  }
  open_pipes();
  run_queue_work(
      1); /* more than one thread from the start, as with LTTng's: system calls cost a little more then */
  return uvt_measure(argc, argv, operations);
}

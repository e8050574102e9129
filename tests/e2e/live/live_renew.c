/* SPDX-License-Identifier: MIT */
/*
 * live_renew [TURNS [KIND]]: callbacks that start themselves again, of each kind, as often (the slow ones a
 * part of it), and looks at the live tree of its own process meanwhile: it may not grow with the turns, and
 * what has ended leaves nothing. A line a kind; status 1 where one grew, 2 without a live tree.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "live.h"

enum { LEAST = 600, MANY = 8 };

static uv_loop_t *loop;
static uint64_t turns, wanted;
static unsigned settled; /* slots in use at half the turns */

static int live_fd = -1;

static void find_live(void)
{
  DIR *directory = opendir("/proc/self/fd");
  char path[300], target[64];
  for (struct dirent *entry; live_fd < 0 && (entry = readdir(directory));) {
    snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    if (strncmp(target, "/memfd:" UVT_LIVE_NAME, strlen("/memfd:" UVT_LIVE_NAME)) == 0)
      live_fd = open(path, O_RDONLY | O_CLOEXEC);
  }
  closedir(directory);
}

static unsigned slots_in_use(void)
{
  struct stat status;
  unsigned count = 0;
  if (fstat(live_fd, &status) != 0)
    return 0;
  char *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, live_fd, 0);
  const struct uvt_live_header *header = (const struct uvt_live_header *)memory;
  const union uvt_live_slot *slots = (const union uvt_live_slot *)(memory + UVT_LIVE_HEADER_SIZE);
  for (uint32_t slot = 1; slot < header->slots; slot++)
    count += slots[slot].any.id != 0;
  if (header->lost)
    printf("%llu lost\n", (unsigned long long)header->lost);
  munmap(memory, (size_t)status.st_size);
  return count;
}

/* False: it has been done often enough. */
static bool more(void)
{
  if (++turns == wanted / 2)
    settled = slots_in_use();
  return turns < wanted;
}

static void end(void *handle)
{
  uv_close(handle, NULL);
}

/* Timers. */

static uv_timer_t timers[MANY];

static void timer_repeat(uv_timer_t *timer)
{
  if (more())
    uv_timer_start(timer, timer_repeat, 0, 1000000);
  else
    end(timer);
}

static void timer_once(uv_timer_t *timer)
{
  if (more())
    uv_timer_start(timer, timer_once, 0, 0);
  else
    end(timer);
}

static void timer_stop_start(uv_timer_t *timer)
{
  uv_timer_stop(timer);
  timer_repeat(timer);
}

static void timer_last(uv_timer_t *timer)
{
  uv_timer_set_repeat(timer, 0);
  uv_timer_stop(timer);
  if (more())
    uv_timer_start(timer, timer_last, 0, 1000000);
  else
    end(timer);
}

static void timer_again(uv_timer_t *timer)
{
  if (more())
    uv_timer_again(timer);
  else
    end(timer);
}

static void timer_closed(uv_handle_t *handle);

static void timer_close(uv_timer_t *timer)
{
  uv_close((uv_handle_t *)timer, more() ? timer_closed : NULL);
}

static void timer_closed(uv_handle_t *handle)
{
  uv_timer_init(loop, (uv_timer_t *)handle);
  uv_timer_start((uv_timer_t *)handle, timer_close, 0, 1000000);
}

static void start_timer(uv_timer_cb callback)
{
  uv_timer_init(loop, &timers[0]);
  uv_timer_start(&timers[0], callback, 0, 1000000);
}

#define TIMER(name)              \
  static void start_##name(void) \
  {                              \
    start_timer(name);           \
  }
TIMER(timer_repeat)
TIMER(timer_once)
TIMER(timer_stop_start)
TIMER(timer_last)
TIMER(timer_close)

static void start_timer_again(void)
{
  for (int i = 0; i < MANY; i++) {
    uv_timer_init(loop, &timers[i]);
    uv_timer_start(&timers[i], timer_again, 1, 1);
  }
}

/* Loop watchers, each by the other. */

static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;

static void on_check(uv_check_t *handle);

static void on_idle(uv_idle_t *handle)
{
  uv_idle_stop(handle);
  uv_check_start(&check, on_check);
  uv_idle_start(handle, on_idle);
}

static void on_prepare(uv_prepare_t *handle)
{
  uv_prepare_stop(handle);
  uv_prepare_start(handle, on_prepare);
}

static void on_check(uv_check_t *handle)
{
  uv_check_stop(handle);
  if (more()) {
    uv_check_start(handle, on_check);
    return;
  }
  end(&check);
  end(&idle);
  end(&prepare);
}

static void start_watchers(void)
{
  uv_idle_init(loop, &idle);
  uv_prepare_init(loop, &prepare);
  uv_check_init(loop, &check);
  uv_idle_start(&idle, on_idle);
  uv_prepare_start(&prepare, on_prepare);
}

/* A loop run in a callback that repeats. */

static uv_loop_t inner;
static uv_timer_t inner_timer;

static void on_inner(uv_timer_t *timer)
{
  if (more())
    uv_timer_start(timer, on_inner, 0, turns % 3);
  if (turns % 100 == 0)
    uv_timer_stop(timer);
}

static void on_nesting(uv_idle_t *handle)
{
  uv_timer_start(&inner_timer, on_inner, 0, 1);
  uv_run(&inner, UV_RUN_DEFAULT);
  if (turns < wanted) {
    uv_idle_stop(handle);
    uv_idle_start(handle, on_nesting);
    return;
  }
  end(handle);
  end(&inner_timer);
  uv_run(&inner, UV_RUN_DEFAULT);
  uv_loop_close(&inner);
}

static void start_nesting(void)
{
  uv_loop_init(&inner);
  uv_timer_init(&inner, &inner_timer);
  uv_idle_init(loop, &idle);
  uv_idle_start(&idle, on_nesting);
}

/* Async handles, closed and made anew, by their own callbacks. */

static uv_async_t async;

static void on_async(uv_async_t *handle);

static void async_closed(uv_handle_t *handle)
{
  (void)handle;
  uv_async_init(loop, &async, on_async);
  uv_async_send(&async);
}

static void on_async(uv_async_t *handle)
{
  bool close = turns % 2;
  if (!more())
    end(handle);
  else if (close)
    uv_close((uv_handle_t *)handle, async_closed);
  else
    uv_async_send(handle);
}

static void start_async(void)
{
  async_closed(NULL);
}

/* Streams, sockets, descriptors: a byte each turn. */

static uv_pipe_t stream;
static uv_udp_t udp;
static uv_poll_t poll_handle;
static int other_end;
static struct sockaddr_storage udp_address;
static uv_write_t write_request;
static char byte;

static void say(void)
{
  if (write(other_end, "x", 1) != 1)
    abort();
}

static void alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  (void)handle;
  (void)suggested;
  *buffer = uv_buf_init(&byte, 1);
}

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buffer)
{
  (void)buffer;
  if (size <= 0)
    return;
  if (turns % 3)
    uv_read_stop(handle);
  if (more()) {
    uv_read_start(handle, alloc, on_read);
    say();
  } else {
    end(handle);
    close(other_end);
  }
}

static void open_stream(void)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    abort();
  other_end = ends[1];
  uv_pipe_init(loop, &stream, 0);
  uv_pipe_open(&stream, ends[0]);
}

static void start_read(void)
{
  open_stream();
  uv_read_start((uv_stream_t *)&stream, alloc, on_read);
  say();
}

static void on_anew(uv_stream_t *handle, ssize_t size, const uv_buf_t *buffer)
{
  (void)buffer;
  if (size <= 0)
    return;
  if (more()) {
    say();
    return;
  }
  end(handle);
  close(other_end);
}

/* Reading ended and begun in the allocation callback. */
static void alloc_renews(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  uv_read_stop((uv_stream_t *)handle);
  uv_read_start((uv_stream_t *)handle, alloc_renews, on_anew);
  alloc(handle, suggested, buffer);
}

static void start_alloc(void)
{
  open_stream();
  uv_read_start((uv_stream_t *)&stream, alloc_renews, on_anew);
  say();
}

static void on_written(uv_write_t *request, int status)
{
  uv_buf_t buffer = uv_buf_init(&byte, 1);
  char drain;
  if (status == 0 && read(other_end, &drain, 1) == 1 && more()) {
    uv_write(request, (uv_stream_t *)&stream, &buffer, 1, on_written);
    return;
  }
  end(&stream);
  close(other_end);
}

static void start_write(void)
{
  uv_buf_t buffer = uv_buf_init(&byte, 1);
  open_stream();
  uv_write(&write_request, (uv_stream_t *)&stream, &buffer, 1, on_written);
}

static void say_udp(void)
{
  if (sendto(other_end, "x", 1, 0, (struct sockaddr *)&udp_address, sizeof(struct sockaddr_in)) != 1)
    abort();
}

static void on_datagram(uv_udp_t *handle, ssize_t size, const uv_buf_t *buffer,
                        const struct sockaddr *address, unsigned flags)
{
  (void)buffer;
  (void)flags;
  if (size <= 0 || !address)
    return;
  uv_udp_recv_stop(handle);
  if (more()) {
    uv_udp_recv_start(handle, alloc, on_datagram);
    say_udp();
  } else {
    end(handle);
    close(other_end);
  }
}

static void start_udp(void)
{
  struct sockaddr_in any;
  int length = sizeof udp_address;
  uv_ip4_addr("127.0.0.1", 0, &any);
  uv_udp_init(loop, &udp);
  uv_udp_bind(&udp, (struct sockaddr *)&any, 0);
  uv_udp_getsockname(&udp, (struct sockaddr *)&udp_address, &length);
  other_end = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  uv_udp_recv_start(&udp, alloc, on_datagram);
  say_udp();
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
  (void)status;
  (void)events;
  if (turns % 2)
    uv_poll_stop(handle);
  if (more())
    uv_poll_start(handle, UV_WRITABLE, on_poll);
  else
    end(handle);
}

static void start_poll(void)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    abort();
  other_end = ends[1];
  uv_poll_init(loop, &poll_handle, ends[0]);
  uv_poll_start(&poll_handle, UV_WRITABLE, on_poll);
}

/* A server whose client comes again as soon as both ends are closed. */

static uv_tcp_t server, client, peer;
static uv_connect_t connecting;

static void connect_again(uv_handle_t *handle);

static void on_connected(uv_connect_t *request, int status)
{
  (void)request;
  (void)status;
}

static void on_connection(uv_stream_t *handle, int status)
{
  (void)status;
  uv_tcp_init(loop, &peer);
  uv_accept(handle, (uv_stream_t *)&peer);
  uv_close((uv_handle_t *)&peer, NULL);
  bool again = more();
  uv_close((uv_handle_t *)&client, again ? connect_again : NULL);
  if (!again)
    end(handle);
}

static void connect_again(uv_handle_t *handle)
{
  (void)handle;
  uv_tcp_init(loop, &client);
  uv_tcp_connect(&connecting, &client, (struct sockaddr *)&udp_address, on_connected);
}

static void start_connection(void)
{
  struct sockaddr_in any;
  int length = sizeof udp_address;
  uv_ip4_addr("127.0.0.1", 0, &any);
  uv_tcp_init(loop, &server);
  uv_tcp_bind(&server, (struct sockaddr *)&any, 0);
  uv_listen((uv_stream_t *)&server, 8, on_connection);
  uv_tcp_getsockname(&server, (struct sockaddr *)&udp_address, &length);
  connect_again(NULL);
}

/* Signals, files, the pool, threads. */

static uv_signal_t signal_handle;

static void on_signal(uv_signal_t *handle, int number)
{
  uv_signal_stop(handle);
  if (more()) {
    uv_signal_start(handle, on_signal, number);
    raise(number);
  } else {
    end(handle);
  }
}

/* What is started here libuv stops as soon as this returns, and it runs no more. */
static void on_once(uv_signal_t *handle, int number)
{
  uv_signal_start_oneshot(handle, on_once, number);
  turns = wanted;
}

static void start_signal(void)
{
  uv_signal_init(loop, &signal_handle);
  uv_signal_start(&signal_handle, on_signal, SIGUSR2);
  raise(SIGUSR2);
}

static void start_once(void)
{
  uv_signal_init(loop, &signal_handle);
  uv_signal_start_oneshot(&signal_handle, on_once, SIGUSR2);
  raise(SIGUSR2);
}

static uv_fs_event_t fs_event;
static char watched[] = "/tmp/live_renew.XXXXXX";

static void on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
  (void)name;
  (void)events;
  (void)status;
  uv_fs_event_stop(handle);
  if (more()) {
    uv_fs_event_start(handle, on_change, watched, 0);
    say();
  } else {
    end(handle);
    close(other_end);
    unlink(watched);
  }
}

static void start_fs_event(void)
{
  other_end = mkstemp(watched);
  uv_fs_event_init(loop, &fs_event);
  uv_fs_event_start(&fs_event, on_change, watched, 0);
  say();
}

static uv_work_t work_request;
static uv_fs_t fs_request;

static void on_work(uv_work_t *request)
{
  (void)request;
}

static void on_stat(uv_fs_t *request)
{
  uv_fs_req_cleanup(request);
  if (more())
    uv_fs_stat(loop, request, "/", on_stat);
}

static void after_work(uv_work_t *request, int status)
{
  (void)status;
  if (more())
    uv_queue_work(loop, request, on_work, after_work);
}

static void start_work(void)
{
  uv_queue_work(loop, &work_request, on_work, after_work);
}

static void start_stat(void)
{
  uv_fs_stat(loop, &fs_request, "/", on_stat);
}

static uv_thread_t thread;

static void stop_idle(uv_idle_t *handle)
{
  end(handle);
}

/* A loop of its own, and something afterwards that needs a root. */
static void run_thread(void *argument)
{
  uv_loop_t own;
  uv_idle_t once;
  (void)argument;
  uv_loop_init(&own);
  uv_idle_init(&own, &once);
  uv_idle_start(&once, stop_idle);
  uv_run(&own, UV_RUN_DEFAULT);
  uv_idle_init(&own, &once);
  uv_idle_start(&once, stop_idle);
  end(&once);
  uv_run(&own, UV_RUN_DEFAULT);
  uv_loop_close(&own);
}

static void on_thread(uv_idle_t *handle)
{
  uv_thread_create(&thread, run_thread, NULL);
  uv_thread_join(&thread);
  if (!more())
    end(handle);
}

static void start_thread(void)
{
  uv_idle_init(loop, &idle);
  uv_idle_start(&idle, on_thread);
}

static const struct kind {
  const char *name;
  void (*start)(void);
  unsigned part;   /* of the turns */
  unsigned chains; /* that may grow at a time */
} kinds[] = {
    {"timer that repeats, started again", start_timer_repeat, 1, 1},
    {"timer started again", start_timer_once, 1, 1},
    {"timer stopped and started", start_timer_stop_start, 1, 1},
    {"timer that repeats no more, started again", start_timer_last, 1, 1},
    {"timer again", start_timer_again, 1, MANY},
    {"timer closed and opened", start_timer_close, 1, 1},
    {"idle, prepare, check", start_watchers, 1, 3},
    {"loop within a callback that repeats", start_nesting, 1, 2},
    {"async", start_async, 4, 1},
    {"read stopped and started", start_read, 2, 1},
    {"read started in its allocation callback", start_alloc, 2, 1},
    {"write", start_write, 2, 1},
    {"udp", start_udp, 4, 1},
    {"poll", start_poll, 2, 1},
    {"connection", start_connection, 20, 4},
    {"signal", start_signal, 4, 1},
    {"signal of one shot", start_once, 40, 1},
    {"file watched", start_fs_event, 10, 1},
    {"stat", start_stat, 10, 1},
    {"work", start_work, 10, 2},
    {"thread", start_thread, 40, 2},
};

static int run(const struct kind *kind, uint64_t count)
{
  unsigned before = slots_in_use();
  turns = settled = 0;
  wanted = count / kind->part > LEAST ? count / kind->part : LEAST;
  kind->start();
  uv_run(loop, UV_RUN_DEFAULT);
  unsigned after = slots_in_use();
  unsigned grown = settled > before + kind->chains * (UVT_LIVE_CHAIN + 4);
  int bad = turns < wanted || grown || after > before + 1;
  printf("%s: %llu turns, %u slots before, %u meanwhile, %u after%s\n", kind->name, (unsigned long long)turns,
         before, settled, after, bad ? ": BAD" : "");
  fflush(stdout);
  return bad;
}

int main(int argc, char **argv)
{
  uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000;
  int bad = 0;
  loop = uv_default_loop();
  find_live();
  if (live_fd < 0) {
    fprintf(stderr, "live_renew: no live tree\n");
    return 2;
  }
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (argc < 3 || strstr(kinds[i].name, argv[2]))
      bad |= run(&kinds[i], count);
  return bad;
}

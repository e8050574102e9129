/* SPDX-License-Identifier: MIT */
/*
 * Nothing but libuv, where a tracer's cost is most naked:  libuv timers|idle|async|pool SECONDS
 * Prints "OPERATIONS_PER_SECOND OPERATIONS". An operation is one callback: of a timer set for now, of an idle
 * handle, of a message from another thread's loop that is answered at once; or a piece of empty work and its
 * end.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { TIMERS = 64, IDLERS = 64, WORKS = 64 };

static uint64_t operations; /* counted by the main thread alone */
static bool over;

static void check(int status, const char *what)
{
  if (status) {
    fprintf(stderr, "libuv: %s: %s\n", what, uv_strerror(status));
    exit(1);
  }
}

/* The ball's two sides end by themselves, so that neither sends to a closed one. */
static void close_one(uv_handle_t *handle, void *unused)
{
  (void)unused;
  if (handle->type != UV_ASYNC)
    uv_close(handle, NULL);
}

static void on_end(uv_timer_t *end)
{
  over = true;
  uv_walk(end->loop, close_one, NULL);
}

static uv_timer_t timers[TIMERS];

static void on_timer(uv_timer_t *timer)
{
  (void)timer;
  operations++;
}

/* Once in each of the loop's iterations: a timer that its own callback sets for now would never let go of the
 * loop. */
static void set_timers(uv_idle_t *idle)
{
  (void)idle;
  for (int i = 0; i < TIMERS; i++)
    uv_timer_start(&timers[i], on_timer, 0, 0);
}

static void run_timers(uv_loop_t *loop)
{
  static uv_idle_t setter;
  for (int i = 0; i < TIMERS; i++)
    uv_timer_init(loop, &timers[i]);
  uv_idle_init(loop, &setter);
  uv_idle_start(&setter, set_timers);
  uv_run(loop, UV_RUN_DEFAULT);
}

static void on_idle(uv_idle_t *idle)
{
  (void)idle;
  operations++;
}

static void run_idle(uv_loop_t *loop)
{
  static uv_idle_t idlers[IDLERS];
  for (int i = 0; i < IDLERS; i++) {
    uv_idle_init(loop, &idlers[i]);
    uv_idle_start(&idlers[i], on_idle);
  }
  uv_run(loop, UV_RUN_DEFAULT);
}

/* The ball's two sides: `ours` on the main thread's loop, `theirs` on another's. Who has the ball may touch
 * both. */
static uv_async_t ours, theirs;

static void on_ours(uv_async_t *async)
{
  operations++;
  theirs.data = over ? &theirs : NULL; /* the last one */
  uv_async_send(&theirs);
  if (over)
    uv_close((uv_handle_t *)async, NULL);
}

static void on_theirs(uv_async_t *async)
{
  if (async->data)
    uv_close((uv_handle_t *)async, NULL);
  else
    uv_async_send(&ours);
}

static void their_thread(void *loop)
{
  uv_run(loop, UV_RUN_DEFAULT);
}

static void run_async(uv_loop_t *loop)
{
  uv_loop_t their_loop;
  uv_thread_t thread;
  check(uv_loop_init(&their_loop), "uv_loop_init");
  check(uv_async_init(loop, &ours, on_ours), "uv_async_init");
  check(uv_async_init(&their_loop, &theirs, on_theirs), "uv_async_init");
  check(uv_thread_create(&thread, their_thread, &their_loop), "uv_thread_create");
  uv_async_send(&theirs);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_thread_join(&thread);
  check(uv_loop_close(&their_loop), "uv_loop_close");
}

static void on_work(uv_work_t *work)
{
  (void)work;
}

static void on_worked(uv_work_t *work, int status)
{
  (void)status;
  operations++;
  if (!over)
    uv_queue_work(work->loop, work, on_work, on_worked);
}

static void run_pool(uv_loop_t *loop)
{
  static uv_work_t works[WORKS];
  for (int i = 0; i < WORKS; i++)
    uv_queue_work(loop, &works[i], on_work, on_worked);
  uv_run(loop, UV_RUN_DEFAULT);
}

static const struct {
  const char *name;
  void (*run)(uv_loop_t *loop);
} kinds[] = {
    {"timers", run_timers},
    {"idle", run_idle},
    {"async", run_async},
    {"pool", run_pool},
};

int main(int argc, char **argv)
{
  uv_loop_t loop;
  uv_timer_t end;
  double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
  for (size_t i = 0; seconds > 0 && i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, argv[1]) != 0)
      continue;
    check(uv_loop_init(&loop), "uv_loop_init");
    uv_timer_init(&loop, &end);
    uv_timer_start(&end, on_end, (uint64_t)(seconds * 1000), 0);
    uint64_t begin = uv_hrtime();
    kinds[i].run(&loop);
    double took = (double)(uv_hrtime() - begin) / 1e9;
    check(uv_loop_close(&loop), "uv_loop_close");
    printf("%.0f %llu\n", (double)operations / took, (unsigned long long)operations);
    return 0;
  }
  fprintf(stderr, "usage: libuv timers|idle|async|pool SECONDS\n");
  return 2;
}

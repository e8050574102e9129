/* SPDX-License-Identifier: MIT */
/*
 * More different callbacks of a kind than there are thunks: each must be called, with its own object. Says
 * how many of the registrations cannot be followed.
 */
#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

#include "hooks/callbacks.def"

#define EACH4(X, n) X(n##0) X(n##1) X(n##2) X(n##3)
#define EACH16(X, n) EACH4(X, n##0) EACH4(X, n##1) EACH4(X, n##2) EACH4(X, n##3)
#define EACH64(X, n) EACH16(X, n##0) EACH16(X, n##1) EACH16(X, n##2) EACH16(X, n##3)
#define EACH256(X, n) EACH64(X, n##0) EACH64(X, n##1) EACH64(X, n##2) EACH64(X, n##3)
#define EACH1024(X, n) EACH256(X, n##0) EACH256(X, n##1) EACH256(X, n##2) EACH256(X, n##3)
/* Numbers in octal, of digits below 4. */
#define EACH(X) EACH1024(X, 010) EACH1024(X, 011) EACH1024(X, 012) EACH1024(X, 013) EACH64(X, 02000)
#define COUNT (4 * 1024 + 64)
#define BEYOND (COUNT - UVT_THUNKS)

static uv_timer_t timers[COUNT], restarted, again;
static uv_work_t works[COUNT];
static long timers_called, works_called, afters_called, restarted_called, again_called;

static void wrong(const char *what)
{
  printf("%s: called with the wrong object\n", what);
  exit(1);
}

/* What an object is for: the number of its callback. */
static void called(const char *what, const void *data, long number, long *count)
{
  if (data != (void *)number)
    wrong(what);
  __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

#define DEFINE(n)                                            \
  static void timer_##n(uv_timer_t *timer)                   \
  {                                                          \
    called("timer", timer->data, n, &timers_called);         \
  }                                                          \
  static void work_##n(uv_work_t *work)                      \
  {                                                          \
    called("work", work->data, n, &works_called);            \
  }                                                          \
  static void after_##n(uv_work_t *work, int status)         \
  {                                                          \
    called("after", work->data, n + status, &afters_called); \
  }
EACH(DEFINE)

static const struct {
  long number;
  uv_timer_cb timer;
  uv_work_cb work;
  uv_after_work_cb after;
} all[] = {
#define ROW(n) {n, timer_##n, work_##n, after_##n},
    EACH(ROW)};
_Static_assert(sizeof all / sizeof all[0] == COUNT && COUNT > UVT_THUNKS, "all there, and too many");

static void on_restarted(uv_timer_t *timer)
{
  if (timer != &restarted)
    wrong("restarted");
  restarted_called++;
}

static void on_again(uv_timer_t *timer)
{
  if (timer != &again)
    wrong("again");
  if (++again_called == 2)
    uv_timer_stop(timer);
}

static void on_close(uv_handle_t *handle)
{
  (void)handle;
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_timer_init(loop, &restarted);
  uv_timer_init(loop, &again);
  uv_timer_start(&restarted, all[0].timer, 1000000, 0);
  for (int i = 0; i < COUNT; i++) {
    timers[i].data = works[i].data = (void *)all[i].number;
    uv_timer_init(loop, &timers[i]);
    timers[i].data = (void *)all[i].number;
    uv_timer_start(&timers[i], all[i].timer, 0, 0);
    uv_queue_work(loop, &works[i], all[i].work, all[i].after);
  }
  uv_timer_start(&restarted, on_restarted, 0, 0); /* in place of one that is followed */
  uv_timer_start(&again, on_again, 1000000, 1);
  uv_timer_again(&again);
  uv_run(loop, UV_RUN_DEFAULT);
  for (int i = 0; i < COUNT; i++)
    uv_close((uv_handle_t *)&timers[i], on_close);
  uv_close((uv_handle_t *)&restarted, on_close);
  uv_close((uv_handle_t *)&again, on_close);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("timers %ld, works %ld, afters %ld, restarted %ld, again %ld\n", timers_called, works_called,
         afters_called, restarted_called, again_called);
  printf("not followed: %d\n", 3 * BEYOND + 3);
  return 0;
}

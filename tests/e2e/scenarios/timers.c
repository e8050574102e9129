/* SPDX-License-Identifier: MIT */
/* Timers: one-shot, repeating, stopped in their own callback, again, set_repeat, restarted, never due,
 * refused. */
#include "scenario.h"

static uv_timer_t once, repeating, again, restarted, stopped, closed, chained;
static int repeats, agains, chains;

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", (const char *)handle->data);
}

static void on_once(uv_timer_t *timer)
{
  puts("once");
  uv_close((uv_handle_t *)timer, on_close);
}

static void on_repeating(uv_timer_t *timer)
{
  printf("repeating %d\n", ++repeats);
  if (repeats == 3) {
    OK(uv_timer_stop(timer));
    uv_close((uv_handle_t *)timer, on_close);
  }
}

/* A one-shot timer that becomes a repeating one: again needs a repeat, set_repeat gives it. */
static void on_again(uv_timer_t *timer)
{
  printf("again %d\n", ++agains);
  if (agains == 1) {
    uv_timer_set_repeat(timer, 3);
    OK(uv_timer_again(timer));
  } else if (agains == 3) {
    uv_timer_set_repeat(timer, 0); /* already armed once more: that one is the last */
  } else if (agains == 4) {
    uv_close((uv_handle_t *)timer, on_close);
  }
}

static void on_first(uv_timer_t *timer)
{
  (void)timer;
  puts("never: replaced");
}

static void on_second(uv_timer_t *timer)
{
  puts("restarted");
  uv_close((uv_handle_t *)timer, on_close);
}

static void on_never(uv_timer_t *timer)
{
  (void)timer;
  puts("never: stopped or closed");
}

/* Starts itself anew from its own callback. */
static void on_chained(uv_timer_t *timer)
{
  printf("chained %d\n", ++chains);
  if (chains < 3)
    OK(uv_timer_start(timer, on_chained, 2, 0));
  else
    uv_close((uv_handle_t *)timer, on_close);
}

static void make(uv_loop_t *loop, uv_timer_t *timer, const char *name)
{
  OK(uv_timer_init(loop, timer));
  timer->data = (void *)name;
}

static void prepare_timers(uv_loop_t *loop)
{
  make(loop, &once, "once");
  make(loop, &repeating, "repeating");
  make(loop, &again, "again");
  make(loop, &restarted, "restarted");
  make(loop, &stopped, "stopped");
  make(loop, &closed, "closed");
  make(loop, &chained, "chained");
}

/* Timers that run at the same time could fire in another order on a busy machine: one run of the loop for
 * each. */
int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  prepare_timers(loop);
  OK(uv_timer_start(&once, on_once, 0, 0));
  OK(uv_timer_start(&stopped, on_never, 1000, 0));
  OK(uv_timer_stop(&stopped));
  OK(uv_timer_stop(&stopped));
  CHECK(uv_timer_start(&stopped, NULL, 1, 0) == UV_EINVAL);
  OK(uv_timer_start(&closed, on_never, 1000, 0));
  uv_close((uv_handle_t *)&closed, on_close);
  uv_close((uv_handle_t *)&stopped, NULL);
  CHECK(uv_timer_start(&closed, on_never, 1, 0) == UV_EINVAL); /* closing */
  run_loop(loop);

  OK(uv_timer_start(&repeating, on_repeating, 5, 5));
  run_loop(loop);

  CHECK(uv_timer_again(&again) == UV_EINVAL); /* never started */
  OK(uv_timer_start(&again, on_again, 5, 0));
  run_loop(loop);

  OK(uv_timer_start(&restarted, on_first, 1000, 0));
  OK(uv_timer_start(&restarted, on_second, 10, 0));
  run_loop(loop);

  OK(uv_timer_start(&chained, on_chained, 2, 0));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

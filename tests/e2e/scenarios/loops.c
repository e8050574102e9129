/* SPDX-License-Identifier: MIT */
/* Several loops on one thread: one run inside a callback of another, and the three ways of uv_run. */
#include "scenario.h"

static uv_loop_t inner;
static uv_timer_t outer_timer, inner_timer, turn_timer;

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", (const char *)handle->data);
}

static void on_inner(uv_timer_t *timer)
{
  puts("inner");
  uv_close((uv_handle_t *)timer, on_close);
}

static void on_outer(uv_timer_t *timer)
{
  puts("outer begins");
  OK(uv_loop_init(&inner));
  OK(uv_timer_init(&inner, &inner_timer));
  inner_timer.data = "inner";
  OK(uv_timer_start(&inner_timer, on_inner, 1, 0));
  OK(uv_run(&inner, UV_RUN_DEFAULT));
  OK(uv_loop_close(&inner));
  puts("outer ends");
  uv_close((uv_handle_t *)timer, on_close);
}

static void on_turn(uv_timer_t *timer)
{
  puts("turn");
  uv_close((uv_handle_t *)timer, on_close);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  OK(uv_timer_init(loop, &outer_timer));
  outer_timer.data = "outer";
  OK(uv_timer_start(&outer_timer, on_outer, 1, 0));
  run_loop(loop);

  OK(uv_timer_init(loop, &turn_timer));
  turn_timer.data = "turn";
  OK(uv_timer_start(&turn_timer, on_turn, 20, 0));
  (void)uv_run(loop, UV_RUN_NOWAIT); /* on a slow machine the timer is due by then */
  while (uv_run(loop, UV_RUN_ONCE))
    ;
  end_loop(loop);
  return 0;
}

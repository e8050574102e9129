/* SPDX-License-Identifier: MIT */
/* Functions that call back at once: uv_walk over exactly the program's handles, uv_once exactly once. */
#include "scenario.h"

static uv_once_t guard = UV_ONCE_INIT;
static uv_timer_t first, second;
static uv_idle_t idle;

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", uv_handle_type_name(handle->type));
}

static void on_never(uv_timer_t *timer)
{
  (void)timer;
  puts("never");
}

static void on_once(void)
{
  puts("once");
  OK(uv_timer_start(&second, on_never, 1000, 0));
}

static void on_walk(uv_handle_t *handle, void *argument)
{
  printf("walk %s %d\n", uv_handle_type_name(handle->type), uv_is_active(handle));
  ++*(int *)argument;
  uv_close(handle, on_close);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  int count = 0;
  OK(uv_timer_init(loop, &first));
  OK(uv_timer_init(loop, &second));
  OK(uv_idle_init(loop, &idle));
  OK(uv_timer_start(&first, on_never, 1000, 0));
  uv_once(&guard, on_once);
  uv_once(&guard, on_once);
  uv_walk(loop, on_walk, &count);
  printf("count %d\n", count);
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Threads: one with a loop of its own, one made with options, and what each starts. */
#include "scenario.h"

static uv_thread_t looping, plain;
static uv_async_t done;

static void on_inner_close(uv_handle_t *handle)
{
  (void)handle;
}

static void on_inner_timer(uv_timer_t *timer)
{
  uv_close((uv_handle_t *)timer, on_inner_close);
}

static void run_inner(void *argument)
{
  uv_loop_t loop;
  uv_timer_t timer;
  (void)argument;
  OK(uv_loop_init(&loop));
  OK(uv_timer_init(&loop, &timer));
  OK(uv_timer_start(&timer, on_inner_timer, 5, 0));
  OK(uv_run(&loop, UV_RUN_DEFAULT));
  OK(uv_loop_close(&loop));
  OK(uv_async_send(&done));
}

static void run_plain(void *argument)
{
  *(int *)argument = 42;
}

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_done(uv_async_t *async)
{
  OK(uv_thread_join(&looping));
  puts("joined");
  uv_close((uv_handle_t *)async, on_close);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = 256 * 1024};
  int answer = 0;
  OK(uv_async_init(loop, &done, on_done));
  OK(uv_thread_create_ex(&plain, &options, run_plain, &answer));
  OK(uv_thread_join(&plain));
  printf("answer %d\n", answer);
  OK(uv_thread_create(&looping, run_inner, NULL));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Callbacks that are not returned from: a longjmp out of the loop, and the end of a thread inside its entry.
 * What comes after must have the right parent again.
 */
#include <pthread.h>
#include <setjmp.h>

#include "scenario.h"

static jmp_buf out;
static uv_timer_t timer;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
}

static void jump(uv_timer_t *handle)
{
  (void)handle;
  longjmp(out, 1);
}

static void after(uv_timer_t *handle)
{
  puts("after");
  uv_close((uv_handle_t *)handle, on_close);
}

static void leave(void *argument)
{
  (void)argument;
  pthread_exit(NULL);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_thread_t thread;
  OK(uv_timer_init(loop, &timer));
  if (setjmp(out) == 0) {
    OK(uv_timer_start(&timer, jump, 1, 0));
    uv_run(loop, UV_RUN_DEFAULT);
  }
  puts("jumped");
  OK(uv_timer_start(&timer, after, 1, 0));
  run_loop(loop);
  OK(uv_thread_create(&thread, leave, NULL));
  OK(uv_thread_join(&thread));
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Wake-ups: sends that coalesce, a send from another thread, one from the own callback, a NULL callback. */
#include "scenario.h"

static uv_async_t coalesced, remote, again, silent;
static uv_thread_t thread;
static int rounds;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_coalesced(uv_async_t *async)
{
  puts("coalesced");
  uv_close((uv_handle_t *)async, on_close);
}

static void on_remote(uv_async_t *async)
{
  OK(uv_thread_join(&thread));
  puts("remote");
  uv_close((uv_handle_t *)async, on_close);
  OK(uv_async_send(&again));
}

static void on_again(uv_async_t *async)
{
  printf("again %d\n", ++rounds);
  if (rounds == 1)
    OK(uv_async_send(async));
  else
    uv_close((uv_handle_t *)async, on_close);
}

static void send_from_thread(void *argument)
{
  (void)argument;
  OK(uv_async_send(&remote));
}

static void on_start(uv_timer_t *timer)
{
  puts("thread");
  OK(uv_thread_create(&thread, send_from_thread, NULL));
  uv_close((uv_handle_t *)timer, NULL);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_timer_t timer;
  OK(uv_async_init(loop, &coalesced, on_coalesced));
  OK(uv_async_init(loop, &remote, on_remote));
  OK(uv_async_init(loop, &again, on_again));
  OK(uv_async_init(loop, &silent, NULL));
  OK(uv_timer_init(loop, &timer));
  for (int i = 0; i < 3; i++)
    OK(uv_async_send(&coalesced));
  OK(uv_async_send(&silent));
  uv_close((uv_handle_t *)&silent, NULL);
  /* A timer may be due before the first poll: until the coalesced one is closed there is none. */
  uv_unref((uv_handle_t *)&remote);
  uv_unref((uv_handle_t *)&again);
  run_loop(loop);
  uv_ref((uv_handle_t *)&remote);
  uv_ref((uv_handle_t *)&again);
  OK(uv_timer_start(&timer, on_start, 20, 0));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * A timer that re-arms itself for ever, beside things that stay: prints a line after each 100,000 rounds,
 * reads a line before it goes on; ends at end of file.
 */
#include <stdio.h>
#include <uv.h>

#define ROUNDS 100000

static uv_timer_t timer, pending;
static uv_async_t async;
static uint64_t rounds;

static void never(uv_timer_t *handle)
{
  (void)handle;
}

static void on_async(uv_async_t *handle)
{
  (void)handle;
}

static void again(uv_timer_t *handle)
{
  if (++rounds % ROUNDS == 0) {
    char line[64];
    printf("%llu\n", (unsigned long long)rounds);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) {
      uv_stop(handle->loop);
      return;
    }
  }
  uv_timer_start(handle, again, 0, 0);
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_timer_init(loop, &timer);
  uv_timer_init(loop, &pending);
  uv_async_init(loop, &async, on_async);
  uv_timer_start(&pending, never, 3600000, 0);
  uv_timer_start(&timer, again, 0, 0);
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}

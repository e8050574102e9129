/* SPDX-License-Identifier: MIT */
/* Idle, prepare and check watchers: each iteration, started twice, stopped in their own callback, started
 * anew. */
#include "scenario.h"

static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;
static int idles, prepares, checks;

static void on_close(uv_handle_t *handle)
{
  printf("closed %s\n", uv_handle_type_name(handle->type));
}

static void on_idle_ignored(uv_idle_t *handle)
{
  (void)handle;
  puts("never: the handle was active already");
}

static void on_idle(uv_idle_t *handle)
{
  printf("idle %d\n", ++idles);
  if (idles == 2) {
    OK(uv_idle_stop(handle));
    uv_close((uv_handle_t *)handle, on_close);
  }
}

static void on_prepare(uv_prepare_t *handle)
{
  printf("prepare %d\n", ++prepares);
  OK(uv_prepare_stop(handle));
  if (prepares == 1)
    OK(uv_prepare_start(handle, on_prepare)); /* runs in the next iteration */
  else
    uv_close((uv_handle_t *)handle, on_close);
}

static void on_check(uv_check_t *handle)
{
  printf("check %d\n", ++checks);
  if (checks == 2)
    uv_close((uv_handle_t *)handle, on_close); /* without a stop */
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  OK(uv_idle_init(loop, &idle));
  OK(uv_prepare_init(loop, &prepare));
  OK(uv_check_init(loop, &check));
  CHECK(uv_idle_start(&idle, NULL) == UV_EINVAL);
  OK(uv_idle_start(&idle, on_idle));
  OK(uv_idle_start(&idle, on_idle_ignored));
  OK(uv_prepare_start(&prepare, on_prepare));
  OK(uv_check_start(&check, on_check));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

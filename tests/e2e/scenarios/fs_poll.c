/* SPDX-License-Identifier: MIT */
/* A polled file: not there, there, gone again. libuv's own timer and stats must not show. */
#include <fcntl.h>
#include <unistd.h>

#include "scenario.h"

static int changes;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_ignored(uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after)
{
  (void)handle, (void)status, (void)before, (void)after;
  puts("never: the handle was active already");
}

static void on_change(uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *after)
{
  (void)before, (void)after;
  printf("change %d %s\n", ++changes, status ? uv_err_name(status) : "ok");
  if (changes == 1) {
    int file = open("polled", O_CREAT | O_WRONLY, 0644);
    CHECK(file >= 0);
    close(file);
  } else if (changes == 2) {
    OK(unlink("polled"));
  } else {
    OK(uv_fs_poll_stop(handle));
    uv_close((uv_handle_t *)handle, on_close);
  }
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_fs_poll_t handle;
  OK(uv_fs_poll_init(loop, &handle));
  OK(uv_fs_poll_start(&handle, on_change, "polled", 10));
  OK(uv_fs_poll_start(&handle, on_ignored, "polled", 10));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

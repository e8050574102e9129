/* SPDX-License-Identifier: MIT */
/* A watched directory: something made in it, taken away again; started twice, a path that is not there. */
#include <sys/stat.h>
#include <unistd.h>

#include "scenario.h"

static int events;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_event(uv_fs_event_t *handle, const char *name, int event, int status)
{
  printf("event %d %s %s %d\n", ++events, name, event == UV_RENAME ? "rename" : "other", status);
  if (events == 1) {
    OK(rmdir("watched/made"));
  } else {
    OK(uv_fs_event_stop(handle));
    uv_close((uv_handle_t *)handle, on_close);
  }
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  uv_fs_event_t watched, missing;
  OK(mkdir("watched", 0755));
  OK(uv_fs_event_init(loop, &watched));
  OK(uv_fs_event_init(loop, &missing));
  CHECK(uv_fs_event_start(&missing, on_event, "missing", 0) == UV_ENOENT);
  uv_close((uv_handle_t *)&missing, NULL);
  OK(uv_fs_event_start(&watched, on_event, "watched", 0));
  CHECK(uv_fs_event_start(&watched, on_event, "watched", 0) == UV_EINVAL); /* active */
  OK(mkdir("watched/made", 0755));
  run_loop(loop);
  OK(rmdir("watched"));
  end_loop(loop);
  return 0;
}

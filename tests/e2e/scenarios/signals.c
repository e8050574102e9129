/* SPDX-License-Identifier: MIT */
/* Signals: normal and one-shot watchers, the callback swapped while active, stopped, refused. */
#include <signal.h>
#include <unistd.h>

#include "scenario.h"

static uv_signal_t usr1, usr2, hup;
static int received;

static void on_close(uv_handle_t *handle)
{
  (void)handle;
  puts("closed");
}

static void on_hup(uv_signal_t *handle, int signum)
{
  printf("swapped %d\n", signum == SIGHUP);
  OK(uv_signal_stop(handle));
  uv_close((uv_handle_t *)handle, on_close);
  uv_close((uv_handle_t *)&usr1, on_close);
}

static void on_never(uv_signal_t *handle, int signum)
{
  (void)handle;
  printf("never %d\n", signum);
}

static void on_usr2(uv_signal_t *handle, int signum)
{
  printf("usr2 %d\n", signum == SIGUSR2);
  uv_close((uv_handle_t *)handle, on_close);
  OK(kill(getpid(), SIGHUP));
}

static void on_usr1(uv_signal_t *handle, int signum)
{
  (void)handle;
  printf("usr1 %d %d\n", ++received, signum == SIGUSR1);
  OK(kill(getpid(), received == 1 ? SIGUSR1 : SIGUSR2));
}

int main(void)
{
  uv_loop_t *loop = uv_default_loop();
  OK(uv_signal_init(loop, &usr1));
  OK(uv_signal_init(loop, &usr2));
  OK(uv_signal_init(loop, &hup));
  OK(uv_signal_start(&usr1, on_usr1, SIGUSR1));
  OK(uv_signal_start_oneshot(&usr2, on_usr2, SIGUSR2));
  CHECK(uv_signal_start(&hup, on_never, 0) == UV_EINVAL);
  OK(uv_signal_start(&hup, on_never, SIGHUP));
  OK(uv_signal_start(&hup, on_hup, SIGHUP)); /* only the callback is swapped */
  OK(kill(getpid(), SIGUSR1));
  run_loop(loop);
  end_loop(loop);
  return 0;
}

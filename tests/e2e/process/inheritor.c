/* SPDX-License-Identifier: MIT */
/*
 * inheritor: registers a poll, timers, a signal and an async, and forks. The parent ends all of it at once;
 * only then may the child go on, which runs what it has inherited, and forks again. Each process prints what
 * of it ran, by name.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define CHECK(condition)                                      \
  do                                                          \
    if (!(condition)) {                                       \
      fprintf(stderr, "inheritor: not so: %s\n", #condition); \
      exit(1);                                                \
    }                                                         \
  while (0)

enum { GENERATIONS = 3 };

static uv_loop_t *loop;
static uv_poll_t poll;
static uv_timer_t once, repeating;
static uv_signal_t signal_handle;
static int pair[2], generation, repeats;

static void say(const char *what)
{
  printf("%d %s\n", generation, what);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
  (void)status, (void)events;
  say("poll");
  uv_poll_stop(handle);
}

static void on_once(uv_timer_t *handle)
{
  (void)handle;
  say("once");
  CHECK(write(pair[1], "x", 1) == 1);
  raise(SIGUSR1);
}

static void on_repeating(uv_timer_t *handle)
{
  say("repeating");
  if (++repeats == 3)
    uv_timer_stop(handle);
}

static void on_signal(uv_signal_t *handle, int signum)
{
  (void)signum;
  say("signal");
  uv_signal_stop(handle);
}

static void start_all(void)
{
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  CHECK(uv_poll_init(loop, &poll, pair[0]) == 0 && uv_poll_start(&poll, UV_READABLE, on_poll) == 0);
  CHECK(uv_timer_init(loop, &once) == 0 && uv_timer_start(&once, on_once, 30, 0) == 0);
  CHECK(uv_timer_init(loop, &repeating) == 0 && uv_timer_start(&repeating, on_repeating, 10, 10) == 0);
  CHECK(uv_signal_init(loop, &signal_handle) == 0 &&
        uv_signal_start(&signal_handle, on_signal, SIGUSR1) == 0);
}

/* libuv has nothing of it any more when this returns. */
static void close_all(void)
{
  uv_close((uv_handle_t *)&poll, NULL);
  uv_close((uv_handle_t *)&once, NULL);
  uv_close((uv_handle_t *)&repeating, NULL);
  uv_close((uv_handle_t *)&signal_handle, NULL);
  CHECK(uv_run(loop, UV_RUN_DEFAULT) == 0);
}

/* In the child true, when its parent has closed what both had; in the parent when the child has ended. */
static int fork_one(void)
{
  int gate[2], status;
  char byte;
  CHECK(pipe(gate) == 0);
  fflush(stdout);
  pid_t child = fork();
  CHECK(child >= 0);
  if (!child) {
    close(gate[1]);
    CHECK(read(gate[0], &byte, 1) == 0);
    close(gate[0]);
    return 1;
  }
  close_all();
  close(gate[1]);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  return 0;
}

int main(void)
{
  loop = uv_default_loop();
  start_all();
  for (generation = 1; generation < GENERATIONS && fork_one(); generation++)
    CHECK(uv_loop_fork(loop) == 0);
  if (generation == GENERATIONS) {
    CHECK(uv_run(loop, UV_RUN_DEFAULT) == 0);
    close_all();
  }
  return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * sends SEED: uv_async_send from signal handlers, whatever they interrupt: timers go off at random moments,
 * on two threads that run loops, on their ordinary stacks and on such of their own. Prints how many sends
 * there were.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define MUST(condition)                                       \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: " #condition "\n", __LINE__); \
      abort();                                                \
    }                                                         \
  } while (0)

#define ROUNDS 5000

static struct worker {
  uv_loop_t loop;
  uv_async_t async;
  uv_timer_t timer, ticker;
  uv_idle_t idle;
  uv_fs_t stat;
  uv_work_t work;
  unsigned int seed;
  int rounds;
} workers[2];
static unsigned long sends;
static volatile sig_atomic_t over;

static void on_async(uv_async_t *handle)
{
  (void)handle;
}

static void send_to(struct worker *worker)
{
  __atomic_fetch_add(&sends, 1, __ATOMIC_RELAXED);
  uv_async_send(&worker->async);
}

/* ---- Work: each turn something else is begun, begun again, stopped ---- */

static void next_turn(struct worker *worker);

static void on_timer(uv_timer_t *timer)
{
  next_turn(timer->data);
}

static void on_idle(uv_idle_t *idle)
{
  uv_idle_stop(idle);
  next_turn(idle->data);
}

static void on_stat(uv_fs_t *request)
{
  struct worker *worker = request->data;
  uv_fs_req_cleanup(request);
  next_turn(worker);
}

static void on_work(uv_work_t *work)
{
  (void)work;
}

static void on_worked(uv_work_t *work, int status)
{
  (void)status;
  next_turn(work->data);
}

static void next_turn(struct worker *worker)
{
  if (worker->rounds-- <= 0) {
    uv_close((uv_handle_t *)&worker->timer, NULL);
    uv_close((uv_handle_t *)&worker->ticker, NULL);
    uv_close((uv_handle_t *)&worker->idle, NULL);
    uv_stop(&worker->loop);
    return;
  }
  uv_timer_start(&worker->ticker, on_timer, 1000000, 1000000);
  switch (rand_r(&worker->seed) % 5) {
  case 0:
    uv_timer_start(&worker->timer, on_timer, 0, 0);
    break;
  case 1:
    uv_timer_start(&worker->timer, on_timer, 1, 0);
    break;
  case 2:
    uv_idle_start(&worker->idle, on_idle);
    break;
  case 3:
    worker->stat.data = worker;
    uv_fs_stat(&worker->loop, &worker->stat, "/", on_stat);
    break;
  case 4:
    worker->work.data = worker;
    uv_queue_work(&worker->loop, &worker->work, on_work, on_worked);
  }
  uv_timer_stop(&worker->ticker);
}

static void set_up(struct worker *worker, unsigned int seed, int rounds)
{
  worker->seed = seed;
  worker->rounds = rounds;
  uv_loop_init(&worker->loop);
  uv_async_init(&worker->loop, &worker->async, on_async);
  uv_timer_init(&worker->loop, &worker->timer);
  uv_timer_init(&worker->loop, &worker->ticker);
  uv_idle_init(&worker->loop, &worker->idle);
  worker->timer.data = worker->ticker.data = worker->idle.data = worker;
}

static void tear_down(struct worker *worker)
{
  uv_close((uv_handle_t *)&worker->async, NULL);
  uv_run(&worker->loop, UV_RUN_DEFAULT);
  MUST(uv_loop_close(&worker->loop) == 0);
}

/* ---- Signals ---- */

static void on_signal(int signum)
{
  (void)signum;
  if (!over)
    send_to(&workers[sends % 2]);
}

static timer_t start_signals(struct worker *worker, int signum)
{
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signum};
  struct itimerspec often = {{0, 50000 + rand_r(&worker->seed) % 200000}, {0, 1}};
  timer_t timer;
  event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
  MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
  return timer;
}

static pthread_barrier_t all_there;

static void *run_worker(void *argument)
{
  struct worker *worker = argument;
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  next_turn(worker);
  pthread_barrier_wait(&all_there);
  timer_t ordinary = start_signals(worker, SIGUSR1), apart = start_signals(worker, SIGUSR2);
  uv_run(&worker->loop, UV_RUN_DEFAULT);
  timer_delete(ordinary);
  timer_delete(apart);
  pthread_barrier_wait(&all_there);
  over = 1;
  pthread_barrier_wait(&all_there);
  tear_down(worker);
  return NULL;
}

static void at_random(unsigned int seed)
{
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  pthread_t other;
  sigaction(SIGUSR1, &action, NULL);
  action.sa_flags |= SA_ONSTACK;
  sigaction(SIGUSR2, &action, NULL);
  pthread_barrier_init(&all_there, NULL, 2);
  for (unsigned int i = 0; i < 2; i++)
    set_up(&workers[i], seed + i, ROUNDS);
  pthread_create(&other, NULL, run_worker, &workers[1]);
  run_worker(&workers[0]);
  pthread_join(other, NULL);
}

int main(int argc, char **argv)
{
  if (argc != 2)
    return 2;
  at_random((unsigned int)atoi(argv[1]));
  printf("%lu sends\n", sends);
  return 0;
}

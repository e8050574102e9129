/* SPDX-License-Identifier: MIT */
/*
 * Registrations from known stacks: nested functions, a callback, another thread, a coroutine, a recursion
 * deeper than what is recorded; and, all the while, a signal handler that sends.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <uv.h>

#define NOINLINE __attribute__((noinline, noclone))
#define STACK 65536
#define STARTS 20000

static uv_loop_t *loop;
static uv_async_t async;
static uv_timer_t timer;
static ucontext_t main_context, coroutine_context;

static void ignore_fs(uv_fs_t *req)
{
  uv_fs_req_cleanup(req);
}

/* The path tells the registrations apart. */
static NOINLINE void look(uv_loop_t *on, const char *path)
{
  uv_fs_t *req = malloc(sizeof *req); /* a few, never freed */
  if (uv_fs_stat(on, req, path, ignore_fs) != 0)
    abort();
  __asm__ volatile("" ::: "memory"); /* no tail calls */
}

static NOINLINE void inner(const char *path)
{
  look(loop, path);
  __asm__ volatile("" ::: "memory");
}

static NOINLINE void outer(const char *path)
{
  inner(path);
  __asm__ volatile("" ::: "memory");
}

static NOINLINE int recurse(int depth)
{
  if (depth == 0) {
    inner("/deep");
    return 1;
  }
  int result = recurse(depth - 1) + 1;
  __asm__ volatile("" : "+r"(result));
  return result;
}

static void on_timer(uv_timer_t *handle)
{
  (void)handle;
  inner("/callback");
  __asm__ volatile("" ::: "memory");
}

static void in_coroutine(void)
{
  inner("/coroutine");
  swapcontext(&coroutine_context, &main_context);
}

static void in_thread(void *argument)
{
  uv_loop_t own;
  (void)argument;
  uv_loop_init(&own);
  look(&own, "/thread");
  uv_run(&own, UV_RUN_DEFAULT);
  uv_loop_close(&own);
}

static void ignore_timer(uv_timer_t *handle)
{
  (void)handle;
}

static void ignore_async(uv_async_t *handle)
{
  (void)handle;
}

static void on_signal(int signal)
{
  (void)signal;
  uv_async_send(&async);
}

static NOINLINE void start_often(void)
{
  struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGPROF, &action, NULL);
  setitimer(ITIMER_PROF, &often, NULL);
  for (int i = 0; i < STARTS; i++)
    uv_timer_start(&timer, ignore_timer, 100000, 0);
  setitimer(ITIMER_PROF, &never, NULL);
}

int main(void)
{
  uv_thread_t thread;
  char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  loop = uv_default_loop();
  uv_async_init(loop, &async, ignore_async);
  uv_timer_init(loop, &timer);
  outer("/nested");
  printf("%d\n", recurse(300));
  getcontext(&coroutine_context);
  coroutine_context.uc_stack.ss_sp = stack;
  coroutine_context.uc_stack.ss_size = STACK;
  makecontext(&coroutine_context, in_coroutine, 0);
  swapcontext(&main_context, &coroutine_context);
  uv_thread_create(&thread, in_thread, NULL);
  uv_thread_join(&thread);
  start_often();
  uv_timer_start(&timer, on_timer, 1, 0);
  uv_unref((uv_handle_t *)&async);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("done\n");
  return 0;
}

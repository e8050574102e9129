/* SPDX-License-Identifier: MIT */
/*
 * forker SEED CHILDREN: threads that call libuv for the first time all at once, run loops, start threads, use
 * the pool, wake loops and make children in every way there is, at random. A child of fork() does the same
 * work, some make a child of their own. Says how many children there were; exit status 1 where one did not do
 * its work, 2 where one hung.
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define THREADS 4
#define LIMIT_S 60 /* a child that has not ended by then hangs */

extern char **environ;

static atomic_int left, failed, hung;
static int is_child; /* of fork(): libuv 1.44 cannot spawn there, its signal handles are other threads' */

static void must(int done, const char *what)
{
  if (done)
    return;
  dprintf(STDERR_FILENO, "forker[%d]: %s\n", (int)getpid(), what);
  _exit(1);
}

static uint32_t next_random(uint64_t *state)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33);
}

/* ---- Work: each round of one loop ends by itself, and counts what it ran ---- */

struct work {
  uv_loop_t loop;
  uv_timer_t timer;
  uv_async_t async;
  uv_fs_t stat;
  uv_process_t process;
  int ran, expected;
};

static void on_timer(uv_timer_t *timer)
{
  ((struct work *)timer->data)->ran++;
  uv_close((uv_handle_t *)timer, NULL);
}

static void on_async(uv_async_t *async)
{
  ((struct work *)async->data)->ran++;
  uv_close((uv_handle_t *)async, NULL);
}

static void on_stat(uv_fs_t *stat)
{
  ((struct work *)stat->data)->ran += stat->result == 0;
  uv_fs_req_cleanup(stat);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
  ((struct work *)process->data)->ran += status == 0 && signal == 0;
  uv_close((uv_handle_t *)process, NULL);
}

static void spawn(struct work *work)
{
  char *arguments[] = {"/bin/true", NULL};
  uv_process_options_t options = {.file = arguments[0], .args = arguments, .exit_cb = on_exit_of};
  work->process.data = work;
  must(uv_spawn(&work->loop, &work->process, &options) == 0, "uv_spawn");
  work->expected++;
}

static void run_loop(uint32_t what)
{
  struct work work = {.expected = 1};
  must(uv_loop_init(&work.loop) == 0, "uv_loop_init");
  uv_timer_init(&work.loop, &work.timer);
  work.timer.data = work.async.data = work.stat.data = &work;
  uv_timer_start(&work.timer, on_timer, what % 2, 0);
  if (what & 2) {
    uv_async_init(&work.loop, &work.async, on_async);
    uv_async_send(&work.async);
    work.expected++;
  }
  if (what & 4) {
    uv_fs_stat(&work.loop, &work.stat, "/", on_stat);
    work.expected++;
  }
  if (!is_child && (what & 0x78) == 0x78)
    spawn(&work);
  uv_run(&work.loop, UV_RUN_DEFAULT);
  must(uv_loop_close(&work.loop) == 0 && work.ran == work.expected, "a callback did not run");
}

static void in_thread(void *what)
{
  run_loop((uint32_t)(uintptr_t)what);
}

static void run_thread(uint32_t what)
{
  uv_thread_t thread;
  must(uv_thread_create(&thread, in_thread, (void *)(uintptr_t)what) == 0, "uv_thread_create");
  uv_thread_join(&thread);
}

static void work(uint64_t *random)
{
  uint32_t what = next_random(random);
  if (what >> 16 & 1)
    run_thread(what);
  else
    run_loop(what);
}

/* ---- Children ---- */

static void wait_for(pid_t pid)
{
  int status = -1;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    hung++;
  else if (status != 0)
    failed++;
}

static void fork_one(uint64_t *random, int generation)
{
  uint32_t seed = next_random(random);
  pid_t pid = fork();
  if (pid == 0) {
    uint64_t own = seed;
    alarm(LIMIT_S);
    signal(SIGCHLD, SIG_DFL);
    is_child = 1;
    failed = hung = 0;
    for (int i = 0; i < 3; i++)
      work(&own);
    if (generation < 2 && seed % 4 == 0)
      fork_one(&own, generation + 1);
    _exit(hung ? 2 : failed != 0);
  }
  must(pid > 0, "fork");
  wait_for(pid);
}

static void vfork_one(void)
{
  pid_t pid = vfork();
  if (pid == 0) {
    close(1000000);
    execl("/bin/true", "/bin/true", (char *)NULL);
    _exit(3);
  }
  wait_for(pid);
}

static void posix_spawn_one(void)
{
  char *arguments[] = {"/bin/true", NULL};
  pid_t pid;
  must(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ) == 0, "posix_spawn");
  wait_for(pid);
}

static void make_child(uint64_t *random)
{
  uint32_t how = next_random(random) % 16;
  if (how == 0)
    vfork_one();
  else if (how == 1)
    posix_spawn_one();
  else
    fork_one(random, 1);
}

static void *run(void *seed)
{
  uint64_t random = (uintptr_t)seed;
  while (left > 0) {
    if (next_random(&random) % 3)
      work(&random);
    else if (left-- > 0)
      make_child(&random);
  }
  return NULL;
}

int main(int argc, char **argv)
{
  uint64_t random = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  int children = argc > 2 ? atoi(argv[2]) : 100;
  pthread_t threads[THREADS];
  left = children;
  for (int i = 0; i < THREADS; i++)
    must(pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)next_random(&random)) == 0,
         "pthread_create");
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  printf("%d children, %d failed, %d hung\n", children, failed, hung);
  return hung ? 2 : failed != 0;
}

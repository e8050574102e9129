/* SPDX-License-Identifier: MIT */
/*
 * A program of known behaviour that records through the provider object, without libuv: what the tests of
 * `uvtree record` record where the tracing itself does not matter.
 *
 *   emitter PROVIDER.so COUNT [RATE [THREADS [HOLD]]]
 *
 * COUNT times execute_begin and execute_end per thread, RATE pairs a second (0: as fast as it goes). With
 * HOLD, a FIFO: COUNT pairs as fast as it goes, then it makes the file HOLD.reached, emits RATE pairs a
 * second (0: none) until somebody writes to HOLD, and COUNT pairs once more; where that was "die", it then
 * dies in the middle of a record. execute_id counts from 1. UVTREE_WAIT is honoured as the injected object
 * does it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "emit.h"

static const struct uvt_emit *emit;
static atomic_ullong next_id;
static atomic_bool released, dies;

/* What each thread emits: `count` pairs, or until released where that is 0. */
struct portion {
  unsigned long count, rate;
};

static long long now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void emit_pair(void)
{
  unsigned long long id = atomic_fetch_add(&next_id, 1) + 1;
  struct uvt_rec_execute_begin begin = {.process = 1, .tid = gettid(), .execute_id = id};
  struct uvt_rec_execute_end end = {.process = 1, .execute_id = id};
  emit->execute_begin(&begin);
  emit->execute_end(&end);
}

static bool is_over(const struct portion *portion, unsigned long done)
{
  return portion->count ? done >= portion->count : atomic_load(&released);
}

/* In slices of 1 ms, or of one pair. */
static void *emit_portion(void *argument)
{
  const struct portion *portion = argument;
  unsigned long slice = portion->rate / 1000 + (portion->rate % 1000 != 0);
  long long due = now();
  for (unsigned long done = 0; !is_over(portion, done);) {
    emit_pair();
    done++;
    if (!portion->rate || done % slice)
      continue;
    due += (long long)(slice * 1000000000ULL / portion->rate);
    struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  }
  return NULL;
}

static void emit_all(struct portion portion, long threads)
{
  pthread_t thread[64];
  for (long i = 0; i < threads && i < 64; i++)
    pthread_create(&thread[i], NULL, emit_portion, &portion);
  for (long i = 0; i < threads && i < 64; i++)
    pthread_join(thread[i], NULL);
}

static void *await_release(void *hold)
{
  char byte = 0;
  int fd = open(hold, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, &byte, 1) < 0)
    perror(hold);
  atomic_store(&dies, byte == 'd');
  atomic_store(&released, true);
  return NULL;
}

/* Of what it records only the beginning is there. */
static void die_in_a_record(void)
{
  enum { NUMBERS = 100 };
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || munmap(pages + page, page) < 0)
    return;
  const uint64_t *frames = (uint64_t *)(pages + page) - 1;
  emit->stack(&(struct uvt_rec_stack){.process = 1, .stack = 1, .frames = {frames, NUMBERS}});
}

static int hold_on(const char *hold, unsigned long rate)
{
  char reached[4096];
  pthread_t thread;
  snprintf(reached, sizeof reached, "%s.reached", hold);
  int fd = open(reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 || close(fd) < 0 || pthread_create(&thread, NULL, await_release, (void *)hold) != 0) {
    perror(reached);
    return -1;
  }
  if (rate)
    emit_all((struct portion){.rate = rate}, 1);
  pthread_join(thread, NULL);
  return 0;
}

static const struct uvt_emit *load(const char *provider)
{
  if (getenv("UVTREE_WAIT"))
    setenv("LTTNG_UST_REGISTER_TIMEOUT", getenv("UVTREE_WAIT"), 1);
  void *object = dlopen(provider, RTLD_NOW);
  return object ? dlsym(object, UVT_EMIT_SYMBOL) : NULL;
}

int main(int argc, char **argv)
{
  if (argc < 3)
    return 2;
  emit = load(argv[1]);
  if (!emit) {
    fprintf(stderr, "emitter: %s\n", dlerror());
    return 1;
  }
  struct portion portion = {.count = strtoul(argv[2], NULL, 10)};
  unsigned long rate = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
  long threads = argc > 4 ? strtol(argv[4], NULL, 10) : 1;
  const char *hold = argc > 5 ? argv[5] : NULL;
  struct uvt_rec_process process = {.process = 1,
                                    .schema = UVT_SCHEMA_VERSION,
                                    .pid = getpid(),
                                    .exe = "emitter",
                                    .session = getenv("UVTREE_SESSION")};
  emit->process(&process);
  if (!hold)
    portion.rate = rate;
  emit_all(portion, threads);
  if (hold) {
    if (hold_on(hold, rate) < 0)
      return 1;
    emit_all(portion, threads);
    if (atomic_load(&dies))
      die_in_a_record();
  }
  fprintf(stderr, "emitter: %llu records\n", 2 * atomic_load(&next_id) + 1);
  return 0;
}

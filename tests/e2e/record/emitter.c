/* SPDX-License-Identifier: MIT */
/*
 * A program of known behaviour that records through the provider object, without libuv: what the tests of
 * `uvtree record` record where the tracing itself does not matter.
 *
 *   emitter PROVIDER.so COUNT [RATE [THREADS]]
 *
 * COUNT times execute_begin and execute_end per thread (0: until killed), RATE pairs a second (0: as fast as
 * it goes). execute_id counts from 1; value is CLOCK_REALTIME in ns, so that a reader can say what was
 * emitted when. UVTREE_WAIT is honoured as the injected object does it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "emit.h"

static const struct uvt_emit *emit;
static unsigned long count, rate;
static atomic_ullong next_id;

static long long now(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void emit_pair(void)
{
  unsigned long long id = atomic_fetch_add(&next_id, 1) + 1;
  struct uvt_rec_execute_begin begin = {
      .process = 1, .tid = gettid(), .execute_id = id, .value = now(CLOCK_REALTIME)};
  struct uvt_rec_execute_end end = {.process = 1, .execute_id = id};
  emit->execute_begin(&begin);
  emit->execute_end(&end);
}

/* In slices of 1 ms. */
static void *emit_all(void *unused)
{
  unsigned long long slice = rate ? rate / 1000 + (rate % 1000 != 0) : 1000;
  long long due = now(CLOCK_MONOTONIC);
  for (unsigned long done = 0; !count || done < count;) {
    for (unsigned long long i = 0; i < slice && (!count || done < count); i++, done++)
      emit_pair();
    if (!rate)
      continue;
    due += (long long)(slice * 1000000000ULL / rate);
    struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  }
  return unused;
}

int main(int argc, char **argv)
{
  if (argc < 3)
    return 2;
  if (getenv("UVTREE_WAIT"))
    setenv("LTTNG_UST_REGISTER_TIMEOUT", getenv("UVTREE_WAIT"), 1);
  void *provider = dlopen(argv[1], RTLD_NOW);
  emit = provider ? dlsym(provider, UVT_EMIT_SYMBOL) : NULL;
  if (!emit) {
    fprintf(stderr, "emitter: %s\n", dlerror());
    return 1;
  }
  count = strtoul(argv[2], NULL, 10);
  rate = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
  long threads = argc > 4 ? strtol(argv[4], NULL, 10) : 1;
  struct uvt_rec_process process = {
      .process = 1, .schema = UVT_SCHEMA_VERSION, .pid = getpid(), .exe = "emitter"};
  emit->process(&process);
  long long begin = now(CLOCK_MONOTONIC);
  pthread_t thread[64];
  for (long i = 0; i < threads && i < 64; i++)
    pthread_create(&thread[i], NULL, emit_all, NULL);
  for (long i = 0; i < threads && i < 64; i++)
    pthread_join(thread[i], NULL);
  fprintf(stderr, "emitter: %llu records in %.3f s\n", 2 * atomic_load(&next_id) + 1,
          (double)(now(CLOCK_MONOTONIC) - begin) / 1e9);
  return 0;
}

/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) ((void)(name))
#endif

/* Every allocation of the process is counted: these stand before libc's for all objects. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static uint64_t allocations;

static void count_allocation(void)
{
  __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
  count_allocation();
  return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
  count_allocation();
  return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t size)
{
  count_allocation();
  return __libc_realloc(memory, size);
}

static uint64_t processor_time(void)
{
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* What an operation recorded is written away before the next one begins, so that nothing is lost. */
static void settle(void)
{
  nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

static void measure(const struct uvt_operation *operation, uint64_t count)
{
  operation->run(count / 10 + 1); /* warm: thunks, slots, page faults, LTTng's per-thread state */
  settle();
  uint64_t allocated = allocations;
  CALLGRIND_ZERO_STATS;
  uint64_t begin = processor_time();
  operation->run(count);
  uint64_t end = processor_time();
  CALLGRIND_DUMP_STATS_AT(operation->name);
  printf("%s %.3f %.4f\n", operation->name, (double)(end - begin) / (double)count,
         (double)(allocations - allocated) / (double)count);
  fflush(stdout);
}

int uvt_measure(int argc, char **argv, const struct uvt_operation *operations)
{
  uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
  if (!count) {
    fprintf(stderr, "usage: %s COUNT [OPERATION]\n", argv[0]);
    return 2;
  }
  for (const struct uvt_operation *operation = operations; operation->name; operation++)
    if (argc < 3 || strcmp(argv[2], operation->name) == 0)
      measure(operation, count);
  return 0;
}

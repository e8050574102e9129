/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lock.h"

struct timespec uvt_time_in(long ms)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  ms += time.tv_nsec / 1000000;
  time.tv_sec += ms / 1000;
  time.tv_nsec = ms % 1000 * 1000000;
  return time;
}

bool uvt_lock_within(pthread_mutex_t *lock, long ms)
{
  if (pthread_mutex_trylock(lock) == 0)
    return true;
  struct timespec until = uvt_time_in(ms);
  return pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &until) == 0;
}

bool uvt_lock(pthread_mutex_t *lock)
{
  return uvt_lock_within(lock, UVT_LOCK_MS);
}

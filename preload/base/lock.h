/* SPDX-License-Identifier: MIT */
/*
 * The locks of what threads share. Each is held for microseconds (but the start's, init.c), and each is in
 * the list of fork.c: a child of fork() has them all free, and what they guard whole.
 */
#ifndef UVT_LOCK_H
#define UVT_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#define UVT_LOCK_FREE PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP
#define UVT_LOCK_MS 1000 /* for what takes microseconds, unless another thread that forks has it */

/* In signal handlers, too. False: the caller is one that interrupted the holder; or it is not to be had in so
 * many ms. */
bool uvt_lock_within(pthread_mutex_t *lock, long ms);
bool uvt_lock(pthread_mutex_t *lock);

/* CLOCK_MONOTONIC, so many ms from now. */
struct timespec uvt_time_in(long ms);

#endif

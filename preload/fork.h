/* SPDX-License-Identifier: MIT */
/*
 * fork() without exec: the child is a process of its own in the trace, with a live tree of its own that
 * begins as a copy of its parent's. Not for the fork inside uv_spawn, whose child only execs.
 *
 * Of a program's threads only the one that forks is in the child. What the others may have been at is waited
 * for before, so that it is whole there; fork.c has the list of it, and of what the child puts right.
 */
#ifndef UVT_FORK_H
#define UVT_FORK_H

#include <stdint.h>

/* Constructor: handlers of the program's that are there later run outside of ours. */
void uvt_fork_init(void);

extern uint32_t uvt_forks_waiting; /* threads that wait for the start (init.c) to be over */

#endif

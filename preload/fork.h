/* SPDX-License-Identifier: MIT */
/*
 * fork() without exec: the child is a process of its own in the trace, with a live tree of its own that
 * begins as a copy of its parent's. Not for the fork inside uv_spawn, whose child only execs.
 */
#ifndef UVT_FORK_H
#define UVT_FORK_H

void uvt_fork_init(void);

#endif

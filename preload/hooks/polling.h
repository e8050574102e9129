/* SPDX-License-Identifier: MIT */
/* epoll_wait and epoll_pwait, interposed by both routes: when a loop waits for the environment. */
#ifndef UVT_POLLING_H
#define UVT_POLLING_H

/* Finds the real functions. Constructor. */
void uvt_poll_init(void);

#endif

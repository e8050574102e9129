/* SPDX-License-Identifier: MIT */
/*
 * Helper processes of `uvtree record`: forks without exec that must neither show up as a second `uvtree` (a
 * `pkill uvtree` is meant for one process), nor hold anything of the caller's (a pipe whose end somebody
 * awaits).
 */
#ifndef UVT_HELPER_H
#define UVT_HELPER_H

#include <sys/types.h>

#include "base/error.h"

/*
 * Forks a helper called `name`. Returns its pid in the caller, 0 in the helper, -1 with the error set. Both
 * get their end of a socket pair in *channel, close-on-exec and above standard error; the helper reads end of
 * file once the caller is gone, however it went. In the helper every other descriptor is closed, 0 to 2 are
 * /dev/null and all signals are blocked; it ends with _exit. Memory that holds the command line is
 * overwritten in the helper. Only for a process with one thread.
 */
pid_t uvt_helper_fork(const char *name, int *channel, struct uvt_error *error);

#endif

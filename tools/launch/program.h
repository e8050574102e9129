/* SPDX-License-Identifier: MIT */
/*
 * Runs the program that is to be recorded as if `uvtree` were not there: same standard streams, descriptors,
 * process group, signal mask and dispositions. Signals that are sent to us are passed on to it.
 */
#ifndef UVT_PROGRAM_H
#define UVT_PROGRAM_H

#include "base/error.h"

struct uvt_program_end {
  int exec_error;  /* errno of the execve that failed, 0: it ran */
  int exit_status; /* as a shell would give it: its own, 128 + n for signal n, 127 not found, 126 not
                      executable */
};

/*
 * Runs argv[0] (looked up in PATH) with our environment and waits for its end. Returns -1 with the error set
 * when it could not be run for want of resources. Signals that come in after its end keep their effect on us:
 * they are unblocked when this returns. Only for a process with one thread; sets the disposition of SIGCHLD
 * to default.
 */
int uvt_program_run(char *const argv[], struct uvt_program_end *end, struct uvt_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Collapsed async stacks for flamegraph.pl, speedscope, Perfetto and the like. A line is
 *
 *   process;thread;type;type;... COUNT
 *
 * - The frames go from the root of the async call tree to an operation: by which callback which was stored.
 *   JavaScript's types have their function's name with them.
 * - COUNT is nanoseconds. Running time (the default) is that of the operation itself, without what was nested
 *   in it; its synchronous file-system calls are frames of their own. Polls are left out, and so are threads
 *   of the program that run no loop: mostly they sleep.
 * - Waiting time has a last frame that says for what: (outside), (pool wait), (pool work), (delay). Only what
 *   came to run counts.
 *
 * A chain that comes back to where it was (a timer that arms itself again, open, read, close, open, ...) is
 * folded: the next generation counts as the first. Lines are in order of their text. Memory grows with what
 * is alive and with the number of different stacks, of which there are at most UVT_FOLDED_STACKS: those
 * beyond count as "(more)".
 */
#ifndef UVT_OUT_FOLDED_H
#define UVT_OUT_FOLDED_H

#include "output.h"

enum { UVT_FOLDED_STACKS = 1 << 18, UVT_FOLDED_DEPTH = 128 };

extern const struct uvt_output_format uvt_output_folded;

#endif

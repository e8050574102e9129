/* SPDX-License-Identifier: MIT */
/*
 * Trace-event JSON, for Perfetto and chrome://tracing:
 *
 * - X: invocations, work on pool threads and blocking calls, on the track of their thread and properly nested
 *   there. Polls, in which a loop is idle, on a track of the loop: tid UVT_CHROME_LOOPS + loopID.
 * - b, n, e: operations, from Queued to the end of their run, or of their registration where they never ran.
 *   Marks say when they become Ready and Executing. cat is the type; id is unique in the file.
 * - s, f: arrows from where a callback was stored to where it ran (link), and from where it was enabled, if
 *   that was another invocation (cause). Each has an id of its own, and always both ends.
 * - i: lost events, failures, labels.
 * - C: how many operations wait for libuv's thread pool, and how many it works on.
 * - M: names and order of processes, threads and loops.
 *
 * Times are microseconds since the first event, with nanoseconds as fractions. ChildrenPending is not drawn:
 * in a chain without end each generation would take a row of its own. A process whose pid another one had
 * before it has its processID in its place.
 */
#ifndef UVT_OUT_CHROME_H
#define UVT_OUT_CHROME_H

#include "output.h"

/* Above all thread IDs that Linux gives (2^22). */
enum { UVT_CHROME_LOOPS = 10000000 };

extern const struct uvt_output_format uvt_output_chrome;

#endif

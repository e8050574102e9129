/* SPDX-License-Identifier: MIT */
/*
 * What both benchmark programs share: `PROGRAM COUNT [OPERATION]` measures each operation of operations.def
 * (or that one) COUNT times and prints "name nanoseconds allocations" for one. Nanoseconds are processor time
 * of the whole process, which other programs on the machine disturb less than the wall's. Under callgrind
 * each operation is a dump of its own, named like it.
 */
#ifndef UVT_BENCH_MEASURE_H
#define UVT_BENCH_MEASURE_H

#include <stdint.h>

struct uvt_operation {
  const char *name;
  void (*run)(uint64_t count);
};

/* Runs those that the arguments name; the exit status of main. `operations` ends with a NULL name. */
int uvt_measure(int argc, char **argv, const struct uvt_operation *operations);

#endif

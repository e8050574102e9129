/* SPDX-License-Identifier: MIT */
/* Prints operations.def for scripts: name, calls, callbacks, links, the records in order, then a tab and the
 * label. */
#include <stdio.h>

#include "operations.def"

int main(void)
{
#define EVENT(event) " " #event
#define ROW(name, label, calls, callbacks, links, records) \
  printf("%s %d %d %d%s\t%s\n", #name, calls, callbacks, links, "" records, label);
  UVT_BENCH_OPERATIONS(ROW, EVENT)
  return 0;
}

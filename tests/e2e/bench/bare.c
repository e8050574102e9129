/* SPDX-License-Identifier: MIT */
/*
 * The records of each operation of operations.def and nothing else, by LTTng's own tracepoint() on a provider
 * that lttng/tracepoint-event.h generates from the same declarations: what an operation costs at least that
 * is instrumented by hand.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "provider.h"

#include <stdlib.h>
#include <unistd.h>

#include "measure.h"
#include "operations.def"

#define RECORD(event) __attribute__((unused)) static const struct uvt_rec_##event record_##event;
UVT_EVENTS(RECORD)

#define TRACE(event) lttng_ust_tracepoint(uvtree, event, &record_##event);
#define RUN(name, label, calls, callbacks, links, records) \
  static void run_##name(uint64_t count)                   \
  {                                                        \
    for (uint64_t i = 0; i < count; i++) {                 \
      records                                              \
    }                                                      \
  }
UVT_BENCH_OPERATIONS(RUN, TRACE)

int main(int argc, char **argv)
{
  static const struct uvt_operation operations[] = {
#define NOTHING(event)
#define OPERATION(name, label, calls, callbacks, links, records) {#name, run_##name},
      UVT_BENCH_OPERATIONS(OPERATION, NOTHING){0}};
  /* Without it `uvtree record` would take the records for a stranger's. */
  const struct uvt_rec_process self = {
      .schema = UVT_SCHEMA_VERSION, .pid = getpid(), .session = getenv("UVTREE_SESSION")};
  lttng_ust_tracepoint(uvtree, process, &self);
  return uvt_measure(argc, argv, operations);
}

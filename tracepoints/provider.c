/* SPDX-License-Identifier: MIT */
/* The provider object: emit.h's table over the tracepoints of provider.h. Nothing else links liblttng-ust. */
#define _LGPL_SOURCE /* we are compatible: RCU inline */
#define UVT_PROVIDER_PACKED
#include "packed.h"

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "provider.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include <lttng/ust-fork.h>
#include <lttng/ust-thread.h>

#include "emit.h"

/*
 * RCU's read lock as lttng/urcu/static/urcu-ust.h has it inline, but for this: the thread's reader is looked
 * up once a record, not four times, each of which is a call.
 */
static inline struct lttng_ust_urcu_reader *read_lock(void)
{
  if (__builtin_expect(!URCU_TLS(lttng_ust_urcu_reader), 0))
    lttng_ust_urcu_register();
  struct lttng_ust_urcu_reader *reader = URCU_TLS(lttng_ust_urcu_reader);
  unsigned long count = reader->ctr;
  bool outermost = !(count & LTTNG_UST_URCU_GP_CTR_NEST_MASK);
  CMM_STORE_SHARED(reader->ctr,
                   outermost ? CMM_LOAD_SHARED(lttng_ust_urcu_gp.ctr) : count + LTTNG_UST_URCU_GP_COUNT);
  lttng_ust_urcu_smp_mb_slave();
  return reader;
}

static inline void read_unlock(struct lttng_ust_urcu_reader *reader)
{
  lttng_ust_urcu_smp_mb_slave();
  CMM_STORE_SHARED(reader->ctr, reader->ctr - LTTNG_UST_URCU_GP_COUNT);
  cmm_barrier();
}

/* What tracepoint() does. LTTng's probes may change errno (their first use on a thread makes system calls);
 * the program must not see it. */
#define EMIT(event)                                                                         \
  static void emit_##event(const struct uvt_rec_##event *record)                            \
  {                                                                                         \
    if (!lttng_ust_tracepoint_enabled(uvtree, event))                                       \
      return;                                                                               \
    int saved = errno;                                                                      \
    struct lttng_ust_urcu_reader *reader = read_lock();                                     \
    for (const struct lttng_ust_tracepoint_probe *probe =                                   \
             lttng_ust_rcu_dereference(lttng_ust_tracepoint_uvtree___##event.probes);       \
         probe && probe->func; probe++)                                                     \
      ((void (*)(void *, const struct uvt_rec_##event *))probe->func)(probe->data, record); \
    read_unlock(reader);                                                                    \
    errno = saved;                                                                          \
  }
UVT_EVENTS(EMIT)

static sigset_t fork_signals; /* between before_fork and after_fork_*; LTTng's locks are held in that time */

static void before_fork(void)
{
  lttng_ust_before_fork(&fork_signals);
}

static void after_fork_parent(void)
{
  lttng_ust_after_fork_parent(&fork_signals);
}

static void after_fork_child(void)
{
  lttng_ust_after_fork_child(&fork_signals);
}

__attribute__((visibility("default"))) const struct uvt_emit uvt_emit_table = {
    .abi = UVT_EMIT_ABI,
    .records_begin = &lttng_ust_tracepoint_uvtree___execute_begin.state,
    .records_link = &lttng_ust_tracepoint_uvtree___link.state,
    .recorders = (const void *const *)&lttng_ust_tracepoint_uvtree___execute_begin.probes,
#define SLOT(event) .event = emit_##event,
    UVT_EVENTS(SLOT).touch = lttng_ust_init_thread,
    .before_fork = before_fork,
    .after_fork_parent = after_fork_parent,
    .after_fork_child = after_fork_child,
};

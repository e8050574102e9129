/* SPDX-License-Identifier: MIT */
/* The environment variables of the injected object, in one table. Read once, in the constructor. */
#ifndef UVT_ENV_H
#define UVT_ENV_H

#include <stdbool.h>

/* X(member, variable, default, meaning) */
#define UVT_ENV(X)                                                                                           \
  X(disable, "UVTREE_DISABLE", 0, "1: do nothing at all")                                                    \
  X(live, "UVTREE_LIVE", 1, "0: no live tree, and nothing followed unless somebody records at the start")    \
  X(live_mib, "UVTREE_LIVE_MIB", 64, "how far the live tree may grow, in MiB")                               \
  X(wait, "UVTREE_WAIT", 0, "ms to wait for the LTTng session daemon at the start; -1: as long as it takes") \
  X(listeners, "UVTREE_LISTENERS", 0, "JavaScript layer: 1: listeners of EventEmitters, too")                \
  X(promises, "UVTREE_PROMISES", 0, "JavaScript layer: 1: the life cycle of each promise, too")              \
  X(locations, "UVTREE_LOCATIONS", 1,                                                                        \
    "JavaScript layer: 0: not where a registration without a function was made; 2: checked, for tests")      \
  X(batch, "UVTREE_BATCH", 0, "1: records are packed in the trace: cheaper, but only uvtree can read them")

struct uvt_env {
#define UVT_ENV_MEMBER(member, variable, value, meaning) long member;
  UVT_ENV(UVT_ENV_MEMBER)
#undef UVT_ENV_MEMBER
  /* UVTREE_LAYER: "all": the JavaScript layer, too, if somebody records when the program starts; "always": in
   * any case, for recordings that begin later; else libuv's alone. */
  const char *layer;
  /* UVTREE_STACKS: of which registrations and blocking calls the stack is taken: "all"; "1/N", one in N; or
   * those of some types, "uv_fs_open,Timeout,PROMISE". */
  const char *stacks;
  const char *debug; /* UVTREE_DEBUG: where the debug log goes (log.h) */
  char session[256]; /* UVTREE_SESSION: the LTTng session that `uvtree record` made for this program */
};

extern struct uvt_env uvt_env;

void uvt_env_read(void);

#endif

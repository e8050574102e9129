/* SPDX-License-Identifier: MIT */
/*
 * The entries of the hooked libuv functions: one number, one stub, one hook and one real function for each
 * row of api.def.
 *
 * entry.S is where every call arrives, by either route. It goes straight to the real function unless the gate
 * is open and the call is the program's own (not made by libuv itself); else it calls the hook. Where
 * functions are patched it saves every caller-saved register first (uvtree-internals(7): callers
 * inside libuv may rely on registers that the real function is known to leave alone).
 */
#ifndef UVT_ENTRY_H
#define UVT_ENTRY_H

#include <stdint.h>

#include "base/lock.h"

#include "api.def"

enum uvt_fn {
#define UVT_FN_FS(op, shape, object) UVT_FN_uv_fs_##op,
#define UVT_FN_STORE(function, ready, arg, value, text) UVT_FN_##function,
#define UVT_FN_CALL(function) UVT_FN_##function,
  UVT_API(UVT_FN_FS, UVT_FN_STORE, UVT_NONE, UVT_FN_CALL)
#undef UVT_FN_FS
#undef UVT_FN_STORE
#undef UVT_FN_CALL
      UVT_FN_COUNT
};

struct uvt_hook {
  void *hook;       /* the C function of the same signature */
  uint64_t is_void; /* it returns nothing: rax is kept, too */
};

extern const struct uvt_hook uvt_hooks[UVT_FN_COUNT]; /* hooks.c */
extern void *const uvt_entries[UVT_FN_COUNT];         /* entry.S: the stubs */
extern const char *const uvt_fn_names[UVT_FN_COUNT];  /* hooks.c */

/* The real functions. Before uvt_start: stubs that start us and then go on to the real one. Never NULL. */
extern void *uvt_real[UVT_FN_COUNT];
#define UVT_REAL(function) ((__typeof__(&function))uvt_real[UVT_FN_##function])

/* 0: every call goes straight on. 1 from the start on, 0 for good once it is clear that nothing is to be
 * followed. */
extern uint8_t uvt_gate;
/* 0 until uvt_start has run. */
extern uint8_t uvt_started;
/* 1 once it is clear that all calls come through symbols, by the rules for calls between objects. */
extern uint8_t uvt_by_symbol;

/* init.c. Called by entry.S before the first hook or real function, on whichever thread comes first; the
 * others wait. */
void uvt_start(void);
extern pthread_mutex_t uvt_start_lock; /* fork.c */
/* In a child of fork(): who may have been starting us is not there. Unless that was done, nothing is
 * followed.
 */
void uvt_start_lose(void);

#endif

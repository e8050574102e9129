/* SPDX-License-Identifier: MIT */
/*
 * Thunks: each distinct callback that the program gives to libuv gets a little function of its own that libuv
 * is given instead. Thunks are never freed and need no per-object state to find their callback, so a program
 * that reads a callback back from a handle and calls it, or passes it on, gets what it expects. Any thread,
 * no locks.
 */
#ifndef UVT_THUNK_H
#define UVT_THUNK_H

#include <stdint.h>

#include "callbacks.def"

enum uvt_callback_kind {
#define UVT_CB(kind, reg) UVT_CB_##kind,
  UVT_CALLBACKS(UVT_CB)
#undef UVT_CB
      UVT_CB_COUNT
};

extern void *uvt_originals[UVT_CB_COUNT][UVT_THUNKS];

/* What libuv is to be given for `callback`; a thunk stays itself. NULL: there is none left, the callback must
 * not be followed. Or there is no callback. */
void *uvt_thunk(enum uvt_callback_kind kind, void *callback);

/* `callback` if it is a thunk of that kind, else NULL. */
void *uvt_thunk_itself(enum uvt_callback_kind kind, void *callback);

#endif

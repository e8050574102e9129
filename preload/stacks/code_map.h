/* SPDX-License-Identifier: MIT */
/*
 * The machine code and bytecode that V8 has made: what lies where, and what it is called. Told in `code`
 * records, each piece when a stack first has a frame in it.
 *
 * V8 tells of what it makes and moves (js_code.h), not of what it throws away: a piece is forgotten when
 * something else comes to lie there. Bounded: of more than UVT_CODE_MAX pieces those are forgotten that were
 * in no stack for the longest time; if they are in one after all, they have no name there.
 *
 * Any thread; one lock, held briefly. In signal handlers only those functions that say so.
 */
#ifndef UVT_CODE_MAP_H
#define UVT_CODE_MAP_H

#include "base/lock.h"

#include <stddef.h>
#include <stdint.h>

#define UVT_CODE_MAX 65536

/* `owner`: V8's isolate. */
void uvt_code_add(const void *owner, uintptr_t start, size_t size, const char *name, size_t length);
void uvt_code_move(uintptr_t from, uintptr_t to);
void uvt_code_remove(uintptr_t start);
/* All that V8 made for that isolate, to be told again by it. */
void uvt_code_forget(const void *owner);

/* What lies in that range lies a second time `distance` farther up. */
void uvt_code_copy(const void *owner, uintptr_t start, uintptr_t end, uintptr_t distance);

/* Raised when a piece that was told is gone from its place: the same addresses may mean something else. */
extern uint64_t uvt_code_generation;

/* Where the frames of V8's interpreter keep what they run, from the frame pointer. */
extern struct uvt_code_frame {
  int bytecode_array, bytecode_offset;
} uvt_code_frame;

enum uvt_code_kind { UVT_CODE_NONE, UVT_CODE_MADE, UVT_CODE_INTERPRETER };

/* What lies at the address. In signal handlers, too (NONE while the interrupted one changes the map). */
enum uvt_code_kind uvt_code_kind(uintptr_t address);

/* Tells what lies at the address, unless that has been done in this recording. False: nothing of V8's. In
 * signal handlers, too. Recording must be on. */
bool uvt_code_tell(uintptr_t address);

extern pthread_mutex_t uvt_code_lock; /* fork.c */

/* The map may be half changed: all that is in it is forgotten, and what memory it has is not given back. */
void uvt_code_lose(void);

#endif

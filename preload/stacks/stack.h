/* SPDX-License-Identifier: MIT */
/*
 * Stacks of registrations and of blocking calls, where UVTREE_STACKS asks for them: taken by stack_walk.h,
 * told once and then named by number. Of what was told the last UVT_STACKS_MAX stacks are remembered.
 *
 * On any thread, and in signal handlers, where a stack that is not known yet may be left out. Known stacks
 * cost no lock, no memory and no system call; errno is kept.
 */
#ifndef UVT_STACK_H
#define UVT_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "schema.h"

#define UVT_STACKS_MAX 32768

extern bool uvt_stacks_on;

/* Reads what is wanted (UVTREE_STACKS, env.h); NULL or not to be understood: none. */
void uvt_stacks_init(const char *wanted);

/* Recording must be on. The number of the caller's stack, told; 0: not wanted for that type, not this time,
 * or not to be had. */
static inline uint32_t uvt_stack(enum uvt_type type);
/* The same for a type of the JavaScript layer, by its number (js_text.h). */
static inline uint32_t uvt_js_stack(uint32_t type);

extern pthread_mutex_t uvt_stacks_lock; /* fork.c */

/* For the above. */
uint32_t uvt_stack_take(enum uvt_type type);
uint32_t uvt_js_stack_take(uint32_t type);

static inline uint32_t uvt_stack(enum uvt_type type)
{
  return __builtin_expect(uvt_stacks_on, 0) ? uvt_stack_take(type) : 0;
}

static inline uint32_t uvt_js_stack(uint32_t type)
{
  return __builtin_expect(uvt_stacks_on, 0) ? uvt_js_stack_take(type) : 0;
}

#endif

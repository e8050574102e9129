/* SPDX-License-Identifier: MIT */
/*
 * Walks the stack of the calling thread, by two means: call frame information (unwind_rows.h), looked up once
 * for each return address and then remembered, and the frame pointers that V8's code keeps.
 *
 * Any thread, signal handlers too: takes no lock and no memory, reads nothing but the thread's own stack
 * (other stacks through the kernel, which survives a bad address), and changes errno only where it must ask
 * it. What cannot be walked is a short stack.
 */
#ifndef UVT_STACK_WALK_H
#define UVT_STACK_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "schema.h"

struct uvt_registers {
  uintptr_t pc, sp, fp; /* pc: a return address, or one more than what is executed */
};

struct uvt_walk {
  uint64_t hash; /* of the frames */
  uint32_t count;
  bool has_bare; /* it leads through code that no file has call frame information of: V8's, or assembly */
  uint64_t frames[UVT_STACK_FRAMES]; /* as in a `stack` record */
};

/* Those of the function that this is used in. */
static inline __attribute__((always_inline)) struct uvt_registers uvt_registers_here(void)
{
  struct uvt_registers here;
  __asm__ volatile("lea 1(%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"
                   : "=&r"(here.pc), "=&r"(here.sp), "=&r"(here.fp));
  return here;
}

/* Before the first walk: the memory for what is remembered. The innermost frames that lie in the object with
 * that address are left out. 0, or a negative errno. */
int uvt_unwind_init(const void *own);

/* The frames from there on. */
void uvt_unwind(struct uvt_registers from, struct uvt_walk *walk);

/* What was remembered of addresses may be wrong: files were unmapped, V8's interpreter became known. */
void uvt_unwind_forget(void);

/* In a child of fork(): who was adding a row is not there. */
void uvt_unwind_after_fork_child(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * How to get from a frame to its caller's: what .eh_frame says for a return address, reduced to the stack
 * pointer, the frame pointer and the return address, which is all that the next step needs.
 *
 * Any thread, signal handlers too: no lock, no allocation; reads mapped object files and nothing else.
 */
#ifndef UVT_UNWIND_ROWS_H
#define UVT_UNWIND_ROWS_H

#include <stdbool.h>
#include <stdint.h>

enum uvt_row_kind {
  UVT_ROW_NONE,     /* nothing is known of that address */
  UVT_ROW_END,      /* the outermost frame, or one that cannot be passed */
  UVT_ROW_SP,       /* the caller's stack pointer is sp + cfa */
  UVT_ROW_FP,       /* fp + cfa */
  UVT_ROW_FP_DEREF, /* what lies at fp + cfa: a function that aligns its stack */
  UVT_ROW_SIGNAL    /* the kernel's frame below a signal handler */
};

enum uvt_fp_rule {
  UVT_FP_SAME,   /* the caller's frame pointer is that of the frame */
  UVT_FP_AT_CFA, /* it lies at the caller's stack pointer + fp */
  UVT_FP_AT_FP   /* at the frame's own frame pointer + fp */
};

struct uvt_row {
  uint8_t kind;    /* enum uvt_row_kind */
  uint8_t fp_rule; /* enum uvt_fp_rule */
  int32_t cfa, fp;
  int32_t ra; /* where the return address lies: the caller's stack pointer + ra */
};

/* Of the instruction before `pc`, a return address in an object whose .eh_frame_hdr is given; pc < end of it.
 */
struct uvt_row uvt_row_find(uintptr_t pc, const void *eh_frame_hdr);

/* Of that call frame information alone: CIE, FDE; for tests. */
struct uvt_row uvt_row_of_fde(uintptr_t pc, const uint8_t *fde);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The thunks that libuv is given instead of callbacks. Each is two instructions: its number into the register that the
 * callback's signature leaves free, then on to the function that serves its kind. A thunk needs nothing but its
 * number to find the original callback (thunk.c), so it works whatever has become of the object it comes with.
 */
#include "callbacks.def"

  .text
#define THUNKS(kind, register) uvt_thunk_table kind, register;

.macro uvt_thunk_table kind, register
  .p2align 4
  .globl uvt_thunks_\kind
  .hidden uvt_thunks_\kind
  .hidden uvt_run_\kind
  .type uvt_thunks_\kind, @function
uvt_thunks_\kind:
  .cfi_startproc
  .set uvt_number, 0
  .rept UVT_THUNKS
  .p2align 4
  mov $uvt_number, %\register
  jmp uvt_run_\kind
  .set uvt_number, uvt_number + 1
  .endr
  .p2align 4
  .cfi_endproc
  .size uvt_thunks_\kind, . - uvt_thunks_\kind
.endm

UVT_CALLBACKS(THUNKS)

  .section .note.GNU-stack, "", @progbits

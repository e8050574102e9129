/* SPDX-License-Identifier: MIT */
/* See entry.h. */
#include "api.def"

/* struct uvt_thread (thread.h), checked there. */
#define THREAD_LIBUV_SP 0
#define THREAD_SUBMITTING 8

  .text

/* Jumps to 9 (the real function) if the call is libuv's own: made below the stack pointer at which the
 * program entered libuv. The comparison, not a mere flag, so that a longjmp or exception out of libuv heals itself. */
.macro skip_if_inside_libuv
  push %rax
  .cfi_adjust_cfa_offset 8
  mov uvt_thread@gottpoff(%rip), %rax
  mov %fs:THREAD_LIBUV_SP(%rax), %rax
  cmp %rsp, %rax
  pop %rax
  .cfi_adjust_cfa_offset -8
  ja 9f
.endm

/* uv_mutex_lock matters only while this thread is submitting pool work (hooks_pool.c). */
.macro skip_if_not_submitting
  push %rax
  .cfi_adjust_cfa_offset 8
  mov uvt_thread@gottpoff(%rip), %rax
  cmpq $0, %fs:THREAD_SUBMITTING(%rax)
  pop %rax
  .cfi_adjust_cfa_offset -8
  je 9f
.endm

/* uv_async_send may come from a signal handler that interrupted libuv: always looked at. */
.macro skip_never
.endm

.macro entry name, skip
  .p2align 4
  .globl \name
  .type \name, @function
\name\():
uvt_entry_\name\():
  .cfi_startproc
  cmpb $0, uvt_gate(%rip)
  je 9f
  \skip
  pushq $uvt_index
  .cfi_adjust_cfa_offset 8
  jmp uvt_entry_common
9:
  .cfi_def_cfa_offset 8
  jmp *(uvt_real + 8 * uvt_index)(%rip)
  .cfi_endproc
  .size \name, . - \name
/* What uvt_real holds at first: start, then go on to the real function. */
uvt_first_\name\():
  .cfi_startproc
  pushq $uvt_index
  .cfi_adjust_cfa_offset 8
  jmp uvt_first_common
  .cfi_endproc
  .pushsection .data.rel.ro, "aw"
  .quad uvt_entry_\name
  .popsection
  .pushsection .data, "aw"
  .quad uvt_first_\name
  .popsection
  .set uvt_index, uvt_index + 1
.endm

/* Saves what the caller may still rely on. On the stack: number of the row, return address, a 7th argument. */
.macro save_registers
  .cfi_def_cfa_offset 16
  push %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_offset %rbp, -24
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  sub $344, %rsp
  mov %rax, 272(%rsp)
  mov %rcx, 280(%rsp)
  mov %rdx, 288(%rsp)
  mov %rsi, 296(%rsp)
  mov %rdi, 304(%rsp)
  mov %r8, 312(%rsp)
  mov %r9, 320(%rsp)
  mov %r10, 328(%rsp)
  mov %r11, 336(%rsp)
  movaps %xmm0, 16(%rsp)
  movaps %xmm1, 32(%rsp)
  movaps %xmm2, 48(%rsp)
  movaps %xmm3, 64(%rsp)
  movaps %xmm4, 80(%rsp)
  movaps %xmm5, 96(%rsp)
  movaps %xmm6, 112(%rsp)
  movaps %xmm7, 128(%rsp)
  movaps %xmm8, 144(%rsp)
  movaps %xmm9, 160(%rsp)
  movaps %xmm10, 176(%rsp)
  movaps %xmm11, 192(%rsp)
  movaps %xmm12, 208(%rsp)
  movaps %xmm13, 224(%rsp)
  movaps %xmm14, 240(%rsp)
  movaps %xmm15, 256(%rsp)
.endm

/* All but rax. */
.macro restore_registers
  mov 280(%rsp), %rcx
  mov 288(%rsp), %rdx
  mov 296(%rsp), %rsi
  mov 304(%rsp), %rdi
  mov 312(%rsp), %r8
  mov 320(%rsp), %r9
  mov 328(%rsp), %r10
  mov 336(%rsp), %r11
  movaps 16(%rsp), %xmm0
  movaps 32(%rsp), %xmm1
  movaps 48(%rsp), %xmm2
  movaps 64(%rsp), %xmm3
  movaps 80(%rsp), %xmm4
  movaps 96(%rsp), %xmm5
  movaps 112(%rsp), %xmm6
  movaps 128(%rsp), %xmm7
  movaps 144(%rsp), %xmm8
  movaps 160(%rsp), %xmm9
  movaps 176(%rsp), %xmm10
  movaps 192(%rsp), %xmm11
  movaps 208(%rsp), %xmm12
  movaps 224(%rsp), %xmm13
  movaps 240(%rsp), %xmm14
  movaps 256(%rsp), %xmm15
.endm

.macro leave_entry
  mov %rbp, %rsp
  pop %rbp
  .cfi_restore %rbp
  .cfi_def_cfa %rsp, 16
  lea 8(%rsp), %rsp /* the row's number; lea, as add would set flags for nothing */
  .cfi_adjust_cfa_offset -8
.endm

  .p2align 4
  .type uvt_entry_common, @function
uvt_entry_common:
  .cfi_startproc
  .cfi_def_cfa_offset 16
  cmpb $0, uvt_by_symbol(%rip)
  je 3f
  pop %r11 /* called through a symbol: as any function, on to the hook */
  .cfi_adjust_cfa_offset -8
  shl $4, %r11
  lea uvt_hooks(%rip), %r10
  jmp *(%r10, %r11)
3:
  save_registers
  cmpb $0, uvt_started(%rip)
  jne 1f
  call uvt_start
  mov 288(%rsp), %rdx
  mov 296(%rsp), %rsi
  mov 304(%rsp), %rdi
  mov 280(%rsp), %rcx
  mov 312(%rsp), %r8
  mov 320(%rsp), %r9
  movaps 16(%rsp), %xmm0
  movaps 32(%rsp), %xmm1
1:
  mov 24(%rbp), %rax /* the 7th argument, where there is one */
  mov %rax, (%rsp)
  mov 8(%rbp), %r11
  shl $4, %r11
  lea uvt_hooks(%rip), %r10
  call *(%r10, %r11)
  mov 8(%rbp), %r11
  shl $4, %r11
  lea uvt_hooks(%rip), %r10
  cmpq $0, 8(%r10, %r11)
  je 2f
  mov 272(%rsp), %rax
2:
  restore_registers
  leave_entry
  ret
  .cfi_endproc

  .p2align 4
  .type uvt_first_common, @function
uvt_first_common:
  .cfi_startproc
  save_registers
  call uvt_start
  mov 8(%rbp), %r11
  lea uvt_real(%rip), %r10
  mov (%r10, %r11, 8), %rax
  mov %rax, 8(%rbp) /* in place of the number: where to go */
  mov 272(%rsp), %rax
  restore_registers
  mov %rbp, %rsp
  pop %rbp
  .cfi_restore %rbp
  .cfi_def_cfa %rsp, 16
  ret
  .cfi_endproc

  .pushsection .data.rel.ro, "aw"
  .p2align 3
  .globl uvt_entries
  .hidden uvt_entries
  .type uvt_entries, @object
uvt_entries:
  .popsection
  .pushsection .data, "aw"
  .p2align 3
  .globl uvt_real
  .hidden uvt_real
  .type uvt_real, @object
uvt_real:
  .popsection
  .hidden uvt_gate
  .hidden uvt_started
  .hidden uvt_by_symbol
  .hidden uvt_thread
  .hidden uvt_start
  .hidden uvt_hooks

#define ENTRY_FS(op, shape, object) entry uv_fs_##op, skip_if_inside_libuv;
#define ENTRY_STORE(function, ready, arg, value, text) entry function, skip_if_inside_libuv;

  .set uvt_index, 0
/* The two exceptions are told apart by name in the assembler. */
.macro entry_call name
  .ifc \name, uv_mutex_lock
    entry \name, skip_if_not_submitting
  .else
  .ifc \name, uv_async_send
    entry \name, skip_never
  .else
    entry \name, skip_if_inside_libuv
  .endif
  .endif
.endm
#define ENTRY_CALL(function) entry_call function;

UVT_API(ENTRY_FS, ENTRY_STORE, UVT_NONE, ENTRY_CALL)

  .section .note.GNU-stack, "", @progbits

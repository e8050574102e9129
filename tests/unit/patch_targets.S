/* SPDX-License-Identifier: MIT */
/* Functions for test_patch.c to divert, with entries that compilers make only now and then. All take and return
 * a long in rdi and rax. They have pages of their own, and unwind tables as compilers make them. */

#define FUNCTION(name) .globl name; .type name, @function; name: .cfi_startproc
#define END(name) .cfi_endproc; .size name, . - name

  .text
  .balign 4096

/* rdi + 1 in exactly 5 bytes */
FUNCTION(target_five_bytes)
  lea 1(%rdi), %rax
  ret
END(target_five_bytes)

  .balign 16
/* as uv_signal_start: the whole body is displaced */
FUNCTION(target_tail_jump)
  xor %ecx, %ecx
  .byte 0xe9
  .long target_tail - . - 4
END(target_tail_jump)

  .balign 16
FUNCTION(target_tail)
  lea 2(%rdi,%rcx), %rax
  ret
END(target_tail)

  .balign 16
/* as most of uv_fs_*: rdi is 0 ? -1 : rdi */
FUNCTION(target_conditional)
  test %rdi, %rdi
  je 1f
  mov %rdi, %rax
  ret
1:
  mov $-1, %rax
  ret
END(target_conditional)

  .balign 16
/* the same through rcx */
FUNCTION(target_jrcxz)
  mov %rdi, %rcx
  jrcxz 1f
  mov %rdi, %rax
  ret
1:
  mov $-1, %rax
  ret
END(target_jrcxz)

  .balign 16
/* rdi + target_number */
FUNCTION(target_rip_relative)
  mov target_number(%rip), %rax
  add %rdi, %rax
  ret
END(target_rip_relative)

  .balign 16
/* as uv_mutex_lock: calls what it is given */
FUNCTION(target_call)
  sub $8, %rsp
  .cfi_adjust_cfa_offset 8
  call target_callee
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  ret
END(target_call)

  .balign 16
/* the same, as -fno-plt compiles it */
FUNCTION(target_call_indirect)
  sub $8, %rsp
  .cfi_adjust_cfa_offset 8
  call *target_callee_pointer(%rip)
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  ret
END(target_call_indirect)

  .balign 16
/* leaves all registers that a caller can have filled in target_registers; rip-relative from its first byte */
FUNCTION(target_store_registers)
  mov %rax, target_registers+0(%rip)
  mov %rbx, target_registers+8(%rip)
  mov %rcx, target_registers+16(%rip)
  mov %rdx, target_registers+24(%rip)
  mov %rsi, target_registers+32(%rip)
  mov %rdi, target_registers+40(%rip)
  mov %rbp, target_registers+48(%rip)
  mov %rsp, target_registers+56(%rip)
  mov %r8, target_registers+64(%rip)
  mov %r9, target_registers+72(%rip)
  mov %r10, target_registers+80(%rip)
  mov %r11, target_registers+88(%rip)
  mov %r12, target_registers+96(%rip)
  mov %r13, target_registers+104(%rip)
  mov %r14, target_registers+112(%rip)
  mov %r15, target_registers+120(%rip)
  pushf
  .cfi_adjust_cfa_offset 8
  pop target_registers+128(%rip)
  .cfi_adjust_cfa_offset -8
  ret
END(target_store_registers)

  .balign 16
/* refused: 3 bytes */
FUNCTION(target_too_short)
  xor %eax, %eax
  ret
END(target_too_short)

  .balign 16
/* refused: loops to its second instruction; 2 * rdi */
FUNCTION(target_loops_to_start)
  xor %eax, %eax
1:
  add $2, %eax
  dec %rdi
  jne 1b
  ret
END(target_loops_to_start)

/* Two that only the page tests use: the jump in the first crosses a page's end, the second is a page's last. */
  .balign 4096
  .skip 4094, 0xcc
FUNCTION(target_across_pages)
  lea 3(%rdi), %rax
  nop
  ret
END(target_across_pages)

  .balign 4096
  .skip 4091, 0xcc
FUNCTION(target_at_page_end)
  lea 4(%rdi), %rax
  ret
END(target_at_page_end)

/* One each on three pages, for patches that fail midway. */
  .balign 4096
FUNCTION(target_first_page)
  lea 5(%rdi), %rax
  ret
END(target_first_page)

  .balign 4096
FUNCTION(target_second_page)
  lea 6(%rdi), %rax
  ret
END(target_second_page)

  .balign 4096
FUNCTION(target_third_page)
  lea 7(%rdi), %rax
  ret
END(target_third_page)
  .balign 4096

/* Fills the registers and the flags with known values and calls rdi. */
FUNCTION(call_with_full_registers)
  push %rbx
  .cfi_adjust_cfa_offset 8
  push %rbp
  .cfi_adjust_cfa_offset 8
  push %r12
  .cfi_adjust_cfa_offset 8
  push %r13
  .cfi_adjust_cfa_offset 8
  push %r14
  .cfi_adjust_cfa_offset 8
  push %r15
  .cfi_adjust_cfa_offset 8
  push %rdi
  .cfi_adjust_cfa_offset 8
  mov $0x101, %rax
  mov $0x102, %rbx
  mov $0x103, %rcx
  mov $0x104, %rdx
  mov $0x105, %rsi
  mov $0x106, %rdi
  mov $0x107, %rbp
  mov $0x108, %r8
  mov $0x109, %r9
  mov $0x10a, %r10
  mov $0x10b, %r11
  mov $0x10c, %r12
  mov $0x10d, %r13
  mov $0x10e, %r14
  mov $0x10f, %r15
  cmp %rbx, %rax
  call *(%rsp)
  pop %rdi
  .cfi_adjust_cfa_offset -8
  pop %r15
  .cfi_adjust_cfa_offset -8
  pop %r14
  .cfi_adjust_cfa_offset -8
  pop %r13
  .cfi_adjust_cfa_offset -8
  pop %r12
  .cfi_adjust_cfa_offset -8
  pop %rbp
  .cfi_adjust_cfa_offset -8
  pop %rbx
  .cfi_adjust_cfa_offset -8
  ret
END(call_with_full_registers)

/* A stub as short as stubs can be. */
FUNCTION(stub_straight_on)
  jmp *stub_original(%rip)
END(stub_straight_on)

  .section .note.GNU-stack, "", @progbits

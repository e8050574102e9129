/* SPDX-License-Identifier: MIT */
/* Bytes before and after: code at FROM is moved to TO, 0x1000 below, so that a jump back from TO + n needs
 * 0x1000 more than the distance of its end from the displaced bytes' end. */
#include "patch/relocate_x86.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FROM 0x401000u
#define TO 0x400000u
#define JUMP_SIZE 5

/* Bytes and their count, as arguments; a trailing list of nothing is never needed. */
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void check_moves(const uint8_t *before, size_t before_size, const uint8_t *after, size_t after_size,
                        size_t expected_displaced)
{
  struct uvt_function function = {.code = before, .size = before_size, .address = FROM};
  uint8_t out[UVT_RELOCATED_MAX];
  size_t displaced = 0;
  size_t written = 0;

  assert_int_equal(uvt_relocation_plan(&function, JUMP_SIZE, &displaced), UVT_RELOCATION_OK);
  assert_int_equal(displaced, expected_displaced);
  assert_int_equal(uvt_relocation_write(&function, displaced, TO, out, sizeof(out), &written),
                   UVT_RELOCATION_OK);
  assert_int_equal(written, after_size);
  assert_memory_equal(out, after, after_size);
}

static void check_refused(const uint8_t *code, size_t size, enum uvt_relocation expected)
{
  struct uvt_function function = {.code = code, .size = size, .address = FROM};
  size_t displaced;

  assert_int_equal(uvt_relocation_plan(&function, JUMP_SIZE, &displaced), expected);
}

static void test_plain_instructions_are_copied_and_followed_by_a_jump_back(void **state)
{
  (void)state;
  check_moves(BYTES(0x55,                          /* push rbp      */
                    0x48, 0x89, 0xe5,              /* mov rbp, rsp  */
                    0x53,                          /* push rbx      */
                    0xc3),                         /* ret           */
              BYTES(0x55,                          /* push rbp      */
                    0x48, 0x89, 0xe5,              /* mov rbp, rsp  */
                    0x53,                          /* push rbx      */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00), /* jmp FROM + 5 */
              5);
}

static void test_the_instruction_across_the_fifth_byte_is_moved_whole(void **state)
{
  (void)state;
  check_moves(BYTES(0x41, 0x57,                               /* push r15     */
                    0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00, /* sub rsp, 4096 */
                    0xc3),                                    /* ret          */
              BYTES(0x41, 0x57,                               /* push r15     */
                    0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00, /* sub rsp, 4096 */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00),            /* jmp FROM + 9 */
              9);
}

static void test_a_whole_body_that_ends_in_a_jump_needs_no_jump_back(void **state)
{
  (void)state;
  /* uv_signal_start as GCC compiles it */
  check_moves(BYTES(0x31, 0xc9,                    /* xor ecx, ecx      */
                    0xe9, 0x10, 0x00, 0x00, 0x00), /* jmp FROM + 0x17   */
              BYTES(0x31, 0xc9,                    /* xor ecx, ecx      */
                    0xe9, 0x10, 0x10, 0x00, 0x00), /* jmp FROM + 0x17   */
              7);
}

static void test_a_short_jump_becomes_a_near_one(void **state)
{
  (void)state;
  check_moves(BYTES(0xeb, 0x04,                    /* jmp FROM + 6  */
                    0x90, 0x90, 0x90,              /* nop           */
                    0xcc,                          /* int3          */
                    0xc3),                         /* ret           */
              BYTES(0xe9, 0x01, 0x10, 0x00, 0x00,  /* jmp FROM + 6  */
                    0x90, 0x90, 0x90,              /* nop           */
                    0xe9, 0xf8, 0x0f, 0x00, 0x00), /* jmp FROM + 5  */
              5);
}

static void test_a_short_conditional_jump_becomes_a_near_one(void **state)
{
  (void)state;
  /* most of uv_fs_* */
  check_moves(BYTES(0x48, 0x85, 0xf6,                   /* test rsi, rsi */
                    0x74, 0x01,                         /* je FROM + 6   */
                    0xc3,                               /* ret           */
                    0xc3),                              /* ret           */
              BYTES(0x48, 0x85, 0xf6,                   /* test rsi, rsi */
                    0x0f, 0x84, 0xfd, 0x0f, 0x00, 0x00, /* je FROM + 6   */
                    0xe9, 0xf7, 0x0f, 0x00, 0x00),      /* jmp FROM + 5  */
              5);
}

static void test_a_near_conditional_jump_keeps_its_target(void **state)
{
  (void)state;
  check_moves(BYTES(0x0f, 0x8f, 0xfa, 0xef, 0xff, 0xff, /* jg FROM - 0x1000 */
                    0xc3),                              /* ret              */
              BYTES(0x0f, 0x8f, 0xfa, 0xff, 0xff, 0xff, /* jg FROM - 0x1000 */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00),      /* jmp FROM + 6     */
              6);
}

static void test_every_condition_is_kept(void **state)
{
  (void)state;
  for (unsigned condition = 0; condition < 16; condition++) {
    uint8_t opcode_short = (uint8_t)(0x70 | condition);
    uint8_t opcode_near = (uint8_t)(0x80 | condition);

    check_moves(BYTES(opcode_short, 0x04,                        /* jcc FROM + 6 */
                      0x90, 0x90, 0x90, 0x90, 0xc3),             /* nops, ret    */
                BYTES(0x0f, opcode_near, 0x00, 0x10, 0x00, 0x00, /* jcc FROM + 6 */
                      0x90, 0x90, 0x90,                          /* nop          */
                      0xe9, 0xf7, 0x0f, 0x00, 0x00),             /* jmp FROM + 5 */
                5);
  }
}

static void test_a_branch_hint_is_dropped(void **state)
{
  (void)state;
  check_moves(BYTES(0x3e, 0x74, 0x03,                   /* je,taken FROM + 6 */
                    0x90, 0x90, 0x90, 0xc3),            /* nops, ret         */
              BYTES(0x0f, 0x84, 0x00, 0x10, 0x00, 0x00, /* je FROM + 6       */
                    0x90, 0x90,                         /* nop               */
                    0xe9, 0xf8, 0x0f, 0x00, 0x00),      /* jmp FROM + 5      */
              5);
}

static void test_loop_and_jrcxz_go_around_a_near_jump(void **state)
{
  (void)state;
  for (unsigned opcode = 0xe0; opcode <= 0xe3; opcode++) { /* loopne, loope, loop, jrcxz */
    uint8_t op = (uint8_t)opcode;

    check_moves(BYTES(op, 0x04,                      /* loop FROM + 6   */
                      0x90, 0x90, 0x90, 0x90, 0xc3), /* nops, ret       */
                BYTES(op, 0x02,                      /* loop 1f         */
                      0xeb, 0x05,                    /* jmp 2f          */
                      0xe9, 0xfd, 0x0f, 0x00, 0x00,  /* 1: jmp FROM + 6 */
                      0x90, 0x90, 0x90,              /* 2: nop          */
                      0xe9, 0xf4, 0x0f, 0x00, 0x00), /* jmp FROM + 5    */
                5);
  }
}

static void test_jecxz_keeps_its_prefix(void **state)
{
  (void)state;
  check_moves(BYTES(0x67, 0xe3, 0x03,              /* jecxz FROM + 6  */
                    0x90, 0x90, 0x90, 0xc3),       /* nops, ret       */
              BYTES(0x67, 0xe3, 0x02,              /* jecxz 1f        */
                    0xeb, 0x05,                    /* jmp 2f          */
                    0xe9, 0xfc, 0x0f, 0x00, 0x00,  /* 1: jmp FROM + 6 */
                    0x90, 0x90,                    /* 2: nop          */
                    0xe9, 0xf4, 0x0f, 0x00, 0x00), /* jmp FROM + 5    */
              5);
}

static void test_a_rip_relative_operand_is_adjusted(void **state)
{
  (void)state;
  check_moves(BYTES(0x90,                                     /* nop                     */
                    0x48, 0x8b, 0x05, 0x00, 0x20, 0x00, 0x00, /* mov rax, [FROM + 0x2008] */
                    0xc3),                                    /* ret                     */
              BYTES(0x90,                                     /* nop                     */
                    0x48, 0x8b, 0x05, 0x00, 0x30, 0x00, 0x00, /* mov rax, [FROM + 0x2008] */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00),            /* jmp FROM + 8            */
              8);
}

static void test_a_negative_rip_relative_operand_is_adjusted(void **state)
{
  (void)state;
  check_moves(BYTES(0x48, 0x8d, 0x3d, 0x00, 0xff, 0xff, 0xff, /* lea rdi, [FROM - 0xf9] */
                    0xc3),                                    /* ret                   */
              BYTES(0x48, 0x8d, 0x3d, 0x00, 0x0f, 0x00, 0x00, /* lea rdi, [FROM - 0xf9] */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00),            /* jmp FROM + 7          */
              7);
}

static void test_a_rip_relative_operand_before_an_immediate_is_adjusted(void **state)
{
  (void)state;
  check_moves(BYTES(0x83, 0x3d, 0x10, 0x00, 0x00, 0x00, 0x07, /* cmp dword [FROM + 0x17], 7 */
                    0xc3),                                    /* ret                       */
              BYTES(0x83, 0x3d, 0x10, 0x10, 0x00, 0x00, 0x07, /* cmp dword [FROM + 0x17], 7 */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00),            /* jmp FROM + 7              */
              7);
}

static void test_a_call_returns_to_where_it_stood(void **state)
{
  (void)state;
  /* uv_once, uv_mutex_lock */
  check_moves(BYTES(0x48, 0x83, 0xec, 0x08,             /* sub rsp, 8         */
                    0xe8, 0xf7, 0x00, 0x00, 0x00,       /* call FROM + 0x100  */
                    0xc3),                              /* ret                */
              BYTES(0x48, 0x83, 0xec, 0x08,             /* sub rsp, 8         */
                    0xe8, 0x08, 0x00, 0x00, 0x00,       /* call 1f            */
                    0x09, 0x10, 0x40, 0, 0, 0, 0, 0,    /* FROM + 9           */
                    0xff, 0x35, 0xf2, 0xff, 0xff, 0xff, /* 1: push [rip - 14] */
                    0x8f, 0x04, 0x24,                   /* pop [rsp]          */
                    0xe9, 0xe1, 0x10, 0x00, 0x00),      /* jmp FROM + 0x100   */
              9);
}

static void test_an_indirect_call_returns_to_where_it_stood(void **state)
{
  (void)state;
  /* the same, compiled with -fno-plt */
  check_moves(BYTES(0x48, 0x83, 0xec, 0x08,              /* sub rsp, 8               */
                    0xff, 0x15, 0xf6, 0x00, 0x00, 0x00,  /* call [FROM + 0x100]      */
                    0xc3),                               /* ret                      */
              BYTES(0x48, 0x83, 0xec, 0x08,              /* sub rsp, 8               */
                    0xe8, 0x08, 0x00, 0x00, 0x00,        /* call 1f                  */
                    0x0a, 0x10, 0x40, 0, 0, 0, 0, 0,     /* FROM + 10                */
                    0xff, 0x35, 0xf2, 0xff, 0xff, 0xff,  /* 1: push [rip - 14]       */
                    0x8f, 0x04, 0x24,                    /* pop [rsp]                */
                    0xff, 0x25, 0xe0, 0x10, 0x00, 0x00), /* jmp [FROM + 0x100]       */
              10);
}

static void test_a_call_through_a_register_returns_to_where_it_stood(void **state)
{
  (void)state;
  check_moves(BYTES(0x48, 0x83, 0xec, 0x08,             /* sub rsp, 8         */
                    0x41, 0xff, 0xd4,                   /* call r12           */
                    0xc3),                              /* ret                */
              BYTES(0x48, 0x83, 0xec, 0x08,             /* sub rsp, 8         */
                    0xe8, 0x08, 0x00, 0x00, 0x00,       /* call 1f            */
                    0x07, 0x10, 0x40, 0, 0, 0, 0, 0,    /* FROM + 7           */
                    0xff, 0x35, 0xf2, 0xff, 0xff, 0xff, /* 1: push [rip - 14] */
                    0x8f, 0x04, 0x24,                   /* pop [rsp]          */
                    0x41, 0xff, 0xe4),                  /* jmp r12            */
              7);
}

static void test_a_call_that_is_not_the_last_displaced_instruction_is_refused(void **state)
{
  (void)state;
  check_refused(BYTES(0xff, 0xd0,              /* call rax */
                      0x90, 0x90, 0x90, 0xc3), /* nops, ret */
                UVT_RELOCATION_CALL);
}

static void test_a_call_addressed_by_the_stack_pointer_is_refused(void **state)
{
  (void)state;
  check_refused(BYTES(0x90, 0xff, 0x54, 0x24, 0x08, /* nop; call [rsp + 8] */
                      0xc3),                        /* ret                 */
                UVT_RELOCATION_CALL);
  check_refused(BYTES(0x90, 0x90, 0x90, 0xff, 0xd4, /* nops; call rsp */
                      0xc3),                        /* ret            */
                UVT_RELOCATION_CALL);
}

static void test_other_relative_instructions_are_refused(void **state)
{
  (void)state;
  check_refused(BYTES(0xc7, 0xf8, 0x10, 0x00, 0x00, 0x00, /* xbegin FROM + 0x16 */
                      0xc3),                              /* ret                */
                UVT_RELOCATION_RELATIVE);
  check_refused(BYTES(0x66, 0xe9, 0x10, 0x00, 0x00, 0x00, /* data16 jmp */
                      0xc3),                              /* ret        */
                UVT_RELOCATION_RELATIVE);
}

static void test_a_function_shorter_than_a_jump_is_refused(void **state)
{
  (void)state;
  check_refused(BYTES(0x31, 0xc0, /* xor eax, eax */
                      0xc3),      /* ret          */
                UVT_RELOCATION_TOO_SHORT);
}

static void test_bytes_that_are_no_instructions_are_refused(void **state)
{
  (void)state;
  check_refused(BYTES(0x06, 0x90, 0x90, 0x90, 0x90, 0xc3), UVT_RELOCATION_UNDECODABLE);
  /* Behind the displaced bytes too: what cannot be read may jump back. */
  check_refused(BYTES(0x90, 0x90, 0x90, 0x90, 0x90, 0x06, 0xc3), UVT_RELOCATION_UNDECODABLE);
  /* cut off in the middle of mov rax, [rip + xx] */
  check_refused(BYTES(0x90, 0x48, 0x8b, 0x05, 0x00, 0x00), UVT_RELOCATION_UNDECODABLE);
}

static void test_a_jump_into_the_displaced_bytes_is_refused(void **state)
{
  (void)state;
  check_refused(BYTES(0x48, 0x83, 0xc7, 0x01, /* add rdi, 1    */
                      0x48, 0xff, 0xce,       /* dec rsi       */
                      0x75, 0xfb,             /* jne FROM + 4  */
                      0xc3),                  /* ret           */
                UVT_RELOCATION_BRANCH_INTO);
  check_refused(BYTES(0xf3, 0x90, /* pause         */
                      0xeb, 0xfc, /* jmp FROM      */
                      0x90),      /* nop           */
                UVT_RELOCATION_BRANCH_INTO);
  check_refused(BYTES(0x90, 0x90, 0x90, 0x90, 0x90, /* nop           */
                      0xe8, 0xf9, 0xff, 0xff, 0xff, /* call FROM + 3 */
                      0xc3),                        /* ret           */
                UVT_RELOCATION_BRANCH_INTO);
}

static void test_a_jump_behind_the_displaced_bytes_is_fine(void **state)
{
  (void)state;
  check_moves(BYTES(0x90, 0x90, 0x90, 0x90, 0x90,  /* nop          */
                    0xff, 0xcf,                    /* dec edi      */
                    0x75, 0xfc,                    /* jne FROM + 5 */
                    0xc3),                         /* ret          */
              BYTES(0x90, 0x90, 0x90, 0x90, 0x90,  /* nop          */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00), /* jmp FROM + 5 */
              5);
}

static void test_recursion_is_fine(void **state)
{
  (void)state;
  check_moves(BYTES(0x48, 0x83, 0xec, 0x08, 0x90,  /* sub rsp, 8; nop */
                    0xe8, 0xf6, 0xff, 0xff, 0xff,  /* call FROM       */
                    0xc3),                         /* ret             */
              BYTES(0x48, 0x83, 0xec, 0x08, 0x90,  /* sub rsp, 8; nop */
                    0xe9, 0xfb, 0x0f, 0x00, 0x00), /* jmp FROM + 5    */
              5);
}

static enum uvt_relocation write_at(uint64_t to, size_t out_size, const uint8_t *code, size_t size)
{
  struct uvt_function function = {.code = code, .size = size, .address = FROM};
  uint8_t out[UVT_RELOCATED_MAX];
  size_t displaced;
  size_t written;

  assert_int_equal(uvt_relocation_plan(&function, JUMP_SIZE, &displaced), UVT_RELOCATION_OK);
  return uvt_relocation_write(&function, displaced, to, out, out_size, &written);
}

static void test_what_is_out_of_reach_is_refused(void **state)
{
  (void)state;
  uint64_t near = FROM + 0x7fff0000ULL;
  uint64_t far = FROM + 0x80010000ULL;

  assert_int_equal(write_at(near, UVT_RELOCATED_MAX, BYTES(0x90, 0x90, 0x90, 0x90, 0x90)), UVT_RELOCATION_OK);
  assert_int_equal(write_at(far, UVT_RELOCATED_MAX, BYTES(0x90, 0x90, 0x90, 0x90, 0x90)),
                   UVT_RELOCATION_OUT_OF_RANGE);
  assert_int_equal(write_at(far, UVT_RELOCATED_MAX, BYTES(0xe9, 0x10, 0x00, 0x00, 0x00)),
                   UVT_RELOCATION_OUT_OF_RANGE);
  /* mov eax, [rip - 0x100000]; ret: the function is in reach, what it reads is not */
  assert_int_equal(write_at(near, UVT_RELOCATED_MAX, BYTES(0x8b, 0x05, 0x00, 0x00, 0xf0, 0xff, 0xc3)),
                   UVT_RELOCATION_OUT_OF_RANGE);
}

static void test_too_little_room_is_refused(void **state)
{
  (void)state;
  assert_int_equal(write_at(TO, 10, BYTES(0x90, 0x90, 0x90, 0x90, 0x90)), UVT_RELOCATION_OK);
  assert_int_equal(write_at(TO, 9, BYTES(0x90, 0x90, 0x90, 0x90, 0x90)), UVT_RELOCATION_NO_SPACE);
}

static void test_the_longest_result_of_five_bytes_has_room(void **state)
{
  (void)state;
  /* jrcxz FROM + 9; jrcxz FROM + 9; call FROM + 9; ret */
  assert_int_equal(
      write_at(TO, UVT_RELOCATED_MAX, BYTES(0xe3, 0x07, 0xe3, 0x05, 0xe8, 0x00, 0x00, 0x00, 0x00, 0xc3)),
      UVT_RELOCATION_OK);
}

static void test_each_refusal_has_a_text_of_its_own(void **state)
{
  (void)state;
  for (int a = UVT_RELOCATION_OK; a <= UVT_RELOCATION_NO_SPACE; a++)
    for (int b = UVT_RELOCATION_OK; b < a; b++)
      assert_string_not_equal(uvt_relocation_text((enum uvt_relocation)a),
                              uvt_relocation_text((enum uvt_relocation)b));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain_instructions_are_copied_and_followed_by_a_jump_back),
      cmocka_unit_test(test_the_instruction_across_the_fifth_byte_is_moved_whole),
      cmocka_unit_test(test_a_whole_body_that_ends_in_a_jump_needs_no_jump_back),
      cmocka_unit_test(test_a_short_jump_becomes_a_near_one),
      cmocka_unit_test(test_a_short_conditional_jump_becomes_a_near_one),
      cmocka_unit_test(test_a_near_conditional_jump_keeps_its_target),
      cmocka_unit_test(test_every_condition_is_kept),
      cmocka_unit_test(test_a_branch_hint_is_dropped),
      cmocka_unit_test(test_loop_and_jrcxz_go_around_a_near_jump),
      cmocka_unit_test(test_jecxz_keeps_its_prefix),
      cmocka_unit_test(test_a_rip_relative_operand_is_adjusted),
      cmocka_unit_test(test_a_negative_rip_relative_operand_is_adjusted),
      cmocka_unit_test(test_a_rip_relative_operand_before_an_immediate_is_adjusted),
      cmocka_unit_test(test_a_call_returns_to_where_it_stood),
      cmocka_unit_test(test_an_indirect_call_returns_to_where_it_stood),
      cmocka_unit_test(test_a_call_through_a_register_returns_to_where_it_stood),
      cmocka_unit_test(test_a_call_that_is_not_the_last_displaced_instruction_is_refused),
      cmocka_unit_test(test_a_call_addressed_by_the_stack_pointer_is_refused),
      cmocka_unit_test(test_other_relative_instructions_are_refused),
      cmocka_unit_test(test_a_function_shorter_than_a_jump_is_refused),
      cmocka_unit_test(test_bytes_that_are_no_instructions_are_refused),
      cmocka_unit_test(test_a_jump_into_the_displaced_bytes_is_refused),
      cmocka_unit_test(test_a_jump_behind_the_displaced_bytes_is_fine),
      cmocka_unit_test(test_recursion_is_fine),
      cmocka_unit_test(test_what_is_out_of_reach_is_refused),
      cmocka_unit_test(test_too_little_room_is_refused),
      cmocka_unit_test(test_the_longest_result_of_five_bytes_has_room),
      cmocka_unit_test(test_each_refusal_has_a_text_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

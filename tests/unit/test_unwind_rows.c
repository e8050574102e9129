/* SPDX-License-Identifier: MIT */
/* Call frame information, byte by byte. */
#include "stacks/unwind_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN 0x10000
#define SIZE 0x100

/* CIE and FDE with absolute addresses, for a function of SIZE bytes at BEGIN. */
static uint8_t memory[512];
static const uint8_t *fde;

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
  memcpy(at, bytes, size);
  return at + size;
}

static void make(const char *letters, const uint8_t *code, size_t size)
{
  static const uint8_t initial[] = {0x0c, 7, 8, 0x80 | 16, 1}; /* def_cfa rsp+8; ra at cfa-8 */
  uint8_t *at = memory + 4;
  memset(memory, 0, sizeof memory);
  at = put(at, (uint8_t[]){0, 0, 0, 0, 1}, 5);
  at = put(at, letters, strlen(letters) + 1);
  at = put(at, (uint8_t[]){1, 0x78, 16, 1, 0x00}, 5); /* code, data alignment; ra; 'R': absolute addresses */
  at = put(at, initial, sizeof initial);
  uint32_t length = (uint32_t)(at - memory - 4);
  put(memory, &length, 4);
  uint8_t *start = at;
  uint32_t to_cie = (uint32_t)(start + 4 - memory);
  uint64_t range[] = {BEGIN, SIZE};
  at = put(at + 4, &to_cie, 4);
  at = put(at, range, sizeof range);
  *at++ = 0; /* no augmentation */
  at = put(at, code, size);
  length = (uint32_t)(at - start - 4);
  put(start, &length, 4);
  fde = start;
}
#define MAKE(...) make("zR", (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* What is said of the instruction at that offset. */
static struct uvt_row row_at(uintptr_t offset)
{
  return uvt_row_of_fde(BEGIN + offset + 1, fde);
}

static void test_a_frame_pointer_is_pushed_and_popped(void **state)
{
  (void)state;
  /* push %rbp at 0; mov %rsp,%rbp at 1; ... leave at 0x50; */
  MAKE(0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x02, 0x4d, 0x0c, 7, 8);
  struct uvt_row row = row_at(0);
  assert_int_equal(row.kind, UVT_ROW_SP);
  assert_int_equal(row.cfa, 8);
  assert_int_equal(row.ra, -8);
  assert_int_equal(row.fp_rule, UVT_FP_SAME);
  row = row_at(1);
  assert_int_equal(row.cfa, 16);
  assert_int_equal(row.fp_rule, UVT_FP_AT_CFA);
  assert_int_equal(row.fp, -16);
  row = row_at(0x50);
  assert_int_equal(row.kind, UVT_ROW_FP);
  assert_int_equal(row.cfa, 16);
  assert_int_equal(row_at(0x51).kind, UVT_ROW_SP);
}

static void test_a_state_is_remembered(void **state)
{
  (void)state;
  MAKE(0x0e, 48, 0x0a, 0x50, 0x0e, 8, 0xc6, 0x50, 0x0b);
  assert_int_equal(row_at(0).cfa, 48);
  assert_int_equal(row_at(0x10).cfa, 8);
  assert_int_equal(row_at(0x20).cfa, 48);
}

static void test_a_realigned_stack(void **state)
{
  (void)state;
  MAKE(0x10, 6, 2, 0x76, 0, 0x0f, 3, 0x76, 0x78, 0x06); /* rbp at [rbp]; cfa: what lies at rbp-8 */
  struct uvt_row row = row_at(4);
  assert_int_equal(row.kind, UVT_ROW_FP_DEREF);
  assert_int_equal(row.cfa, -8);
  assert_int_equal(row.fp_rule, UVT_FP_AT_FP);
  assert_int_equal(row.fp, 0);
}

static void test_what_cannot_be_passed_is_an_end(void **state)
{
  (void)state;
  MAKE(0x07, 16); /* no return address: the outermost frame */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
  MAKE(0x0c, 3, 8); /* the CFA hangs on rbx */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
  MAKE(0x0f, 2, 0x77, 8); /* an expression that is not understood */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
  MAKE(0x3d); /* no such instruction */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
  MAKE(0x0b); /* nothing was remembered */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
  MAKE(0x0e); /* cut off */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
  MAKE(0x0f, 0x7f, 0x77); /* an expression longer than its FDE */
  assert_int_equal(row_at(0).kind, UVT_ROW_END);
}

static void test_another_functions_address_is_unknown(void **state)
{
  (void)state;
  MAKE(0x00);
  assert_int_equal(row_at((uintptr_t)-1).kind, UVT_ROW_NONE);
  assert_int_equal(row_at(SIZE - 1).kind, UVT_ROW_SP);
  assert_int_equal(row_at(SIZE).kind, UVT_ROW_NONE);
}

static void test_a_signal_frame_is_one(void **state)
{
  (void)state;
  make("zRS", (const uint8_t[]){0}, 1);
  assert_int_equal(row_at(0).kind, UVT_ROW_SIGNAL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_frame_pointer_is_pushed_and_popped),
      cmocka_unit_test(test_a_state_is_remembered),
      cmocka_unit_test(test_a_realigned_stack),
      cmocka_unit_test(test_what_cannot_be_passed_is_an_end),
      cmocka_unit_test(test_another_functions_address_is_unknown),
      cmocka_unit_test(test_a_signal_frame_is_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

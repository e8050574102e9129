/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "recording/announce.h"
#include "stack_world.h"
#include "stacks/code_map.h"

static const int isolate, other_isolate;

static void add(uintptr_t start, size_t size, const char *name)
{
  uvt_code_add(&isolate, start, size, name, strlen(name));
}

static int empty(void **state)
{
  (void)state;
  uvt_code_forget(&isolate);
  uvt_code_forget(&other_isolate);
  told_codes_count = 0;
  return 0;
}

static const char *told_at(uintptr_t address)
{
  size_t before = told_codes_count;
  assert_true(uvt_code_tell(address));
  assert_int_equal(told_codes_count, before + 1);
  return told_codes[before].name;
}

static void test_code_is_told_once_in_a_recording(void **state)
{
  (void)state;
  add(0x1000, 0x100, "JS:~f a.js:1:1");
  add(0x1100, 0x10, "JS:~g a.js:2:1");
  assert_string_equal(told_at(0x10ff), "JS:~f a.js:1:1");
  assert_int_equal(told_codes[0].address, 0x1000);
  assert_int_equal(told_codes[0].size, 0x100);
  assert_true(uvt_code_tell(0x1000));
  assert_int_equal(told_codes_count, 1);
  assert_string_equal(told_at(0x1100), "JS:~g a.js:2:1");
  assert_false(uvt_code_tell(0xfff));
  assert_false(uvt_code_tell(0x1110));
  uvt_epoch++;
  assert_string_equal(told_at(0x1050), "JS:~f a.js:1:1");
}

static void test_what_overlaps_is_replaced(void **state)
{
  (void)state;
  add(0x1000, 0x100, "a");
  add(0x1100, 0x100, "b");
  add(0x1200, 0x100, "c");
  add(0x10f0, 0x111, "d");
  assert_int_equal(uvt_code_kind(0x1000), UVT_CODE_NONE);
  assert_string_equal(told_at(0x10f0), "d");
  assert_int_equal(uvt_code_kind(0x1200), UVT_CODE_MADE);
  assert_int_equal(uvt_code_kind(0x1201), UVT_CODE_NONE);
}

static void test_told_code_that_goes_begins_a_generation(void **state)
{
  (void)state;
  add(0x1000, 0x100, "a");
  uint64_t before = uvt_code_generation;
  add(0x1000, 0x100, "never told");
  assert_int_equal(uvt_code_generation, before);
  uvt_code_tell(0x1000);
  add(0x1080, 0x100, "replaces it");
  assert_int_equal(uvt_code_generation, before + 1);
  uvt_code_tell(0x1080);
  uvt_code_move(0x1080, 0x5000);
  assert_int_equal(uvt_code_generation, before + 2);
  assert_string_equal(told_at(0x50ff), "replaces it");
  uvt_code_remove(0x5000);
  assert_int_equal(uvt_code_generation, before + 3);
  assert_false(uvt_code_tell(0x5000));
}

static void test_a_move_replaces_and_one_of_nothing_is_nothing(void **state)
{
  (void)state;
  add(0x1000, 0x100, "a");
  add(0x2000, 0x100, "b");
  uvt_code_move(0x1000, 0x2080);
  assert_int_equal(uvt_code_kind(0x1000), UVT_CODE_NONE);
  assert_int_equal(uvt_code_kind(0x2000), UVT_CODE_NONE);
  assert_string_equal(told_at(0x2080), "a");
  uvt_code_move(0x9000, 0x2080);
  uvt_code_move(0x2081, 0x9000); /* not its start */
  assert_int_equal(uvt_code_kind(0x2080), UVT_CODE_MADE);
  /* A move onto part of itself. */
  uvt_code_move(0x2080, 0x2090);
  assert_int_equal(uvt_code_kind(0x218f), UVT_CODE_MADE);
  assert_int_equal(uvt_code_kind(0x208f), UVT_CODE_NONE);
}

static void test_an_isolate_is_forgotten_alone(void **state)
{
  (void)state;
  add(0x1000, 0x100, "a");
  uvt_code_add(&other_isolate, 0x2000, 0x100, "b", 1);
  uvt_code_forget(&isolate);
  assert_int_equal(uvt_code_kind(0x1000), UVT_CODE_NONE);
  assert_int_equal(uvt_code_kind(0x2000), UVT_CODE_MADE);
}

static void test_builtins_may_lie_twice(void **state)
{
  (void)state;
  add(0xf00, 0x100, "before");
  add(0x1000, 0x80, "Builtin:InterpreterEntryTrampoline");
  add(0x1080, 0x80, "Builtin:CEntry");
  uvt_code_copy(&isolate, 0x1000, 0x2000, 0x70000000);
  assert_int_equal(uvt_code_kind(0x70001040), UVT_CODE_INTERPRETER);
  assert_string_equal(told_at(0x700010ff), "Builtin:CEntry");
  assert_int_equal(uvt_code_kind(0x70000f80), UVT_CODE_NONE);
  assert_int_equal(uvt_code_kind(0x1040), UVT_CODE_INTERPRETER);
}

static void test_the_interpreter_is_known_by_name(void **state)
{
  (void)state;
  add(0x1000, 0x100, "Builtin:InterpreterEntryTrampoline");
  add(0x2000, 0x100, "Builtin:InterpreterPushArgsThenCall");
  assert_int_equal(uvt_code_kind(0x1001), UVT_CODE_INTERPRETER);
  assert_int_equal(uvt_code_kind(0x2001), UVT_CODE_MADE);
}

static void test_the_map_is_bounded_and_keeps_what_is_in_stacks(void **state)
{
  (void)state;
  const uintptr_t base = 0x100000, more = 1000;
  for (uintptr_t i = 0; i < UVT_CODE_MAX; i++)
    add(base + i * 16, 16, "piece");
  uvt_code_tell(base);
  for (uintptr_t i = UVT_CODE_MAX; i < UVT_CODE_MAX + more; i++)
    add(base + i * 16, 16, "piece");
  assert_int_equal(uvt_code_kind(base), UVT_CODE_MADE);
  assert_int_equal(uvt_code_kind(base + 16), UVT_CODE_NONE);
  assert_int_equal(uvt_code_kind(base + more * 16), UVT_CODE_NONE);
  assert_int_equal(uvt_code_kind(base + (more + 1) * 16), UVT_CODE_MADE);
  assert_int_equal(uvt_code_kind(base + (UVT_CODE_MAX + more - 1) * 16), UVT_CODE_MADE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_code_is_told_once_in_a_recording, empty),
      cmocka_unit_test_setup(test_what_overlaps_is_replaced, empty),
      cmocka_unit_test_setup(test_told_code_that_goes_begins_a_generation, empty),
      cmocka_unit_test_setup(test_a_move_replaces_and_one_of_nothing_is_nothing, empty),
      cmocka_unit_test_setup(test_an_isolate_is_forgotten_alone, empty),
      cmocka_unit_test_setup(test_builtins_may_lie_twice, empty),
      cmocka_unit_test_setup(test_the_interpreter_is_known_by_name, empty),
      cmocka_unit_test_setup(test_the_map_is_bounded_and_keeps_what_is_in_stacks, empty),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "costs/spent.h"

static uint64_t random_state = 2463534242U;

static uint64_t next_random(uint64_t below)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % below;
}

static void test_spent_first_kind_wins(void **state)
{
  (void)state;
  struct uvt_spent spent;
  uint64_t parts[UVT_SPENT_KINDS];
  uint64_t together[UVT_SPENT_GIVEN];
  uvt_spent_begin(&spent, 100);
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_POOL_WAIT, 110, 150), 0);
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_POOL_WORK, 140, 170), 0);
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_POOL_WORK, 145, 160), 0);
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_RUNNING, 90, 115), 0);  /* begins before */
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_READY, 165, 300), 0);   /* ends after */
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_RUNNING, 250, 240), 0); /* nothing */
  assert_int_equal(uvt_spent_sum(&spent, 200, parts, together), 0);
  assert_int_equal(parts[UVT_SPENT_RUNNING], 15);
  assert_int_equal(parts[UVT_SPENT_READY], 35);
  assert_int_equal(parts[UVT_SPENT_POOL_WORK], 25);
  assert_int_equal(parts[UVT_SPENT_POOL_WAIT], 25);
  assert_int_equal(parts[UVT_SPENT_OUTSIDE], 0);
  assert_int_equal(together[UVT_SPENT_POOL_WORK], 45);
  assert_int_equal(together[UVT_SPENT_POOL_WAIT], 40);
  uvt_spent_clear(&spent);
}

static void test_spent_nothing_is_outside(void **state)
{
  (void)state;
  struct uvt_spent spent;
  uint64_t parts[UVT_SPENT_KINDS];
  uint64_t together[UVT_SPENT_GIVEN];
  uvt_spent_begin(&spent, 5);
  assert_int_equal(uvt_spent_sum(&spent, 12, parts, together), 0);
  assert_int_equal(parts[UVT_SPENT_OUTSIDE], 7);
  uvt_spent_clear(&spent);
}

/* Against the plain way: an array with a cell for each instant. */
static void test_spent_against_instants(void **state)
{
  (void)state;
  enum { LENGTH = 500 };
  for (int round = 0; round < 200; round++) {
    struct uvt_spent spent;
    enum uvt_spent_kind instants[LENGTH];
    uint64_t expected[UVT_SPENT_KINDS] = {0};
    uint64_t parts[UVT_SPENT_KINDS];
    uint64_t together[UVT_SPENT_GIVEN];
    for (int i = 0; i < LENGTH; i++)
      instants[i] = UVT_SPENT_OUTSIDE;
    uvt_spent_begin(&spent, 0);
    for (uint64_t i = next_random(40); i > 0; i--) {
      enum uvt_spent_kind kind = (enum uvt_spent_kind)next_random(UVT_SPENT_GIVEN);
      uint64_t from = next_random(LENGTH);
      uint64_t to = from + next_random(100);
      assert_int_equal(uvt_spent_add(&spent, kind, from, to), 0);
      for (uint64_t at = from; at < to && at < LENGTH; at++)
        instants[at] = kind < instants[at] ? kind : instants[at];
    }
    for (int i = 0; i < LENGTH; i++)
      expected[instants[i]]++;
    assert_int_equal(uvt_spent_sum(&spent, LENGTH, parts, together), 0);
    assert_memory_equal(parts, expected, sizeof parts);
    uvt_spent_clear(&spent);
  }
}

/* A request that lasts for ever: memory is bounded, and the parts still sum up to the whole. */
static void test_spent_is_bounded(void **state)
{
  (void)state;
  enum { ROUNDS = 100000 };
  struct uvt_spent spent;
  uint64_t parts[UVT_SPENT_KINDS];
  uint64_t together[UVT_SPENT_GIVEN];
  uvt_spent_begin(&spent, 0);
  for (uint64_t i = 0; i < ROUNDS; i++) {
    assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_POOL_WORK, 10 * i, 10 * i + 4), 0);
    assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_RUNNING, 10 * i + 3, 10 * i + 5), 0);
    assert_true(spent.count <= UVT_SPENT_MOST);
  }
  assert_false(spent.rounded);
  assert_int_equal(uvt_spent_add(&spent, UVT_SPENT_RUNNING, 0, 10), 0); /* too late to count */
  assert_true(spent.rounded);
  assert_int_equal(uvt_spent_sum(&spent, 10 * ROUNDS, parts, together), 0);
  assert_int_equal(parts[UVT_SPENT_RUNNING], 2 * ROUNDS);
  assert_int_equal(parts[UVT_SPENT_POOL_WORK], 3 * ROUNDS);
  assert_int_equal(parts[UVT_SPENT_OUTSIDE], 5 * ROUNDS);
  assert_int_equal(together[UVT_SPENT_POOL_WORK], 4 * ROUNDS);
  uvt_spent_clear(&spent);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_spent_first_kind_wins),
      cmocka_unit_test(test_spent_nothing_is_outside),
      cmocka_unit_test(test_spent_against_instants),
      cmocka_unit_test(test_spent_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

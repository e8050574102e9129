/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "costs/histogram.h"

static uint64_t random_state = 88172645463325252U;

static uint64_t next_random(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static void test_histogram_empty(void **state)
{
  (void)state;
  struct uvt_histogram histogram = {0};
  size_t cursor = 0;
  uint64_t highest;
  assert_int_equal(uvt_histogram_percentile(&histogram, 99), 0);
  assert_int_equal(uvt_histogram_next(&histogram, &cursor, &highest), 0);
  uvt_histogram_clear(&histogram);
}

static void test_histogram_small_values_are_exact(void **state)
{
  (void)state;
  struct uvt_histogram histogram = {0};
  for (uint64_t i = 1; i <= 200; i++)
    assert_int_equal(uvt_histogram_add(&histogram, i), 0);
  assert_int_equal(uvt_histogram_percentile(&histogram, 50), 100);
  assert_int_equal(uvt_histogram_percentile(&histogram, 99), 198);
  assert_int_equal(uvt_histogram_percentile(&histogram, 100), 200);
  assert_int_equal(histogram.total, 20100);
  uvt_histogram_clear(&histogram);
}

static void test_histogram_limits(void **state)
{
  (void)state;
  static const uint64_t values[] = {0, 255, 256, 257, UINT64_C(1) << 53, UINT64_MAX};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    struct uvt_histogram histogram = {0};
    size_t cursor = 0;
    uint64_t highest;
    assert_int_equal(uvt_histogram_add(&histogram, values[i]), 0);
    assert_int_equal(uvt_histogram_next(&histogram, &cursor, &highest), 1);
    assert_true(highest >= values[i]);
    assert_true(highest - values[i] <= values[i] / 128);
    assert_int_equal(uvt_histogram_next(&histogram, &cursor, &highest), 0);
    assert_true(uvt_histogram_percentile(&histogram, 50) == values[i]); /* never above the greatest */
    uvt_histogram_clear(&histogram);
  }
}

static int compare(const void *left, const void *right)
{
  const uint64_t *a = left;
  const uint64_t *b = right;
  return (*a > *b) - (*a < *b);
}

/* Percentiles lie at most 1/128 above those of the values themselves, never below. */
static void test_histogram_against_sorted_values(void **state)
{
  (void)state;
  enum { COUNT = 20000 };
  static uint64_t values[COUNT];
  struct uvt_histogram histogram = {0};
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t shift = next_random() % 60;
    values[i] = next_random() >> shift;
    assert_int_equal(uvt_histogram_add(&histogram, values[i]), 0);
  }
  qsort(values, COUNT, sizeof values[0], compare);
  for (int percent = 1; percent <= 100; percent++) {
    uint64_t exact = values[(size_t)percent * COUNT / 100 - 1];
    uint64_t told = uvt_histogram_percentile(&histogram, percent);
    assert_true(told >= exact);
    assert_true(told - exact <= exact / 128);
  }
  assert_int_equal(histogram.count, COUNT);
  uvt_histogram_clear(&histogram);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_histogram_empty),
      cmocka_unit_test(test_histogram_small_values_are_exact),
      cmocka_unit_test(test_histogram_limits),
      cmocka_unit_test(test_histogram_against_sorted_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

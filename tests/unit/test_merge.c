/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "trace/merge.h"

enum { STREAMS = 37, STEPS = 20000 };

static void the_earliest_comes_first_and_of_equals_the_smallest_number(void **state)
{
  (void)state;
  int64_t times[STREAMS];
  struct uvt_merge merge;
  assert_true(uvt_merge_init(&merge, STREAMS));
  srand(1);
  for (size_t i = 0; i < STREAMS; i++) {
    times[i] = rand() % 10;
    uvt_merge_add(&merge, i, &times[i]);
  }
  int64_t last = INT64_MIN;
  for (int step = 0; step < STEPS && merge.count; step++) {
    size_t first = uvt_merge_first(&merge), second = uvt_merge_second(&merge);
    for (size_t i = 0; i < merge.count; i++) {
      size_t other = merge.heap[i];
      assert_true(other == first || uvt_merge_is_earlier(&merge, first, other));
      assert_true(other == first || other == second || uvt_merge_is_earlier(&merge, second, other));
    }
    assert_true(times[first] >= last);
    last = times[first];
    times[first] += rand() % 3;
    if (rand() % 400 == 0)
      uvt_merge_end_first(&merge);
    else
      uvt_merge_settle(&merge);
  }
  uvt_merge_clear(&merge);
}

static void one_stream_is_its_own_second(void **state)
{
  (void)state;
  int64_t time = 5;
  struct uvt_merge merge;
  assert_true(uvt_merge_init(&merge, 1));
  uvt_merge_add(&merge, 0, &time);
  assert_int_equal(uvt_merge_first(&merge), 0);
  assert_int_equal(uvt_merge_second(&merge), 0);
  uvt_merge_end_first(&merge);
  assert_int_equal(merge.count, 0);
  uvt_merge_clear(&merge);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_earliest_comes_first_and_of_equals_the_smallest_number),
      cmocka_unit_test(one_stream_is_its_own_second),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/code_regions.h"

enum { MEMORY = 400, ROUNDS = 20000 };

static void add(struct uvt_code_regions *regions, uint64_t start, uint64_t end, uint32_t what)
{
  struct uvt_code_region region = {.start = start, .end = end, .what = what};
  assert_int_equal(uvt_code_regions_add(regions, &region), 0);
}

static uint32_t what_at(const struct uvt_code_regions *regions, uint64_t address)
{
  const struct uvt_code_region *region = uvt_code_regions_find(regions, address);
  return region ? region->what : 0;
}

static void test_region_takes_the_place_of_what_it_overlaps(void **state)
{
  (void)state;
  struct uvt_code_regions regions = {0};
  add(&regions, 100, 200, 1);
  add(&regions, 200, 300, 2);
  add(&regions, 300, 400, 3);
  add(&regions, 250, 310, 4);
  assert_int_equal(what_at(&regions, 99), 0);
  assert_int_equal(what_at(&regions, 100), 1);
  assert_int_equal(what_at(&regions, 199), 1);
  assert_int_equal(what_at(&regions, 200), 0);
  assert_int_equal(what_at(&regions, 250), 4);
  assert_int_equal(what_at(&regions, 309), 4);
  assert_int_equal(what_at(&regions, 310), 0);
  assert_int_equal(regions.count, 2);
  uvt_code_regions_clear(&regions);
}

static void test_region_without_extent_is_none(void **state)
{
  (void)state;
  struct uvt_code_regions regions = {0};
  add(&regions, 100, 100, 1);
  add(&regions, 100, 50, 2);
  assert_int_equal(regions.count, 0);
  assert_null(uvt_code_regions_find(&regions, UINT64_MAX));
  add(&regions, UINT64_MAX - 10, UINT64_MAX, 3);
  assert_int_equal(what_at(&regions, UINT64_MAX - 1), 3);
  uvt_code_regions_clear(&regions);
}

static void forget(uint32_t *owner, uint32_t what)
{
  for (size_t i = 0; i < MEMORY; i++) {
    if (owner[i] == what)
      owner[i] = 0;
  }
}

static void test_regions_are_as_a_list_of_owners(void **state)
{
  (void)state;
  uint32_t owner[MEMORY] = {0};
  struct uvt_code_regions regions = {0};
  srand(7);
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    size_t start = (size_t)rand() % (MEMORY - 1);
    size_t end = start + 1 + (size_t)rand() % 20;
    end = end < MEMORY ? end : MEMORY;
    for (size_t i = start; i < end; i++) {
      if (owner[i])
        forget(owner, owner[i]);
      owner[i] = round;
    }
    add(&regions, start, end, round);
    size_t probe = (size_t)rand() % MEMORY;
    assert_int_equal(what_at(&regions, probe), owner[probe]);
  }
  uvt_code_regions_clear(&regions);
  assert_null(uvt_code_regions_find(&regions, 1));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_region_takes_the_place_of_what_it_overlaps),
      cmocka_unit_test(test_region_without_extent_is_none),
      cmocka_unit_test(test_regions_are_as_a_list_of_owners),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

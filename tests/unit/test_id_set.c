/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "id_map.h"
#include "id_set.h"

static uint64_t next_random(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static size_t bytes_of(const struct uvt_id_set *set)
{
  size_t bytes = 0;
  for (int level = 0; level < UVT_ID_SET_LEVELS; level++)
    bytes += set->level[level].capacity * set->level[level].stride;
  return bytes;
}

static void test_id_set_dense_stays_small(void **state)
{
  (void)state;
  struct uvt_id_set set;
  uvt_id_set_init(&set);
  for (uint64_t id = 1; id <= 3000000; id++)
    assert_int_equal(uvt_id_set_add(&set, id), 1);
  assert_int_equal(uvt_id_set_add(&set, 1), 0);
  assert_int_equal(uvt_id_set_add(&set, 2999999), 0);
  assert_true(uvt_id_set_has(&set, 3000000));
  assert_false(uvt_id_set_has(&set, 3000001));
  assert_false(uvt_id_set_has(&set, 0));
  assert_true(bytes_of(&set) < 8192);
  uvt_id_set_clear(&set);
}

static void test_id_set_disturbed_order_stays_small(void **state)
{
  (void)state;
  struct uvt_id_set set;
  uvt_id_set_init(&set);
  for (uint64_t id = 1; id <= 3000000; id += 1000) { /* a thousand at a time, backwards */
    for (uint64_t back = 1000; back--;)
      assert_int_equal(uvt_id_set_add(&set, id + back), 1);
  }
  for (uint64_t id = 3000001; id <= 4000000; id += 2) {
    assert_int_equal(uvt_id_set_add(&set, id + 1), 1);
    assert_false(uvt_id_set_has(&set, id));
    assert_int_equal(uvt_id_set_add(&set, id), 1);
  }
  for (uint64_t id = 1; id <= 4000000; id++)
    assert_int_equal(uvt_id_set_add(&set, id), 0);
  assert_false(uvt_id_set_has(&set, 4000001));
  assert_true(bytes_of(&set) < 8192);
  uvt_id_set_clear(&set);
}

static void test_id_set_with_gaps_costs_a_bit_each(void **state)
{
  (void)state;
  struct uvt_id_set set;
  uvt_id_set_init(&set);
  for (uint64_t id = 0; id < 3000000; id += 3)
    assert_int_equal(uvt_id_set_add(&set, id), 1);
  for (uint64_t id = 0; id < 3000000; id++)
    assert_int_equal(uvt_id_set_has(&set, id), id % 3 == 0);
  assert_true(bytes_of(&set) < 2000000);
  uvt_id_set_clear(&set);
}

static void test_id_set_any_order_is_exact(void **state)
{
  (void)state;
  enum { COUNT = 20000 };
  struct uvt_id_set set;
  uvt_id_set_init(&set);
  unsigned char *expected = calloc(COUNT, 1);
  assert_non_null(expected);
  uint64_t random = 42;
  for (int i = 0; i < 3 * COUNT; i++) {
    uint64_t id = next_random(&random) % COUNT;
    assert_int_equal(uvt_id_set_add(&set, id), !expected[id]);
    expected[id] = 1;
  }
  for (uint64_t id = 0; id < COUNT; id++)
    assert_int_equal(uvt_id_set_has(&set, id), expected[id]);
  free(expected);
  uvt_id_set_clear(&set);
}

static void test_id_set_largest_ids(void **state)
{
  (void)state;
  struct uvt_id_set set;
  uvt_id_set_init(&set);
  uint64_t top = (UINT64_C(1) << 53) - 1;
  for (uint64_t id = top; id > top - 2000; id--)
    assert_int_equal(uvt_id_set_add(&set, id), 1);
  assert_true(uvt_id_set_has(&set, top));
  assert_false(uvt_id_set_has(&set, top - 2000));
  uvt_id_set_clear(&set);
}

static void test_id_map_add_remove_is_exact(void **state)
{
  (void)state;
  enum { COUNT = 500 };
  struct uvt_id_map map;
  uvt_id_map_init(&map, sizeof(uint32_t));
  uint32_t expected[COUNT] = {0};
  uint64_t random = 7;
  for (int i = 0; i < 100000; i++) {
    uint64_t id = next_random(&random) % COUNT;
    if (next_random(&random) & 1) {
      uint32_t *value = uvt_id_map_add(&map, id);
      assert_non_null(value);
      assert_int_equal(*value, expected[id]);
      *value = expected[id] = (uint32_t)i + 1;
    } else {
      uvt_id_map_remove(&map, id);
      expected[id] = 0;
    }
  }
  size_t present = 0;
  for (uint64_t id = 0; id < COUNT; id++) {
    const uint32_t *value = uvt_id_map_find(&map, id);
    assert_int_equal(value ? *value : 0, expected[id]);
    present += value != NULL;
  }
  assert_int_equal(present, map.count);
  size_t cursor = 0;
  size_t seen = 0;
  uint64_t id;
  const uint32_t *value;
  for (; (value = uvt_id_map_next(&map, &cursor, &id)); seen++)
    assert_int_equal(*value, expected[id]);
  assert_int_equal(seen, present);
  uvt_id_map_clear(&map);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_id_set_dense_stays_small),
      cmocka_unit_test(test_id_set_disturbed_order_stays_small),
      cmocka_unit_test(test_id_set_with_gaps_costs_a_bit_each),
      cmocka_unit_test(test_id_set_any_order_is_exact),
      cmocka_unit_test(test_id_set_largest_ids),
      cmocka_unit_test(test_id_map_add_remove_is_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

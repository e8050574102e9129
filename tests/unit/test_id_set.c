/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/id_map.h"
#include "base/id_set.h"

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
    bytes +=
        set->level[level].capacity * set->level[level].stride + set->level[level].slots * sizeof(uint32_t);
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

/* IDs chosen by one who knows the program: any that fall on one place with a hash that has no secret. */
struct hostile {
  uint64_t first, step;
};

static uint64_t multiplicative_hash(uint64_t key)
{
  uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
  return (hash ^ (hash >> 32)) & 0xffff;
}

static void expect_short_runs(const uint64_t secret[2], const uint64_t *ids, size_t count)
{
  struct uvt_id_map map;
  uvt_id_map_init(&map, sizeof(uint64_t));
  if (secret)
    memcpy(map.secret, secret, sizeof map.secret);
  for (size_t i = 0; i < count; i++)
    assert_non_null(uvt_id_map_add(&map, ids[i]));
  uint64_t looks = 0;
  for (size_t i = 0; i < count; i++)
    looks += uvt_id_map_looks(&map, ids[i]) + uvt_id_map_looks(&map, ids[i] + 1);
  assert_in_range(looks, count, 24 * count); /* 11 of three quarters full by chance */
  uvt_id_map_clear(&map);
}

/* The IDs of all rows, and those that a hash without a secret puts on four places. */
static void expect_ids_spread(const uint64_t secret[2])
{
  enum { COUNT = 3000 }; /* three quarters of 4096 slots, nearly: as full as a map gets */
  static const struct hostile rows[] = {{1, 1},
                                        {1, UINT64_C(1) << 20},
                                        {1, UINT64_C(1) << 32},
                                        {7, UINT64_C(1) << 39},
                                        {1, UINT64_C(0xf1de83e19937733d)}, /* undoes the golden ratio */
                                        {1, UINT64_C(0x9e3779b97f4a7c15)}};
  static uint64_t ids[COUNT];
  for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    for (size_t i = 0; i < COUNT; i++)
      ids[i] = rows[row].first + i * rows[row].step;
    expect_short_runs(secret, ids, COUNT);
  }
  static uint64_t near[COUNT];
  static size_t count;
  for (uint64_t id = 1; count < COUNT; id++) {
    if (multiplicative_hash(id + 1) < 16)
      near[count++] = id;
  }
  expect_short_runs(secret, near, COUNT);
}

/* With this process's secret, with odd ones, and with many at random: none may be a bad one. */
static void test_id_map_hostile_ids_cost_as_others(void **state)
{
  (void)state;
  static const uint64_t odd[][2] = {{0, 0}, {0, 1}, {1, 0}, {UINT64_MAX, UINT64_MAX}, {0, UINT64_C(1) << 63}};
  expect_ids_spread(NULL);
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
    expect_ids_spread(odd[i]);
  uint64_t random = (uint64_t)time(NULL);
  print_message("secrets from seed %" PRIu64 "\n", random);
  for (int i = 0; i < 300; i++) {
    uint64_t secret[2] = {next_random(&random), next_random(&random)};
    expect_ids_spread(secret);
  }
}

static int compare_hashes(const void *left, const void *right)
{
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

/* Texts that differ in one bit, in their length or in where one ends and the next begins. */
static void test_hash_tells_texts_apart(void **state)
{
  (void)state;
  enum { LENGTH = 64 };
  static uint64_t hashes[9 * LENGTH * LENGTH];
  size_t count = 0;
  for (size_t length = 1; length < LENGTH; length++) {
    unsigned char text[LENGTH] = {0};
    hashes[count++] = uvt_hash_bytes(0, text, length);
    hashes[count++] = uvt_hash_bytes(uvt_hash_bytes(0, text, length), text, LENGTH - length);
    for (size_t bit = 0; bit < 8 * length; bit++) {
      text[bit / 8] ^= (unsigned char)(1u << bit % 8);
      hashes[count++] = uvt_hash_bytes(0, text, length);
      text[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
  }
  qsort(hashes, count, sizeof *hashes, compare_hashes);
  for (size_t i = 1; i < count; i++)
    assert_true(hashes[i] != hashes[i - 1]);
  assert_true(hashes[0] && hashes[count - 1] <= UINT64_C(1) << 63);
  /* The same by FNV-1a, which has no secret. */
  assert_true(uvt_hash_text(0, "8yn0iYCKYHlIj4-BwPqk") != uvt_hash_text(0, "GReLUrM4wMqfg9yzV3KQ"));
}

/* Whatever the secret: the same input gives the same output. */
static void test_id_map_order_is_that_of_adding(void **state)
{
  (void)state;
  enum { COUNT = 1000 };
  struct uvt_id_map map;
  uvt_id_map_init(&map, sizeof(uint32_t));
  for (uint64_t i = 0; i < COUNT; i++)
    assert_non_null(uvt_id_map_add(&map, i * 7919 % 10007));
  size_t cursor = 0;
  uint64_t id;
  for (uint64_t i = 0; uvt_id_map_next(&map, &cursor, &id); i++)
    assert_int_equal(id, i * 7919 % 10007);
  assert_int_equal(cursor, COUNT);
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
      cmocka_unit_test(test_id_map_hostile_ids_cost_as_others),
      cmocka_unit_test(test_hash_tells_texts_apart),
      cmocka_unit_test(test_id_map_order_is_that_of_adding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

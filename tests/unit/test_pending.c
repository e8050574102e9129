/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stream/pending.h"

/* The least it keeps in memory: four pages of 512 operations. */
enum { RESIDENT = 4 * 512 };

static void test_chain_beyond_memory_comes_back_in_order(void **state)
{
  (void)state;
  enum { LENGTH = 50 * RESIDENT };
  struct uvt_pending *pending = uvt_pending_create(0);
  uint64_t slot = 0;
  for (uint64_t i = 1; i <= LENGTH; i++) {
    slot = uvt_pending_add(pending, i, 2 * i, slot);
    assert_int_not_equal(slot, 0);
  }
  assert_int_equal(uvt_pending_count(pending), LENGTH);
  for (uint64_t i = LENGTH; i; i--) {
    struct uvt_pending_operation *operation = uvt_pending_get(pending, slot);
    assert_non_null(operation);
    assert_int_equal(operation->operation_id, i);
    assert_int_equal(operation->link_id, 2 * i);
    uint64_t parent = operation->parent;
    uvt_pending_remove(pending, slot);
    slot = parent;
  }
  assert_int_equal(slot, 0);
  assert_int_equal(uvt_pending_count(pending), 0);
  assert_int_equal(uvt_pending_status(pending), 0);
  uvt_pending_destroy(pending);
}

static void test_changes_survive_the_file(void **state)
{
  (void)state;
  struct uvt_pending *pending = uvt_pending_create(0);
  uint64_t first = uvt_pending_add(pending, 1, 1, 0);
  uvt_pending_get(pending, first)->children = 7;
  uvt_pending_get(pending, first)->flags = UVT_PENDING_EXECUTED;
  for (uint64_t i = 2; i < 10 * RESIDENT; i++)
    uvt_pending_add(pending, i, i, 0);
  assert_int_equal(uvt_pending_get(pending, first)->children, 7);
  assert_int_equal(uvt_pending_get(pending, first)->flags, UVT_PENDING_EXECUTED);
  uvt_pending_destroy(pending);
}

/* Against a plain array: operations added and removed at random, far more than stay in memory. */
static void test_random_use_keeps_all(void **state)
{
  (void)state;
  enum { PLACES = 8 * RESIDENT, STEPS = 300000 };
  struct uvt_pending *pending = uvt_pending_create(0);
  uint64_t *slots = calloc(PLACES, sizeof *slots);
  uint64_t live = 0;
  unsigned seed = 1;
  for (uint64_t step = 0; step < STEPS; step++) {
    size_t place = (size_t)rand_r(&seed) % PLACES;
    if (!slots[place]) {
      slots[place] = uvt_pending_add(pending, place, step, 0);
      live++;
    } else {
      assert_int_equal(uvt_pending_get(pending, slots[place])->operation_id, place);
      uvt_pending_remove(pending, slots[place]);
      slots[place] = 0;
      live--;
    }
    assert_int_equal(uvt_pending_count(pending), live);
  }
  for (size_t place = 0; place < PLACES; place++) {
    if (slots[place])
      assert_int_equal(uvt_pending_get(pending, slots[place])->operation_id, place);
  }
  free(slots);
  uvt_pending_destroy(pending);
}

static void test_bad_tmpdir_is_passed_over(void **state)
{
  (void)state;
  struct uvt_pending *pending = uvt_pending_create(0);
  setenv("TMPDIR", "/dev/full/nowhere", 1); /* then the next folders are tried */
  uint64_t slot = 1;
  for (int i = 0; i < 2 * RESIDENT && slot; i++)
    slot = uvt_pending_add(pending, 1, 1, 0);
  assert_int_not_equal(slot, 0);
  unsetenv("TMPDIR");
  uvt_pending_destroy(pending);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_chain_beyond_memory_comes_back_in_order),
      cmocka_unit_test(test_changes_survive_the_file),
      cmocka_unit_test(test_random_use_keeps_all),
      cmocka_unit_test(test_bad_tmpdir_is_passed_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "trace/family.h"

enum { PROCESSES = 40, FIRST_PID = 100 };

static const char *const sessions[] = {"", "ours", "another"};

/* Processes at random, each with a parent among those before it or one that is not in the trace; held against
 * a plain count of who belongs. */
static void check_family(unsigned seed, bool by_record)
{
  bool belongs[PROCESSES] = {0};
  struct uvt_family family;
  uvt_family_init(&family);
  for (int i = 0; i < PROCESSES; i++) {
    int parent = rand_r(&seed) % (i + 1); /* i: not in the trace */
    unsigned session = (unsigned)rand_r(&seed) % 3;
    bool orphan = parent < i && rand_r(&seed) % 3 == 0; /* its parent has ended, but had said whom it made */
    if (orphan && belongs[parent])
      uvt_family_add(&family, 1, FIRST_PID + i);
    struct uvt_record record = {.kind = UVT_RECORD_process, .session = "ours", .by_record = by_record};
    record.process.pid = FIRST_PID + i;
    record.process.parent_pid = parent < i && !orphan ? FIRST_PID + parent : 1;
    record.process.session = sessions[session];
    belongs[i] = session == 1 || (session == 0 && (!by_record || (parent < i && belongs[parent])));
    if (uvt_family_has(&family, 1, &record) != belongs[i])
      fail_msg("process %d of session \"%s\", parent %d", i, sessions[session], parent);
  }
  uvt_family_clear(&family);
}

static void test_who_says_nothing_belongs_where_its_parent_does(void **state)
{
  (void)state;
  for (unsigned seed = 1; seed <= 300; seed++) {
    if (seed % 100 == 1)
      print_message("seeds from %u\n", seed);
    check_family(seed, seed % 3);
  }
}

static void test_pids_are_of_a_host(void **state)
{
  (void)state;
  struct uvt_family family;
  struct uvt_record record = {.kind = UVT_RECORD_process, .session = "ours", .by_record = true};
  record.process.pid = 7;
  record.process.session = "";
  uvt_family_init(&family);
  uvt_family_add(&family, 1, 7);
  assert_true(uvt_family_has(&family, 1, &record));
  assert_false(uvt_family_has(&family, 2, &record));
  family.everybody = true;
  assert_true(uvt_family_has(&family, 2, &record));
  uvt_family_clear(&family);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_who_says_nothing_belongs_where_its_parent_does),
      cmocka_unit_test(test_pids_are_of_a_host),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

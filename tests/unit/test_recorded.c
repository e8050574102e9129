/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "launch/recorded.h"
#include "trace/trace_source.h"

static uint64_t to_read; /* how many records the stand-in for the reader has */
static uint64_t lost;    /* one more tells that so many could not be made; 0: there is none */
static uint64_t since;   /* what they say at last of others to come */

static bool stranger; /* a process ran meanwhile that has lost records, and announces some at the end */

static void give_stranger(struct uvt_trace_visitor *visitor)
{
  struct uvt_record record = {.kind = UVT_RECORD_process, .session = "ours", .by_record = true};
  record.process = (struct uvt_rec_process){.process = 2, .pid = 20, .session = ""};
  visitor->record(visitor, &record);
  record.kind = UVT_RECORD_lost;
  record.lost = (struct uvt_rec_lost){.process = 2, .count = 9};
  visitor->record(visitor, &record);
  record.kind = UVT_RECORD_waiting;
  record.waiting = (struct uvt_rec_waiting){.process = 2, .tid = 1, .since = 5};
  visitor->record(visitor, &record);
}

int uvt_trace_read(const char *source, struct uvt_trace_visitor *visitor, struct uvt_error *error)
{
  struct uvt_record record = {.kind = UVT_RECORD_link};
  (void)source;
  (void)error;
  for (uint64_t i = 0; i < to_read; i++) {
    if (visitor->record(visitor, &record))
      break;
  }
  if (lost) {
    record = (struct uvt_record){.kind = UVT_RECORD_lost, .lost = {.process = 1, .count = lost}};
    visitor->record(visitor, &record);
  }
  if (stranger)
    give_stranger(visitor);
  record.kind = UVT_RECORD_discarded;
  visitor->record(visitor, &record);
  record.kind = UVT_RECORD_waiting;
  record.waiting = (struct uvt_rec_waiting){.process = 1, .tid = 1, .since = 5};
  visitor->record(visitor, &record);
  record.waiting.since = since;
  visitor->record(visitor, &record);
  return 0;
}

static char folder[] = "/tmp/uvtree-recorded-XXXXXX";

static void write_file(const char *name, const void *bytes, size_t size)
{
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
}

/* An index of two packets, of 4096 bytes each. */
static void write_index(const char *name)
{
  struct {
    uint32_t header[4];
    uint64_t entries[2][9];
  } index = {.header = {htobe32(0xc1f1dcc1), htobe32(1), htobe32(1), htobe32(72)}};
  for (int i = 0; i < 2; i++) {
    index.entries[i][0] = htobe64((uint64_t)i * 4096);
    index.entries[i][1] = htobe64(4096 * 8);
  }
  write_file(name, &index, sizeof index);
}

static int make_trace(void **state)
{
  static const char packets[8192];
  char inner[128];
  snprintf(inner, sizeof inner, "%s/index", folder);
  mkdir(inner, 0777);
  write_file("metadata", packets, 100);
  write_file("uvtree_0", packets, sizeof packets);
  write_file("uvtree_1", packets, 0);
  write_index("index/uvtree_0.idx");
  write_file("index/uvtree_1.idx", "\xc1\xf1\xdc\xc1\0\0\0\1\0\0\0\1\0\0\0\x48", 16);
  to_read = 5000;
  (void)state;
  return 0;
}

static void complete(void **state)
{
  struct uvt_recorded recorded = uvt_recorded_look(folder, 1000);
  assert_int_equal(recorded.bytes, 8192);
  assert_false(recorded.truncated);
  assert_int_equal(recorded.records, 5000);
  assert_false(recorded.more);
  assert_false(recorded.awaited);
  assert_int_equal(recorded.unmade, 0);
  (void)state;
}

static void what_could_not_be_made(void **state)
{
  lost = 3;
  struct uvt_recorded recorded = uvt_recorded_look(folder, 1000);
  lost = 0;
  assert_int_equal(recorded.records, 5001);
  assert_int_equal(recorded.unmade, 3);
  (void)state;
}

static void what_was_announced_and_is_not_there(void **state)
{
  since = 7;
  struct uvt_recorded recorded = uvt_recorded_look(folder, 1000);
  assert_int_equal(recorded.records, 5000);
  assert_true(recorded.awaited);
  since = 0;
  (void)state;
}

static void what_others_have_lost_is_not_counted(void **state)
{
  stranger = true;
  struct uvt_recorded recorded = uvt_recorded_look(folder, 1000);
  stranger = false;
  assert_int_equal(recorded.records, 5000);
  assert_int_equal(recorded.unmade, 0);
  assert_false(recorded.awaited);
  (void)state;
}

static void counts_no_longer_than_it_may(void **state)
{
  to_read = UINT64_MAX;
  struct uvt_recorded recorded = uvt_recorded_look(folder, 20);
  assert_true(recorded.more);
  assert_true(recorded.records > 0);
  (void)state;
}

/* What a write that failed leaves: fewer bytes than the index says, or a packet at no known place. */
static void cut_short(void **state)
{
  char path[128];
  snprintf(path, sizeof path, "%s/uvtree_0", folder);
  assert_int_equal(truncate(path, 5000), 0);
  assert_true(uvt_recorded_look(folder, 0).truncated);
  (void)state;
}

static void no_index(void **state)
{
  char path[128];
  snprintf(path, sizeof path, "%s/index/uvtree_0.idx", folder);
  unlink(path);
  assert_false(uvt_recorded_look(folder, 1000).truncated);
  (void)state;
}

static void nothing_there(void **state)
{
  struct uvt_recorded recorded = uvt_recorded_look("/no/such/folder", 1000);
  assert_int_equal(recorded.bytes, 0);
  assert_false(recorded.truncated || recorded.disk_full);
  assert_int_equal(recorded.records, 0);
  (void)state;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(complete, make_trace),
      cmocka_unit_test_setup(what_could_not_be_made, make_trace),
      cmocka_unit_test_setup(what_was_announced_and_is_not_there, make_trace),
      cmocka_unit_test_setup(what_others_have_lost_is_not_counted, make_trace),
      cmocka_unit_test_setup(counts_no_longer_than_it_may, make_trace),
      cmocka_unit_test_setup(cut_short, make_trace),
      cmocka_unit_test_setup(no_index, make_trace),
      cmocka_unit_test(nothing_there),
  };
  char command[128];
  if (!mkdtemp(folder))
    return 1;
  int result = cmocka_run_group_tests(tests, NULL, NULL);
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) ? 1 : result;
}

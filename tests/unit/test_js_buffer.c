/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "announce.h"
#include "env.h"
#include "js_buffer.h"

/* ---- The rest of the injected object ---- */

struct uvt_env uvt_env = {.batch = 1};
uint32_t uvt_process = 42;
__thread struct uvt_thread uvt_thread __attribute__((tls_model("initial-exec"), visibility("hidden")));

uint64_t uvt_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What was written: execute IDs in their order, times and batches. */
static struct written {
  uint32_t batches, records, plain;
  uint64_t ids[100000], times[100000];
} written;

static void write_batch(const struct uvt_rec_js_batch *batch)
{
  assert_int_equal(batch->process, 42);
  uint32_t records = written.records;
  for (uint32_t i = 0; i < batch->words.count; i += uvt_js_size(batch->words.at[i])) {
    union uvt_js_record record = {0};
    enum uvt_js_op op = uvt_js_unpack(batch, &batch->words.at[i], &record);
    written.ids[records] = op == UVT_JS_OP_end ? record.end.execute_id : record.cause.execute_id;
    written.times[records++] = uvt_js_time(batch, batch->words.at[i]);
  }
  written.batches++;
  __atomic_store_n(&written.records, records, __ATOMIC_RELEASE);
}

static void write_end(const struct uvt_rec_execute_end *record)
{
  written.ids[written.records++] = record->execute_id;
  written.plain++;
}

static const struct uvt_emit emit = {.js_batch = write_batch, .execute_end = write_end};
const struct uvt_emit *uvt_emit = &emit;

/* ---- */

static int set_up(void **state)
{
  (void)state;
  memset(&written, 0, sizeof written);
  return uvt_js_buffer_create(&uvt_thread) ? 0 : -1;
}

static int set_up_plain(void **state)
{
  uvt_env.batch = 0;
  int status = set_up(state);
  uvt_env.batch = 1;
  return status;
}

static int tear_down(void **state)
{
  (void)state;
  uvt_js_buffer_destroy(&uvt_thread);
  return 0;
}

static void append_end(uint64_t id)
{
  uvt_js_append(&uvt_thread, UVT_JS_OP_end, 0, id, 0);
  uvt_js_append_end(&uvt_thread, 1, false);
}

static void hold_cause(uint64_t id)
{
  uvt_js_append(&uvt_thread, UVT_JS_OP_cause, 0, id, 0)[1] = 1;
  uvt_js_append_end(&uvt_thread, 2, true);
}

static void records_are_written_in_order_when_flushed(void **state)
{
  (void)state;
  uint64_t before = uvt_now();
  append_end(1);
  append_end(2);
  assert_true(uvt_thread.js_waits);
  uvt_js_buffer_flush(&uvt_thread);
  uint64_t after = uvt_now();
  assert_false(uvt_thread.js_waits);
  assert_int_equal(written.records, 2);
  assert_int_equal(written.ids[0], 1);
  assert_int_equal(written.ids[1], 2);
  assert_in_range(written.times[0], before, written.times[1]);
  assert_in_range(written.times[1], written.times[0], after);
}

static void a_full_buffer_is_written(void **state)
{
  (void)state;
  enum { MANY = 50000 };
  for (uint64_t i = 0; i < MANY; i++)
    append_end(i);
  uvt_js_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, MANY);
  for (uint64_t i = 0; i < MANY; i++)
    assert_int_equal(written.ids[i], i);
  assert_in_range(written.batches, MANY / UVT_JS_BUFFER_WORDS, MANY);
}

static void ids_of_more_than_32_bits_come_through(void **state)
{
  (void)state;
  const uint64_t ids[] = {1, UINT64_C(1) << 32, 0xffffffff, UINT64_C(0x123456789a)};
  for (size_t i = 0; i < 4; i++)
    append_end(ids[i]);
  uvt_js_buffer_flush(&uvt_thread);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(written.ids[i], ids[i]);
}

static void what_is_held_can_be_dropped(void **state)
{
  (void)state;
  append_end(1);
  hold_cause(2);
  uvt_js_buffer_drop(&uvt_thread);
  hold_cause(3);
  append_end(4);
  uvt_js_buffer_drop(&uvt_thread);
  hold_cause(5);
  uvt_js_buffer_flush(&uvt_thread);
  const uint64_t ids[] = {1, 3, 4, 5};
  assert_int_equal(written.records, 4);
  assert_memory_equal(written.ids, ids, sizeof ids);
}

static void a_signal_handler_does_not_write_into_an_append(void **state)
{
  (void)state;
  append_end(1);
  uvt_js_append(&uvt_thread, UVT_JS_OP_end, 0, 2, 0);
  uvt_js_buffer_flush(&uvt_thread); /* as from a handler that came here */
  assert_int_equal(written.records, 0);
  uvt_js_append_end(&uvt_thread, 1, false);
  uvt_js_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, 2);
}

static void what_waits_is_written_by_the_drainer(void **state)
{
  (void)state;
  append_end(1);
  while (!__atomic_load_n(&written.records, __ATOMIC_ACQUIRE))
    usleep(1000);
  append_end(2);
  uvt_js_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, 2);
  assert_int_equal(written.ids[1], 2);
}

static void plain_records_are_written_one_by_one(void **state)
{
  (void)state;
  append_end(1);
  append_end(2);
  assert_int_equal(written.plain, 2);
  assert_int_equal(written.batches, 0);
}

static void a_forked_child_does_not_tell_what_is_the_parents(void **state)
{
  (void)state;
  append_end(1);
  pid_t child = fork();
  if (!child) {
    written.records = 0;
    uvt_js_buffer_after_fork_child(&uvt_thread);
    append_end(2);
    uvt_js_buffer_flush(&uvt_thread);
    _exit(written.records == 1 && written.ids[0] == 2 ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(records_are_written_in_order_when_flushed),
      TEST(a_full_buffer_is_written),
      TEST(ids_of_more_than_32_bits_come_through),
      TEST(what_is_held_can_be_dropped),
      TEST(a_signal_handler_does_not_write_into_an_append),
      TEST(what_waits_is_written_by_the_drainer),
      cmocka_unit_test_setup_teardown(plain_records_are_written_one_by_one, set_up_plain, tear_down),
      TEST(a_forked_child_does_not_tell_what_is_the_parents),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

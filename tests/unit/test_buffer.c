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
#include "buffer.h"
#include "env.h"
#include "put.h"

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
  uint32_t batches, records, plain, counted, lost;
  uint64_t since;
  uint64_t of_batch;  /* of the last batch */
  uint64_t announced; /* the last that was not 0: the drainer takes `since` back whenever it comes */
  uint64_t ids[100000], times[100000];
} written;

static void note_since(uint64_t since)
{
  if (since)
    __atomic_store_n(&written.announced, since, __ATOMIC_RELEASE);
  __atomic_store_n(&written.since, since, __ATOMIC_RELEASE);
}

static void write_batch(const struct uvt_rec_batch *batch)
{
  assert_int_equal(batch->process, 42);
  assert_int_equal(batch->number, written.batches);
  assert_int_equal(batch->before, written.counted);
  uint32_t records = written.records;
  const uint64_t *words = batch->words.at;
  for (uint32_t i = 0, size; (size = uvt_batch_size(words + i, batch->words.count - i)) != 0; i += size) {
    written.ids[records] = (uint64_t)batch->execute_high << 32 | words[i] >> 32;
    written.times[records++] = uvt_batch_time(batch, words[i]);
  }
  written.counted += uvt_batch_count(&batch->words);
  note_since(batch->since);
  __atomic_store_n(&written.of_batch, batch->since, __ATOMIC_RELEASE);
  written.batches++;
  __atomic_store_n(&written.records, records, __ATOMIC_RELEASE);
}

static void write_end(const struct uvt_rec_execute_end *record)
{
  written.ids[written.records++] = record->execute_id;
  written.plain++;
}

static void write_detail(const struct uvt_rec_detail *record)
{
  assert_string_equal(record->text, record->link_id == 1 ? "" : "a text of some length");
  written.plain++;
}

/* Whether records are said to wait: from the first append on until they have been written. */
static void write_waiting(const struct uvt_rec_waiting *record)
{
  note_since(record->since);
}

static const struct uvt_emit emit = {
    .batch = write_batch, .waiting = write_waiting, .execute_end = write_end, .detail = write_detail};
const struct uvt_emit *uvt_emit = &emit;

void uvt_count_lost(uint64_t count)
{
  written.lost += (uint32_t)count;
}

void uvt_announce_end(void)
{
}

/* ---- */

static int set_up(void **state)
{
  (void)state;
  memset(&written, 0, sizeof written);
  return uvt_buffer_create(&uvt_thread) ? 0 : -1;
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
  uvt_buffer_release(&uvt_thread);
  return 0;
}

static void append_end(uint64_t id)
{
  uvt_put_execute_end(&uvt_thread, id, 0, false);
}

static void hold_link(uint64_t id)
{
  uvt_put_js_link(&uvt_thread, id, 1, 2, 3, 0, 0, true);
}

static void records_are_written_in_order_when_flushed(void **state)
{
  (void)state;
  uint64_t before = uvt_now();
  append_end(1);
  append_end(2);
  assert_in_range(__atomic_load_n(&written.announced, __ATOMIC_ACQUIRE), before, uvt_now());
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(__atomic_load_n(&written.since, __ATOMIC_ACQUIRE), 0);
  uint64_t after = uvt_now();
  assert_int_equal(written.records, 2);
  assert_int_equal(written.ids[0], 1);
  assert_int_equal(written.ids[1], 2);
  assert_in_range(written.times[0], before, written.times[1]);
  assert_in_range(written.times[1], written.times[0], after);
}

/* What is recorded alone in between has a time, too: no record after it may have an earlier one. */
static void no_record_is_earlier_than_the_last_flush(void **state)
{
  (void)state;
  enum { MANY = 20000 };
  for (uint64_t i = 0; i < MANY; i++) {
    uint64_t alone = uvt_now();
    for (uint64_t j = 0; j < i % 3 + 1; j++)
      append_end(i);
    uvt_buffer_flush(&uvt_thread);
    uint64_t next = uvt_now();
    for (uint64_t j = 0; j < i % 3 + 1; j++)
      assert_in_range(written.times[written.records - 1 - j], alone, next);
  }
}

static void a_full_buffer_is_written(void **state)
{
  (void)state;
  enum { MANY = 50000 };
  for (uint64_t i = 0; i < MANY; i++)
    append_end(i);
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, MANY);
  for (uint64_t i = 0; i < MANY; i++)
    assert_int_equal(written.ids[i], i);
  assert_in_range(written.batches, MANY / UVT_BUFFER_WORDS, MANY);
}

static void ids_of_more_than_32_bits_come_through(void **state)
{
  (void)state;
  const uint64_t ids[] = {1, UINT64_C(1) << 32, 0xffffffff, UINT64_C(0x123456789a)};
  for (size_t i = 0; i < 4; i++)
    append_end(ids[i]);
  uvt_buffer_flush(&uvt_thread);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(written.ids[i], ids[i]);
}

static void what_is_held_can_be_dropped(void **state)
{
  (void)state;
  append_end(1);
  hold_link(2);
  assert_true(uvt_buffer_drop(&uvt_thread));
  assert_false(uvt_buffer_drop(&uvt_thread));
  hold_link(3);
  append_end(4);
  assert_false(uvt_buffer_drop(&uvt_thread));
  hold_link(5);
  uvt_buffer_flush(&uvt_thread);
  const uint64_t ids[] = {1, 3, 4, 5};
  assert_int_equal(written.records, 4);
  assert_memory_equal(written.ids, ids, sizeof ids);
}

/* It has a time, and readers must not be told that what follows is later. */
static void what_is_held_is_not_denied_by_the_drainer(void **state)
{
  (void)state;
  append_end(1);
  hold_link(2);
  uint64_t held = uvt_now();
  while (!__atomic_load_n(&written.records, __ATOMIC_ACQUIRE))
    usleep(100);
  usleep(4 * UVT_DRAIN_MS * 1000);
  assert_int_equal(written.records, 1);
  assert_in_range(__atomic_load_n(&written.since, __ATOMIC_ACQUIRE), 1, held);
  append_end(3);
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, 3);
}

static void what_is_held_is_written_at_the_end(void **state)
{
  (void)state;
  append_end(1);
  hold_link(2);
  uvt_buffers_write();
  assert_int_equal(written.records, 2);
  assert_false(uvt_buffer_drop(&uvt_thread));
}

/* As from a handler that came in the middle: its record is written at once, and one that came in the middle
 * of that is counted. */
static void a_signal_handler_does_not_write_into_an_append(void **state)
{
  (void)state;
  append_end(1);
  uvt_append(&uvt_thread, UVT_BATCH_end, 0, 2, 0, 1);
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, 0);
  uvt_append(&uvt_thread, UVT_BATCH_end, 0, UINT64_C(0x300000003), 0, 1);
  append_end(4);
  uvt_appended(&uvt_thread, 1, false);
  uvt_put_detail(&uvt_thread, 1, "");
  uvt_appended(&uvt_thread, 1, false);
  assert_int_equal(written.plain, 1);
  assert_int_equal(written.ids[0], UINT64_C(0x300000003));
  assert_int_equal(written.lost, 2);
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, 3);
  assert_int_equal(written.ids[1], 1);
  assert_int_equal(written.ids[2], 2);
}

static void what_waits_is_written_by_the_drainer(void **state)
{
  (void)state;
  append_end(1);
  while (!__atomic_load_n(&written.records, __ATOMIC_ACQUIRE))
    usleep(1000);
  assert_true(__atomic_load_n(&written.of_batch, __ATOMIC_ACQUIRE)); /* the thread may go on */
  while (__atomic_load_n(&written.since, __ATOMIC_ACQUIRE))
    usleep(1000); /* until it is seen that it does not */
  uint64_t taken_back = uvt_now();
  append_end(2);
  assert_true(__atomic_load_n(&written.announced, __ATOMIC_ACQUIRE) >= taken_back);
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, 2);
  assert_int_equal(written.ids[1], 2);
}

/* Before the drainer itself has seen that no more comes. */
static void nothing_is_announced_any_more_when_all_is_written(void **state)
{
  (void)state;
  append_end(1);
  while (!__atomic_load_n(&written.records, __ATOMIC_ACQUIRE))
    usleep(100);
  uvt_buffers_write();
  assert_int_equal(__atomic_load_n(&written.since, __ATOMIC_ACQUIRE), 0);
}

static void nor_when_a_thread_has_ended(void **state)
{
  (void)state;
  append_end(1);
  while (!__atomic_load_n(&written.records, __ATOMIC_ACQUIRE))
    usleep(100);
  uvt_buffer_release(&uvt_thread);
  assert_int_equal(__atomic_load_n(&written.since, __ATOMIC_ACQUIRE), 0);
}

static void plain_records_are_written_one_by_one(void **state)
{
  (void)state;
  append_end(1);
  append_end(2);
  uvt_put_detail(&uvt_thread, 1, NULL);
  uvt_put_detail(&uvt_thread, 2, "a text of some length");
  assert_int_equal(written.plain, 4);
  assert_int_equal(written.batches, 0);
}

static void what_waits_is_written_before_an_exec(void **state)
{
  (void)state;
  append_end(1);
  uvt_buffers_write();
  assert_int_equal(written.records, 1);
  append_end(2);
  uvt_buffers_write();
  uvt_buffers_write();
  append_end(3);
  uvt_buffer_flush(&uvt_thread);
  const uint64_t ids[] = {1, 2, 3};
  assert_int_equal(written.records, 3);
  assert_memory_equal(written.ids, ids, sizeof ids);
}

static void a_forked_child_does_not_tell_what_is_the_parents(void **state)
{
  (void)state;
  append_end(1);
  pid_t child = fork();
  if (!child) {
    written.records = 0;
    uvt_buffers_after_fork_child(&uvt_thread);
    append_end(2);
    _exit(written.records == 1 && written.ids[0] == 2 && written.plain == 1 ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* In a child, as it is for good. */
static void at_the_end_all_is_written_and_then_each_at_once(void **state)
{
  (void)state;
  append_end(1);
  pid_t child = fork();
  if (!child) {
    uvt_buffers_end();
    append_end(2);
    _exit(written.batches == 1 && written.plain == 1 && written.ids[0] == 1 && written.ids[1] == 2 ? 0 : 1);
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
      TEST(no_record_is_earlier_than_the_last_flush),
      TEST(a_full_buffer_is_written),
      TEST(ids_of_more_than_32_bits_come_through),
      TEST(what_is_held_can_be_dropped),
      TEST(what_is_held_is_not_denied_by_the_drainer),
      TEST(what_is_held_is_written_at_the_end),
      TEST(a_signal_handler_does_not_write_into_an_append),
      TEST(what_waits_is_written_by_the_drainer),
      TEST(nothing_is_announced_any_more_when_all_is_written),
      TEST(nor_when_a_thread_has_ended),
      cmocka_unit_test_setup_teardown(plain_records_are_written_one_by_one, set_up_plain, tear_down),
      TEST(what_waits_is_written_before_an_exec),
      TEST(a_forked_child_does_not_tell_what_is_the_parents),
      TEST(at_the_end_all_is_written_and_then_each_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

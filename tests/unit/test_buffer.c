/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/env.h"
#include "recording/announce.h"
#include "recording/buffer.h"
#include "recording/put.h"

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

/* IDs from here on are those of signal handlers: what they append may be written before what waits. */
#define OF_HANDLER (UINT64_C(1) << 56)
static struct {
  uint32_t appended, written;
} handler;

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
    uint64_t id = (uint64_t)batch->execute_high << 32 | words[i] >> 32;
    if (id >= OF_HANDLER) {
      handler.written++;
      continue;
    }
    written.ids[records] = id;
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
  if (record->execute_id >= OF_HANDLER) {
    handler.written++;
    return;
  }
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
  uvt_put_js_link(&uvt_thread, id, id, 2, 3, 0, 0, true);
}

static bool drop_link(uint64_t id)
{
  return uvt_buffer_drop(&uvt_thread, UVT_BATCH_js_link, id);
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
  assert_false(drop_link(1));
  assert_true(drop_link(2));
  assert_false(drop_link(2));
  hold_link(3);
  append_end(4);
  assert_false(drop_link(3));
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
  assert_false(drop_link(2));
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

/* ---- Anything, in any order, against a model: the list of what must come out ---- */

static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((random_state >> 33) % limit);
}

static struct {
  uint64_t ids[100000];
  uint32_t count;
  uint64_t held; /* the last of them, while it may be dropped; 0: none */
  uint64_t last; /* ID that was given out */
} model;

static uint64_t append_to_model(bool hold)
{
  uint64_t id = model.last += below(64) ? 1 : UINT64_C(1) << 32; /* another high half: a new batch */
  model.ids[model.count++] = id;
  model.held = hold ? id : 0;
  return id;
}

static void append_something(void)
{
  static char text[UVT_BATCH_TEXT_MAX + 1];
  memset(text, 'x', 64);
  text[below(64)] = '\0';
  uint64_t id = append_to_model(false);
  switch (below(4)) {
  case 0:
    append_end(id);
    break;
  case 1:
    uvt_put_js_link(&uvt_thread, id, id, 2, 3, 0, 0, false);
    break;
  case 2:
    uvt_put_execute_begin(&uvt_thread, id, id, 0, 0, below(2) * 1000);
    break;
  default:
    uvt_put_blocking(&uvt_thread, id, 1, 2, 3, 0, text);
  }
}

static void hold_something(void)
{
  uint64_t id = append_to_model(true);
  if (below(2))
    hold_link(id);
  else
    uvt_put_execute_end(&uvt_thread, id, 0, true);
}

/* Of the held one, or of one that is not: only what is held goes. */
static void drop_something(void)
{
  enum uvt_batch_op op = below(2) ? UVT_BATCH_js_link : UVT_BATCH_end;
  uint64_t id = model.count && below(4) ? model.ids[model.count - 1] : below((uint32_t)model.last + 1);
  bool dropped = uvt_buffer_drop(&uvt_thread, op, id);
  if (dropped)
    assert_int_equal(id, model.held);
  else if (id == model.held) /* by the other name */
    dropped = uvt_buffer_drop(&uvt_thread, op == UVT_BATCH_end ? UVT_BATCH_js_link : UVT_BATCH_end, id);
  assert_int_equal(dropped, model.held && id == model.held);
  if (dropped) {
    model.held = 0;
    model.count--;
  }
}

static void interrupt_an_append(void)
{
  uint64_t id = append_to_model(false);
  uvt_append(&uvt_thread, UVT_BATCH_end, 0, id, uvt_put_no_link(&uvt_thread), 1);
  append_end(OF_HANDLER + handler.appended++);
  uvt_buffer_flush(&uvt_thread);
  assert_false(uvt_buffer_drop(&uvt_thread, UVT_BATCH_end, id));
  uvt_appended(&uvt_thread, 1, false);
}

static void do_something(void)
{
  switch (below(64)) {
  case 0:
    uvt_buffer_flush(&uvt_thread);
    model.held = 0;
    break;
  case 1:
    uvt_buffers_write();
    model.held = 0;
    break;
  case 2:
    usleep(below(4) ? 0 : 2 * UVT_DRAIN_MS * 1000); /* the drainer must not write what is held */
    break;
  case 3 ... 8:
    interrupt_an_append();
    break;
  case 9 ... 25:
    hold_something();
    break;
  case 26 ... 40:
    drop_something();
    break;
  default:
    append_something();
  }
}

static void check_against_model(void)
{
  uvt_buffer_flush(&uvt_thread);
  assert_int_equal(written.records, model.count);
  for (uint32_t i = 0; i < model.count; i++)
    assert_int_equal(written.ids[i], model.ids[i]);
  assert_int_equal(handler.written, handler.appended);
  assert_int_equal(written.lost, 0);
}

static void what_comes_out_is_what_the_model_says(void **state)
{
  (void)state;
  enum { ROUNDS = 8, STEPS = 3000 };
  uint64_t first = (uint64_t)time(NULL);
  for (uint64_t seed = first; seed < first + ROUNDS; seed++) {
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state = seed;
    memset(&written, 0, sizeof written);
    memset(&model, 0, sizeof model);
    memset(&handler, 0, sizeof handler);
    for (uint32_t i = 0; i < STEPS; i++)
      do_something();
    check_against_model();
    uvt_buffer_release(&uvt_thread);
    assert_true(uvt_buffer_create(&uvt_thread));
  }
}

/* ---- A handler after every single instruction ---- */

/* Not of the thread sanitizer's own: what it adds to each function holds locks that the handler would wait
 * for. */
#ifndef __SANITIZE_THREAD__
#define TRAP_FLAG 0x100                            /* of the processor: a SIGTRAP after each instruction */
static volatile uint32_t steps, step_to_interrupt; /* 0: each of them */
static volatile bool stepping;

static void step(int signal)
{
  (void)signal;
  steps = steps + 1;
  if (stepping && (!step_to_interrupt || steps == step_to_interrupt)) {
    append_end(OF_HANDLER + handler.appended++);
    uvt_buffer_flush(&uvt_thread);
  }
}

static __attribute__((noinline)) void set_trap_flag(bool on)
{
  stepping = on;
  unsigned long flags = __builtin_ia32_readeflags_u64();
  __builtin_ia32_writeeflags_u64(on ? flags | TRAP_FLAG : flags & ~(unsigned long)TRAP_FLAG);
}

/* Every kind of thing that the owner does. */
static void do_each(void)
{
  append_end(append_to_model(false));
  uint64_t held = append_to_model(true);
  hold_link(held);
  if (drop_link(held))
    model.count--;
  hold_link(append_to_model(true));
  model.last += UINT64_C(1) << 32;
  append_end(append_to_model(false)); /* a turn */
  uvt_buffer_flush(&uvt_thread);
}

static void a_handler_may_come_after_any_instruction(void **state)
{
  (void)state;
  struct sigaction action = {.sa_handler = step}, before;
  sigaction(SIGTRAP, &action, &before);
  memset(&model, 0, sizeof model);
  memset(&handler, 0, sizeof handler);
  enum { PLACES = 20 };
  uint32_t all = 0;
  for (uint32_t i = 0; i <= PLACES; i++) { /* first at all of them, then at one in each round */
    written.records = model.count = 0;
    steps = 0;
    step_to_interrupt = i ? 1 + (uint32_t)((uint64_t)all * i / (PLACES + 1)) : 0;
    set_trap_flag(true);
    do_each();
    set_trap_flag(false);
    if (!i)
      all = steps;
    check_against_model();
  }
  sigaction(SIGTRAP, &before, NULL);
  assert_true(all > PLACES);
}
#endif

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
      TEST(what_comes_out_is_what_the_model_says),
#ifndef __SANITIZE_THREAD__
      TEST(a_handler_may_come_after_any_instruction),
#endif
      TEST(at_the_end_all_is_written_and_then_each_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

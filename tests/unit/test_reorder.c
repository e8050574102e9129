/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "batch.h"
#include "trace/reorder.h"

enum { WINDOW = 1000, UNIT = 1 << UVT_BATCH_UNIT_SHIFT, MAX = 4000 };

/* What came out: "kind time id", and of a detail its text. */
struct taken {
  struct uvt_trace_visitor visitor;
  size_t count;
  char lines[MAX][40];
  size_t refuse_after;
};

static int take(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  struct taken *taken = (struct taken *)visitor;
  char *line = taken->lines[taken->count++];
  long long time = record->time;
  switch (record->kind) {
  case UVT_RECORD_execute_begin:
    snprintf(line, 40, "begin %lld %d", time, (int)record->execute_begin.execute_id);
    break;
  case UVT_RECORD_execute_end:
    snprintf(line, 40, "end %lld %d", time, (int)record->execute_end.execute_id);
    break;
  case UVT_RECORD_detail:
    snprintf(line, 40, "detail %lld %s", time, record->detail.text);
    break;
  case UVT_RECORD_js_link:
    snprintf(line, 40, "link %lld %d %d %d %d", time, (int)record->js_link.link_id, (int)record->js_link.type,
             (int)record->js_link.function, (int)record->js_link.timeout);
    break;
  case UVT_RECORD_link:
    snprintf(line, 40, "uv link %lld %d %d %lld", time, (int)record->link.link_id, (int)record->link.type,
             (long long)record->link.arg);
    break;
  case UVT_RECORD_link_stack:
    snprintf(line, 40, "stack %lld %d %d", time, (int)record->link_stack.link_id,
             (int)record->link_stack.stack);
    break;
  case UVT_RECORD_discarded:
    snprintf(line, 40, "missing %lld %d %lld %lld", time, (int)record->discarded.process,
             (long long)record->discarded.from, (long long)record->discarded.to);
    break;
  case UVT_RECORD_lost:
    snprintf(line, 40, "lost %lld %d", time, (int)record->lost.count);
    break;
  default:
    snprintf(line, 40, "kind %d", (int)record->kind);
  }
  return taken->count == taken->refuse_after ? -7 : 0;
}

struct world {
  struct taken taken;
  struct uvt_reorder *reorder;
};

static int set_up(void **state)
{
  static struct world world;
  memset(&world, 0, sizeof world);
  world.taken.visitor.record = take;
  world.reorder = uvt_reorder_create(&world.taken.visitor);
  *state = &world;
  return world.reorder ? 0 : -1;
}

static int tear_down(void **state)
{
  uvt_reorder_destroy(((struct world *)*state)->reorder);
  return 0;
}

static int give(struct world *world, const struct uvt_record *record)
{
  struct uvt_trace_visitor *visitor = uvt_reorder_visitor(world->reorder);
  return visitor->record(visitor, record);
}

static void give_process(struct world *world, uint32_t window)
{
  give(world, &(struct uvt_record){.kind = UVT_RECORD_process, .process = {.process = 1, .window = window}});
}

static void give_end(struct world *world, int64_t time, uint64_t id)
{
  give(world,
       &(struct uvt_record){.kind = UVT_RECORD_execute_end, .time = time, .execute_end = {.execute_id = id}});
}

/* A batch of ends with these times after `begin` and IDs, in ns; written at `at`, where CLOCK_MONOTONIC shows
 * the same. */
static void give_batch_from(struct world *world, int32_t tid, int64_t at, int64_t begin, size_t count,
                            const uint32_t (*ends)[2])
{
  uint64_t words[8];
  for (size_t i = 0; i < count; i++)
    words[i] = uvt_batch_word(UVT_BATCH_end, 0, ends[i][0], ends[i][1]);
  give(world,
       &(struct uvt_record){
           .kind = UVT_RECORD_batch,
           .time = at,
           .monotonic = (uint64_t)at,
           .batch = {.tid = tid, .begin = (uint64_t)begin, .unit = UNIT, .words = {words, (uint32_t)count}}});
}

static void give_batch(struct world *world, int32_t tid, int64_t at, size_t count, const uint32_t (*ends)[2])
{
  give_batch_from(world, tid, at, 0, count, ends);
}

static void expect(struct world *world, const char *const *lines)
{
  uvt_reorder_finish(world->reorder);
  for (size_t i = 0; lines[i]; i++)
    assert_string_equal(world->taken.lines[i], lines[i]);
}
#define EXPECT(world, ...) expect(world, (const char *const[]){__VA_ARGS__, NULL})

static void without_a_window_nothing_is_held(void **state)
{
  struct world *world = *state;
  give_process(world, 0);
  give_end(world, 5, 1);
  assert_int_equal(world->taken.count, 2);
}

static void a_batch_is_put_among_the_records_of_other_threads(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_end(world, 100, 1);
  give_end(world, 300, 3);
  give_batch(world, 7, 400, 2, (const uint32_t[][2]){{200, 2}, {350, 4}});
  give_batch(world, 8, 420, 1, (const uint32_t[][2]){{360, 5}});
  EXPECT(world, "kind 0", "end 100 1", "end 200 2", "end 300 3", "end 350 4", "end 360 5");
  int64_t by;
  assert_int_equal(uvt_reorder_late(world->reorder, &by), 0);
}

static void what_is_older_than_the_window_is_given_on(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_end(world, 100, 1);
  assert_int_equal(world->taken.count, 0);
  give_end(world, 100 + WINDOW, 2);
  assert_int_equal(world->taken.count, 2);
}

static void the_order_of_one_thread_is_kept(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_batch(world, 7, 500, 2, (const uint32_t[][2]){{300, 1}, {290, 2}});
  give_batch(world, 7, 600, 1, (const uint32_t[][2]){{280, 3}});
  give_end(world, 600, 4);
  EXPECT(world, "kind 0", "end 300 1", "end 300 2", "end 300 3", "end 600 4");
}

static void one_that_is_late_is_moved_and_counted(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_end(world, 1000, 1);
  give_end(world, 5000, 2);
  give_batch(world, 7, 5100, 2, (const uint32_t[][2]){{400, 3}, {5050, 4}});
  EXPECT(world, "kind 0", "end 1000 1", "end 1000 3", "end 5000 2", "end 5050 4");
  int64_t by;
  assert_int_equal(uvt_reorder_late(world->reorder, &by), 1);
  assert_int_equal(by, 600);
}

static void no_time_is_after_the_batch_was_written(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_batch(world, 7, 500, 1, (const uint32_t[][2]){{800, 1}});
  EXPECT(world, "kind 0", "end 500 1");
}

static void texts_are_kept_while_a_record_is_held(void **state)
{
  struct world *world = *state;
  char text[] = "first";
  give_process(world, WINDOW);
  give(world, &(struct uvt_record){.kind = UVT_RECORD_detail, .time = 10, .detail = {.text = text}});
  strcpy(text, "later");
  EXPECT(world, "kind 0", "detail 10 first");
}

static void every_record_comes_out_once(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  for (uint32_t i = 0; i < 1000; i++) {
    give_end(world, i * 10, 3 * i + 1);
    give_batch(world, 7, i * 10 + 2, 2,
               (const uint32_t[][2]){{i * 10 + 1, 3 * i + 2}, {i * 10 + 2, 3 * i + 3}});
  }
  uvt_reorder_finish(world->reorder);
  assert_int_equal(world->taken.count, 3001);
  for (unsigned i = 0; i < 3000; i++) {
    char line[40];
    snprintf(line, sizeof line, "end %u %u", i / 3 * 10 + i % 3, i + 1);
    assert_string_equal(world->taken.lines[i + 1], line);
  }
}

static void records_are_unpacked(void **state)
{
  struct world *world = *state;
  uint64_t words[] = {uvt_batch_word(UVT_BATCH_js_link, UVT_LINK_CAUSED, 1, 9),
                      77 | UINT64_C(5) << 32 | UINT64_C(6) << 48,
                      uvt_batch_word(UVT_BATCH_js_timer, UVT_LINK_CAUSED, 1, 9),
                      78 | UINT64_C(5) << 32 | UINT64_C(6) << 48,
                      250,
                      uvt_batch_word(UVT_BATCH_begin, 0, 2, 10),
                      77 | UINT64_C(3) << 32,
                      uvt_batch_word(UVT_BATCH_js_label, 0, 3, 10)}; /* cut off */
  give(world, &(struct uvt_record){.kind = UVT_RECORD_batch,
                                   .time = 100,
                                   .monotonic = 100,
                                   .batch = {.unit = UNIT, .words = {words, 8}}});
  EXPECT(world, "link 1 77 5 6 0", "link 1 78 5 6 250", "begin 2 10");
  assert_int_equal(world->taken.count, 3);
}

static void texts_stacks_and_large_arguments_are_unpacked(void **state)
{
  struct world *world = *state;
  char text[16] = "sixteen letters";
  uint64_t words[] = {uvt_batch_word(UVT_BATCH_detail, 0, 1, 0),
                      7 | UINT64_C(15) << 48,
                      0,
                      0,
                      uvt_batch_word(UVT_BATCH_link, UVT_BATCH_STACK, 2, 9),
                      7 | UINT64_C(4) << 32 | (uint64_t)-5 << 40,
                      44,
                      uvt_batch_word(UVT_BATCH_link_arg, 0, 3, 9),
                      8 | UINT64_C(4) << 32,
                      1u << 30,
                      uvt_batch_word(UVT_BATCH_detail, 0, 4, 0), /* a text that does not end */
                      7 | UINT64_C(7) << 48,
                      UINT64_MAX};
  memcpy(&words[2], text, sizeof text);
  give(world, &(struct uvt_record){.kind = UVT_RECORD_batch,
                                   .time = 100,
                                   .monotonic = 100,
                                   .batch = {.unit = UNIT, .words = {words, sizeof words / sizeof *words}}});
  EXPECT(world, "detail 1 sixteen letters", "stack 2 7 44", "uv link 2 7 4 -5", "uv link 3 8 4 1073741824");
  assert_int_equal(world->taken.count, 4);
}

static void give_waiting(struct world *world, int32_t tid, int64_t at, uint64_t since)
{
  give(world, &(struct uvt_record){.kind = UVT_RECORD_waiting,
                                   .time = at,
                                   .monotonic = (uint64_t)at,
                                   .waiting = {.tid = tid, .since = since}});
}

/* However late they are. */
static void records_that_are_said_to_come_are_awaited(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_waiting(world, 7, 100, 100);
  give_end(world, 200, 2);
  give_end(world, 100 * WINDOW, 3);
  assert_int_equal(world->taken.count, 1);
  give_batch(world, 7, 200 * WINDOW, 1, (const uint32_t[][2]){{150, 1}});
  EXPECT(world, "kind 0", "end 150 1", "end 200 2", "end 100000 3");
  int64_t by;
  assert_int_equal(uvt_reorder_late(world->reorder, &by), 0);
}

static void nothing_is_awaited_when_that_is_taken_back(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_waiting(world, 7, 100, 100);
  give_end(world, 200, 1);
  give_waiting(world, 7, 300 + WINDOW, 0);
  give_end(world, 300 + WINDOW, 2);
  assert_int_equal(world->taken.count, 2);
}

static void what_a_killed_process_said_is_not_awaited_for_ever(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_waiting(world, 7, 100, 100);
  give_end(world, 200, 1);
  give_end(world, INT64_C(3000000000), 2);
  assert_int_equal(world->taken.count, 2);
  give_end(world, INT64_C(3000000005), 3);
  EXPECT(world, "kind 0", "end 200 1", "end 3000000000 2", "end 3000000005 3",
         "missing 3000000005 0 100 3000000000");
  assert_int_equal(world->taken.count, 5);
}

static void what_is_announced_at_the_end_is_missing(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_waiting(world, 7, 100, 100);
  give_waiting(world, 8, 110, 110);
  give_end(world, 200, 1);
  give_batch(world, 8, 250, 1, (const uint32_t[][2]){{150, 2}});
  EXPECT(world, "kind 0", "end 150 2", "end 200 1", "missing 250 0 100 250");
  assert_int_equal(world->taken.count, 4);
}

static void what_comes_after_all_is_not_missing(void **state)
{
  struct world *world = *state;
  give_process(world, WINDOW);
  give_waiting(world, 7, 100, 100);
  give_end(world, INT64_C(3000000000), 1);
  give_batch(world, 7, INT64_C(3000000100), 1, (const uint32_t[][2]){{150, 2}});
  EXPECT(world, "kind 0", "end 150 2", "end 3000000000 1");
  assert_int_equal(world->taken.count, 3);
}

/* Batches of one record, of which the tracer had no room for the second and the third: it has counted them as
 * two, but they held five. */
static void records_of_lost_batches_are_told(void **state)
{
  struct world *world = *state;
  uint64_t end = uvt_batch_word(UVT_BATCH_end, 0, 0, 1);
  struct uvt_record batch = {.kind = UVT_RECORD_batch, .time = 100, .monotonic = 100, .batch.begin = 50};
  batch.batch.words = (struct uvt_sequence){&end, 1};
  batch.batch.number = 3; /* what came before the trace began is not lost */
  batch.batch.before = 10;
  give(world, &batch);
  batch.batch.number = 6;
  batch.batch.before = 16;
  batch.batch.begin = 60;
  give(world, &batch);
  EXPECT(world, "end 50 1", "lost 60 3", "end 60 1");
  assert_int_equal(world->taken.count, 3);
}

static void a_visitor_that_has_enough_ends_it(void **state)
{
  struct world *world = *state;
  world->taken.refuse_after = 2;
  give_process(world, WINDOW);
  give_end(world, 1, 1);
  assert_int_equal(give(world, &(struct uvt_record){.kind = UVT_RECORD_execute_end, .time = 5000}), -7);
}

/* Most of what is alive are threads that wrote once, long ago. */
static void a_record_costs_by_the_threads_that_are_alive(void **state)
{
  struct world *world = *state;
  enum { THREADS = 20000, RECORDS = 1000 };
  give_process(world, WINDOW);
  for (int32_t tid = 1; tid <= THREADS; tid++) {
    int64_t now = (int64_t)tid * 10 * WINDOW;
    world->taken.count = 0;
    give_batch_from(world, tid, now, now, 1, (const uint32_t[][2]){{0, (uint32_t)tid}});
    give_end(world, now, 1);
  }
  struct uvt_reorder_work before = uvt_reorder_work(world->reorder);
  assert_in_range(before.rings, 1, 2);
  assert_in_range(before.compared, 0, 20 * THREADS);
  int64_t start = (int64_t)(THREADS + 1) * 10 * WINDOW;
  world->taken.count = 0;
  for (int i = 0; i < RECORDS; i++) {
    int64_t now = start + i;
    give_batch_from(world, i % 10 + 1, now, now, 1, (const uint32_t[][2]){{0, 5}});
  }
  assert_in_range(uvt_reorder_work(world->reorder).compared - before.compared, 0, 20 * RECORDS);
}

/* Those that are awaited and then given up are looked at once. */
static void threads_that_are_awaited_are_looked_at_once(void **state)
{
  struct world *world = *state;
  enum { THREADS = 3000, RECORDS = 3000 };
  give_process(world, WINDOW);
  for (int32_t tid = 1; tid <= THREADS; tid++)
    give_waiting(world, tid, tid, (uint64_t)tid);
  uint64_t before = uvt_reorder_work(world->reorder).compared;
  for (int i = 0; i < RECORDS; i++)
    give_end(world, INT64_C(5000000000) + i, 1);
  assert_in_range(uvt_reorder_work(world->reorder).compared - before, 0, 40 * (THREADS + RECORDS));
}

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (*state >> 33) % limit;
}

/* Batches of many threads, written up to a window after what they tell: against the times sorted. */
static void records_of_many_threads_come_out_sorted(void **state)
{
  struct world *world = *state;
  enum { THREADS = 50, BATCHES = 1000, EACH = 3 };
  static uint32_t newest[THREADS];
  uint64_t seed = (uint64_t)getpid() * 2654435761u + (uint64_t)time(NULL), random = seed;
  print_message("seed %llu\n", (unsigned long long)seed);
  memset(newest, 0, sizeof newest);
  give_process(world, WINDOW);
  for (uint32_t i = 0; i < BATCHES; i++) {
    uint32_t now = 2 * WINDOW + i * 20, ends[EACH][2];
    size_t thread = random_below(&random, THREADS), count = random_below(&random, EACH) + 1;
    for (size_t j = 0; j < count; j++) {
      uint32_t earliest = now - WINDOW + 1 > newest[thread] ? now - WINDOW + 1 : newest[thread];
      newest[thread] = ends[j][0] = earliest + (uint32_t)random_below(&random, now - earliest + 1);
      ends[j][1] = (uint32_t)thread;
    }
    if (random_below(&random, 4) == 0)
      give_end(world, now, THREADS);
    give_batch(world, (int32_t)thread + 1, now, count, (const uint32_t(*)[2])ends);
  }
  uvt_reorder_finish(world->reorder);
  long long last = 0;
  for (size_t i = 1; i < world->taken.count; i++) {
    long long at = 0;
    assert_int_equal(sscanf(world->taken.lines[i], "end %lld", &at), 1);
    assert_true(at >= last);
    last = at;
  }
  int64_t by;
  assert_int_equal(uvt_reorder_late(world->reorder, &by), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(without_a_window_nothing_is_held),
      TEST(a_batch_is_put_among_the_records_of_other_threads),
      TEST(what_is_older_than_the_window_is_given_on),
      TEST(the_order_of_one_thread_is_kept),
      TEST(one_that_is_late_is_moved_and_counted),
      TEST(no_time_is_after_the_batch_was_written),
      TEST(texts_are_kept_while_a_record_is_held),
      TEST(every_record_comes_out_once),
      TEST(records_are_unpacked),
      TEST(texts_stacks_and_large_arguments_are_unpacked),
      TEST(records_that_are_said_to_come_are_awaited),
      TEST(nothing_is_awaited_when_that_is_taken_back),
      TEST(what_a_killed_process_said_is_not_awaited_for_ever),
      TEST(what_is_announced_at_the_end_is_missing),
      TEST(what_comes_after_all_is_not_missing),
      TEST(records_of_lost_batches_are_told),
      TEST(a_visitor_that_has_enough_ends_it),
      TEST(a_record_costs_by_the_threads_that_are_alive),
      TEST(threads_that_are_awaited_are_looked_at_once),
      TEST(records_of_many_threads_come_out_sorted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

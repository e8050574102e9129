/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trace/record_queue.h"

enum { RECORDS = 100000, CLOSED_AFTER = 3000 };

/* What lies behind a record's pointers. */
struct behind {
  char text[8192];
  uint64_t frames[UVT_STACK_FRAMES];
};

static void fill(struct uvt_record *record, uint64_t i, struct behind *behind)
{
  *record = (struct uvt_record){.time = (int64_t)i, .host = "h"};
  if (i % 7 == 1) {
    record->kind = UVT_RECORD_stack;
    record->stack.stack = (uint32_t)i;
    record->stack.frames = (struct uvt_sequence){behind->frames, (uint32_t)(i % UVT_STACK_FRAMES)};
    for (uint32_t frame = 0; frame < record->stack.frames.count; frame++)
      behind->frames[frame] = i << 32 | frame;
    return;
  }
  if (i % 3) {
    record->kind = UVT_RECORD_execute_end;
    record->execute_end.execute_id = i;
    return;
  }
  record->kind = UVT_RECORD_detail;
  record->detail.link_id = i;
  snprintf(behind->text, sizeof behind->text, "%0*llu", (int)(i % 5000) + 1,
           (unsigned long long)i); /* now and then longer than all before */
  record->detail.text = behind->text;
}

static _Atomic uint64_t consumed, drained_too_early;

static void *produce(void *argument)
{
  struct uvt_record_queue *queue = argument;
  struct behind behind;
  int status = 0;
  for (uint64_t i = 0; i < RECORDS && !status; i++) {
    struct uvt_record record;
    fill(&record, i, &behind);
    status = uvt_record_queue_put(queue, &record);
    memset(&behind, 'x', sizeof behind);
    if (i % 1000 == 0)
      uvt_record_queue_flush(queue);
    if (i % 5000 == 123) {
      uvt_record_queue_drain(queue);
      drained_too_early += !status && consumed != i + 1;
    }
  }
  uvt_record_queue_finish(queue);
  return NULL;
}

static void test_records_arrive_whole_and_in_order(void **state)
{
  (void)state;
  struct uvt_record_queue *queue = uvt_record_queue_create();
  const struct uvt_record *records;
  size_t count;
  uint64_t next = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, produce, queue);
  while ((records = uvt_record_queue_take(queue, &count))) {
    for (size_t i = 0; i < count; i++, next++) {
      struct behind behind;
      struct uvt_record expected;
      fill(&expected, next, &behind);
      assert_int_equal(records[i].kind, expected.kind);
      assert_int_equal(records[i].time, next);
      if (expected.kind == UVT_RECORD_detail)
        assert_string_equal(records[i].detail.text, behind.text);
      if (expected.kind == UVT_RECORD_stack) {
        const struct uvt_sequence *frames = &records[i].stack.frames;
        assert_int_equal(frames->count, expected.stack.frames.count);
        assert_int_equal((uintptr_t)frames->at % _Alignof(uint64_t), 0);
        assert_memory_equal(frames->at, behind.frames, frames->count * sizeof *frames->at);
      }
    }
    consumed = next;
  }
  assert_int_equal(next, RECORDS);
  assert_int_equal(drained_too_early, 0);
  assert_true(uvt_record_queue_is_empty(queue));
  pthread_join(thread, NULL);
  uvt_record_queue_destroy(queue);
}

static void test_closing_stops_the_producer(void **state)
{
  (void)state;
  struct uvt_record_queue *queue = uvt_record_queue_create();
  size_t count = 0, taken = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, produce, queue);
  while (taken < CLOSED_AFTER && uvt_record_queue_take(queue, &count))
    taken += count;
  uvt_record_queue_close(queue);
  pthread_join(thread, NULL);
  uvt_record_queue_destroy(queue);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_records_arrive_whole_and_in_order),
      cmocka_unit_test(test_closing_stops_the_producer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

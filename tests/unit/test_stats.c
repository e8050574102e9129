/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "costs/stats.h"
#include "golden.h"

static struct uvt_stats *stats_of(FILE *file, struct uvt_stats_options options)
{
  struct uvt_stats *stats = uvt_stats_create(&options);
  assert_non_null(stats);
  read_stream(file, uvt_stats_sink(stats));
  return stats;
}

static char *print(const struct uvt_stats *stats, bool json)
{
  static const struct uvt_stats_view view = {.width = 80, .ascii = true};
  struct uvt_error error = {0};
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  assert_int_equal(
      json ? uvt_stats_print_json(stats, out, &error) : uvt_stats_print_text(stats, &view, out, &error), 0);
  fclose(out);
  return text;
}

static void expect_stats(const char *stream, struct uvt_stats_options options, bool json, const char *golden)
{
  struct uvt_stats *stats = stats_of(fopen(stream, "r"), options);
  expect_golden(golden, print(stats, json));
  uvt_stats_destroy(stats);
}

static const struct uvt_stats_options always = {0};

static void test_stats_of_a_server(void **state)
{
  (void)state;
  expect_stats(GOOD "server.jsonl", always, false, ANSWERS "stats-server.txt");
  expect_stats(GOOD "server.jsonl", always, true, ANSWERS "stats-server.json");
}

static void test_stats_of_queued_work_and_nested_loops(void **state)
{
  (void)state;
  expect_stats(GOOD "threads-async-nested-loop.jsonl", always, false, ANSWERS "stats-threads.txt");
}

/* The first listen was refused, the second one counts; the blocking call came after it. */
static void test_stats_start_up_ends_with_a_listen_that_was_not_refused(void **state)
{
  (void)state;
  expect_stats(GOOD "pending-and-open-at-the-end.jsonl", always, false, ANSWERS "stats-start-up.txt");
}

static void test_stats_of_a_span(void **state)
{
  (void)state;
  struct uvt_stats_options span = {.from = 40000, .to = 80000};
  expect_stats(GOOD "server.jsonl", span, false, ANSWERS "stats-span.txt");
}

static void test_stats_of_each_process(void **state)
{
  (void)state;
  expect_stats(GOOD "processes-fork-and-exec.jsonl", always, false, ANSWERS "stats-processes.txt");
}

/* Of the longest, and of blocking calls: the program's own function, else Node's. */
static void test_stats_tell_where_in_the_program(void **state)
{
  (void)state;
  expect_stats(GOOD "stacks-with-states.jsonl", always, false, ANSWERS "stats-stacks.txt");
  expect_stats(GOOD "stacks-with-states.jsonl", always, true, ANSWERS "stats-stacks.json");
}

static void test_stats_need_states(void **state)
{
  (void)state;
  static const struct uvt_stats_view view = {.width = 80};
  struct uvt_stats *stats = stats_of(fopen(GOOD "without-states.jsonl", "r"), always);
  struct uvt_error error = {0};
  assert_int_equal(uvt_stats_print_text(stats, &view, stdout, &error), -1);
  assert_string_equal(error.text, "a stream without states: convert it without --no-states");
  uvt_stats_destroy(stats);
}

static void put_work(FILE *out, unsigned long long id, unsigned long long queued, unsigned long long begin,
                     unsigned long long end)
{
  fprintf(
      out,
      "{\"event\":\"link\",\"time\":%llu,\"executeID\":1,\"linkID\":%llu,\"data\":{\"type\":\"uv_random\"}}\n"
      "{\"event\":\"state\",\"time\":%llu,\"operationID\":%llu,\"linkID\":%llu,\"state\":\"Queued\"}\n"
      "{\"event\":\"poolBegin\",\"time\":%llu,\"linkID\":%llu,\"tid\":2}\n"
      "{\"event\":\"poolEnd\",\"time\":%llu,\"linkID\":%llu,\"tid\":2}\n"
      "{\"event\":\"state\",\"time\":%llu,\"operationID\":%llu,\"linkID\":%llu,\"state\":\"Ready\"}\n"
      "{\"event\":\"executeBegin\",\"time\":%llu,\"executeID\":%llu,\"causeID\":%llu,\"operationID\":%llu,"
      "\"tid\":1}\n"
      "{\"event\":\"executeEnd\",\"time\":%llu,\"executeID\":%llu}\n",
      queued, id, queued, id, id, begin, id, end, id, end, id, id, end, id + 1, id, id, end + 1, id + 1);
}

/* Works one after the other, each at work for a quarter of the time: so whatever the slots are. */
static void test_stats_time_line_of_a_long_stream(void **state)
{
  (void)state;
  enum { WORKS = 3000 };
  char *stream = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&stream, &size);
  fprintf(out, "{\"event\":\"executeBegin\",\"time\":0,\"executeID\":1,\"causeID\":0,\"tid\":1}\n");
  for (unsigned long long i = 0; i < WORKS; i++)
    put_work(out, i + 1, i * 1000000, i * 1000000 + 500000, i * 1000000 + 750000);
  fclose(out);
  struct uvt_stats *stats = stats_of(fmemopen(stream, strlen(stream), "r"), always);
  char *text = print(stats, false);
  assert_non_null(strstr(text, "threads seen: 1, at work at once: 1, works: 3000"));
  assert_non_null(strstr(text, " 25 %     0.50"));
  assert_non_null(strstr(text, "  uv_random   3000    1 ns    1 ns    1 ns    1 ns   3.00 us\n"));
  free(text);
  free(stream);
  uvt_stats_destroy(stats);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stats_of_a_server),
      cmocka_unit_test(test_stats_of_queued_work_and_nested_loops),
      cmocka_unit_test(test_stats_start_up_ends_with_a_listen_that_was_not_refused),
      cmocka_unit_test(test_stats_of_a_span),
      cmocka_unit_test(test_stats_of_each_process),
      cmocka_unit_test(test_stats_tell_where_in_the_program),
      cmocka_unit_test(test_stats_need_states),
      cmocka_unit_test(test_stats_time_line_of_a_long_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

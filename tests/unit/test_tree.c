/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/stream_reader.h"
#include "tree/tree.h"

#define GOOD UVT_FIXTURES "/streams/good/"

static const struct uvt_tree_moment whole = {0};

static struct uvt_tree *tree_of_file(FILE *file, const struct uvt_tree_moment *moment)
{
  assert_non_null(file);
  struct uvt_tree *tree = uvt_tree_create(moment);
  assert_non_null(tree);
  struct uvt_sink *sink = uvt_tree_sink(tree);
  struct uvt_error error = {0};
  if (uvt_stream_read(file, "stream", sink, NULL, &error) != 0)
    fail_msg("%s", error.text);
  assert_int_equal(sink->end(sink), 0);
  fclose(file);
  return tree;
}

static struct uvt_tree *tree_of_path(const char *path, const struct uvt_tree_moment *moment)
{
  return tree_of_file(fopen(path, "r"), moment);
}

static struct uvt_tree *tree_of_text(const char *text)
{
  return tree_of_file(fmemopen((void *)text, strlen(text), "r"), &whole);
}

static char *print(struct uvt_tree *tree, const struct uvt_tree_view *view, bool json)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  struct uvt_error error = {0};
  int status =
      json ? uvt_tree_print_json(tree, view, out, &error) : uvt_tree_print_text(tree, view, out, &error);
  fclose(out);
  if (status != 0)
    fail_msg("%s", error.text);
  return text;
}

/* The lines of operations only: without the head of the process and the legend. */
static char *body(char *text)
{
  char *legend = strstr(text, "#N: index");
  assert_non_null(legend);
  *legend = '\0';
  char *start = text;
  for (;;) {
    char *line = strchr(start, '\n');
    assert_non_null(line);
    start = line + 1;
    if (start[0] != ' ' || start[1] != ' ')
      return start;
  }
}

static void expect_view(const char *path, const struct uvt_tree_moment *moment, struct uvt_tree_view view,
                        const char *expected)
{
  struct uvt_tree *tree = tree_of_path(path, moment);
  view.width = view.width ? view.width : 80;
  view.ascii = true;
  char *text = print(tree, &view, false);
  assert_string_equal(body(text), expected);
  free(text);
  uvt_tree_destroy(tree);
}

static void expect_refusal(const char *path, const struct uvt_tree_moment *moment,
                           const struct uvt_tree_view *view, enum uvt_tree_status status,
                           const char *expected)
{
  struct uvt_tree *tree = tree_of_path(path, moment);
  struct uvt_error error = {0};
  assert_int_equal(uvt_tree_print_text(tree, view, stdout, &error), status);
  assert_string_equal(error.text, expected);
  memset(&error, 0, sizeof error);
  assert_int_equal(uvt_tree_print_json(tree, view, stdout, &error), status);
  assert_string_equal(error.text, expected);
  uvt_tree_destroy(tree);
}

static void test_tree_operations_hang_from_their_linker_with_times(void **state)
{
  (void)state;
  expect_view(GOOD "timer-and-read.jsonl", &whole, (struct uvt_tree_view){.width = 120},
              "`- main thread 100 node #1  ran 3.00 us\n"
              "   |- uv_timer_start 5 ms #3  waited 5.00 ms, delay 1.00 us, ran 1.00 us\n"
              "   `- uv_fs_read fd 17 #2  512 bytes, pool wait 3.00 us, pool work 3.00 us, delay 1.50 us, "
              "ran 500 ns\n");
}

static void test_tree_causer_is_told_where_it_is_not_the_parent(void **state)
{
  (void)state;
  expect_view(GOOD "threads-async-nested-loop.jsonl", &whole, (struct uvt_tree_view){.width = 120},
              "`- main thread 100 node #1  ran 200 ns\n"
              "   |- uv_queue_work #2  pool wait 200 ns, ran 60 ns, on thread 101\n"
              "   |- uv_queue_work.after #5  waited 250 ns, delay 40 ns, ran 10 ns, caused by #2\n"
              "   `- uv_async_init x2  ran 80 ns (median 50 ns, longest 50 ns in #4), closed\n");
}

/* Ready was written at 10500 with the time 9000, as only Ready may be: the tree at 9500 has it. */
static void test_tree_at_a_time_takes_late_ready(void **state)
{
  (void)state;
  struct uvt_tree_moment moment = {.at = 9500, .has_at = true};
  expect_view(GOOD "timer-and-read.jsonl", &moment, (struct uvt_tree_view){.width = 120},
              "`- main thread 100 node #1  ran 3.00 us, [ChildrenPending]\n"
              "   |- uv_timer_start 5 ms  waiting for 7.50 us, [Queued]\n"
              "   `- uv_fs_read fd 17  ready for 500 ns, [Ready]\n");
  moment.at = 8999;
  expect_view(GOOD "timer-and-read.jsonl", &moment, (struct uvt_tree_view){.width = 120},
              "`- main thread 100 node #1  ran 3.00 us, [ChildrenPending]\n"
              "   |- uv_timer_start 5 ms  waiting for 7.00 us, [Queued]\n"
              "   `- uv_fs_read fd 17  pool wait 3.00 us, in the pool for 3.00 us, [Queued]\n");
}

static void test_tree_at_an_index_is_that_of_its_begin(void **state)
{
  (void)state;
  struct uvt_tree_moment moment = {.index = 2};
  expect_view(GOOD "timer-and-read.jsonl", &moment, (struct uvt_tree_view){.width = 120},
              "`- main thread 100 node #1  ran 3.00 us, [ChildrenPending]\n"
              "   |- uv_timer_start 5 ms  waiting for 8.50 us, [Queued]\n"
              "   `- uv_fs_read fd 17 #2  512 bytes, pool wait 3.00 us, pool work 3.00 us, delay 1.50 us, "
              "running for 0 ns, [Executing]\n");
}

static void test_tree_pending_shows_what_waits_and_its_parents(void **state)
{
  (void)state;
  expect_view(
      GOOD "pending-and-open-at-the-end.jsonl", &whole,
      (struct uvt_tree_view){.width = 120, .pending = true, .type = "uv_fs_*"},
      "`- main thread 100 node #1  n, running for 240 ns, blocked 12 ns in 1 synchronous call, failed: boom, "
      "[Executing]\n"
      "   `- uv_fs_stat /etc/hosts  waiting for 30 ns, [Queued]\n");
}

static void test_tree_never_run_shows_what_was_cancelled_and_what_waits(void **state)
{
  (void)state;
  const char *root =
      "`- main thread 100 node #1  n, running for 240 ns, blocked 12 ns in 1 synchronous call, "
      "failed: boom, [Executing]\n";
  char expected[1024];
  snprintf(expected, sizeof expected,
           "%s   |- uv_listen 0.0.0.0:80  refused EACCES\n"
           "   |- uv_listen 0.0.0.0:8080  waiting for 40 ns, [Queued]\n"
           "   `- uv_fs_stat /etc/hosts  waiting for 30 ns, [Queued]\n",
           root);
  expect_view(GOOD "pending-and-open-at-the-end.jsonl", &whole,
              (struct uvt_tree_view){.width = 120, .never_run = true}, expected);
  snprintf(expected, sizeof expected, "%s   `- uv_listen 0.0.0.0:8080  waiting for 40 ns, [Queued]\n", root);
  expect_view(GOOD "pending-and-open-at-the-end.jsonl", &whole,
              (struct uvt_tree_view){.width = 120, .never_run = true, .pending = true, .type = "listen"},
              expected);
}

#define NOTHING "" /* body() leaves out that there is none */

/* From Queued to the end of the callback; what has not ended, until the moment of the tree. */
static void test_tree_min_time_shows_what_took_long(void **state)
{
  (void)state;
  expect_view(
      GOOD "pending-and-open-at-the-end.jsonl", &whole,
      (struct uvt_tree_view){.width = 160, .never_run = true, .min_time = 40},
      "`- main thread 100 node #1  n, running for 240 ns, blocked 12 ns in 1 synchronous call, failed: "
      "boom, [Executing]\n"
      "   `- uv_listen 0.0.0.0:8080  waiting for 40 ns, [Queued]\n");
  expect_view(GOOD "pending-and-open-at-the-end.jsonl", &(struct uvt_tree_moment){.at = 339, .has_at = true},
              (struct uvt_tree_view){.never_run = true, .min_time = 40}, NOTHING);
  expect_view(GOOD "server.jsonl", &whole,
              (struct uvt_tree_view){.under = 1, .width = 200, .type = "uv_fs_open", .min_time = 7001},
              "`- main thread 100 node #1  at 1.00 us, ran 4.00 us, [ChildrenPending]\n");
  expect_view(
      GOOD "server.jsonl", &whole,
      (struct uvt_tree_view){.under = 4, .width = 200, .depth = 1, .min_time = 1},
      "`- uv_fs_open /srv/www/index.html #4  at 24.0 us, fd 40, pool wait 1.50 us, pool work 3.00 us, "
      "delay 1.50 us, ran 1.00 us, 1 operations below\n");
}

static void test_tree_refused_registration_is_shown(void **state)
{
  (void)state;
  expect_view(
      GOOD "pending-and-open-at-the-end.jsonl", &whole,
      (struct uvt_tree_view){.width = 120, .type = "listen"},
      "`- main thread 100 node #1  n, running for 240 ns, blocked 12 ns in 1 synchronous call, failed: boom, "
      "[Executing]\n"
      "   |- uv_listen 0.0.0.0:80  refused EACCES\n"
      "   `- uv_listen 0.0.0.0:8080  waiting for 40 ns, [Queued]\n");
}

static void test_tree_errors_have_names(void **state)
{
  (void)state;
  expect_view(
      GOOD "errors.jsonl", &whole, (struct uvt_tree_view){.width = 120},
      "`- main thread 100 node #1  ran 200 ns\n"
      "   |- uv_fs_open /nowhere #2  ENOENT, waited 200 ns, delay 10 ns, ran 10 ns\n"
      "   `- uv_getaddrinfo elsewhere.invalid #3  EAI_AGAIN, waited 220 ns, delay 10 ns, ran 10 ns\n");
  struct uvt_tree *tree = tree_of_path(GOOD "errors.jsonl", &whole);
  char *text = print(tree, &(struct uvt_tree_view){0}, true);
  assert_non_null(strstr(text, "\"result\":-2,\"error\":\"ENOENT\""));
  assert_non_null(strstr(text, "\"status\":-3001,\"error\":\"EAI_AGAIN\""));
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_without_states(void **state)
{
  (void)state;
  expect_view(GOOD "contract-example.jsonl", &whole, (struct uvt_tree_view){0},
              "`- thread #1  ran 15 ns\n"
              "   |- Timeout #2  waited 100 ms, ran 7 ns\n"
              "   `- PROMISE #3  waited 100 ms, ran 2 ns, caused by #2\n");
}

static void test_tree_lost_parents_are_unknown(void **state)
{
  (void)state;
  expect_view(GOOD "late-start.jsonl", &whole, (struct uvt_tree_view){0},
              "|- main thread 100 node #57  ran 100 ns, [ChildrenPending]\n"
              "|  `- uv_timer_start 1 ms  waiting for 190 ns, [Queued]\n"
              "`- unknown parent (lost, or from before the recording)\n"
              "   `- unknown #56  ran 100 ns\n");
}

/* What a process linked before it forked is named in the child, too. */
static void test_tree_forked_child_knows_what_it_inherited(void **state)
{
  (void)state;
  struct uvt_tree *tree = tree_of_path(GOOD "processes-fork-and-exec.jsonl", &whole);
  const struct uvt_tree_view view = {.width = 80, .ascii = true};
  char *text = print(tree, &view, false);
  assert_non_null(strstr(text, "`- unknown parent (lost, or from before the recording)\n"
                               "   `- uv_timer_start 5 ms #4  ran 200 ns\n"));
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_server_is_folded_to_its_telling_parts(void **state)
{
  (void)state;
  expect_view(GOOD "server.jsonl", &whole, (struct uvt_tree_view){.depth = 3},
              "`- main thread 100 node #1  ran 4.00 us, [ChildrenPending]\n"
              "   |- uv_listen fd 18, 0.0.0.0:8080 x8 connections\n"
              "   |  |    ran 24.0 us (median 3.00 us, longest 3.00 us in #30),\n"
              "   |  |    waiting for 18.0 us, [Queued]\n"
              "   |  |- connection #2\n"
              "   |  |       at 12.0 us, waited 9.00 us, delay 1.00 us, ran 3.00 us,\n"
              "   |  |       [ChildrenPending], 4 operations below\n"
              "   |  |- connection #6\n"
              "   |  |       at 32.0 us, waited 19.0 us, delay 1.00 us, ran 3.00 us,\n"
              "   |  |       [ChildrenPending], 4 operations below\n"
              "   |  |- connection #10\n"
              "   |  |       at 52.0 us, waited 19.0 us, delay 1.00 us, ran 3.00 us,\n"
              "   |  |       [ChildrenPending], 4 operations below\n"
              "   |  `- ... 5 more like this\n"
              "   |          ran 15.0 us (median 3.00 us, longest 3.00 us in #30)\n"
              "   `- uv_timer_start 60000 ms  waiting for 168 us, [Queued]\n");
}

static void test_tree_under_an_invocation_names_files(void **state)
{
  (void)state;
  expect_view(
      GOOD "server.jsonl", &whole, (struct uvt_tree_view){.under = 4, .width = 200},
      "`- uv_fs_open /srv/www/index.html #4  at 24.0 us, fd 40, pool wait 1.50 us, pool work 3.00 us, "
      "delay 1.50 us, ran 1.00 us\n"
      "   `- uv_fs_read fd 40, /srv/www/index.html #5  512 bytes, pool wait 1.00 us, pool work 1.00 us, "
      "delay 500 ns, ran 1.00 us\n");
}

static size_t count_lines(const char *text, const char *part)
{
  size_t lines = 0;
  for (; (text = strstr(text, part)); text += strlen(part))
    lines++;
  return lines;
}

static void test_tree_full_shows_all(void **state)
{
  (void)state;
  struct uvt_tree *tree = tree_of_path(GOOD "server.jsonl", &whole);
  struct uvt_tree_view view = {.width = 80, .ascii = true, .full = true};
  char *text = print(tree, &view, false);
  assert_int_equal(count_lines(text, "- connection #"), 8);
  assert_int_equal(count_lines(text, "- uv_fs_read "), 8);
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_lines_keep_to_the_width(void **state)
{
  (void)state;
  struct uvt_tree *tree = tree_of_path(GOOD "server.jsonl", &whole);
  struct uvt_tree_view view = {.ascii = true};
  for (view.width = 72; view.width <= 100; view.width++) {
    char *text = print(tree, &view, false);
    for (char *line = body(text); *line; line = strchr(line, '\n') + 1)
      assert_true(strcspn(line, "\n") <= view.width);
    free(text);
  }
  uvt_tree_destroy(tree);
}

static void test_tree_of_several_processes_needs_a_pid_for_an_index(void **state)
{
  (void)state;
  const struct uvt_tree_view under = {.width = 80, .under = 2};
  const struct uvt_tree_view all = {.width = 80};
  const char *expected = "several processes may have invocation #2: say which with --pid "
                         "(4242 node app.js, 4243 node app.js, 4243 node app.js)";
  expect_refusal(GOOD "processes-fork-and-exec.jsonl", &whole, &under, UVT_TREE_AMBIGUOUS, expected);
  expect_refusal(GOOD "processes-fork-and-exec.jsonl", &(struct uvt_tree_moment){.index = 2}, &all,
                 UVT_TREE_AMBIGUOUS, expected);
}

static void test_tree_unknown_index_is_refused(void **state)
{
  (void)state;
  const struct uvt_tree_view under = {.width = 80, .under = 77};
  const struct uvt_tree_view all = {.width = 80};
  expect_refusal(GOOD "server.jsonl", &whole, &under, UVT_TREE_ERROR, "there is no invocation #77");
  expect_refusal(GOOD "server.jsonl", &(struct uvt_tree_moment){.index = 77}, &all, UVT_TREE_ERROR,
                 "there is no invocation #77");
}

static void test_tree_texts_of_the_trace_are_made_safe(void **state)
{
  (void)state;
  struct uvt_tree *tree = tree_of_text(
      "{\"event\":\"executeBegin\",\"time\":0,\"executeID\":1,\"causeID\":0}\n"
      "{\"event\":\"link\",\"time\":1,\"executeID\":1,\"linkID\":1,\"data\":{\"type\":\"uv_fs_stat\","
      "\"path\":\"a\\u001b[31m\\nb\\u009b\\u202e\\u2069\\u00e9\"}}\n");
  struct uvt_tree_view view = {.width = 80};
  char *text = print(tree, &view, false);
  assert_non_null(strstr(text, "uv_fs_stat a?[31m?b???\xc3\xa9  [Queued]\n"));
  assert_null(strchr(text, 0x1b));
  free(text);
  view.ascii = true;
  text = print(tree, &view, false);
  assert_non_null(strstr(text, "uv_fs_stat a?[31m?b????  [Queued]\n"));
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_colour_only_when_asked_for(void **state)
{
  (void)state;
  struct uvt_tree *tree = tree_of_path(GOOD "server.jsonl", &whole);
  struct uvt_tree_view view = {.width = 80};
  char *text = print(tree, &view, false);
  assert_null(strchr(text, 0x1b));
  free(text);
  view.colour = true;
  text = print(tree, &view, false);
  assert_non_null(strchr(text, 0x1b));
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_json_lists_operations_with_their_parents(void **state)
{
  (void)state;
  struct uvt_tree *tree = tree_of_path(GOOD "timer-and-read.jsonl", &whole);
  const struct uvt_tree_view view = {.type = "uv_fs_read"};
  char *text = print(tree, &view, true);
  assert_string_equal(
      text,
      "{\"time\":5004000,\"processes\":[\n"
      "{\"process\":{\"processID\":7,\"pid\":4242,\"command\":\"node app.js\"},\"operations\":[\n"
      "{\"operationID\":1,\"type\":\"root\",\"detail\":\"node\",\"executeID\":1,\"tid\":100,\"state\":"
      "\"Retired\","
      "\"begin\":1000,\"end\":4000,\"retired\":5004000},\n"
      "{\"operationID\":3,\"parent\":1,\"parentExecuteID\":1,\"linkID\":2,\"type\":\"uv_fs_read\","
      "\"detail\":\"fd 17\",\"poolBegin\":6000,\"poolEnd\":9000,\"executeID\":2,\"causedBy\":1,\"tid\":100,"
      "\"result\":512,\"state\":\"Retired\",\"queued\":3000,\"ready\":9000,\"begin\":10500,\"end\":11000,"
      "\"retired\":11000}]}]}\n");
  free(text);
  uvt_tree_destroy(tree);
}

/* ---- What is pending ends with its process ---- */

/* Of three processes the first lives on, the second says that it ends, the third's pid is another's later. */
static struct uvt_tree *three_processes(const struct uvt_tree_moment *moment)
{
  static const char *const lines[] = {
      "{\"event\":\"process\",\"processID\":1,\"pid\":10,\"time\":0,\"data\":{\"host\":\"h\"}}",
      "{\"event\":\"executeBegin\",\"processID\":1,\"pid\":10,\"time\":0,\"executeID\":1,\"causeID\":0}",
      "{\"event\":\"link\",\"processID\":1,\"pid\":10,\"time\":100,\"executeID\":1,\"linkID\":1,\"data\":{"
      "\"type\":\"uv_timer_start\"}}",
      "{\"event\":\"operation\",\"processID\":1,\"pid\":10,\"time\":100,\"operationID\":1,\"linkID\":1,\"n\":"
      "1}",
      "{\"event\":\"state\",\"processID\":1,\"pid\":10,\"time\":100,\"operationID\":1,\"linkID\":1,\"state\":"
      "\"Queued\"}",
      "{\"event\":\"process\",\"processID\":2,\"pid\":20,\"time\":200,\"data\":{\"host\":\"h\"}}",
      "{\"event\":\"executeBegin\",\"processID\":2,\"pid\":20,\"time\":200,\"executeID\":1,\"causeID\":0}",
      "{\"event\":\"link\",\"processID\":2,\"pid\":20,\"time\":300,\"executeID\":1,\"linkID\":1,\"data\":{"
      "\"type\":\"uv_idle_start\"}}",
      "{\"event\":\"operation\",\"processID\":2,\"pid\":20,\"time\":300,\"operationID\":1,\"linkID\":1,\"n\":"
      "1}",
      "{\"event\":\"state\",\"processID\":2,\"pid\":20,\"time\":300,\"operationID\":1,\"linkID\":1,\"state\":"
      "\"Queued\"}",
      "{\"event\":\"processEnd\",\"processID\":2,\"pid\":20,\"time\":400}",
      "{\"event\":\"process\",\"processID\":3,\"pid\":30,\"time\":500,\"data\":{\"host\":\"h\"}}",
      "{\"event\":\"executeBegin\",\"processID\":3,\"pid\":30,\"time\":550,\"executeID\":1,\"causeID\":0}",
      "{\"event\":\"process\",\"processID\":4,\"pid\":30,\"time\":600,\"data\":{\"host\":\"h\"}}",
      "{\"event\":\"executeBegin\",\"processID\":4,\"pid\":30,\"time\":700,\"executeID\":1,\"causeID\":0}",
      "{\"event\":\"executeEnd\",\"processID\":4,\"pid\":30,\"time\":1000,\"executeID\":1}",
  };
  char text[4096] = "";
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", lines[i]);
  return tree_of_file(fmemopen(text, strlen(text), "r"), moment);
}

static void expect_parts(struct uvt_tree *tree, const char *const *parts)
{
  struct uvt_tree_view view = {.width = 100, .ascii = true};
  char *text = print(tree, &view, false), *at = text;
  for (; *parts; parts++) {
    char *found = strstr(at, *parts);
    if (!found)
      fail_msg("no \"%s\" there in\n%s", *parts, text);
    at = found + strlen(*parts);
  }
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_nothing_waits_beyond_the_end_of_its_process(void **state)
{
  (void)state;
  expect_parts(three_processes(&whole),
               (const char *const[]){"process 10", "running for 1.00 us", "waiting for 900 ns", "process 20",
                                     "; ended at 400 ns", "running for 200 ns", "waiting for 100 ns",
                                     "process 30", "; ended at 550 ns", "running for 0 ns", NULL});
  expect_parts(three_processes(&(struct uvt_tree_moment){.at = 390, .has_at = true}),
               (const char *const[]){"process 20", "1 Executing\n", "waiting for 90 ns", NULL});
  expect_parts(three_processes(&(struct uvt_tree_moment){.at = 599, .has_at = true}),
               (const char *const[]){"waiting for 499 ns", "; ended at 400 ns", "waiting for 100 ns",
                                     "process 30", "running for 49 ns", NULL});
  struct uvt_tree *tree = three_processes(&whole);
  char *text = print(tree, &(struct uvt_tree_view){.pending = true, .min_time = 101}, true);
  assert_int_equal(count_lines(text, "\"ended\":"), 2);
  assert_non_null(strstr(text, "uv_timer_start"));
  assert_null(strstr(text, "uv_idle_start")); /* it has waited for 100 ns */
  free(text);
  uvt_tree_destroy(tree);
}

/* ---- Likeness ---- */

enum { SIBLINGS = 60, LIKE_SHOWN = 3, LIKE_LIMIT = 5 };

struct sibling {
  unsigned type, place, outcome;
};

static bool are_alike(const struct sibling *a, const struct sibling *b)
{
  return a->type == b->type && a->place == b->place && a->outcome == b->outcome;
}

static void write_sibling(FILE *out, const struct sibling *sibling, int link)
{
  static const char *const reasons[] = {"stopped", "closed"};
  fprintf(out,
          "{\"event\":\"link\",\"time\":1,\"executeID\":1,\"linkID\":%d,\"data\":{\"type\":\"t%u\",\"layer\":"
          "\"js\",\"%s\":\"p%u\"}}\n"
          "{\"event\":\"operation\",\"time\":1,\"operationID\":%d,\"linkID\":%d,\"n\":1}\n"
          "{\"event\":\"state\",\"time\":1,\"operationID\":%d,\"linkID\":%d,\"state\":\"Queued\"}\n",
          link, sibling->type, sibling->place % 2 ? "at" : "function", sibling->place, link, link, link,
          link);
  if (sibling->outcome < 2)
    fprintf(out,
            "{\"event\":\"cancel\",\"time\":1,\"executeID\":1,\"linkID\":%d,\"data\":{\"reason\":\"%s\"}}\n"
            "{\"event\":\"state\",\"time\":1,\"operationID\":%d,\"linkID\":%d,\"state\":\"Retired\"}\n",
            link, reasons[sibling->outcome], link, link);
  if (sibling->outcome == 2)
    fprintf(out,
            "{\"event\":\"cause\",\"time\":1,\"executeID\":1,\"linkID\":%d,\"causeID\":%d}\n"
            "{\"event\":\"executeBegin\",\"time\":1,\"executeID\":%d,\"causeID\":%d,\"operationID\":%d}\n"
            "{\"event\":\"executeEnd\",\"time\":1,\"executeID\":%d}\n"
            "{\"event\":\"state\",\"time\":1,\"operationID\":%d,\"linkID\":%d,\"state\":\"Retired\"}\n",
            link, link, link + 1, link, link, link + 1, link, link);
}

/* What is to be shown, line by line: "TYPE PLACE", or how many more there are. */
static void expect_folded(FILE *out, const struct sibling *siblings)
{
  for (size_t i = 0; i < SIBLINGS; i++) {
    size_t before = 0, all = 0;
    for (size_t k = 0; k < SIBLINGS; k++) {
      all += are_alike(&siblings[i], &siblings[k]);
      before += k < i && are_alike(&siblings[i], &siblings[k]);
    }
    if (all <= LIKE_LIMIT || before < LIKE_SHOWN)
      fprintf(out, "t%u p%u\n", siblings[i].type, siblings[i].place);
    else if (before == LIKE_SHOWN)
      fprintf(out, "... %zu more like this\n", all - LIKE_SHOWN);
  }
}

/* Siblings at random, held against a plain count of what is alike: of the same type, place and outcome. */
static void check_folding(unsigned seed)
{
  struct sibling siblings[SIBLINGS];
  char *text = NULL, *expected = NULL, *found = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  fprintf(out, "{\"event\":\"executeBegin\",\"time\":0,\"executeID\":1,\"causeID\":0}\n");
  for (int i = 0; i < SIBLINGS; i++) {
    siblings[i] = (struct sibling){rand_r(&seed) % 2u, rand_r(&seed) % 3u, rand_r(&seed) % 4u};
    write_sibling(out, &siblings[i], i + 1);
  }
  fclose(out);
  out = open_memstream(&expected, &size);
  expect_folded(out, siblings);
  fclose(out);
  struct uvt_tree *tree = tree_of_text(text);
  struct uvt_tree_view view = {.width = 200, .ascii = true};
  char *shown = print(tree, &view, false);
  out = open_memstream(&found, &size);
  for (char *line = strchr(body(shown), '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
    line += strspn(line + 1, " |`-") + 1;
    const char *end = *line == 't' ? line + strlen("t0 p0") : strstr(line, "like this") + strlen("like this");
    fprintf(out, "%.*s\n", (int)(end - line), line);
  }
  fclose(out);
  assert_string_equal(found, expected);
  uvt_tree_destroy(tree);
  free(text), free(expected), free(found), free(shown);
}

static void test_tree_like_means_type_place_and_outcome(void **state)
{
  (void)state;
  for (unsigned seed = 1; seed <= 200; seed++) {
    print_message("%s%u", seed == 1 ? "seeds: " : " ", seed);
    check_folding(seed);
  }
  print_message("\n");
}

/* A timer that re-arms itself for ever: as deep as it is long. */
static struct uvt_tree *long_chain(int length)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  for (int i = 1; i <= length; i++)
    fprintf(
        out,
        "{\"event\":\"executeBegin\",\"time\":%d,\"executeID\":%d,\"causeID\":%d}\n"
        "{\"event\":\"link\",\"time\":%d,\"executeID\":%d,\"linkID\":%d,\"data\":{\"type\":\"Timeout\"}}\n"
        "{\"event\":\"cause\",\"time\":%d,\"executeID\":%d,\"linkID\":%d,\"causeID\":%d}\n"
        "{\"event\":\"executeEnd\",\"time\":%d,\"executeID\":%d}\n",
        i * 10, i, i - 1, i * 10 + 1, i, i, i * 10 + 1, i, i, i, i * 10 + 2, i);
  fclose(out);
  struct uvt_tree *tree = tree_of_text(text);
  free(text);
  return tree;
}

/* Each filter by itself and all together, at a moment: the same operations as in the whole list. */
static void test_tree_json_is_filtered_alike(void **state)
{
  (void)state;
  static const struct {
    struct uvt_tree_view view;
    size_t reads, opens, listens;
  } cases[] = {
      {{0}, 8, 8, 9},
      {{.depth = 2}, 0, 0, 9},
      {{.depth = 4}, 0, 8, 9},
      {{.under = 4}, 1, 1, 0},
      {{.under = 4, .depth = 1}, 0, 1, 0},
      {{.type = "uv_fs_read"}, 8, 8, 8},
      {{.under = 2, .type = "uv_fs_read"}, 1, 1, 1},
      {{.pending = true}, 0, 0, 9},
      {{.never_run = true}, 0, 0, 9},
      {{.never_run = true, .type = "uv_listen", .min_time = 18000, .pending = true}, 0, 0, 1},
      {{.never_run = true, .type = "uv_listen", .min_time = 18001, .pending = true}, 0, 0, 0},
  };
  struct uvt_tree *tree = tree_of_path(GOOD "server.jsonl", &whole);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *text = print(tree, &cases[i].view, true);
    size_t reads = count_lines(text, "\"uv_fs_read\""), opens = count_lines(text, "\"uv_fs_open\"");
    size_t listens = count_lines(text, "\"uv_listen\"");
    if (reads != cases[i].reads || opens != cases[i].opens || listens != cases[i].listens)
      fail_msg("case %zu: %zu reads, %zu opens, %zu of the listening socket", i, reads, opens, listens);
    free(text);
  }
  uvt_tree_destroy(tree);
}

static void test_tree_long_chain_is_counted(void **state)
{
  (void)state;
  struct uvt_tree *tree = long_chain(20000);
  struct uvt_tree_view view = {.width = 80, .ascii = true};
  char *text = print(tree, &view, false);
  assert_string_equal(body(text), "`- thread #1  ran 2 ns\n"
                                  "   `- Timeout #2  waited 9 ns, ran 2 ns\n"
                                  "      `- Timeout #3  waited 9 ns, ran 2 ns\n"
                                  "         `- Timeout #4  waited 9 ns, ran 2 ns\n"
                                  "            |- ... 19996 more generations of it, each linked by the last\n"
                                  "            |       ran 40.0 us (median 2 ns, longest 2 ns in #20000)\n"
                                  "            `- Timeout  [Queued]\n");
  free(text);
  uvt_tree_destroy(tree);
}

static void test_tree_long_chain_is_shown_in_full_without_recursion(void **state)
{
  (void)state;
  struct uvt_tree *tree = long_chain(2000);
  struct uvt_tree_view view = {.width = 80, .ascii = true, .full = true};
  char *text = print(tree, &view, false);
  assert_int_equal(count_lines(text, "`- Timeout"), 2000);
  free(text);
  uvt_tree_destroy(tree);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tree_operations_hang_from_their_linker_with_times),
      cmocka_unit_test(test_tree_causer_is_told_where_it_is_not_the_parent),
      cmocka_unit_test(test_tree_at_a_time_takes_late_ready),
      cmocka_unit_test(test_tree_at_an_index_is_that_of_its_begin),
      cmocka_unit_test(test_tree_pending_shows_what_waits_and_its_parents),
      cmocka_unit_test(test_tree_never_run_shows_what_was_cancelled_and_what_waits),
      cmocka_unit_test(test_tree_min_time_shows_what_took_long),
      cmocka_unit_test(test_tree_json_is_filtered_alike),
      cmocka_unit_test(test_tree_refused_registration_is_shown),
      cmocka_unit_test(test_tree_errors_have_names),
      cmocka_unit_test(test_tree_without_states),
      cmocka_unit_test(test_tree_lost_parents_are_unknown),
      cmocka_unit_test(test_tree_forked_child_knows_what_it_inherited),
      cmocka_unit_test(test_tree_server_is_folded_to_its_telling_parts),
      cmocka_unit_test(test_tree_under_an_invocation_names_files),
      cmocka_unit_test(test_tree_full_shows_all),
      cmocka_unit_test(test_tree_lines_keep_to_the_width),
      cmocka_unit_test(test_tree_of_several_processes_needs_a_pid_for_an_index),
      cmocka_unit_test(test_tree_unknown_index_is_refused),
      cmocka_unit_test(test_tree_texts_of_the_trace_are_made_safe),
      cmocka_unit_test(test_tree_colour_only_when_asked_for),
      cmocka_unit_test(test_tree_json_lists_operations_with_their_parents),
      cmocka_unit_test(test_tree_nothing_waits_beyond_the_end_of_its_process),
      cmocka_unit_test(test_tree_like_means_type_place_and_outcome),
      cmocka_unit_test(test_tree_long_chain_is_counted),
      cmocka_unit_test(test_tree_long_chain_is_shown_in_full_without_recursion),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

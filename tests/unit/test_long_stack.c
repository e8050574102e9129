/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/cmd.h"
#include "golden.h"
#include "tree/long_stack.h"

static enum uvt_tree_status print(FILE *file, const struct uvt_long_stack_view *view, char **text,
                                  struct uvt_error *error)
{
  static const struct uvt_tree_moment whole = {0};
  size_t size = 0;
  struct uvt_tree *tree = uvt_tree_create(&whole);
  FILE *out = open_memstream(text, &size);
  assert_non_null(tree);
  assert_non_null(out);
  read_stream(file, uvt_tree_sink(tree));
  enum uvt_tree_status status = uvt_long_stack_print(tree, view, out, error);
  fclose(out);
  uvt_tree_destroy(tree);
  return status;
}

static void expect_stack(const char *stream, const struct uvt_long_stack_view *view, const char *golden)
{
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fopen(stream, "r"), view, &text, &error), UVT_TREE_DONE);
  expect_golden(golden, text);
}

static void expect_error(const char *stream, const struct uvt_long_stack_view *view,
                         enum uvt_tree_status status, const char *message)
{
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fopen(stream, "r"), view, &text, &error), status);
  assert_string_equal(error.text, message);
  assert_string_equal(text, "");
  free(text);
}

/* Over a promise, a message of another thread, its timer, and the thread. */
static void test_stack_hop_by_hop_to_the_root(void **state)
{
  (void)state;
  const struct uvt_long_stack_view view = {.index = 6, .width = 80, .ascii = true};
  expect_stack(GOOD "stacks.jsonl", &view, ANSWERS "stack.txt");
  const struct uvt_long_stack_view full = {.index = 6, .width = 80, .ascii = true, .full = true};
  expect_stack(GOOD "stacks.jsonl", &full, ANSWERS "stack-full.txt");
  const struct uvt_long_stack_view json = {.index = 6, .json = true};
  expect_stack(GOOD "stacks.jsonl", &json, ANSWERS "stack.json");
}

static void test_stack_of_what_failed(void **state)
{
  (void)state;
  const struct uvt_long_stack_view all = {.failed = true, .width = 80, .ascii = true};
  expect_stack(GOOD "stacks.jsonl", &all, ANSWERS "stack-failed.txt");
  const struct uvt_long_stack_view one = {.failed = true, .index = 7, .json = true};
  expect_stack(GOOD "stacks.jsonl", &one, ANSWERS "stack-failed.json");
}

static void test_stack_is_coloured_where_that_is_asked_for(void **state)
{
  (void)state;
  const struct uvt_long_stack_view view = {
      .failed = true, .index = 7, .width = 40, .ascii = true, .colour = true};
  expect_stack(GOOD "stacks.jsonl", &view, ANSWERS "stack-colour.txt");
}

static void test_lines_keep_to_the_width(void **state)
{
  (void)state;
  for (unsigned width = 48; width <= 120; width++) {
    const struct uvt_long_stack_view view = {.failed = true, .full = true, .width = width, .ascii = true};
    char *text = NULL;
    struct uvt_error error = {0};
    assert_int_equal(print(fopen(GOOD "stacks.jsonl", "r"), &view, &text, &error), UVT_TREE_DONE);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
      assert_in_range(strcspn(line, "\n"), 0, width);
    free(text);
  }
}

static void test_stream_without_stacks_says_so(void **state)
{
  (void)state;
  const struct uvt_long_stack_view view = {.index = 5, .width = 80, .ascii = true};
  expect_stack(GOOD "server.jsonl", &view, ANSWERS "stack-none.txt");
}

static void test_nothing_to_show_is_said(void **state)
{
  (void)state;
  const struct uvt_long_stack_view none = {.failed = true};
  expect_error(GOOD "server.jsonl", &none, UVT_TREE_ERROR,
               "nothing failed: no uncaught error, no unhandled rejection");
  const struct uvt_long_stack_view whole = {.failed = true, .index = 1};
  expect_error(GOOD "stacks.jsonl", &whole, UVT_TREE_ERROR, "invocation #1 did not fail");
  const struct uvt_long_stack_view missing = {.index = 4711};
  expect_error(GOOD "stacks.jsonl", &missing, UVT_TREE_ERROR, "there is no invocation #4711");
}

static void test_invocation_of_several_processes_needs_a_pid(void **state)
{
  (void)state;
  const struct uvt_long_stack_view view = {.index = 1};
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fopen(GOOD "processes-fork-and-exec.jsonl", "r"), &view, &text, &error),
                   UVT_TREE_AMBIGUOUS);
  assert_non_null(strstr(error.text, "--pid"));
  free(text);
}

/* A failure of an invocation that is not in the stream, and sends that seem to come from what they cause. */
static void test_contradictions_end(void **state)
{
  (void)state;
  static char stream[] =
      "{\"event\":\"failedCallback\",\"time\":0,\"executeID\":9,\"data\":{\"message\":\"lost\"}}\n"
      "{\"event\":\"executeBegin\",\"time\":1,\"executeID\":1,\"causeID\":0,\"tid\":1}\n"
      "{\"event\":\"link\",\"time\":1,\"executeID\":1,\"linkID\":1,\"data\":{\"type\":\"uv_async_init\"}}\n"
      "{\"event\":\"cause\",\"time\":1,\"executeID\":1,\"linkID\":1,\"causeID\":1}\n"
      "{\"event\":\"executeBegin\",\"time\":1,\"executeID\":2,\"causeID\":1,\"tid\":1}\n"
      "{\"event\":\"cause\",\"time\":1,\"executeID\":2,\"linkID\":1,\"causeID\":2}\n"
      "{\"event\":\"executeBegin\",\"time\":1,\"executeID\":3,\"causeID\":2,\"tid\":1}\n"
      "{\"event\":\"cause\",\"time\":1,\"executeID\":3,\"linkID\":1,\"causeID\":3}\n"
      "{\"event\":\"executeBegin\",\"time\":1,\"executeID\":2,\"causeID\":3,\"tid\":1}\n"
      "{\"event\":\"failedCallback\",\"time\":2,\"executeID\":3,\"data\":{\"message\":\"loop\"}}\n";
  const struct uvt_long_stack_view view = {.failed = true, .width = 80, .ascii = true};
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fmemopen(stream, sizeof stream - 1, "r"), &view, &text, &error), UVT_TREE_DONE);
  assert_non_null(strstr(text, "lost\n\n?       unknown: lost, or from before the recording\n"));
  assert_non_null(strstr(text, "#3 failed\nloop\n"));
  free(text);
}

static int run(int argc, char **argv)
{
  fflush(stdout);
  int saved = dup(STDOUT_FILENO), saved_error = dup(STDERR_FILENO);
  FILE *sink = fopen("/dev/null", "w");
  dup2(fileno(sink), STDOUT_FILENO);
  dup2(fileno(sink), STDERR_FILENO);
  int status = uvt_cmd_main(argc, argv);
  fflush(stdout);
  dup2(saved, STDOUT_FILENO);
  dup2(saved_error, STDERR_FILENO);
  close(saved);
  close(saved_error);
  fclose(sink);
  return status;
}

static void test_command_tells_wrong_usage_from_failure(void **state)
{
  (void)state;
  char stream[] = GOOD "stacks.jsonl";
  char *good[] = {"uvtree", "stack", stream, "--index", "6", NULL};
  char *neither[] = {"uvtree", "stack", stream, NULL};
  char *nothing[] = {"uvtree", "stack", stream, "--failed", "--index", "2", NULL};
  assert_int_equal(run(5, good), UVT_EXIT_DONE);
  assert_int_equal(run(3, neither), UVT_EXIT_USAGE);
  assert_int_equal(run(6, nothing), UVT_EXIT_FAILED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stack_hop_by_hop_to_the_root),
      cmocka_unit_test(test_stack_of_what_failed),
      cmocka_unit_test(test_stack_is_coloured_where_that_is_asked_for),
      cmocka_unit_test(test_lines_keep_to_the_width),
      cmocka_unit_test(test_stream_without_stacks_says_so),
      cmocka_unit_test(test_nothing_to_show_is_said),
      cmocka_unit_test(test_invocation_of_several_processes_needs_a_pid),
      cmocka_unit_test(test_contradictions_end),
      cmocka_unit_test(test_command_tells_wrong_usage_from_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

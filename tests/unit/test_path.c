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
#include "tree/path.h"

static const struct uvt_tree_moment whole = {0};

static struct uvt_tree *tree_of(FILE *file)
{
  struct uvt_tree *tree = uvt_tree_create(&whole);
  assert_non_null(tree);
  read_stream(file, uvt_tree_sink(tree));
  return tree;
}

/* As text; as JSON where there is no view. */
static enum uvt_tree_status print(FILE *file, uint64_t index, const struct uvt_path_view *view, char **text,
                                  struct uvt_error *error)
{
  size_t size = 0;
  struct uvt_tree *tree = tree_of(file);
  FILE *out = open_memstream(text, &size);
  assert_non_null(out);
  enum uvt_tree_status status = view ? uvt_path_print_text(tree, index, view, out, error)
                                     : uvt_path_print_json(tree, index, out, error);
  fclose(out);
  uvt_tree_destroy(tree);
  return status;
}

static void expect_path(const char *stream, uint64_t index, const struct uvt_path_view *view,
                        const char *golden)
{
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fopen(stream, "r"), index, view, &text, &error), UVT_TREE_DONE);
  expect_golden(golden, text);
}

static const struct uvt_path_view narrow = {.width = 80, .ascii = true};

static void test_path_hop_by_hop_to_the_root(void **state)
{
  (void)state;
  expect_path(GOOD "server.jsonl", 5, &narrow, ANSWERS "path-server.txt");
  expect_path(GOOD "server.jsonl", 5, NULL, ANSWERS "path-server.json");
}

static void test_path_causer_that_is_not_the_parent(void **state)
{
  (void)state;
  expect_path(GOOD "threads-async-nested-loop.jsonl", 5, &narrow, ANSWERS "path-caused.txt");
}

/* A request that waits for what another has begun. */
static void test_path_cause_of_another_request(void **state)
{
  (void)state;
  expect_path(GOOD "requests.jsonl", 23, &narrow, ANSWERS "path-shared.txt");
  expect_path(GOOD "requests.jsonl", 23, NULL, ANSWERS "path-shared.json");
}

static void test_path_later_run_of_a_registration(void **state)
{
  (void)state;
  expect_path(GOOD "requests.jsonl", 22, &narrow, ANSWERS "path-repeated.txt");
}

static void test_path_lost_parent_is_unknown(void **state)
{
  (void)state;
  expect_path(GOOD "late-start.jsonl", 56, &narrow, ANSWERS "path-unknown.txt");
}

static void test_path_without_states(void **state)
{
  (void)state;
  expect_path(GOOD "contract-example.jsonl", 3, &narrow, ANSWERS "path-without-states.txt");
}

static void test_path_no_such_invocation(void **state)
{
  (void)state;
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fopen(GOOD "server.jsonl", "r"), 4711, &narrow, &text, &error), UVT_TREE_ERROR);
  assert_string_equal(error.text, "there is no invocation #4711");
  free(text);
}

static void test_path_of_several_processes_needs_a_pid(void **state)
{
  (void)state;
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(fopen(GOOD "processes-fork-and-exec.jsonl", "r"), 1, NULL, &text, &error),
                   UVT_TREE_AMBIGUOUS);
  assert_string_equal(error.text, "several processes may have invocation #1: say which with --pid "
                                  "(4242 node app.js, 4243 node app.js, 4243 node app.js)");
  free(text);
}

/* A chain of timers, each armed by the one before. */
static FILE *make_chain(uint64_t length, char **stream)
{
  size_t size = 0;
  FILE *out = open_memstream(stream, &size);
  fprintf(out, "{\"event\":\"executeBegin\",\"time\":0,\"executeID\":1,\"causeID\":0,\"tid\":1}\n");
  for (uint64_t i = 1; i < length; i++) {
    unsigned long long n = i;
    fprintf(
        out,
        "{\"event\":\"link\",\"time\":%llu,\"executeID\":%llu,\"linkID\":%llu,\"data\":{\"type\":\"t\"}}\n",
        10 * n - 8, n, n);
    fprintf(out, "{\"event\":\"cause\",\"time\":%llu,\"executeID\":%llu,\"linkID\":%llu,\"causeID\":%llu}\n",
            10 * n - 8, n, n, n);
    fprintf(out, "{\"event\":\"executeEnd\",\"time\":%llu,\"executeID\":%llu}\n", 10 * n - 6, n);
    fprintf(out, "{\"event\":\"executeBegin\",\"time\":%llu,\"executeID\":%llu,\"causeID\":%llu,\"tid\":1}\n",
            10 * n, n + 1, n);
  }
  fclose(out);
  return fmemopen(*stream, strlen(*stream), "r");
}

static void test_path_long_chain(void **state)
{
  (void)state;
  enum { LENGTH = 20000 };
  const struct uvt_path_view view = {.width = 80, .depth = 2, .ascii = true};
  char *stream = NULL;
  char *text = NULL;
  struct uvt_error error = {0};
  assert_int_equal(print(make_chain(LENGTH, &stream), LENGTH, &view, &text, &error), UVT_TREE_DONE);
  assert_non_null(strstr(text, "#20000"));
  assert_non_null(strstr(text, "#19999"));
  assert_null(strstr(text, "#19998  t"));
  assert_non_null(strstr(text, "... 19997 hops not shown (--depth)\n#1 "));
  assert_non_null(strstr(text, "19999 hops, 200 us "));
  assert_non_null(strstr(text, "ran 40.0 us, waited 160 us\n"));
  free(text);
  free(stream);
}

/* What a user sees: the exit status. */
static int run(char **argv)
{
  int argc = 0;
  while (argv[argc])
    argc++;
  return uvt_cmd_path.run(argc, argv);
}

static void test_path_command_usage(void **state)
{
  (void)state;
  char stream[] = GOOD "processes-fork-and-exec.jsonl";
  char *none[] = {"path", NULL};
  char *no_index[] = {"path", stream, NULL};
  char *no_pid[] = {"path", stream, "--index", "1", NULL};
  char *wrong[] = {"path", stream, "--index", "x", NULL};
  char *no_file[] = {"path", "/nowhere", "--index", "1", NULL};
  assert_int_equal(run(none), UVT_EXIT_USAGE);
  assert_int_equal(run(no_index), UVT_EXIT_USAGE);
  assert_int_equal(run(no_pid), UVT_EXIT_USAGE);
  assert_int_equal(run(wrong), UVT_EXIT_USAGE);
  assert_int_equal(run(no_file), UVT_EXIT_FAILED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_path_hop_by_hop_to_the_root),
      cmocka_unit_test(test_path_causer_that_is_not_the_parent),
      cmocka_unit_test(test_path_cause_of_another_request),
      cmocka_unit_test(test_path_later_run_of_a_registration),
      cmocka_unit_test(test_path_lost_parent_is_unknown),
      cmocka_unit_test(test_path_without_states),
      cmocka_unit_test(test_path_no_such_invocation),
      cmocka_unit_test(test_path_of_several_processes_needs_a_pid),
      cmocka_unit_test(test_path_long_chain),
      cmocka_unit_test(test_path_command_usage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

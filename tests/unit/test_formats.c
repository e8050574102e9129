/* SPDX-License-Identifier: MIT */
/*
 * What each format makes of the well-formed streams, against files that somebody has read:
 * fixtures/formats/STREAM.FORMAT. With UVTREE_WRITE_EXPECTED set they are written anew, to be read again.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/out_chrome.h"
#include "formats/out_dot.h"
#include "formats/out_folded.h"
#include "pipeline.h"

static const char *const streams[] = {"contract-example",
                                      "empty",
                                      "errors",
                                      "late-start",
                                      "lost-in-the-middle",
                                      "lost-whole-stream",
                                      "pending-and-open-at-the-end",
                                      "processes-fork-and-exec",
                                      "repeating-cancelled-in-own-callback",
                                      "server",
                                      "threads-async-nested-loop",
                                      "timer-and-read",
                                      "unwound",
                                      "without-operation-events",
                                      "without-states"};

static char *contents(FILE *file)
{
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  char *text = calloc(1, (size_t)size + 1);
  rewind(file);
  assert_int_equal(fread(text, 1, (size_t)size, file), size);
  return text;
}

static char *converted(const char *source, const struct uvt_output_format *format,
                       const struct uvt_output_options *options)
{
  struct uvt_pipeline_options pipeline = {0};
  struct uvt_error error = {0};
  FILE *file = tmpfile();
  struct uvt_sink *sink = format->create(fileno(file));
  if (format->configure)
    format->configure(sink, options);
  if (uvt_pipeline_run(source, &pipeline, sink, NULL, &error))
    fail_msg("%s", error.text);
  format->destroy(sink);
  char *text = contents(file);
  fclose(file);
  return text;
}

static void expect(const char *stream, const char *suffix, const char *text)
{
  char path[512];
  bool write = getenv("UVTREE_WRITE_EXPECTED");
  snprintf(path, sizeof path, "%s/formats/%s.%s", UVT_FIXTURES, stream, suffix);
  FILE *file = fopen(path, write ? "w+" : "r");
  if (!file)
    fail_msg("%s: %s", path, strerror(errno));
  if (write)
    fputs(text, file);
  char *expected = contents(file);
  fclose(file);
  if (strcmp(expected, text))
    print_error("%s\n", path);
  assert_string_equal(text, expected);
  free(expected);
}

static void expect_all(const struct uvt_output_format *format, const char *suffix,
                       const struct uvt_output_options *options)
{
  for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s/streams/good/%s.jsonl", UVT_FIXTURES, streams[i]);
    char *text = converted(path, format, options);
    expect(streams[i], suffix, text);
    free(text);
  }
}

static void test_chrome(void **state)
{
  (void)state;
  expect_all(&uvt_output_chrome, "chrome.json", &(struct uvt_output_options){0});
}

static void test_dot(void **state)
{
  (void)state;
  expect_all(&uvt_output_dot, "dot", &(struct uvt_output_options){0});
}

static void test_dot_draws_no_more_than_it_may(void **state)
{
  (void)state;
  char *text = converted(UVT_FIXTURES "/streams/good/server.jsonl", &uvt_output_dot,
                         &(struct uvt_output_options){.limit = 5});
  expect("server-5", "dot", text);
  free(text);
}

static void test_folded(void **state)
{
  (void)state;
  expect_all(&uvt_output_folded, "run.folded", &(struct uvt_output_options){.weight = UVT_WEIGHT_RUN});
  expect_all(&uvt_output_folded, "wait.folded", &(struct uvt_output_options){.weight = UVT_WEIGHT_WAIT});
}

/* ---- Streams made here ---- */

static void give(struct uvt_sink *sink, struct uvt_event event)
{
  assert_int_equal(sink->event(sink, &event), 0);
}

struct output {
  const struct uvt_output_format *format;
  FILE *file;
  struct uvt_sink *sink;
};

static struct output open_output(const struct uvt_output_format *format)
{
  struct output output = {.format = format, .file = tmpfile()};
  output.sink = format->create(fileno(output.file));
  return output;
}

static char *close_output(struct output *output)
{
  assert_int_equal(output->sink->end(output->sink), 0);
  output->format->destroy(output->sink);
  char *text = contents(output->file);
  fclose(output->file);
  return text;
}

static void link_and_run(struct uvt_sink *sink, uint64_t id, const char *type, uint64_t time)
{
  give(sink, (struct uvt_event){.kind = UVT_EV_link,
                                .executeID = id,
                                .linkID = id,
                                .time = time,
                                .data = {{.key = "type", .type = UVT_DATUM_STRING, .string = type}},
                                .data_count = 1});
  give(sink, (struct uvt_event){
                 .kind = UVT_EV_cause, .executeID = id, .linkID = id, .causeID = id, .time = time + 2});
  give(sink, (struct uvt_event){.kind = UVT_EV_executeEnd, .executeID = id, .time = time + 5});
  give(sink,
       (struct uvt_event){
           .kind = UVT_EV_executeBegin, .executeID = id + 1, .causeID = id, .tid = 1, .time = time + 8});
}

/* The program's chain: root, then `count` operations, each made by the one before, of the types in turn. */
static char *chain(const struct uvt_output_format *format, const char *const *types, size_t types_count,
                   uint64_t count)
{
  struct output output = open_output(format);
  give(output.sink, (struct uvt_event){.kind = UVT_EV_executeBegin, .executeID = 1, .tid = 1, .time = 0});
  for (uint64_t i = 0; i < count; i++)
    link_and_run(output.sink, i + 1, types[i % types_count], 5 + i * 10);
  give(output.sink,
       (struct uvt_event){.kind = UVT_EV_executeEnd, .executeID = count + 1, .time = 10 + count * 10});
  return close_output(&output);
}

static void test_folded_folds_generations(void **state)
{
  (void)state;
  static const char *const one[] = {"t"}, *const three[] = {"a", "b", "c"};
  char *text = chain(&uvt_output_folded, one, 1, 1000);
  assert_string_equal(text, "process;thread 10\nprocess;thread;t 7000\n");
  free(text);
  text = chain(&uvt_output_folded, three, 3, 3000);
  assert_string_equal(text, "process;thread 10\n"
                            "process;thread;a 7000\n"
                            "process;thread;a;b 7000\n"
                            "process;thread;a;b;c 7000\n");
  free(text);
}

/* What does not repeat is cut at a depth, and nothing is lost of its weight. */
static void test_folded_is_bounded(void **state)
{
  (void)state;
  enum { COUNT = 100000 };
  char(*names)[8] = calloc(COUNT, sizeof *names);
  const char **types = calloc(COUNT, sizeof *types);
  uint64_t random = 1;
  for (size_t i = 0; i < COUNT; i++) {
    random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    snprintf(names[i], sizeof *names, "%u", (unsigned)(random >> 60));
    types[i] = names[i];
  }
  char *text = chain(&uvt_output_folded, types, COUNT, COUNT);
  uint64_t sum = 0;
  for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    size_t depth = 0;
    for (char *p = line; p < end; p++)
      depth += *p == ';';
    assert_true(depth <= UVT_FOLDED_DEPTH + 2);
    *end = '\0';
    sum += strtoull(strrchr(line, ' '), NULL, 10);
  }
  assert_int_equal(sum, 10 + 7 * COUNT);
  free(text);
  free(types);
  free(names);
}

static const char hostile[] = "a;b\n\"c\\d\x01<&>\xff \xc3\xa4";

static char *hostile_output(const struct uvt_output_format *format)
{
  struct output output = open_output(format);
  const char *const argv[] = {hostile, hostile};
  give(output.sink,
       (struct uvt_event){.kind = UVT_EV_process,
                          .processID = 9,
                          .pid = 4,
                          .data = {{.key = "argv", .type = UVT_DATUM_STRINGS, .list = argv, .number = 2}},
                          .data_count = 1});
  give(output.sink, (struct uvt_event){.kind = UVT_EV_executeBegin, .executeID = 1, .tid = 1, .time = 0});
  give(output.sink, (struct uvt_event){.kind = UVT_EV_link,
                                       .executeID = 1,
                                       .linkID = 1,
                                       .time = 5,
                                       .data = {{.key = "type", .type = UVT_DATUM_STRING, .string = hostile},
                                                {.key = "path", .type = UVT_DATUM_STRING, .string = hostile}},
                                       .data_count = 2});
  give(output.sink,
       (struct uvt_event){.kind = UVT_EV_cause, .executeID = 1, .linkID = 1, .causeID = 1, .time = 6});
  give(output.sink,
       (struct uvt_event){
           .kind = UVT_EV_executeBegin, .executeID = 2, .causeID = 1, .within = 1, .tid = 1, .time = 9});
  return close_output(&output);
}

static void test_hostile_names(void **state)
{
  (void)state;
  static const struct {
    const struct uvt_output_format *format;
    const char *suffix;
  } all[] = {
      {&uvt_output_chrome, "chrome.json"}, {&uvt_output_dot, "dot"}, {&uvt_output_folded, "run.folded"}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char *text = hostile_output(all[i].format);
    expect("hostile", all[i].suffix, text);
    free(text);
  }
}

static void test_write_that_fails_is_told(void **state)
{
  (void)state;
  static const struct uvt_output_format *const all[] = {&uvt_output_chrome, &uvt_output_dot,
                                                        &uvt_output_folded};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    int full = open("/dev/full", O_WRONLY);
    struct uvt_sink *sink = all[i]->create(full);
    give(sink, (struct uvt_event){.kind = UVT_EV_executeBegin, .executeID = 1, .tid = 1, .time = 0});
    give(sink, (struct uvt_event){.kind = UVT_EV_executeEnd, .executeID = 1, .time = 10});
    assert_int_equal(sink->end(sink), -ENOSPC);
    all[i]->destroy(sink);
    close(full);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_chrome),
      cmocka_unit_test(test_dot),
      cmocka_unit_test(test_dot_draws_no_more_than_it_may),
      cmocka_unit_test(test_folded),
      cmocka_unit_test(test_folded_folds_generations),
      cmocka_unit_test(test_folded_is_bounded),
      cmocka_unit_test(test_hostile_names),
      cmocka_unit_test(test_write_that_fails_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
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
#include <jansson.h>

#include "formats/out_jsonl.h"
#include "stream/stack_store.h"

struct fixture {
  FILE *file;
  struct uvt_sink *sink;
  char *text;
};

static int setup(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  f->file = tmpfile();
  f->sink = uvt_output_jsonl.create(fileno(f->file));
  *state = f;
  return 0;
}

static int teardown(void **state)
{
  struct fixture *f = *state;
  uvt_output_jsonl.destroy(f->sink);
  fclose(f->file);
  free(f->text);
  free(f);
  return 0;
}

static void give(struct fixture *f, struct uvt_event event)
{
  assert_int_equal(f->sink->event(f->sink, &event), 0);
}

/* All that was written until now. */
static const char *written(struct fixture *f)
{
  assert_int_equal(f->sink->end(f->sink), 0);
  off_t size = lseek(fileno(f->file), 0, SEEK_END);
  free(f->text);
  f->text = calloc(1, (size_t)size + 1);
  assert_int_equal(pread(fileno(f->file), f->text, (size_t)size, 0), size);
  return f->text;
}

static void test_every_field(void **state)
{
  struct fixture *f = *state;
  const uint64_t coalesced[] = {8, 9};
  give(f, (struct uvt_event){.kind = UVT_EV_executeBegin,
                             .executeID = 2,
                             .causeID = 7,
                             .operationID = 3,
                             .tid = 44,
                             .within = 1,
                             .time = 1234567,
                             .coalesced = coalesced,
                             .coalesced_count = 2});
  give(f, (struct uvt_event){
              .kind = UVT_EV_executeBegin, .executeID = 3, .operationID = 4, .tid = -1, .time = 0});
  give(f, (struct uvt_event){.kind = UVT_EV_operation, .operationID = 3, .linkID = 5, .n = 2, .time = 10});
  give(f, (struct uvt_event){.kind = UVT_EV_state,
                             .operationID = 3,
                             .linkID = 5,
                             .state = UVT_STATE_ChildrenPending,
                             .time = 99999});
  give(f, (struct uvt_event){.kind = UVT_EV_lost, .count = UINT64_MAX, .from = 0, .to = 100, .time = 100});
  give(f, (struct uvt_event){.kind = UVT_EV_pollBegin,
                             .loopID = 1,
                             .tid = 5,
                             .time = 9007199254740991,
                             .data = {{.key = "timeout", .number = -1}},
                             .data_count = 1});
  give(f, (struct uvt_event){.kind = UVT_EV_unknown});
  assert_string_equal(
      written(f),
      "{\"event\":\"executeBegin\",\"executeID\":2,\"operationID\":3,\"causeID\":7,\"within\":1,\"tid\":44,"
      "\"time\":1234567,\"coalesced\":[8,9]}\n"
      "{\"event\":\"executeBegin\",\"executeID\":3,\"operationID\":4,\"causeID\":0,\"tid\":-1,\"time\":0}\n"
      "{\"event\":\"operation\",\"operationID\":3,\"linkID\":5,\"n\":2,\"time\":10}\n"
      "{\"event\":\"state\",\"operationID\":3,\"linkID\":5,\"time\":99999,\"state\":\"ChildrenPending\"}\n"
      "{\"event\":\"lost\",\"count\":null,\"from\":0,\"to\":100,\"time\":100}\n"
      "{\"event\":\"pollBegin\",\"loopID\":1,\"tid\":5,\"time\":9007199254740991,\"data\":{\"timeout\":-1}}"
      "\n");
}

static void test_data_of_every_type(void **state)
{
  struct fixture *f = *state;
  const char *const list[] = {"a", "b\"c"};
  give(f, (struct uvt_event){.kind = UVT_EV_link,
                             .executeID = 1,
                             .linkID = 2,
                             .data = {{.key = "i", .type = UVT_DATUM_INT, .number = INT64_MIN},
                                      {.key = "p.a", .type = UVT_DATUM_INT, .number = 1},
                                      {.key = "p.b", .type = UVT_DATUM_BOOL, .number = 0},
                                      {.key = "q.a", .type = UVT_DATUM_NULL},
                                      {.key = "s", .type = UVT_DATUM_STRING, .string = NULL},
                                      {.key = "l", .type = UVT_DATUM_STRINGS, .list = list, .number = 2},
                                      {.key = "r.x", .type = UVT_DATUM_BOOL, .number = 1}},
                             .data_count = 7});
  assert_string_equal(written(f),
                      "{\"event\":\"link\",\"executeID\":1,\"linkID\":2,\"time\":0,\"data\":{"
                      "\"i\":-9223372036854775808,\"p\":{\"a\":1,\"b\":false},\"q\":{\"a\":null},\"s\":\"\","
                      "\"l\":[\"a\",\"b\\\"c\"],\"r\":{\"x\":true}}}\n");
}

static void test_stack_is_a_list_of_its_frames(void **state)
{
  struct fixture *f = *state;
  struct uvt_stack_store *stacks = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t frames[] = {uvt_frame_of_text(stacks, "f \"/x\".js:1:2"), uvt_frame_of_address(stacks, 16)};
  int64_t stack = uvt_stack_of(stacks, frames, 2);
  give(f, (struct uvt_event){
              .kind = UVT_EV_link,
              .data = {{.key = "type", .type = UVT_DATUM_STRING, .string = "t"},
                       {.key = "stack", .type = UVT_DATUM_STACK, .number = stack, .stacks = stacks}},
              .data_count = 2});
  assert_string_equal(written(f), "{\"event\":\"link\",\"time\":0,\"data\":{\"type\":\"t\",\"stack\":["
                                  "\"f \\\"/x\\\".js:1:2\",\"0x10\"]}}\n");
  uvt_stack_store_release(stacks);
}

static void expect_text(struct fixture *f, const char *text, const char *json)
{
  char expected[256];
  ftruncate(fileno(f->file), 0);
  lseek(fileno(f->file), 0, SEEK_SET);
  give(f, (struct uvt_event){.kind = UVT_EV_loop,
                             .data = {{.key = "t", .type = UVT_DATUM_STRING, .string = text}},
                             .data_count = 1});
  snprintf(expected, sizeof expected, "{\"event\":\"loop\",\"time\":0,\"data\":{\"t\":\"%s\"}}\n", json);
  assert_string_equal(written(f), expected);
}

static void test_texts_are_escaped_and_made_utf8(void **state)
{
  struct fixture *f = *state;
  expect_text(f, "plain ~", "plain ~");
  expect_text(f, "\"\\/\b\f\n\r\t\x01\x1f\x7f", "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f");
  expect_text(f, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  expect_text(f, "\xff|\xc3", "\xef\xbf\xbd|\xef\xbf\xbd");
  expect_text(f, "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd");                 /* too long for NUL */
  expect_text(f, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* half of a surrogate pair */
  expect_text(f, "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* above U+10FFFF */
}

static void test_numbers_of_every_length(void **state)
{
  struct fixture *f = *state;
  char expected[4096] = "";
  uint64_t number = 1;
  for (int digits = 1; digits <= 20; digits++, number *= 10) {
    for (uint64_t n = number - 1; n <= number; n++) {
      give(f, (struct uvt_event){.kind = UVT_EV_loop, .time = n});
      snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
               "{\"event\":\"loop\",\"time\":%llu}\n", (unsigned long long)n);
    }
  }
  assert_string_equal(written(f), expected);
}

static void test_process_is_written_once_there_are_several(void **state)
{
  struct fixture *f = *state;
  give(f, (struct uvt_event){.kind = UVT_EV_process, .processID = 4, .pid = 10});
  give(f, (struct uvt_event){.kind = UVT_EV_executeEnd, .executeID = 1, .processID = 4, .pid = 10});
  give(f, (struct uvt_event){.kind = UVT_EV_process, .processID = 5, .pid = 11});
  give(f, (struct uvt_event){.kind = UVT_EV_executeEnd, .executeID = 1, .processID = 4, .pid = 10});
  give(f, (struct uvt_event){.kind = UVT_EV_lost, .count = 1});
  assert_string_equal(written(f),
                      "{\"event\":\"process\",\"processID\":4,\"pid\":10,\"time\":0}\n"
                      "{\"event\":\"executeEnd\",\"executeID\":1,\"time\":0}\n"
                      "{\"event\":\"process\",\"processID\":5,\"pid\":11,\"time\":0}\n"
                      "{\"event\":\"executeEnd\",\"processID\":4,\"pid\":10,\"executeID\":1,\"time\":0}\n"
                      "{\"event\":\"lost\",\"count\":1,\"from\":0,\"to\":0,\"time\":0}\n");
}

static void test_long_output_comes_whole(void **state)
{
  struct fixture *f = *state;
  enum { LINES = 200000 };
  char *long_text = malloc(1 << 20);
  memset(long_text, 'x', (1 << 20) - 1);
  long_text[(1 << 20) - 1] = '\0';
  for (uint64_t i = 1; i <= LINES; i++)
    give(f, (struct uvt_event){.kind = UVT_EV_executeEnd, .executeID = i});
  give(f, (struct uvt_event){.kind = UVT_EV_loop,
                             .data = {{.key = "t", .type = UVT_DATUM_STRING, .string = long_text}},
                             .data_count = 1});
  const char *line = written(f);
  for (uint64_t i = 1; i <= LINES; i++) {
    char expected[80];
    int length =
        snprintf(expected, sizeof expected, "{\"event\":\"executeEnd\",\"executeID\":%llu,\"time\":0}\n",
                 (unsigned long long)i);
    assert_memory_equal(line, expected, (size_t)length);
    line += length;
  }
  assert_int_equal(strspn(strchr(line, 'x'), "x"), (1 << 20) - 1);
  free(long_text);
}

static void test_write_that_fails_is_told(void **state)
{
  (void)state;
  int full = open("/dev/full", O_WRONLY);
  struct uvt_sink *sink = uvt_output_jsonl.create(full);
  struct uvt_event event = {.kind = UVT_EV_executeEnd, .executeID = 1};
  int status = 0;
  for (int i = 0; i < 100000 && !status; i++)
    status = sink->event(sink, &event);
  assert_int_equal(status, -ENOSPC);
  assert_int_equal(sink->end(sink), -ENOSPC);
  uvt_output_jsonl.destroy(sink);
  close(full);
}

/* Pieces that do not stand for themselves, or end in the middle; those of one character are well-formed. */
static const char *const odd_pieces[] = {
    "a",      "\"",         "\\", "\n",   "\x1b]0;",  "\x7f", "\u00e9",       ".",       "\xc2\x85",
    "\u202e", "\U0001f600", "/",  "\xc3", "\xe2\x82", "\xff", "\xed\xa0\x80", "\xf0\x9f"};
enum { WELL_FORMED = 12 };

/* Keys and texts of any bytes: each line is JSON, and what was well-formed is read as it was. */
static void test_any_keys_and_texts_give_json(void **state)
{
  struct fixture *f = *state;
  enum { LINES = 2000 };
  static char texts[LINES][200];
  unsigned seed = (unsigned)getpid(), random = seed;
  print_message("seed %u\n", seed);
  for (size_t i = 0; i < LINES; i++) {
    size_t kinds = i % 2 ? WELL_FORMED : sizeof odd_pieces / sizeof odd_pieces[0];
    for (int pieces = rand_r(&random) % 40 + 1; pieces--;)
      strcat(texts[i], odd_pieces[(size_t)rand_r(&random) % kinds]);
    give(f, (struct uvt_event){.kind = UVT_EV_link,
                               .time = 1,
                               .data_count = 2,
                               .data = {{.key = texts[i], .type = UVT_DATUM_STRING, .string = texts[i]},
                                        {.key = "whole", .type = UVT_DATUM_STRING, .string = texts[i]}}});
  }
  const char *line = written(f);
  for (size_t i = 0; i < LINES; i++, line = strchr(line, '\n') + 1) {
    json_t *root = json_loadb(line, strcspn(line, "\n"), 0, NULL);
    json_t *data = json_object_get(root, "data");
    assert_non_null(data);
    assert_non_null(json_object_get(data, "whole"));
    if (i % 2) {
      const char *dot = texts[i][0] == '.' ? NULL : strchr(texts[i], '.');
      json_t *inner = data;
      if (dot) {
        char *object = strndup(texts[i], (size_t)(dot - texts[i]));
        inner = json_object_get(data, object);
        free(object);
      }
      assert_string_equal(json_string_value(json_object_get(inner, dot ? dot + 1 : texts[i])), texts[i]);
    }
    json_decref(root);
  }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(every_field),
      TEST(data_of_every_type),
      TEST(stack_is_a_list_of_its_frames),
      TEST(texts_are_escaped_and_made_utf8),
      TEST(numbers_of_every_length),
      TEST(process_is_written_once_there_are_several),
      TEST(long_output_comes_whole),
      cmocka_unit_test(test_write_that_fails_is_told),
      TEST(any_keys_and_texts_give_json),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

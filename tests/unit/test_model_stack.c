/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_text.h"
#include "model/model.h"

#define ORIGIN INT64_C(1700000000000000000)

struct fixture {
  struct event_text lines;
  struct uvt_model *model;
  struct uvt_error error;
  int64_t now;
  uint64_t link;
};

/* One record of process 77 each, a nanosecond after the other. */
#define GIVE(f, kind_, ...)                                                                             \
  do {                                                                                                  \
    struct uvt_record record_ = {.kind = UVT_RECORD_##kind_, .time = ORIGIN + (f)->now++, .host = "h"}; \
    record_.kind_ = (struct uvt_rec_##kind_){.process = 77, __VA_ARGS__};                               \
    assert_int_equal(uvt_model_record((f)->model, &record_, &(f)->error), 0);                           \
  } while (0)

static int setup(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  event_text_init(&f->lines);
  f->model = uvt_model_create(&f->lines.sink, 1 << 20);
  GIVE(f, process, .schema = UVT_SCHEMA_VERSION, .pid = 100, .exe = "/bin/x", .argv = "x");
  *state = f;
  return 0;
}

static int teardown(void **state)
{
  struct fixture *f = *state;
  uvt_model_destroy(f->model);
  free(f);
  return 0;
}

static void code(struct fixture *f, uint64_t address, uint32_t size, const char *name)
{
  GIVE(f, code, .address = address, .size = size, .name = name);
}

static void image(struct fixture *f, uint64_t start, uint64_t size, uint64_t offset, const char *path)
{
  GIVE(f, image, .start = start, .size = size, .offset = offset, .path = path, .build_id = "");
}

#define STACK(f, number, ...)                                                                           \
  do {                                                                                                  \
    uint64_t frames_[] = {__VA_ARGS__};                                                                 \
    GIVE(f, stack, .stack = number, .frames = {frames_, (uint32_t)(sizeof frames_ / sizeof *frames_)}); \
  } while (0)

/* What the stack of a registration reads that is linked now with that number; NULL: it has none. */
static void expect_stack(struct fixture *f, uint32_t number, const char *expected)
{
  f->link++;
  GIVE(f, link_stack, .link_id = f->link, .stack = number);
  event_text_forget(&f->lines);
  GIVE(f, link, .execute_id = 1, .link_id = f->link, .type = UVT_TYPE_uv_close);
  f->lines.text[f->lines.used] = '\0';
  char *end = strchr(f->lines.text, '\n');
  char *stack = strstr(f->lines.text, " stack");
  assert_non_null(end);
  *end = '\0';
  if (!expected) {
    assert_null(stack);
    return;
  }
  assert_non_null(stack);
  assert_string_equal(stack + 1, expected);
}

static void test_frame_is_what_lay_there_when_the_stack_was_told(void **state)
{
  struct fixture *f = *state;
  code(f, 0x1000, 0x100, "JS:~first /x.js:1:2");
  STACK(f, 1, 0x1010);
  code(f, 0x1080, 0x100, "JS:*second /x.js:3:4"); /* in place of the first, wholly */
  STACK(f, 2, 0x1010);
  STACK(f, 3, 0x1090);
  code(f, 0x1000, 0x80, "JS:^third /x.js:5:6");
  STACK(f, 4, 0x1010);
  expect_stack(f, 1, "stack=first /x.js:1:2");
  expect_stack(f, 2, "stack=0x1010");
  expect_stack(f, 3, "stack=second /x.js:3:4");
  expect_stack(f, 4, "stack=third /x.js:5:6");
  STACK(f, 1, 0x1090); /* its number, told again */
  expect_stack(f, 1, "stack=second /x.js:3:4");
}

static void test_code_that_moved_is_found_where_it_lies(void **state)
{
  struct fixture *f = *state;
  code(f, 0x1000, 0x100, "JS:*mover /x.js:1:2");
  STACK(f, 1, 0x1010);
  code(f, 0x2000, 0x100, "JS:*mover /x.js:1:2");
  code(f, 0x1000, 0x100, "JS:*other /x.js:3:4");
  STACK(f, 2, 0x2010, 0x1010);
  expect_stack(f, 1, "stack=mover /x.js:1:2");
  expect_stack(f, 2, "stack=mover /x.js:1:2<other /x.js:3:4");
}

/* A call may be the last of its function: what it returns to is the next function's first byte. */
static void test_return_address_belongs_to_its_call(void **state)
{
  struct fixture *f = *state;
  code(f, 0x1000, 0x100, "JS:*caller /x.js:1:2");
  code(f, 0x1100, 0x100, "JS:*next /x.js:3:4");
  STACK(f, 1, 0x1100);
  expect_stack(f, 1, "stack=caller /x.js:1:2");
}

static void test_code_counts_before_the_image_that_it_lies_in(void **state)
{
  struct fixture *f = *state;
  image(f, 0x1000, 0x1000, 0x500, "/no/such/file");
  code(f, 0x1100, 0x10, "Builtin:JSEntry");
  STACK(f, 1, 0x1108, 0x1208, 0x3000);
  image(f, 0x1000, 0x1000, 0, "/another/file"); /* mapped there since */
  STACK(f, 2, 0x1208);
  expect_stack(f, 1, "stack=Builtin:JSEntry</no/such/file+0x708<0x3000");
  expect_stack(f, 2, "stack=/another/file+0x208");
}

static void test_frame_that_is_a_text(void **state)
{
  struct fixture *f = *state;
  GIVE(f, string, .id = 5, .text = "f /x.js:12:5");
  STACK(f, 1, UVT_FRAME_STRING | 5, UVT_FRAME_STRING | 6);
  expect_stack(f, 1, "stack=f /x.js:12:5<unknown");
}

static void test_names_are_without_the_kind_of_code(void **state)
{
  struct fixture *f = *state;
  static const struct {
    const char *name, *frame;
  } names[] = {
      {"JS:~f /x.js:1:2", "f /x.js:1:2"},
      {"JS:+f /x.js:1:2", "f /x.js:1:2"},
      {"Function:f /x.js:1:2", "f /x.js:1:2"},
      {"LazyCompile:*f /x.js:1:2", "f /x.js:1:2"},
      {"Script:~ /x.js:1:2", "(anonymous) /x.js:1:2"},
      {"JS:~ node:timers:1:2", "(anonymous) node:timers:1:2"},
      {"JS:~f file:///app/x.mjs:1:2", "f /app/x.mjs:1:2"},
      {"JS:o+f /x.js:1:2", "f /x.js:1:2"},
      {"JS:*'f /x.js:1:2", "f /x.js:1:2"},
      {"JS:~o /x.js:1:2", "o /x.js:1:2"},
      {"Function:o /x.js:1:2", "o /x.js:1:2"},
      {"RegExp:^a+$", "RegExp:^a+$"},
      {"BytecodeHandler:Star", "BytecodeHandler:Star"},
      {"JS:", ""},
      {"", ""},
      {"JS:*\033[31m\"\\ \xff:1:2", "\033[31m\"\\ \xff:1:2"},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char expected[64];
    code(f, 0x1000, 0x100, names[i].name);
    STACK(f, 1, 0x1010);
    snprintf(expected, sizeof expected, "stack=%s", names[i].frame);
    expect_stack(f, 1, expected);
  }
}

static void test_name_longer_than_any_is_cut(void **state)
{
  struct fixture *f = *state;
  static char name[100000];
  memset(name, 'x', sizeof name - 1);
  code(f, 0x1000, 0x100, name);
  STACK(f, 1, 0x1010);
  f->link++;
  GIVE(f, link_stack, .link_id = f->link, .stack = 1);
  event_text_forget(&f->lines);
  GIVE(f, link, .execute_id = 1, .link_id = f->link, .type = UVT_TYPE_uv_close);
  assert_in_range(f->lines.used, 1000, 1300);
}

static void test_stack_that_was_not_told_is_told_to_be_lost(void **state)
{
  struct fixture *f = *state;
  expect_stack(f, 4711, "stackLost");
  expect_stack(f, 0, NULL);
  STACK(f, 1, 0x10);
  f->link += 2;
  GIVE(f, link_stack, .link_id = f->link - 1, .stack = 1); /* whose link was lost */
  expect_stack(f, 1, "stack=0x10");
}

static void test_stacks_of_both_layers_and_of_blocking_calls(void **state)
{
  struct fixture *f = *state;
  STACK(f, 1, 0x10);
  STACK(f, 2, 0x20);
  GIVE(f, string, .id = 1, .text = "Timeout");
  GIVE(f, link_stack, .link_id = 1, .stack = 1);
  GIVE(f, link_stack, .link_id = 2, .stack = 2); /* another thread's, in between */
  event_text_forget(&f->lines);
  GIVE(f, js_link, .execute_id = 1, .link_id = 1, .type = 1);
  f->lines.text[f->lines.used] = '\0';
  assert_non_null(strstr(f->lines.text, "type=Timeout layer=js stack=0x10\n"));
  event_text_forget(&f->lines);
  GIVE(f, detail, .link_id = 2, .text = "/x");
  GIVE(f, link, .execute_id = 1, .link_id = 2, .type = UVT_TYPE_uv_fs_stat);
  f->lines.text[f->lines.used] = '\0';
  assert_non_null(strstr(f->lines.text, "path=/x stack=0x20\n"));
  event_text_forget(&f->lines);
  GIVE(f, blocking, .execute_id = 1, .type = UVT_TYPE_uv_fs_stat, .duration = 5, .stack = 2, .path = "/x");
  f->lines.text[f->lines.used] = '\0';
  assert_non_null(strstr(f->lines.text, "path=/x stack=0x20\n"));
}

/* A long-running process compiles and drops functions for ever. */
static void test_memory_is_bounded_where_code_comes_and_goes(void **state)
{
  struct fixture *f = *state;
  for (uint32_t i = 0; i < 300000; i++) {
    char name[64];
    snprintf(name, sizeof name, "JS:~f%u /x.js:1:2", i % 1000);
    code(f, 0x100000 + (i % 5000) * 0x40, 0x40, name);
    STACK(f, 1 + i % 32768, 0x100010 + (i % 5000) * 0x40);
  }
  expect_stack(f, 1 + 299999 % 32768, "stack=f999 /x.js:1:2");
  assert_int_equal(uvt_model_stacks_refused(f->model), 0);
  for (uint32_t i = 0; i < 3000000 && !uvt_model_stacks_refused(f->model); i++)
    STACK(f, i + 1, 0x10, 0x20 + i);
  assert_int_not_equal(uvt_model_stacks_refused(f->model), 0);
  expect_stack(f, 3000000, "stackLost");
  expect_stack(f, 1, "stack=0x10<0x20");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(frame_is_what_lay_there_when_the_stack_was_told),
      TEST(code_that_moved_is_found_where_it_lies),
      TEST(return_address_belongs_to_its_call),
      TEST(code_counts_before_the_image_that_it_lies_in),
      TEST(frame_that_is_a_text),
      TEST(names_are_without_the_kind_of_code),
      TEST(name_longer_than_any_is_cut),
      TEST(stack_that_was_not_told_is_told_to_be_lost),
      TEST(stacks_of_both_layers_and_of_blocking_calls),
      TEST(memory_is_bounded_where_code_comes_and_goes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

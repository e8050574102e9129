/* SPDX-License-Identifier: MIT */
/* That the checks find what they are there to find: above all, a missing row. */
#include "checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct table table;
static struct header header;
static char *newest;
static char *said;

static void parse(const char *text)
{
  header_parse(text, &header);
}

static size_t check(void)
{
  size_t size;
  FILE *out;
  size_t found;

  free(said);
  out = open_memstream(&said, &size);
  found = check_header(&table, &header, out);
  fclose(out);
  return found;
}

static bool takes_callback(const char *function)
{
  const struct prototype *prototype = header_prototype(&header, function);

  assert_non_null(prototype);
  return prototype->takes_callback;
}

static int set_up(void **state)
{
  (void)state;
  table_load(&table);
  newest = read_file(UVT_TABLE_LISTS "/libuv-1.52.1.prototypes");
  assert_non_null(newest);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  free(newest);
  free(said);
  return 0;
}

static void test_prototypes_are_read_however_they_are_laid_out(void **state)
{
  (void)state;
  parse("#define UV_EXTERN __attribute__((visibility(\"default\"))) \\\n"
        "  UV_EXTERN int uv_macro(uv_x_cb);\n"
        "/* UV_EXTERN int uv_comment(uv_x_cb cb); */\n"
        "// UV_EXTERN int uv_line(uv_x_cb cb);\n"
        "typedef void (*uv_x_cb)(int,\n"
        "                        int);\n"
        "UV_EXTERN uv_loop_t* uv_plain(void);\n"
        "UV_EXTERN int\n"
        "uv_start (uv_x_t* handle, /* uv_y_cb */\n"
        "          uv_x_cb cb\n"
        "          );\n"
        "UV_EXTERN int uv_spelled(void (*entry)(void* arg), void* arg);\n"
        "UV_EXTERN int uv_variadic(uv_loop_t* loop, ...);\n"
        "UV_EXTERN int uv_no_cb(uv_x_cb_t not_a_callback);\n");
  assert_int_equal(header.count, 5);
  assert_false(takes_callback("uv_plain"));
  assert_true(takes_callback("uv_start"));
  assert_true(takes_callback("uv_spelled"));
  assert_false(takes_callback("uv_variadic"));
  assert_false(takes_callback("uv_no_cb"));
  assert_null(header_prototype(&header, "uv_comment"));
}

static void test_options_that_hold_a_callback_count(void **state)
{
  (void)state;
  parse(
      "typedef void (*uv_exit_cb)(void);\n"
      "typedef struct uv_process_options_s {\n  uv_exit_cb exit_cb;\n  char* file;\n} uv_process_options_t;\n"
      "struct uv_thread_options_s {\n  unsigned flags;\n};\n"
      "UV_EXTERN int uv_spawn(uv_loop_t*, const uv_process_options_t* options);\n"
      "UV_EXTERN int uv_other(const uv_thread_options_t* options);\n");
  assert_true(takes_callback("uv_spawn"));
  assert_false(takes_callback("uv_other"));
}

static void test_the_version_is_read(void **state)
{
  (void)state;
  parse("#define UV_VERSION_MAJOR 1\n#define UV_VERSION_MINOR 46\n#define UV_VERSION_PATCH 2\n");
  assert_int_equal(header.version, 0x012e02);
}

static void test_the_newest_libuv_is_covered(void **state)
{
  (void)state;
  parse(newest);
  assert_int_equal(header.count, 318);
  assert_int_equal(check(), 0);
}

static void drop_row(size_t index)
{
  table.row_count--;
  memmove(&table.rows[index], &table.rows[index + 1], (table.row_count - index) * sizeof(table.rows[0]));
}

static void test_every_row_that_is_missing_is_missed(void **state)
{
  (void)state;
  parse(newest);
  for (size_t i = 0; i < table.row_count; i++) {
    struct table whole = table;

    drop_row(i);
    assert_true(check() > 0);
    assert_non_null(strstr(said, whole.rows[i].function));
    table = whole;
  }
  assert_int_equal(check(), 0);
}

static void check_new_function(const char *declaration, const char *complaint)
{
  char *text;

  assert_true(asprintf(&text, "%s%s", newest, declaration) > 0);
  parse(text);
  free(text);
  assert_int_equal(check(), 1);
  assert_string_equal(said, complaint);
}

static void test_a_new_function_is_noticed(void **state)
{
  (void)state;
  check_new_function("UV_EXTERN int uv_x_start(uv_x_t*, uv_read_cb cb);\n",
                     "uv_x_start: takes a callback and has no row in api.def\n");
  check_new_function("UV_EXTERN int uv_fs_x(uv_loop_t*, uv_fs_t*, uv_fs_cb cb);\n",
                     "uv_fs_x: takes a callback and has no row in api.def\n");
  check_new_function("UV_EXTERN int uv_x_stop(uv_x_t*);\n",
                     "uv_x_stop: is new: give it a row, or a line in without_callback.list\n");
}

static void test_a_function_that_learns_to_take_a_callback_is_noticed(void **state)
{
  (void)state;
  check_new_function("UV_EXTERN int uv_stop(uv_loop_t*, uv_close_cb cb);\n",
                     "uv_stop: takes a callback and has no row in api.def\n");
}

static void test_a_row_without_a_function_is_noticed(void **state)
{
  (void)state;
  parse(newest);
  table.rows[table.row_count++] = (struct row){.function = "uv_gone"};
  assert_int_equal(check(), 1);
  assert_string_equal(said, "uv_gone: has a row in api.def and is not declared\n");
  table.row_count--;
}

static void test_a_row_newer_than_the_header_may_be_absent(void **state)
{
  (void)state;
  parse(newest);
  header.version = UV_VERSION_OF(1, 46, 0);
  table.rows[table.row_count++] = (struct row){.function = "uv_later", .since = UV_VERSION_OF(1, 50, 0)};
  assert_int_equal(check(), 0);
  header.version = UV_VERSION_OF(1, 50, 0);
  assert_int_equal(check(), 1);
  table.row_count--;
}

/* ---- images, made up ---- */

static const uint8_t version_1_52_1[] = {0xb8, 0x01, 0x34, 0x01, 0x00, 0xc3}; /* mov eax, 0x13401; ret */
static const uint8_t movable[] = {0x55, 0x48, 0x89, 0xe5, 0x53, 0xc3};        /* push, mov, push, ret */

static void add(struct image *image, const char *name, const uint8_t *code, size_t size)
{
  uint64_t address = 0x400000 + image->count * 16;

  image->symbols[image->count++] = (struct image_symbol){
      .name = name, .defined = true, .is_function = true, .address = address, .size = size, .code = code};
}

static struct image *make_image(void)
{
  static struct image image;

  memset(&image, 0, sizeof(image));
  add(&image, "uv_version", version_1_52_1, sizeof(version_1_52_1));
  for (size_t i = 0; i < table.row_count; i++)
    add(&image, table.rows[i].function, movable, sizeof(movable));
  return &image;
}

static size_t run(size_t (*check_image)(const struct table *, const struct image *, FILE *),
                  const struct image *image)
{
  size_t size;
  FILE *out;
  size_t found;

  free(said);
  out = open_memstream(&said, &size);
  found = check_image(&table, image, out);
  fclose(out);
  return found;
}

static void test_a_complete_image_passes(void **state)
{
  (void)state;
  assert_int_equal(image_uv_version(make_image()), UV_VERSION_OF(1, 52, 1));
  assert_int_equal(run(check_exports, make_image()), 0);
  assert_int_equal(run(check_plan, make_image()), 0);
}

static void test_an_export_that_is_missing_is_missed(void **state)
{
  struct image *image = make_image();

  (void)state;
  image->count--;
  assert_int_equal(run(check_exports, image), 1);
  assert_non_null(strstr(said, "is not exported"));
}

static void test_an_unknown_export_is_noticed(void **state)
{
  struct image *image = make_image();

  (void)state;
  add(image, "uv__private", movable, sizeof(movable));
  assert_int_equal(run(check_exports, image), 0);
  add(image, "uv_brand_new", movable, sizeof(movable));
  assert_int_equal(run(check_exports, image), 1);
  assert_string_equal(said, "uv_brand_new: is new: give it a row, or a line in without_callback.list\n");
}

static void test_exports_that_cannot_be_diverted_are_noticed(void **state)
{
  struct image *image = make_image();

  (void)state;
  image->symbols[1].size = 4;
  image->symbols[2].is_function = false;
  image->symbols[4].address = image->symbols[3].address;
  assert_int_equal(run(check_exports, image), 3);
  assert_int_equal(run(check_plan, image), 1);
}

static void test_an_unknown_import_is_noticed(void **state)
{
  static struct image image;

  (void)state;
  assert_int_equal(run(check_imports, &image), 1);
  image.symbols[image.count++] = (struct image_symbol){.name = "uv_run"};
  assert_int_equal(run(check_imports, &image), 0);
  image.symbols[image.count++] = (struct image_symbol){.name = "uv_brand_new"};
  assert_int_equal(run(check_imports, &image), 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_prototypes_are_read_however_they_are_laid_out),
      cmocka_unit_test(test_options_that_hold_a_callback_count),
      cmocka_unit_test(test_the_version_is_read),
      cmocka_unit_test(test_the_newest_libuv_is_covered),
      cmocka_unit_test(test_every_row_that_is_missing_is_missed),
      cmocka_unit_test(test_a_new_function_is_noticed),
      cmocka_unit_test(test_a_function_that_learns_to_take_a_callback_is_noticed),
      cmocka_unit_test(test_a_row_without_a_function_is_noticed),
      cmocka_unit_test(test_a_row_newer_than_the_header_may_be_absent),
      cmocka_unit_test(test_a_complete_image_passes),
      cmocka_unit_test(test_an_export_that_is_missing_is_missed),
      cmocka_unit_test(test_an_unknown_export_is_noticed),
      cmocka_unit_test(test_exports_that_cannot_be_diverted_are_noticed),
      cmocka_unit_test(test_an_unknown_import_is_noticed),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}

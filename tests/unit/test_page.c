/* SPDX-License-Identifier: MIT */
/* The data in the page of `uvtree view`: JSON that no name in a trace can break out of. */
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

#include "page/page.h"
#include "pipeline.h"
#include "stream/stack_store.h"

/* What lies between the page's halves. */
static json_t *written_data(struct uvt_page *page)
{
  static const char start[] = "id=\"data\">", end[] = "</script>";
  FILE *file = tmpfile();
  assert_int_equal(uvt_page_write(page, fileno(file)), 0);
  long size = lseek(fileno(file), 0, SEEK_END);
  char *text = calloc(1, (size_t)size + 1);
  assert_int_equal(pread(fileno(file), text, (size_t)size, 0), size);
  fclose(file);
  char *data = text;
  if (uvt_page_is_there()) {
    data = strstr(text, start) + strlen(start);
    *strstr(data, end) = '\0';
  }
  assert_null(strchr(data, '<'));
  json_error_t error;
  json_t *json = json_loads(data, 0, &error);
  if (!json)
    fail_msg("%s at %d", error.text, error.position);
  free(text);
  return json;
}

static void test_columns_of_a_server(void **state)
{
  (void)state;
  struct uvt_pipeline_options options = {0};
  struct uvt_error error = {0};
  struct uvt_page *page = uvt_page_create();
  assert_int_equal(uvt_pipeline_run(UVT_FIXTURES "/streams/good/server.jsonl", &options, uvt_page_sink(page),
                                    NULL, &error),
                   0);
  json_t *json = written_data(page);
  const char *column;
  json_t *cells;
  json_t *operations = json_object_get(json, "operations");
  size_t length = json_array_size(json_object_get(operations, "base"));
  assert_int_equal(length, 1 + 43);
  json_object_foreach(operations, column, cells)
  {
    bool sparse = !strcmp(column, "label") || !strcmp(column, "failure") || !strcmp(column, "blocked") ||
                  !strcmp(column, "reason") || !strcmp(column, "stack") || !strcmp(column, "origin");
    assert_true(sparse ? json_array_size(cells) % 2 == 0 : json_array_size(cells) == length);
  }
  json_t *polls = json_object_get(json_object_get(json, "polls"), "begin");
  json_t *pool = json_object_get(json_object_get(json, "pool"), "operation");
  assert_true(json_array_size(polls) >= 4);
  assert_true(json_array_size(pool) >= 8);
  assert_true(json_integer_value(json_array_get(pool, 0)) > 0);
  json_decref(json);
  uvt_page_destroy(page);
}

/* What each request cost is what `uvtree requests` says (requests.h); here only that it comes through whole.
 */
static void test_requests_have_their_parts_and_operations(void **state)
{
  (void)state;
  static const char *const parts[] = {"running", "ready", "poolWork", "poolWait", "outside"};
  struct uvt_pipeline_options options = {0};
  struct uvt_error error = {0};
  struct uvt_page *page = uvt_page_create();
  assert_int_equal(uvt_pipeline_run(UVT_FIXTURES "/streams/good/requests.jsonl", &options,
                                    uvt_page_sink(page), NULL, &error),
                   0);
  json_t *json = written_data(page);
  json_t *requests = json_object_get(json, "requests"), *request;
  json_t *executes = json_object_get(json_object_get(json, "operations"), "execute");
  size_t index;
  assert_int_equal(json_array_size(requests), 8);
  json_array_foreach(requests, index, request)
  {
    json_int_t sum = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      sum += json_integer_value(json_object_get(request, parts[i]));
    assert_int_equal(sum, json_integer_value(json_object_get(request, "wall")));
    size_t operation = (size_t)json_integer_value(json_object_get(request, "operation"));
    assert_true(json_integer_value(json_array_get(executes, operation)) > 0);
  }
  request = json_array_get(requests, 0);
  assert_string_equal(json_string_value(json_object_get(request, "name")), "GET /a");
  assert_int_equal(json_integer_value(json_object_get(request, "status")), 200);
  assert_true(json_array_size(json_object_get(request, "path")) > 1);
  json_decref(json);
  uvt_page_destroy(page);
}

/* The pairs of a sparse column: the value of that operation. */
static json_int_t value_of(const json_t *json, const char *column, json_int_t operation)
{
  const json_t *pairs = json_object_get(json_object_get(json, "operations"), column);
  for (size_t i = 0; i + 1 < json_array_size(pairs); i += 2) {
    if (json_integer_value(json_array_get(pairs, i)) == operation)
      return json_integer_value(json_array_get(pairs, i + 1));
  }
  return 0;
}

static json_int_t operation_with(const json_t *json, json_int_t execute)
{
  const json_t *executes = json_object_get(json_object_get(json, "operations"), "execute");
  for (size_t i = 1; i < json_array_size(executes); i++) {
    if (json_integer_value(json_array_get(executes, i)) == execute)
      return (json_int_t)i;
  }
  fail_msg("no operation of #%d", (int)execute);
  return 0;
}

static void test_stacks_and_where_messages_come_from(void **state)
{
  (void)state;
  struct uvt_pipeline_options options = {0};
  struct uvt_error error = {0};
  struct uvt_page *page = uvt_page_create();
  assert_int_equal(uvt_pipeline_run(UVT_FIXTURES "/streams/good/stacks.jsonl", &options, uvt_page_sink(page),
                                    NULL, &error),
                   0);
  json_t *json = written_data(page);
  json_int_t stack = value_of(json, "stack", operation_with(json, 7));
  const json_t *frames = json_array_get(json_object_get(json, "stacks"), (size_t)stack);
  static const char *const expected[] = {
      "-node::fs::Open(v8::FunctionCallbackInfo<v8::Value> const&)+0x3f (node)", "-open node:fs:537:14",
      "+start /app/app.js:14:15", "+(anonymous) /app/app.js:1:1"};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    size_t number = (size_t)json_integer_value(json_array_get(frames, i));
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "frames"), number)),
                        expected[i]);
  }
  assert_int_equal(value_of(json, "origin", operation_with(json, 5)), operation_with(json, 4));
  assert_int_equal(value_of(json, "origin", operation_with(json, 4)), operation_with(json, 3));
  assert_int_equal(value_of(json, "origin", operation_with(json, 3)), 0);
  json_decref(json);
  uvt_page_destroy(page);
}

static void test_hostile_names(void **state)
{
  (void)state;
  static const char hostile[] = "</script><!--\"\\\x01\xff\xc3\xa4";
  struct uvt_page *page = uvt_page_create();
  struct uvt_sink *sink = uvt_page_sink(page);
  const char *const argv[] = {hostile};
  struct uvt_stack_store *stacks = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t frame = uvt_frame_of_text(stacks, hostile);
  uint32_t stack = uvt_stack_of(stacks, &frame, 1);
  const struct uvt_event events[] = {
      {.kind = UVT_EV_process,
       .processID = 1,
       .data = {{.key = "argv", .type = UVT_DATUM_STRINGS, .list = argv, .number = 1}},
       .data_count = 1},
      {.kind = UVT_EV_thread,
       .processID = 1,
       .tid = 1,
       .data = {{.key = "role", .type = UVT_DATUM_STRING, .string = hostile},
                {.key = "name", .type = UVT_DATUM_STRING, .string = hostile}},
       .data_count = 2},
      {.kind = UVT_EV_executeBegin, .processID = 1, .executeID = 1, .operationID = 1, .tid = 1},
      {.kind = UVT_EV_label,
       .processID = 1,
       .executeID = 1,
       .data = {{.key = "kind", .type = UVT_DATUM_STRING, .string = "http.server.request"},
                {.key = "name", .type = UVT_DATUM_STRING, .string = hostile}},
       .data_count = 2},
      {.kind = UVT_EV_failedCallback,
       .processID = 1,
       .executeID = 1,
       .data = {{.key = "message", .type = UVT_DATUM_STRING, .string = hostile}},
       .data_count = 1},
      {.kind = UVT_EV_link,
       .processID = 1,
       .executeID = 1,
       .linkID = 1,
       .data = {{.key = "type", .type = UVT_DATUM_STRING, .string = hostile},
                {.key = "path", .type = UVT_DATUM_STRING, .string = hostile},
                {.key = "stack", .type = UVT_DATUM_STACK, .number = stack, .stacks = stacks}},
       .data_count = 3},
      {.kind = UVT_EV_operation, .processID = 1, .linkID = 1, .operationID = 2, .n = 1},
  };
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    assert_int_equal(sink->event(sink, &events[i]), 0);
  assert_int_equal(sink->end(sink), 0);
  uvt_stack_store_release(stacks); /* the page holds it, too */
  json_t *json = written_data(page);
  const char *kept = json_string_value(json_array_get(json_object_get(json, "frames"), 0));
  assert_non_null(strstr(kept, "+</script><!--\"\\"));
  assert_non_null(strstr(json_string_value(json_object_get(json, "title")), "</script><!--\"\\"));
  json_t *request = json_array_get(json_object_get(json, "requests"), 0);
  assert_non_null(strstr(json_string_value(json_object_get(request, "name")), "</script><!--\"\\"));
  json_decref(json);
  uvt_page_destroy(page);
}

static void test_empty_stream(void **state)
{
  (void)state;
  struct uvt_page *page = uvt_page_create();
  assert_int_equal(uvt_page_sink(page)->end(uvt_page_sink(page)), 0);
  json_decref(written_data(page));
  uvt_page_destroy(page);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_columns_of_a_server),
      cmocka_unit_test(test_requests_have_their_parts_and_operations),
      cmocka_unit_test(test_stacks_and_where_messages_come_from),
      cmocka_unit_test(test_hostile_names),
      cmocka_unit_test(test_empty_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/stack_store.h"
#include "stream/stream_reader.h"

/* Keeps what is asked of the last event; its strings are gone when the reader returns, so they are looked at
 * here. */
struct probe {
  struct uvt_sink sink;
  uint64_t events;
  struct uvt_event last;
  void (*look)(const struct uvt_event *event);
  int result;
};

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct probe *probe = (struct probe *)sink;
  probe->events++;
  probe->last = *event;
  if (probe->look)
    probe->look(event);
  return probe->result;
}

static int read_text(const char *text, size_t length, struct probe *probe, uint64_t *lines,
                     struct uvt_error *error)
{
  FILE *file = fmemopen((void *)text, length, "r");
  assert_non_null(file);
  probe->sink.event = take_event;
  int result = uvt_stream_read(file, "name", &probe->sink, lines, error);
  fclose(file);
  return result;
}

static void expect_error(const char *text, const char *expected, uint64_t events)
{
  struct probe probe = {0};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, strlen(text), &probe, NULL, &error), -1);
  assert_non_null(strstr(error.text, expected));
  assert_null(strchr(error.text, '\n'));
  assert_int_equal(probe.events, events);
}

static void test_reader_all_fields(void **state)
{
  (void)state;
  const char *text = "{\"event\":\"executeBegin\",\"time\":9007199254740993,\"processID\":3,\"pid\":-1,"
                     "\"executeID\":4,\"linkID\":5,\"causeID\":6,\"operationID\":7,\"n\":8,\"within\":9,"
                     "\"loopID\":10,\"tid\":-11,\"count\":12,\"from\":13,\"to\":14,\"coalesced\":[15,16]}\n";
  struct probe probe = {0};
  struct uvt_error error = {0};
  uint64_t lines = 0;
  assert_int_equal(read_text(text, strlen(text), &probe, &lines, &error), 0);
  assert_int_equal(lines, 1);
  const struct uvt_event *event = &probe.last;
  assert_int_equal(event->kind, UVT_EV_executeBegin);
  assert_true(event->time == UINT64_C(9007199254740993));
  assert_int_equal(event->processID, 3);
  assert_int_equal(event->pid, -1);
  assert_int_equal(event->executeID, 4);
  assert_int_equal(event->linkID, 5);
  assert_int_equal(event->causeID, 6);
  assert_int_equal(event->operationID, 7);
  assert_int_equal(event->n, 8);
  assert_int_equal(event->within, 9);
  assert_int_equal(event->loopID, 10);
  assert_int_equal(event->tid, -11);
  assert_int_equal(event->count, 12);
  assert_int_equal(event->from, 13);
  assert_int_equal(event->to, 14);
  assert_int_equal(event->coalesced_count, 2);
}

static void look_at_data(const struct uvt_event *event)
{
  assert_int_equal(event->data_count, 8);
  assert_int_equal(uvt_event_datum(event, "n")->number, -5);
  assert_string_equal(uvt_event_datum(event, "s")->string, "a\"\xc3\xa9");
  assert_int_equal(uvt_event_datum(event, "b")->type, UVT_DATUM_BOOL);
  assert_int_equal(uvt_event_datum(event, "b")->number, 1);
  assert_int_equal(uvt_event_datum(event, "z")->type, UVT_DATUM_NULL);
  const struct uvt_datum *list = uvt_event_datum(event, "l");
  assert_int_equal(list->type, UVT_DATUM_STRINGS);
  assert_int_equal(list->number, 2);
  assert_string_equal(list->list[1], "y");
  assert_int_equal(uvt_event_datum(event, "e")->number, 0);
  assert_string_equal(uvt_event_datum(event, "o.k")->string, "[1,2]");
  assert_string_equal(uvt_event_datum(event, "r")->string, "0.5");
}

/* Equal stacks are the same one; what is no stack under that name stays what it is. */
static void look_at_stacks(const struct uvt_event *event)
{
  const struct uvt_datum *stack = uvt_event_datum(event, "stack");
  static uint32_t first;
  switch (event->time) {
  case 0:
    first = (uint32_t)stack->number; /* fall through */
  case 1:
    assert_int_equal(stack->type, UVT_DATUM_STACK);
    assert_int_equal(stack->number, first);
    assert_int_equal(uvt_stack_length(stack->stacks, first), 2);
    assert_string_equal(uvt_stack_frame(stack->stacks, first, 0), "f \"/x\".js:1:2");
    assert_string_equal(uvt_stack_frame(stack->stacks, first, 1), "0x10");
    return;
  case 2:
    assert_int_equal(stack->type, UVT_DATUM_STRING);
    return;
  case 3:
    assert_int_equal(stack->type, UVT_DATUM_STRINGS);
    assert_int_equal(stack->number, 0);
    return;
  default:
    assert_string_equal(stack->string, "[1,\"f\"]");
  }
}

static void test_reader_stacks_are_kept_once(void **state)
{
  (void)state;
  static const char text[] =
      "{\"event\":\"link\",\"time\":0,\"data\":{\"stack\":[\"f \\\"/x\\\".js:1:2\",\"0x10\"]}}\n"
      "{\"event\":\"blocking\",\"time\":1,\"data\":{\"stack\":[\"f \\\"/x\\\".js:1:2\",\"0x10\"]}}\n"
      "{\"event\":\"failedCallback\",\"time\":2,\"data\":{\"stack\":\"Error: x\"}}\n"
      "{\"event\":\"link\",\"time\":3,\"data\":{\"stack\":[]}}\n"
      "{\"event\":\"link\",\"time\":4,\"data\":{\"stack\":[1,\"f\"]}}\n";
  struct probe probe = {.look = look_at_stacks};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, sizeof text - 1, &probe, NULL, &error), 0);
  assert_int_equal(probe.events, 5);
}

static void test_reader_data_is_kept_generic(void **state)
{
  (void)state;
  const char *text =
      "{\"event\":\"link\",\"time\":0,\"data\":{\"n\":-5,\"s\":\"a\\\"\xc3\xa9\",\"b\":true,\"z\":null,"
      "\"l\":[\"x\",\"y\"],\"e\":[],\"o\":{\"k\":[1,2]},\"r\":0.5}}";
  struct probe probe = {.look = look_at_data};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, strlen(text), &probe, NULL, &error), 0);
  assert_int_equal(probe.events, 1);
}

static void test_reader_too_much_data_is_cut(void **state)
{
  (void)state;
  char text[4096] = "{\"event\":\"link\",\"time\":0,\"data\":{\"k\":0";
  for (int i = 0; i < 40; i++)
    sprintf(text + strlen(text), ",\"k%d\":[1,%d]", i, i);
  strcat(text, "}}\n");
  struct probe probe = {0};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, strlen(text), &probe, NULL, &error), 0);
  assert_int_equal(probe.last.data_count, UVT_DATA_MAX);
}

static void test_reader_ignores_what_it_does_not_know(void **state)
{
  (void)state;
  const char *text =
      "{\"event\":\"novelty\",\"time\":\"soon\",\"linkID\":\"x\"}\n"
      "\n"
      "{\"event\":\"cause\",\"time\":1,\"novel\":{\"deep\":[{}]},\"linkID\":null,\"causeID\":2}\r\n"
      "  \t\n";
  struct probe probe = {0};
  struct uvt_error error = {0};
  uint64_t lines = 0;
  assert_int_equal(read_text(text, strlen(text), &probe, &lines, &error), 0);
  assert_int_equal(probe.events, 2);
  assert_int_equal(lines, 4);
  assert_int_equal(probe.last.linkID, 0);
  assert_int_equal(probe.last.causeID, 2);
}

static void test_reader_lost_count_null_is_unknown(void **state)
{
  (void)state;
  const char *text = "{\"event\":\"lost\",\"time\":1,\"count\":null,\"from\":0,\"to\":1}\n";
  struct probe probe = {0};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, strlen(text), &probe, NULL, &error), 0);
  assert_true(probe.last.count == UINT64_MAX);
}

static void test_reader_state_names(void **state)
{
  (void)state;
  const char *text = "{\"event\":\"state\",\"time\":1,\"operationID\":1,\"state\":\"ChildrenPending\"}";
  struct probe probe = {0};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, strlen(text), &probe, NULL, &error), 0);
  assert_int_equal(probe.last.state, UVT_STATE_ChildrenPending);
}

static void test_reader_bad_lines_are_named(void **state)
{
  (void)state;
  const char *good = "{\"event\":\"cause\",\"time\":1,\"linkID\":1,\"causeID\":2}\n";
  char text[256];
  snprintf(text, sizeof text, "%s\n%s{\"event\":", good, good);
  expect_error(text, "name:4: not JSON", 2);
  expect_error("[1,2]\n", "name:1: not a JSON object with an \"event\"", 0);
  expect_error("{\"time\":1}\n", "name:1: not a JSON object with an \"event\"", 0);
  expect_error("{\"event\":7,\"time\":1}\n", "name:1: not a JSON object with an \"event\"", 0);
  expect_error("{\"event\":\"cause\",\"linkID\":1}\n", "name:1: no \"time\"", 0);
  expect_error("{\"event\":\"cause\",\"time\":1.5}\n", "name:1: no \"time\"", 0);
  expect_error("{\"event\":\"cause\",\"time\":-1}\n", "name:1: \"time\" is not", 0);
  expect_error("{\"event\":\"cause\",\"time\":1,\"linkID\":\"7\"}\n", "name:1: \"linkID\" is not", 0);
  expect_error("{\"event\":\"cause\",\"time\":1,\"tid\":0.5}\n", "name:1: \"tid\" is not", 0);
  expect_error("{\"event\":\"cause\",\"time\":99999999999999999999}\n", "name:1: not JSON", 0);
  expect_error("{\"event\":\"executeBegin\",\"time\":1,\"coalesced\":[1,-2]}\n",
               "name:1: \"coalesced\" is not", 0);
  expect_error("{\"event\":\"executeBegin\",\"time\":1,\"coalesced\":3}\n", "name:1: \"coalesced\" is not",
               0);
  expect_error("{\"event\":\"process\",\"time\":1,\"data\":{\"format\":2}}\n",
               "name:1: format 2 of the stream; this program reads up to format 1", 0);
  expect_error("\x7f"
               "ELF\x01\x02\n",
               "name:1: not JSON", 0);
}

static void test_reader_long_line(void **state)
{
  (void)state;
  enum { LONG = 3 << 20 };
  const char *head = "{\"event\":\"link\",\"time\":5,\"data\":{\"stack\":\"";
  char *text = malloc(LONG + 100);
  assert_non_null(text);
  size_t length = (size_t)sprintf(text, "%s", head);
  memset(text + length, 'x', LONG);
  length += LONG;
  length += (size_t)sprintf(text + length, "\"}}\n{\"event\":\"cause\",\"time\":6}");
  struct probe probe = {0};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, length, &probe, NULL, &error), 0);
  assert_int_equal(probe.events, 2);
  assert_int_equal(probe.last.time, 6);
  free(text);
}

static void test_reader_sink_stops_it(void **state)
{
  (void)state;
  const char *text = "{\"event\":\"cause\",\"time\":1}\n{\"event\":\"cause\",\"time\":2}\n";
  struct probe probe = {.result = -12};
  struct uvt_error error = {0};
  assert_int_equal(read_text(text, strlen(text), &probe, NULL, &error), -1);
  assert_int_equal(probe.events, 1);
  assert_string_equal(error.text, "name:1: Cannot allocate memory");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reader_all_fields),
      cmocka_unit_test(test_reader_data_is_kept_generic),
      cmocka_unit_test(test_reader_stacks_are_kept_once),
      cmocka_unit_test(test_reader_too_much_data_is_cut),
      cmocka_unit_test(test_reader_ignores_what_it_does_not_know),
      cmocka_unit_test(test_reader_lost_count_null_is_unknown),
      cmocka_unit_test(test_reader_state_names),
      cmocka_unit_test(test_reader_bad_lines_are_named),
      cmocka_unit_test(test_reader_long_line),
      cmocka_unit_test(test_reader_sink_stops_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

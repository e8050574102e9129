/* SPDX-License-Identifier: MIT */
/*
 * Every stream in fixtures/streams/good keeps the rules. Each one in fixtures/streams/bad breaks one of them:
 * the one that its name begins with, and no other.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "stream/stream_reader.h"

static const char *const rule_prefixes[] = {
#define PREFIX(rule, name, text) "rule" #rule "-",
    UVT_CHECK_RULES(PREFIX)
#undef PREFIX
};

/* So little that what only waits for its children is paged out (check_pending.c), or as much as usual. */
static uint64_t check_memory;

static struct uvt_check *check_file(FILE *file, const char *name)
{
  struct uvt_check *check = uvt_check_create(check_memory);
  assert_non_null(check);
  struct uvt_sink *sink = uvt_check_sink(check);
  struct uvt_error error = {0};
  if (uvt_stream_read(file, name, sink, NULL, &error) != 0)
    fail_msg("%s", error.text);
  assert_int_equal(sink->end(sink), 0);
  return check;
}

static struct uvt_check *check_path(const char *path)
{
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  struct uvt_check *check = check_file(file, path);
  fclose(file);
  return check;
}

static struct uvt_check *check_text(const char *text)
{
  FILE *file = fmemopen((void *)text, strlen(text), "r");
  assert_non_null(file);
  struct uvt_check *check = check_file(file, "text");
  fclose(file);
  return check;
}

/* "rule4-..." names rule 4, "poll-..." the rule `poll`. */
static int named_rule(const char *file_name)
{
  for (int rule = 0; rule < UVT_CHECK_RULE_COUNT; rule++) {
    const char *prefix = rule_prefixes[rule];
    if (strncmp(file_name, prefix, strlen(prefix)) == 0 ||
        strncmp(file_name, prefix + strlen("rule"), strlen(prefix + strlen("rule"))) == 0)
      return rule;
  }
  fail_msg("%s names no rule", file_name);
  return -1;
}

static void expect_clean(const char *path, const char *name)
{
  struct uvt_check *check = check_path(path);
  const struct uvt_check_report *report = uvt_check_findings(check);
  if (uvt_check_report_violations(report)) {
    uvt_check_report_print(report, stderr, 20);
    fail_msg("%s breaks a rule", name);
  }
  uvt_check_destroy(check);
}

static void expect_broken(const char *path, const char *name)
{
  struct uvt_check *check = check_path(path);
  const struct uvt_check_report *report = uvt_check_findings(check);
  int rule = named_rule(name);
  if (!report->count[rule] || uvt_check_report_violations(report) != report->count[rule]) {
    uvt_check_report_print(report, stderr, 20);
    fail_msg("%s: expected violations of the named rule only", name);
  }
  uvt_check_destroy(check);
}

static int for_each_stream(const char *folder, void (*expect)(const char *path, const char *name))
{
  struct dirent **entries;
  int streams = 0;
  int count = scandir(folder, &entries, NULL, alphasort);
  assert_true(count > 0);
  for (int i = 0; i < count; i++) {
    const char *suffix = strrchr(entries[i]->d_name, '.');
    if (suffix && strcmp(suffix, ".jsonl") == 0) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
      expect(path, entries[i]->d_name);
      streams++;
    }
    free(entries[i]);
  }
  free(entries);
  return streams;
}

static void test_check_good_streams_are_clean(void **state)
{
  (void)state;
  assert_true(for_each_stream(UVT_FIXTURES "/streams/good", expect_clean) >= 10);
}

static void test_check_bad_streams_break_the_named_rule(void **state)
{
  (void)state;
  assert_true(for_each_stream(UVT_FIXTURES "/streams/bad", expect_broken) >= 80);
}

static bool rule_has_fixture[UVT_CHECK_RULE_COUNT];

static void note_fixture(const char *path, const char *name)
{
  (void)path;
  rule_has_fixture[named_rule(name)] = true;
}

static void test_check_every_rule_has_a_bad_stream(void **state)
{
  (void)state;
  for_each_stream(UVT_FIXTURES "/streams/bad", note_fixture);
  for (int rule = 0; rule < UVT_CHECK_RULE_COUNT; rule++)
    assert_true(rule_has_fixture[rule] || rule == UVT_CHECK_warning);
}

static char *printed(const struct uvt_check_report *report, size_t lines)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  uvt_check_report_print(report, out, lines);
  fclose(out);
  return text;
}

static void test_check_report_names_rule_event_ids_and_expectation(void **state)
{
  (void)state;
  struct uvt_check *check = check_path(UVT_FIXTURES "/streams/bad/rule4-nested-without-within.jsonl");
  char *text = printed(uvt_check_findings(check), 10);
  assert_string_equal(
      text, "rule 4: event 13 (executeBegin, time 200): #2 begins within nothing, but #1 is open on "
            "thread 100; expected within 1\n"
            "         1  rule 4         invocations nest on each thread; link, cause, cancel, "
            "blocking only inside one\n");
  free(text);
  uvt_check_destroy(check);
}

/* `count` labels of invocations that no event introduces, then `last`. */
static struct uvt_check *check_unknown_labels(int count, const char *last)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  for (int i = 1; i <= count; i++)
    fprintf(out, "{\"event\":\"label\",\"time\":%d,\"executeID\":%d}\n", i, i * 3);
  fputs(last, out);
  fclose(out);
  struct uvt_check *check = check_text(text);
  free(text);
  return check;
}

static void test_check_report_counts_what_it_does_not_print(void **state)
{
  (void)state;
  struct uvt_check *check = check_unknown_labels(UVT_CHECK_TEXTS_MAX + 500, "");
  assert_int_equal(uvt_check_findings(check)->count[UVT_CHECK_2], UVT_CHECK_TEXTS_MAX + 500);
  char *text = printed(uvt_check_findings(check), 3);
  assert_non_null(strstr(text, "\n... and 10497 more\n     10500  rule 2"));
  free(text);
  uvt_check_destroy(check);
}

/* A loss is told of when it is over: meanwhile more may have been found than is kept with its text. */
static void test_check_late_loss_excuses_what_was_only_counted(void **state)
{
  (void)state;
  struct uvt_check *check = check_unknown_labels(
      UVT_CHECK_TEXTS_MAX + 500, "{\"event\":\"lost\",\"time\":10501,\"count\":1,\"from\":2,\"to\":10501}\n");
  const struct uvt_check_report *report = uvt_check_findings(check);
  assert_int_equal(report->count[UVT_CHECK_2], 1);
  assert_int_equal(report->excused, UVT_CHECK_TEXTS_MAX + 499);
  char *text = printed(report, 3);
  assert_null(strstr(text, "more"));
  free(text);
  uvt_check_destroy(check);
}

/* A loss that is told of only later explains what came after it began, but nothing before. */
static void test_check_late_loss_excuses_only_its_shadow(void **state)
{
  (void)state;
  struct uvt_check *check = check_text("{\"event\":\"label\",\"time\":10,\"executeID\":1}\n"
                                       "{\"event\":\"label\",\"time\":20,\"executeID\":2}\n"
                                       "{\"event\":\"label\",\"time\":30,\"executeID\":3}\n"
                                       "{\"event\":\"lost\",\"time\":40,\"count\":1,\"from\":20,\"to\":40}\n"
                                       "{\"event\":\"label\",\"time\":50,\"executeID\":4}\n");
  const struct uvt_check_report *report = uvt_check_findings(check);
  assert_int_equal(report->count[UVT_CHECK_2], 1);
  assert_int_equal(report->excused, 3);
  assert_int_equal(uvt_check_losses(check), 1);
  assert_non_null(strstr(report->kept[0].text, "time 10"));
  uvt_check_destroy(check);
}

/* Of an operation that was queued before the cut, and of a process whose beginning is gone, little is known.
 */
static void test_check_what_began_before_the_loss_is_no_violation(void **state)
{
  (void)state;
  struct uvt_check *check =
      check_text("{\"event\":\"lost\",\"processID\":4,\"time\":0,\"count\":null,\"from\":0,\"to\":1}\n"
                 "{\"event\":\"poolEnd\",\"processID\":4,\"time\":5,\"linkID\":8,\"tid\":7}\n"
                 "{\"event\":\"poolBegin\",\"processID\":4,\"time\":6,\"linkID\":9,\"tid\":7}\n"
                 "{\"event\":\"executeBegin\",\"processID\":4,\"time\":10,\"executeID\":5,\"causeID\":3,"
                 "\"operationID\":11,\"tid\":1}\n"
                 "{\"event\":\"state\",\"processID\":4,\"time\":10,\"operationID\":11,\"linkID\":9,"
                 "\"state\":\"Executing\"}\n"
                 "{\"event\":\"executeEnd\",\"processID\":4,\"time\":12,\"executeID\":5}\n"
                 "{\"event\":\"state\",\"processID\":4,\"time\":12,\"operationID\":11,\"linkID\":9,"
                 "\"state\":\"ChildrenPending\"}\n"
                 "{\"event\":\"process\",\"processID\":4,\"pid\":40,\"time\":13,\"data\":{\"host\":\"h\"}}\n"
                 "{\"event\":\"state\",\"processID\":4,\"time\":14,\"operationID\":11,\"linkID\":9,"
                 "\"state\":\"Retired\"}\n");
  assert_int_equal(uvt_check_report_violations(uvt_check_findings(check)), 0);
  assert_int_equal(uvt_check_losses(check), 1);
  uvt_check_destroy(check);
}

static uint64_t violations_in_ended(const char *loss)
{
  char text[1024];
  snprintf(text, sizeof text,
           "%s"
           "{\"event\":\"executeBegin\",\"time\":10,\"executeID\":5,\"causeID\":0}\n"
           "{\"event\":\"executeEnd\",\"time\":11,\"executeID\":5}\n"
           "{\"event\":\"link\",\"time\":12,\"executeID\":5,\"linkID\":9}\n",
           loss);
  struct uvt_check *check = check_text(text);
  uint64_t violations = uvt_check_report_violations(uvt_check_findings(check));
  uvt_check_destroy(check);
  return violations;
}

/* In a view, what was linked by a hidden invocation is told of the one that stands for it, ended or not. That
 * it is one says its `process` or, where that is gone, the `lost` in its place. */
static void test_check_lines_of_a_view_may_mention_an_ended_invocation(void **state)
{
  (void)state;
  assert_int_equal(
      violations_in_ended("{\"event\":\"lost\",\"time\":0,\"count\":null,\"from\":0,\"to\":1}\n"), 1);
  assert_int_equal(violations_in_ended("{\"event\":\"lost\",\"time\":0,\"count\":null,\"from\":0,\"to\":1,"
                                       "\"data\":{\"view\":\"js\"}}\n"),
                   0);
  assert_int_equal(
      violations_in_ended("{\"event\":\"process\",\"time\":0,\"pid\":1,\"data\":{\"host\":\"h\"}}\n"), 1);
  assert_int_equal(
      violations_in_ended(
          "{\"event\":\"process\",\"time\":0,\"pid\":1,\"data\":{\"host\":\"h\",\"view\":\"user\"}}\n"),
      0);
}

/* What no loss can explain stays a violation after it. */
static void test_check_loss_does_not_excuse_what_it_cannot_explain(void **state)
{
  (void)state;
  struct uvt_check *check =
      check_text("{\"event\":\"lost\",\"time\":0,\"count\":null,\"from\":0,\"to\":1}\n"
                 "{\"event\":\"executeBegin\",\"time\":10,\"executeID\":5,\"causeID\":0}\n"
                 "{\"event\":\"link\",\"time\":11,\"executeID\":5,\"linkID\":9}\n"
                 "{\"event\":\"cancel\",\"time\":12,\"executeID\":5,\"linkID\":9}\n"
                 "{\"event\":\"cause\",\"time\":13,\"executeID\":5,\"linkID\":9,\"causeID\":2}\n"
                 "{\"event\":\"link\",\"time\":14,\"executeID\":5,\"linkID\":9}\n"
                 "{\"event\":\"executeEnd\",\"time\":12,\"executeID\":5}\n");
  const struct uvt_check_report *report = uvt_check_findings(check);
  assert_int_equal(report->count[UVT_CHECK_7], 1);
  assert_int_equal(report->count[UVT_CHECK_2], 1);
  assert_int_equal(report->count[UVT_CHECK_time], 1);
  assert_int_equal(uvt_check_report_violations(report), 3);
  uvt_check_destroy(check);
}

/* An endless chain: every operation stays ChildrenPending until the last one. */
static void test_check_long_chain_is_clean(void **state)
{
  (void)state;
  enum { LENGTH = 20000 };
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  fprintf(out, "{\"event\":\"operation\",\"time\":1,\"operationID\":1,\"n\":0}\n");
  for (int i = 1; i <= LENGTH; i++) {
    char link[32] = "";
    if (i > 1)
      sprintf(link, ",\"linkID\":%d", i);
    if (i > 1)
      fprintf(out, "{\"event\":\"state\",\"time\":%d,\"operationID\":%d,\"state\":\"Ready\"%s}\n", i, i,
              link);
    fprintf(out,
            "{\"event\":\"executeBegin\",\"time\":%d,\"executeID\":%d,\"causeID\":%d,\"operationID\":%d}\n",
            i, i, i > 1 ? i : 0, i);
    fprintf(out, "{\"event\":\"state\",\"time\":%d,\"operationID\":%d,\"state\":\"Executing\"%s}\n", i, i,
            link);
    if (i < LENGTH) {
      fprintf(out, "{\"event\":\"link\",\"time\":%d,\"executeID\":%d,\"linkID\":%d}\n", i, i, i + 1);
      fprintf(out, "{\"event\":\"cause\",\"time\":%d,\"executeID\":%d,\"linkID\":%d,\"causeID\":%d}\n", i, i,
              i + 1, i + 1);
      fprintf(out, "{\"event\":\"operation\",\"time\":%d,\"operationID\":%d,\"linkID\":%d,\"n\":1}\n", i,
              i + 1, i + 1);
      fprintf(out,
              "{\"event\":\"state\",\"time\":%d,\"operationID\":%d,\"linkID\":%d,\"state\":\"Queued\"}\n", i,
              i + 1, i + 1);
    }
    fprintf(out, "{\"event\":\"executeEnd\",\"time\":%d,\"executeID\":%d}\n", i, i);
    fprintf(out, "{\"event\":\"state\",\"time\":%d,\"operationID\":%d,\"state\":\"%s\"%s}\n", i, i,
            i < LENGTH ? "ChildrenPending" : "Retired", link);
  }
  for (int i = LENGTH - 1; i >= 1; i--)
    fprintf(out, "{\"event\":\"state\",\"time\":%d,\"operationID\":%d,\"state\":\"Retired\"}\n", LENGTH, i);
  fclose(out);
  struct uvt_check *check = check_text(text);
  free(text);
  if (uvt_check_report_violations(uvt_check_findings(check)))
    uvt_check_report_print(uvt_check_findings(check), stderr, 5);
  assert_int_equal(uvt_check_report_violations(uvt_check_findings(check)), 0);
  uvt_check_destroy(check);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_check_good_streams_are_clean),
      cmocka_unit_test(test_check_bad_streams_break_the_named_rule),
      cmocka_unit_test(test_check_every_rule_has_a_bad_stream),
      cmocka_unit_test(test_check_report_names_rule_event_ids_and_expectation),
      cmocka_unit_test(test_check_report_counts_what_it_does_not_print),
      cmocka_unit_test(test_check_late_loss_excuses_what_was_only_counted),
      cmocka_unit_test(test_check_late_loss_excuses_only_its_shadow),
      cmocka_unit_test(test_check_what_began_before_the_loss_is_no_violation),
      cmocka_unit_test(test_check_lines_of_a_view_may_mention_an_ended_invocation),
      cmocka_unit_test(test_check_loss_does_not_excuse_what_it_cannot_explain),
      cmocka_unit_test(test_check_long_chain_is_clean),
  };
  int failed = cmocka_run_group_tests_name("check", tests, NULL, NULL);
  check_memory = 1;
  return failed + cmocka_run_group_tests_name("check, next to no memory", tests, NULL, NULL);
}

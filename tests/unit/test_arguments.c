/* SPDX-License-Identifier: MIT */
#include "commands/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/cmd.h"
#include "commands/help.h"

struct values {
  const char *text, *optional;
  int64_t pid;
  uint64_t number, from, size;
  unsigned count;
  bool flag;
};

static const struct uvt_option options[] = {
    {.name = "text",
     .letter = 't',
     .value = "T",
     .take = uvt_take_text,
     .field = offsetof(struct values, text)},
    {.name = "optional",
     .value = "O",
     .otherwise = "none",
     .help = "O",
     .take = uvt_take_text,
     .field = offsetof(struct values, optional)},
    {.name = "pid", .value = "P", .help = "P", .take = uvt_take_pid, .field = offsetof(struct values, pid)},
    {.name = "number",
     .value = "N",
     .help = "how many",
     .take = uvt_take_number,
     .field = offsetof(struct values, number),
     .required = true},
    {.name = "count",
     .value = "C",
     .help = "C",
     .take = uvt_take_count,
     .field = offsetof(struct values, count)},
    {.name = "from",
     .value = "F",
     .help = "F",
     .take = uvt_take_time,
     .field = offsetof(struct values, from)},
    {.name = "size",
     .value = "S",
     .help = "S",
     .take = uvt_take_size,
     .field = offsetof(struct values, size)},
    {.name = "flag", .letter = 'f', .field = offsetof(struct values, flag)},
    {0},
};
static const struct uvt_command command = {.name = "test", .operand = "SOURCE", .options = options};
static const struct uvt_command running = {
    .name = "test", .operand = "PROGRAM", .options = options, .runs_program = true};

enum { WORDS_MOST = 16 };

/* Takes a line of words; what is told on standard error goes to `told`. */
static int take_line(const char *line, struct values *values, const char **source, char told[256])
{
  static char words[256];
  char *argv[WORDS_MOST] = {"test"};
  int argc = 1;
  FILE *standard_error = stderr;
  snprintf(words, sizeof words, "%s", line);
  for (char *word = strtok(words, " "); word && argc < WORDS_MOST - 1; word = strtok(NULL, " "))
    argv[argc++] = word;
  *values = (struct values){0};
  memset(told, 0, 256);
  stderr = fmemopen(told, 256, "w");
  int status = uvt_arguments_take(&command, argc, argv, values, source);
  fclose(stderr);
  stderr = standard_error;
  return status;
}

static void test_arguments_all_kinds_are_taken(void **state)
{
  (void)state;
  struct values values;
  const char *source;
  char told[256];
  assert_int_equal(take_line("-t word --pid 12 trace --number 7 --count=3 --from 1.5ms --size 2K -f", &values,
                             &source, told),
                   0);
  assert_string_equal(source, "trace");
  assert_string_equal(values.text, "word");
  assert_int_equal(values.pid, 12);
  assert_int_equal(values.number, 7);
  assert_int_equal(values.count, 3);
  assert_int_equal(values.from, 1500000);
  assert_int_equal(values.size, 2048);
  assert_true(values.flag);
  assert_string_equal(told, "");
}

static void test_arguments_a_value_may_be_left_out(void **state)
{
  (void)state;
  struct values values;
  const char *source;
  char told[256];
  assert_int_equal(take_line("--number 1 --optional trace", &values, &source, told), 0);
  assert_string_equal(values.optional, "none");
  assert_string_equal(source, "trace");
  assert_int_equal(take_line("--number 1 --optional=some trace", &values, &source, told), 0);
  assert_string_equal(values.optional, "some");
  assert_int_equal(take_line("--number 1 --optional= trace", &values, &source, told), UVT_EXIT_USAGE);
}

static void test_arguments_wrong_ones_are_told(void **state)
{
  (void)state;
  static const struct {
    const char *line, *told;
  } cases[] = {
      {"", "no --number N: how many"},
      {"--number 1", "no SOURCE"},
      {"--number 1 a b", "more than one SOURCE: b"},
      {"a --number", "--number needs a value"},
      {"a --number 0", "--number cannot be \"0\": how many"},
      {"a --number 1x", "--number cannot be \"1x\""},
      {"a --number -1", "--number cannot be \"-1\""},
      {"a --number 18446744073709551616", "--number cannot be"},
      {"a --number 1 --pid 2147483648", "--pid cannot be"},
      {"a --number 1 --count 4294967296", "--count cannot be"},
      {"a --number 1 --from 3h", "--from cannot be"},
      {"a --number 1 --from 18446744074s", "--from cannot be"},
      {"a --number 1 --size 1Kx", "--size cannot be"},
      {"a --number 1 --size 1T", "--size cannot be"},
      {"a --number 1 --size 18446744073709551615G", "--size cannot be"},
      {"a --number 1 --other", "no such option: --other"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct values values;
    const char *source;
    char told[256];
    assert_int_equal(take_line(cases[i].line, &values, &source, told), UVT_EXIT_USAGE);
    if (strncmp(told, "uvtree test: ", 13) || !strstr(told, cases[i].told) ||
        strchr(told, '\n') != told + strlen(told) - 1)
      fail_msg("%s: %s", cases[i].line, told);
  }
}

static void test_arguments_of_the_program_are_left_to_it(void **state)
{
  (void)state;
  char *argv[] = {"test", "--number", "4", "node", "--number", "x", NULL};
  struct values values = {0};
  int rest;
  assert_int_equal(uvt_options_take(&running, 6, argv, &values, &rest), 0);
  assert_string_equal(argv[rest], "node");
  assert_int_equal(values.number, 4);
}

static char *help_of(const struct uvt_command *of)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (of)
    uvt_help_command(of, out);
  else
    uvt_help_program(out);
  fclose(out);
  return text;
}

static void expect_narrow(const char *text)
{
  for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
    if (strcspn(line, "\n") > 80)
      fail_msg("wider than 80 columns: %.100s", line);
  }
}

static void test_help_names_all_options_in_80_columns(void **state)
{
  (void)state;
  for (size_t i = 0; i < uvt_commands_count; i++) {
    char *text = help_of(uvt_commands[i]);
    expect_narrow(text);
    for (const struct uvt_option *option = uvt_commands[i]->options; option->name; option++) {
      char words[64];
      snprintf(words, sizeof words, "  --%s%s%s", option->name,
               option->otherwise ? "[="
               : option->value   ? " "
                                 : "",
               option->value ? option->value : "");
      if (option->letter)
        snprintf(words, sizeof words, "  -%c, --%s", option->letter, option->name);
      if (!strstr(text, words))
        fail_msg("%s --help lacks \"%s\"", uvt_commands[i]->name, words);
    }
    free(text);
  }
  char *text = help_of(NULL);
  expect_narrow(text);
  for (size_t i = 0; i < uvt_commands_count; i++)
    assert_non_null(strstr(text, uvt_commands[i]->name));
  free(text);
}

/* What begins with a dot is a request of troff's, and a backslash begins an escape. */
static void test_manual_texts_stay_texts(void **state)
{
  (void)state;
  static const struct uvt_option one[] = {
      {.name = "one", .value = "X", .help = ".TH \\n(x", .take = uvt_take_text}, {0}};
  static const struct uvt_command odd = {.name = "odd",
                                         .summary = "'so /etc/passwd",
                                         .operand = "SOURCE",
                                         .options = one,
                                         .notes = "a\n  .b\n\nc\n"};
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  uvt_manual_command(&odd, out);
  fclose(out);
  assert_non_null(strstr(text, "\n.TP\n\\fB\\-\\-one\\fR X\n\\&.TH \\en(x\n"));
  assert_non_null(strstr(text, "uvtree\\-odd \\- \\&'so /etc/passwd\n"));
  assert_non_null(strstr(text, ".SH NOTES\na\n.nf\n  .b\n.PP\n.fi\nc\n.SH SEE ALSO\n"));
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_arguments_all_kinds_are_taken),
      cmocka_unit_test(test_arguments_a_value_may_be_left_out),
      cmocka_unit_test(test_arguments_wrong_ones_are_told),
      cmocka_unit_test(test_arguments_of_the_program_are_left_to_it),
      cmocka_unit_test(test_help_names_all_options_in_80_columns),
      cmocka_unit_test(test_manual_texts_stay_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

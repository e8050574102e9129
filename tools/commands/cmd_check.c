/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "arguments.h"
#include "base/words.h"
#include "check/check.h"
#include "cmd.h"

enum { LINES_DEFAULT = 50 };
#define MEMORY_DEFAULT (UINT64_C(64) << 20)

struct check_command {
  size_t lines;
  bool quiet;
  uint64_t memory;
  const char *source;
  struct uvt_check *check;
};

static bool take_lines(const char *value, void *field)
{
  uint64_t lines = 0;
  bool valid = strcmp(value, "0") == 0 || uvt_take_number(value, &lines);
  *(size_t *)field = (size_t)lines;
  return valid;
}

static const struct uvt_option options[] = {
    {.name = "lines",
     .letter = 'n',
     .value = "LINES",
     .help = "print at most so many violations, count the rest (default 50)",
     .take = take_lines,
     .field = offsetof(struct check_command, lines)},
    UVT_OPTION_MEMORY(struct check_command, memory),
    {.name = "quiet",
     .letter = 'q',
     .help = "print nothing, only set the exit status",
     .field = offsetof(struct check_command, quiet)},
    {0},
};

static void print_result(const struct check_command *command, uint64_t lost)
{
  const struct uvt_check *check = command->check;
  const struct uvt_check_report *report = uvt_check_findings(check);
  uint64_t violations = uvt_check_report_violations(report);
  uvt_check_report_print(report, stdout, command->lines);
  char source[PATH_MAX];
  uvt_words_clean(source, sizeof source, command->source, false);
  printf("%s: %" PRIu64 " events, %" PRIu64 " violation%s", source, uvt_check_events(check), violations,
         violations == 1 ? "" : "s");
  if (uvt_check_losses(check))
    printf("; %" PRIu64 " lost event%s in the stream (%" PRIu64 " records discarded by the tracer), "
           "%" PRIu64 " finding%s excused by them",
           uvt_check_losses(check), uvt_check_losses(check) == 1 ? "" : "s", lost, report->excused,
           report->excused == 1 ? "" : "s");
  putchar('\n');
}

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  const struct check_command *command = user;
  (void)error;
  if (!command->quiet)
    print_result(command, result->lost);
  return uvt_check_report_violations(uvt_check_findings(command->check)) ? UVT_EXIT_FAILED : UVT_EXIT_DONE;
}

static int run(int argc, char **argv)
{
  struct check_command command = {.lines = LINES_DEFAULT, .memory = MEMORY_DEFAULT};
  int status = uvt_arguments_take(&uvt_cmd_check, argc, argv, &command, &command.source);
  if (status)
    return status;
  /* The model keeps such operations, too. */
  const struct uvt_pipeline_options pipeline = {.memory = command.memory / 2 + 1};
  command.check = uvt_check_create(command.memory / 2 + 1);
  struct uvt_answer answer = {.command = &uvt_cmd_check,
                              .sink = command.check ? uvt_check_sink(command.check) : NULL,
                              .print = print,
                              .user = &command};
  status = uvt_answer_run(&answer, command.source, &pipeline);
  uvt_check_destroy(command.check);
  return status;
}

const struct uvt_command uvt_cmd_check = {
    .name = "check",
    .operand = "SOURCE",
    .summary = "verify that a trace keeps every rule of the async event stream",
    .about = UVT_HELP_SOURCE " Each violation is one line: the rule, the event, what was found and what was "
                             "expected; then the counts by rule. What may be due to lost events is no "
                             "violation. Warnings (unwound or switched stacks) are none either.",
    .options = options,
    .notes = "Exit status: 0 no violation, 1 violations or an unreadable source, 2 wrong usage.\n",
    .run = run,
};

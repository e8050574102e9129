/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "cmd.h"
#include "pipeline.h"

enum { LINES_DEFAULT = 50 };

struct options {
  size_t lines;
  bool quiet;
  const char *source;
};

static int wrong_usage(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree check: %s%s (see uvtree check --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

static bool parse_lines(const char *text, size_t *lines)
{
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  *lines = value;
  return *text >= '0' && *text <= '9' && !*end && !errno;
}

static int parse(int argc, char **argv, struct options *options)
{
  static const struct option names[] = {
      {"lines", required_argument, NULL, 'n'},
      {"quiet", no_argument, NULL, 'q'},
      {0},
  };
  optind = 0; /* getopt may have run for the program's own options */
  opterr = 0;
  int option;
  while ((option = getopt_long(argc, argv, ":n:q", names, NULL)) != -1) {
    if (option == 'n' && !parse_lines(optarg, &options->lines))
      return wrong_usage("not a number of lines: ", optarg);
    if (option == 'q')
      options->quiet = true;
    if (option == ':')
      return wrong_usage("no value for ", argv[optind - 1]);
    if (option == '?')
      return wrong_usage("unknown option ", argv[optind - 1]);
  }
  if (optind + 1 != argc)
    return wrong_usage(optind == argc ? "no SOURCE" : "more than one SOURCE: ",
                       optind == argc ? "" : argv[optind + 1]);
  options->source = argv[optind];
  return UVT_EXIT_DONE;
}

static void print_result(const struct uvt_check *check, const struct options *options, uint64_t lost)
{
  const struct uvt_check_report *report = uvt_check_findings(check);
  uint64_t violations = uvt_check_report_violations(report);
  uvt_check_report_print(report, stdout, options->lines);
  printf("%s: %" PRIu64 " events, %" PRIu64 " violation%s", options->source, uvt_check_events(check),
         violations, violations == 1 ? "" : "s");
  if (uvt_check_losses(check))
    printf("; %" PRIu64 " lost event%s in the stream (%" PRIu64 " records discarded by the tracer), "
           "%" PRIu64 " finding%s excused by them",
           uvt_check_losses(check), uvt_check_losses(check) == 1 ? "" : "s", lost, report->excused,
           report->excused == 1 ? "" : "s");
  putchar('\n');
}

static int check_source(const struct options *options)
{
  struct uvt_check *check = uvt_check_create();
  if (!check) {
    fprintf(stderr, "uvtree check: out of memory\n");
    return UVT_EXIT_FAILED;
  }
  struct uvt_pipeline_options pipeline = {0};
  struct uvt_pipeline_result result = {0};
  struct uvt_error error = {0};
  int status = uvt_pipeline_run(options->source, &pipeline, uvt_check_sink(check), &result, &error) == 0
                   ? 0
                   : UVT_EXIT_FAILED;
  /* Of a damaged source too: what could be read was checked. One that could not be opened has no events. */
  if (!options->quiet && (status == 0 || uvt_check_events(check)))
    print_result(check, options, result.lost);
  if (uvt_check_report_violations(uvt_check_findings(check)))
    status = UVT_EXIT_FAILED;
  uvt_check_destroy(check);
  fflush(stdout);
  if (error.text[0])
    fprintf(stderr, "uvtree check: %s\n", error.text);
  return status;
}

static int run(int argc, char **argv)
{
  struct options options = {.lines = LINES_DEFAULT};
  int status = parse(argc, argv, &options);
  return status ? status : check_source(&options);
}

const struct uvt_command uvt_cmd_check = {
    .name = "check",
    .usage = "SOURCE [-n LINES] [-q]",
    .summary = "verify that a trace keeps every rule of the async event stream",
    .help =
        "SOURCE is a trace folder or a .jsonl file (- for standard input). Each violation is one line: the\n"
        "rule, the event, what was found and what was expected; then the counts by rule. What may be due to\n"
        "lost events is no violation. Warnings (unwound or switched stacks) are none either.\n"
        "  -n, --lines LINES  print at most so many violations, count the rest (default 50)\n"
        "  -q, --quiet        print nothing, only set the exit status\n"
        "Exit status: 0 no violation, 1 violations or an unreadable source, 2 wrong usage.\n",
    .run = run,
};

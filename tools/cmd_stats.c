/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "cmd.h"
#include "pipeline.h"
#include "stats.h"

struct options {
  const char *source;
  int64_t pid;
  struct uvt_stats_options span;
  struct uvt_stats_view view;
  bool json;
};

static int wrong_usage(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree stats: %s%s (see uvtree stats --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

enum { OPTION_PID = 256, OPTION_FROM, OPTION_TO, OPTION_ASCII };

static const struct option option_names[] = {
    {"pid", required_argument, NULL, OPTION_PID}, {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},   {"ascii", no_argument, NULL, OPTION_ASCII},
    {"format", required_argument, NULL, 'f'},     {0},
};

static bool take_option(struct options *options, int option, const char *value)
{
  uint64_t number = 0;
  switch (option) {
  case OPTION_PID: {
    bool valid = uvt_parse_positive(value, INT32_MAX, &number);
    options->pid = (int64_t)number;
    return valid;
  }
  case OPTION_FROM:
    return uvt_parse_time(value, &options->span.from);
  case OPTION_TO:
    return uvt_parse_time(value, &options->span.to) && options->span.to > 0;
  case OPTION_ASCII:
    return options->view.ascii = true;
  default:
    options->json = strcmp(value, "json") == 0;
    return options->json || strcmp(value, "text") == 0;
  }
}

static int parse(int argc, char **argv, struct options *options)
{
  optind = 0; /* getopt may have run before */
  opterr = 0;
  int option;
  while ((option = getopt_long(argc, argv, ":f:", option_names, NULL)) != -1) {
    if (option == ':')
      return wrong_usage("no value for ", argv[optind - 1]);
    if (option == '?')
      return wrong_usage("unknown option ", argv[optind - 1]);
    if (!take_option(options, option, optarg))
      return wrong_usage("wrong value: ", optarg);
  }
  if (options->span.to && options->span.to <= options->span.from)
    return wrong_usage("--to does not lie after --from", "");
  if (optind + 1 != argc)
    return wrong_usage(optind == argc ? "no SOURCE" : "more than one SOURCE: ",
                       optind == argc ? "" : argv[optind + 1]);
  options->source = argv[optind];
  return UVT_EXIT_DONE;
}

static int complain(const struct uvt_error *error)
{
  fprintf(stderr, "uvtree stats: %s\n", error->text);
  return UVT_EXIT_FAILED;
}

static int print_stats(const struct uvt_stats *stats, const struct options *options)
{
  struct uvt_error error = {0};
  int status = options->json ? uvt_stats_print_json(stats, stdout, &error)
                             : uvt_stats_print_text(stats, &options->view, stdout, &error);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    uvt_error_set(&error, "standard output: %s", strerror(errno));
    status = -1;
  }
  return status == 0 ? UVT_EXIT_DONE : complain(&error);
}

static int run_stats(const struct options *options)
{
  struct uvt_stats *stats = uvt_stats_create(&options->span);
  struct uvt_error error = {0};
  if (!stats) {
    uvt_error_set(&error, "out of memory");
    return complain(&error);
  }
  struct uvt_pipeline_options pipeline = {.pid = options->pid};
  struct uvt_pipeline_result result = {0};
  int status = UVT_EXIT_DONE;
  if (uvt_pipeline_run(options->source, &pipeline, uvt_stats_sink(stats), &result, &error) != 0)
    status = complain(&error);
  /* Of a damaged source, too: what could be read is told. */
  if (status == UVT_EXIT_DONE || result.events) {
    int printed = print_stats(stats, options);
    status = status ? status : printed;
  }
  uvt_stats_destroy(stats);
  return status;
}

static int run(int argc, char **argv)
{
  struct options options = {0};
  int status = parse(argc, argv, &options);
  if (status)
    return status;
  struct uvt_terminal terminal = uvt_terminal_find();
  options.view.width = terminal.width;
  options.view.ascii |= terminal.ascii;
  return run_stats(&options);
}

const struct uvt_command uvt_cmd_stats = {
    .name = "stats",
    .usage = "SOURCE [--pid PID] [--from TIME] [--to TIME] [--format F]",
    .summary = "tell how long things took: by type, loop, thread pool, blocking calls, start-up",
    .help =
        "SOURCE is a trace folder, the URL of a live session, a .jsonl file, or - for standard input. For "
        "each\n"
        "process: waiting for the thread pool and being worked at by it, ready-to-run delay (Ready to the\n"
        "callback) and run time, by type; iterations of each loop (end of a poll to the next poll) and its\n"
        "share of idle time; the thread pool over time; the longest invocations; synchronous file-system\n"
        "calls by type and path; and, where it listens, what ran and blocked until then.\n"
        "\n"
        "      --pid PID      only the processes with that pid\n"
        "      --from TIME    only from then on, from the first event: 1500 (ns), 20us, 3ms, 1.5s\n"
        "      --to TIME      only until then\n"
        "      --ascii        no characters beyond ASCII (the default where the locale is not UTF-8)\n"
        "  -f, --format F     text (the default), or json, which has the histograms whole\n"
        "\n"
        "Percentiles are exact below 256 ns, and at most 0.8 % too high above. What a callback ran itself "
        "is\n"
        "without callbacks nested in it and without the polls of a loop that it runs. Streaming: memory "
        "grows\n"
        "with what is alive in the program.\n",
    .run = run,
};

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "cmd.h"
#include "page.h"
#include "pipeline.h"

struct options {
  const char *source;
  const char *output; /* "-": standard output */
  struct uvt_pipeline_options pipeline;
};

static int wrong_usage(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree view: %s%s (see uvtree view --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

static int failed(const char *what, const char *why)
{
  fprintf(stderr, "uvtree view: %s%s%s\n", what, *what ? ": " : "", why);
  return UVT_EXIT_FAILED;
}

enum { OPTION_PID = 256, OPTION_FROM, OPTION_TO };

static bool take_option(struct options *options, int option, const char *value)
{
  uint64_t number = 0;
  switch (option) {
  case 'o':
    options->output = value;
    return *value;
  case OPTION_FROM:
    return uvt_parse_time(value, &options->pipeline.from);
  case OPTION_TO:
    return uvt_parse_time(value, &options->pipeline.to);
  case OPTION_PID:
    if (!uvt_parse_positive(value, INT32_MAX, &number))
      return false;
    options->pipeline.pid = (int64_t)number;
    return true;
  default:
    return false;
  }
}

static int parse(int argc, char **argv, struct options *options)
{
  static const struct option names[] = {{"output", required_argument, NULL, 'o'},
                                        {"pid", required_argument, NULL, OPTION_PID},
                                        {"from", required_argument, NULL, OPTION_FROM},
                                        {"to", required_argument, NULL, OPTION_TO},
                                        {0}};
  optind = 0; /* getopt may have run before */
  opterr = 0;
  int option;
  while ((option = getopt_long(argc, argv, ":o:", names, NULL)) != -1) {
    if (option == ':')
      return wrong_usage("no value for ", argv[optind - 1]);
    if (option == '?')
      return wrong_usage("unknown option ", argv[optind - 1]);
    if (!take_option(options, option, optarg))
      return wrong_usage("wrong value: ", optarg);
  }
  if (optind + 1 != argc)
    return wrong_usage(optind == argc ? "no SOURCE" : "more than one SOURCE: ",
                       optind == argc ? "" : argv[optind + 1]);
  if (!options->output)
    return wrong_usage("no FILE: -o says where to write the page", "");
  if (options->pipeline.to && options->pipeline.to < options->pipeline.from)
    return wrong_usage("--to lies before --from", "");
  options->source = argv[optind];
  return UVT_EXIT_DONE;
}

static int write_page(struct uvt_page *page, const char *output)
{
  bool standard = !strcmp(output, "-");
  int file = standard ? STDOUT_FILENO : open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return failed(output, strerror(errno));
  int status = uvt_page_write(page, file);
  if (!standard && close(file) && !status)
    status = -errno;
  return status ? failed(output, strerror(-status)) : UVT_EXIT_DONE;
}

static int view(struct uvt_page *page, const struct options *options)
{
  struct uvt_pipeline_result result = {0};
  struct uvt_error error = {0};
  int status = UVT_EXIT_DONE;
  if (uvt_pipeline_run(options->source, &options->pipeline, uvt_page_sink(page), &result, &error))
    status = failed("", error.text);
  /* Of a damaged source, too: what could be read is shown. */
  if (status && !result.events)
    return status;
  int written = write_page(page, options->output);
  return status ? status : written;
}

static int run(int argc, char **argv)
{
  struct options options = {0};
  int status = parse(argc, argv, &options);
  if (status)
    return status;
  if (!uvt_page_is_there())
    return failed("", "this uvtree was built without the page: npm was not there");
  struct uvt_page *page = uvt_page_create();
  if (!page)
    return failed("", "out of memory");
  status = view(page, &options);
  uvt_page_destroy(page);
  return status;
}

const struct uvt_command uvt_cmd_view = {
    .name = "view",
    .usage = "SOURCE -o FILE.html [--pid PID] [--from T] [--to T]",
    .summary = "write a page to look at a trace in a browser",
    .help =
        "SOURCE is a trace folder, the URL of a live session, a .jsonl file, or - for standard input. The "
        "page "
        "is\n"
        "one file that needs no network: a timeline of threads and loops, the async call tree, histograms "
        "of\n"
        "each type's times, and of each operation the chain back to its root.\n"
        "\n"
        "  -o, --output FILE     where to write it; - is standard output\n"
        "      --pid PID         only the processes with that pid\n"
        "      --from T, --to T  only that span of time, from the first event on: 1500, 20us, 3ms, 2s\n"
        "\n"
        "The whole tree is kept in memory, about 450 bytes an operation, and so does the browser: beyond a\n"
        "million operations cut out a part with --from and --to.\n",
    .run = run,
};

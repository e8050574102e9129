/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "cmd.h"
#include "out_chrome.h"
#include "out_dot.h"
#include "out_folded.h"
#include "out_jsonl.h"
#include "pipeline.h"

/* In the order in which --help would list them; the first is the default. */
static const struct uvt_output_format *const formats[] = {&uvt_output_jsonl, &uvt_output_chrome,
                                                          &uvt_output_dot, &uvt_output_folded};
#define FORMATS_COUNT (sizeof formats / sizeof *formats)

struct options {
  const char *source;
  const char *output; /* "-": standard output */
  const struct uvt_output_format *format;
  struct uvt_pipeline_options pipeline;
  struct uvt_output_options format_options;
};

static int usage_error(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree convert: %s%s (see uvtree convert --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

/* ---- Options ---- */

static bool parse_format(const char *text, const struct uvt_output_format **format)
{
  for (size_t i = 0; i < FORMATS_COUNT; i++) {
    if (!strcmp(formats[i]->name, text)) {
      *format = formats[i];
      return true;
    }
  }
  return false;
}

static bool parse_number(const char *text, const char **rest, uint64_t *number)
{
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  *number = value;
  *rest = end;
  return *text >= '0' && *text <= '9' && !errno;
}

/* A number with one of the suffixes; "" stands for 1. */
static bool parse_scaled(const char *text, const char *const *suffixes, const uint64_t *scales, size_t count,
                         uint64_t *number)
{
  const char *rest;
  if (!parse_number(text, &rest, number))
    return false;
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(rest, suffixes[i]))
      return !__builtin_mul_overflow(*number, scales[i], number);
  }
  return false;
}

static bool parse_time(const char *text, uint64_t *time)
{
  static const char *const suffixes[] = {"", "ns", "us", "ms", "s"};
  static const uint64_t scales[] = {1, 1, 1000, 1000000, 1000000000};
  return parse_scaled(text, suffixes, scales, sizeof scales / sizeof *scales, time);
}

static bool parse_size(const char *text, uint64_t *size)
{
  static const char *const suffixes[] = {"", "K", "M", "G"};
  static const uint64_t scales[] = {1, 1 << 10, 1 << 20, 1 << 30};
  return parse_scaled(text, suffixes, scales, sizeof scales / sizeof *scales, size) && *size;
}

static bool parse_pid(const char *text, int64_t *pid)
{
  const char *rest;
  uint64_t number;
  if (!parse_number(text, &rest, &number) || *rest || !number || number > INT32_MAX)
    return false;
  *pid = (int64_t)number;
  return true;
}

static bool parse_limit(const char *text, uint64_t *limit)
{
  const char *rest;
  return parse_number(text, &rest, limit) && !*rest && *limit;
}

static bool parse_weight(const char *text, enum uvt_output_weight *weight)
{
  *weight = strcmp(text, "run") ? UVT_WEIGHT_WAIT : UVT_WEIGHT_RUN;
  return !strcmp(text, "run") || !strcmp(text, "wait");
}

enum {
  OPTION_LAYER = 256,
  OPTION_USER,
  OPTION_NO_STATES,
  OPTION_PID,
  OPTION_FROM,
  OPTION_TO,
  OPTION_MEMORY,
  OPTION_LIMIT,
  OPTION_WEIGHT
};

static bool take_option(struct options *options, int option, const char *value)
{
  switch (option) {
  case 'f':
    return parse_format(value, &options->format);
  case 'o':
    options->output = value;
    return *value;
  case OPTION_LAYER:
    return uvt_parse_layer(value, &options->pipeline.layer);
  case OPTION_USER:
    options->pipeline.user = true;
    return true;
  case OPTION_NO_STATES:
    options->pipeline.no_states = true;
    return true;
  case OPTION_PID:
    return parse_pid(value, &options->pipeline.pid);
  case OPTION_FROM:
    return parse_time(value, &options->pipeline.from);
  case OPTION_TO:
    return parse_time(value, &options->pipeline.to);
  case OPTION_MEMORY:
    return parse_size(value, &options->pipeline.memory);
  case OPTION_LIMIT:
    return parse_limit(value, &options->format_options.limit);
  case OPTION_WEIGHT:
    return parse_weight(value, &options->format_options.weight);
  default:
    return false;
  }
}

static const struct option option_names[] = {
    {"format", required_argument, NULL, 'f'},           {"output", required_argument, NULL, 'o'},
    {"layer", required_argument, NULL, OPTION_LAYER},   {"user", no_argument, NULL, OPTION_USER},
    {"no-states", no_argument, NULL, OPTION_NO_STATES}, {"pid", required_argument, NULL, OPTION_PID},
    {"from", required_argument, NULL, OPTION_FROM},     {"to", required_argument, NULL, OPTION_TO},
    {"memory", required_argument, NULL, OPTION_MEMORY}, {"limit", required_argument, NULL, OPTION_LIMIT},
    {"weight", required_argument, NULL, OPTION_WEIGHT}, {0},
};

static int parse(int argc, char **argv, struct options *options)
{
  optind = 0; /* getopt may have run before */
  opterr = 0;
  int option;
  while ((option = getopt_long(argc, argv, ":f:o:", option_names, NULL)) != -1) {
    if (option == ':')
      return usage_error("no value for ", argv[optind - 1]);
    if (option == '?')
      return usage_error("unknown option ", argv[optind - 1]);
    if (!take_option(options, option, optarg))
      return usage_error("wrong value: ", optarg);
  }
  if (optind == argc)
    return usage_error("no SOURCE", "");
  if (optind + 1 < argc)
    return usage_error("more than one SOURCE: ", argv[optind + 1]);
  if (options->pipeline.to && options->pipeline.to < options->pipeline.from)
    return usage_error("--to lies before --from", "");
  options->source = argv[optind];
  return UVT_EXIT_DONE;
}

/* ---- Converting ---- */

static int failed(const char *what, const char *why)
{
  fprintf(stderr, "uvtree convert: %s%s%s\n", what, *what ? ": " : "", why);
  return UVT_EXIT_FAILED;
}

static void report_losses(const struct uvt_pipeline_result *result)
{
  if (result->strangers)
    fprintf(stderr, "uvtree convert: left out %" PRIu64 " %s started for another recording\n",
            result->strangers, result->strangers == 1 ? "process" : "processes");
  if (result->lost)
    fprintf(stderr, "uvtree convert: %" PRIu64 " events were lost when recording; see the lost lines\n",
            result->lost);
  else if (result->lost_unknown)
    fprintf(stderr,
            "uvtree convert: the trace does not hold everything from the start; see the lost lines\n");
}

static int convert(const struct options *options, int file)
{
  struct uvt_error error = {0};
  struct uvt_pipeline_result result = {0};
  struct uvt_sink *sink = options->format->create(file);
  if (!sink)
    return failed("", "out of memory");
  if (options->format->configure)
    options->format->configure(sink, &options->format_options);
  int status = uvt_pipeline_run(options->source, &options->pipeline, sink, &result, &error);
  options->format->destroy(sink);
  if (!status) /* else there is one line to read, and it is another */
    report_losses(&result);
  return status ? failed("", error.text) : UVT_EXIT_DONE;
}

static int run(int argc, char **argv)
{
  struct options options = {.output = "-", .format = formats[0]};
  int status = parse(argc, argv, &options);
  if (status)
    return status;
  if (!strcmp(options.output, "-"))
    return convert(&options, STDOUT_FILENO);
  int file = open(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return failed(options.output, strerror(errno));
  status = convert(&options, file);
  if (close(file) && !status)
    status = failed(options.output, strerror(errno));
  return status;
}

const struct uvt_command uvt_cmd_convert = {
    .name = "convert",
    .usage = "SOURCE [-f FORMAT] [-o FILE] [--layer uv|js|all] [--user] [--no-states] [--pid PID] [--from T] "
             "[--to T]",
    .summary = "turn a trace into the async event stream",
    .help =
        "SOURCE is what uvtree record wrote, any folder with CTF traces that hold events of uvtree, the URL "
        "of an\n"
        "LTTng live session (net://HOST/host/TARGET/SESSION), a .jsonl file, or - for standard input.\n"
        "\n"
        "  -f, --format FORMAT   jsonl (the default): one JSON object a line\n"
        "                        chrome: trace events, for Perfetto and chrome://tracing\n"
        "                        dot: the async call graph, for Graphviz\n"
        "                        folded: async stacks, for speedscope and flamegraph.pl\n"
        "  -o, --output FILE     where to write it; - is standard output, the default\n"
        "      --layer LAYER     uv: libuv's callbacks; js: JavaScript's; all (the default)\n"
        "      --user            of JavaScript, leave out what Node does by itself: the program's functions "
        "stay\n"
        "      --no-states       leave out the operations and their states\n"
        "      --pid PID         only the processes with that pid\n"
        "      --from T, --to T  only that span of time, from the first event on: 1500, 20us, 3ms, 2s\n"
        "      --memory SIZE     for operations that only wait for their children; beyond it they go to a\n"
        "                        temporary file (default 64M)\n"
        "      --limit N         dot: draw the first N operations (default 500)\n"
        "      --weight WHAT     folded: by nanoseconds of run (the default) or of wait\n",
    .run = run,
};

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cmd.h"
#include "pipeline.h"
#include "requests.h"
#include "requests_out.h"

enum { TOP_DEFAULT = 20, TOP_MOST = 100000 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct options {
  const char *source;
  int64_t pid;
  uvt_request_order *order; /* NULL: as they end */
  size_t top;               /* 0: all, printed as they end */
  enum format format;
  struct uvt_requests_view view;
};

/* What has been told of; the first `top` in their order are kept. */
struct told {
  const struct options *options;
  struct uvt_requests_totals totals;
  struct uvt_request **rows;
  size_t count;
  bool printed; /* a row was */
};

static int wrong_usage(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree requests: %s%s (see uvtree requests --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

/* --- options --- */

enum { OPTION_PID = 256, OPTION_SORT, OPTION_TOP, OPTION_ASCII };

static const struct option option_names[] = {
    {"pid", required_argument, NULL, OPTION_PID}, {"sort", required_argument, NULL, OPTION_SORT},
    {"top", required_argument, NULL, OPTION_TOP}, {"ascii", no_argument, NULL, OPTION_ASCII},
    {"format", required_argument, NULL, 'f'},     {0},
};

static bool take_format(struct options *options, const char *value)
{
  static const char *const names[] = {[FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(names[i], value) != 0)
      continue;
    options->format = (enum format)i;
    return true;
  }
  return false;
}

static bool take_option(struct options *options, int option, const char *value)
{
  uint64_t number = 0;
  bool valid;
  switch (option) {
  case OPTION_PID:
    valid = uvt_parse_positive(value, INT32_MAX, &number);
    options->pid = (int64_t)number;
    return valid;
  case OPTION_SORT:
    options->order = uvt_request_order_find(value);
    return options->order;
  case OPTION_TOP:
    valid = uvt_parse_positive(value, TOP_MOST, &number);
    options->top = (size_t)number;
    return valid;
  case OPTION_ASCII:
    return options->view.ascii = true;
  default:
    return take_format(options, value);
  }
}

/* Text is sorted always; where something is sorted, something must be left out. */
static void complete(struct options *options)
{
  if (options->format == FORMAT_TEXT || options->top)
    options->order = options->order ? options->order : uvt_request_order_find("wall");
  if (options->order && !options->top)
    options->top = options->format == FORMAT_TEXT ? TOP_DEFAULT : TOP_MOST;
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
  if (optind + 1 != argc)
    return wrong_usage(optind == argc ? "no SOURCE" : "more than one SOURCE: ",
                       optind == argc ? "" : argv[optind + 1]);
  options->source = argv[optind];
  complete(options);
  return UVT_EXIT_DONE;
}

/* --- rows --- */

static int print_row(struct told *told, const struct uvt_request *request)
{
  bool first = !told->printed;
  told->printed = true;
  if (told->options->format == FORMAT_JSON)
    return uvt_requests_print_json(request, first, stdout);
  uvt_requests_print_csv(request, stdout);
  return 0;
}

/* Where it belongs among the rows kept: by halves. Equal ones stay as they came. */
static size_t find_place(const struct told *told, const struct uvt_request *request)
{
  size_t low = 0;
  size_t high = told->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (told->options->order(told->rows[middle], request) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void keep_row(struct told *told, struct uvt_request *request)
{
  size_t place = find_place(told, request);
  if (place == told->options->top) {
    uvt_request_free(request);
    return;
  }
  if (told->count == told->options->top)
    uvt_request_free(told->rows[--told->count]);
  memmove(&told->rows[place + 1], &told->rows[place], (told->count - place) * sizeof *told->rows);
  told->rows[place] = request;
  told->count++;
}

static int take_request(void *user, struct uvt_request *request)
{
  struct told *told = user;
  int status = uvt_requests_totals_add(&told->totals, request);
  if (told->options->top) {
    keep_row(told, request);
    return status;
  }
  if (!status && print_row(told, request) != 0)
    status = -EIO;
  uvt_request_free(request);
  return status;
}

/* --- the run --- */

static int complain(const struct uvt_error *error)
{
  fprintf(stderr, "uvtree requests: %s\n", error->text);
  return UVT_EXIT_FAILED;
}

static void print_head(const struct options *options)
{
  if (options->format == FORMAT_JSON)
    uvt_requests_print_json_head(stdout);
  else if (options->format == FORMAT_CSV)
    uvt_requests_print_csv_head(stdout);
}

static int print_rest(struct told *told)
{
  const struct options *options = told->options;
  struct uvt_error error = {0};
  int status = 0;
  if (options->format == FORMAT_TEXT)
    uvt_requests_print_text(told->rows, told->count, &told->totals, &options->view, stdout);
  for (size_t i = 0; i < told->count && options->format != FORMAT_TEXT && !status; i++)
    status = print_row(told, told->rows[i]);
  if (options->format == FORMAT_JSON)
    status |= uvt_requests_print_json_tail(&told->totals, stdout);
  if (fflush(stdout) == 0 && !ferror(stdout) && status == 0)
    return UVT_EXIT_DONE;
  uvt_error_set(&error, "standard output: %s", strerror(errno));
  return complain(&error);
}

static int read_source(struct told *told, struct uvt_requests *requests)
{
  struct uvt_pipeline_options pipeline = {.pid = told->options->pid};
  struct uvt_pipeline_result result = {0};
  struct uvt_error error = {0};
  int status = UVT_EXIT_DONE;
  print_head(told->options);
  if (uvt_pipeline_run(told->options->source, &pipeline, uvt_requests_sink(requests), &result, &error) != 0 ||
      uvt_requests_check(requests, &error) != 0)
    status = complain(&error);
  /* Of a damaged source, too: what could be read is told. */
  int printed = status == UVT_EXIT_DONE || told->totals.count || told->options->format != FORMAT_TEXT
                    ? print_rest(told)
                    : UVT_EXIT_DONE;
  return status ? status : printed;
}

static int run_requests(const struct options *options)
{
  struct told told = {.options = options, .rows = calloc(options->top + 1, sizeof *told.rows)};
  struct uvt_requests *requests = uvt_requests_create(take_request, &told);
  int status = UVT_EXIT_FAILED;
  if (told.rows && requests)
    status = read_source(&told, requests);
  else
    fprintf(stderr, "uvtree requests: out of memory\n");
  uvt_requests_destroy(requests);
  for (size_t i = 0; i < told.count; i++)
    uvt_request_free(told.rows[i]);
  free(told.rows);
  uvt_requests_totals_clear(&told.totals);
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
  return run_requests(&options);
}

const struct uvt_command uvt_cmd_requests = {
    .name = "requests",
    .usage = "SOURCE [--sort KEY] [--top N] [--pid PID] [--format F]",
    .summary = "tell what each HTTP request cost, and what it waited for",
    .help =
        "SOURCE is a trace folder, the URL of a live session, a .jsonl file, or - for standard input. "
        "Requests\n"
        "are told by the JavaScript layer (uvtree record --layer all).\n"
        "\n"
        "      --sort KEY     wall (the default for text), running, ready, pool-work, pool-wait, outside,\n"
        "                     operations, in, out: the greatest first; start: the earliest first\n"
        "      --top N        only the first N (text: 20; json, csv: all, as they end, where nothing is "
        "sorted)\n"
        "      --pid PID      only of the processes with that pid\n"
        "      --ascii        no characters beyond ASCII (the default where the locale is not UTF-8)\n"
        "  -f, --format F     text (the default), json (with the critical path of each), csv; times in ns\n"
        "\n"
        "Each instant of a request's wall time belongs to one of these, the first that applies:\n"
        "  running    a callback of it runs on a loop     pool wait  an operation waits for a pool thread\n"
        "  ready      one could, but others run           outside    it waits for anything else\n"
        "  pool work  a pool thread works for it\n"
        "So these five sum up to wall. In json and csv, totalReady, totalPoolWork and totalPoolWait count "
        "what\n"
        "went on in parallel each.\n"
        "\n"
        "A request begins when the read that brought it was Ready, and ends when its response was finished. "
        "An\n"
        "operation belongs to the request whose callback registered it. Work that several requests wait for\n"
        "belongs to the one that began it, for the others the wait is outside; it is never split. Bytes: in "
        "is\n"
        "what reads of its connection gave, out what it wrote with a callback (Node writes most without).\n"
        "Status: open: no response; !: failed (500 or more, or an exception that nobody caught).\n"
        "Percentiles are of the requests that were answered. The critical path is that of the first of them "
        "in\n"
        "the table: what led to the response, each step from what made it possible. Streaming: memory grows "
        "with\n"
        "what is alive in the program, and with --top.\n",
    .run = run,
};

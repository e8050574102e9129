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
#include "tree.h"

struct options {
  const char *source;
  struct uvt_tree_moment moment;
  struct uvt_tree_view view;
  int64_t pid;
  enum uvt_layer layer;
  bool user;
  bool json;
};

static int wrong_usage(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree tree: %s%s (see uvtree tree --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

/* --- options --- */

static bool parse_format(const char *text, bool *json)
{
  *json = strcmp(text, "json") == 0;
  return *json || strcmp(text, "text") == 0;
}

enum {
  OPTION_AT = 256,
  OPTION_INDEX,
  OPTION_PID,
  OPTION_DEPTH,
  OPTION_UNDER,
  OPTION_TYPE,
  OPTION_PENDING,
  OPTION_FULL,
  OPTION_ASCII,
  OPTION_LAYER,
  OPTION_USER,
};

static const struct option option_names[] = {
    {"at", required_argument, NULL, OPTION_AT},
    {"index", required_argument, NULL, OPTION_INDEX},
    {"pid", required_argument, NULL, OPTION_PID},
    {"depth", required_argument, NULL, OPTION_DEPTH},
    {"under", required_argument, NULL, OPTION_UNDER},
    {"type", required_argument, NULL, OPTION_TYPE},
    {"pending", no_argument, NULL, OPTION_PENDING},
    {"full", no_argument, NULL, OPTION_FULL},
    {"ascii", no_argument, NULL, OPTION_ASCII},
    {"layer", required_argument, NULL, OPTION_LAYER},
    {"user", no_argument, NULL, OPTION_USER},
    {"format", required_argument, NULL, 'f'},
    {0},
};

static bool take_option(struct options *options, int option, const char *value)
{
  uint64_t number = 0;
  switch (option) {
  case OPTION_AT:
    options->moment.has_at = true;
    return uvt_parse_time(value, &options->moment.at);
  case OPTION_INDEX:
    return uvt_parse_positive(value, UINT64_MAX, &options->moment.index);
  case OPTION_PID: {
    bool valid = uvt_parse_positive(value, INT32_MAX, &number);
    options->pid = (int64_t)number;
    return valid;
  }
  case OPTION_DEPTH: {
    bool valid = uvt_parse_positive(value, UINT32_MAX, &number);
    options->view.depth = (unsigned)number;
    return valid;
  }
  case OPTION_UNDER:
    return uvt_parse_positive(value, UINT64_MAX, &options->view.under);
  case OPTION_TYPE:
    options->view.type = value;
    return *value;
  case OPTION_PENDING:
    return options->view.pending = true;
  case OPTION_FULL:
    return options->view.full = true;
  case OPTION_ASCII:
    return options->view.ascii = true;
  case OPTION_LAYER:
    return uvt_parse_layer(value, &options->layer);
  case OPTION_USER:
    return options->user = true;
  case 'f':
    return parse_format(value, &options->json);
  default:
    return false;
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
  if (options->moment.has_at && options->moment.index)
    return wrong_usage("--at and --index exclude each other", "");
  if (optind + 1 != argc)
    return wrong_usage(optind == argc ? "no SOURCE" : "more than one SOURCE: ",
                       optind == argc ? "" : argv[optind + 1]);
  options->source = argv[optind];
  return UVT_EXIT_DONE;
}

/* --- the tree --- */

static int print_tree(struct uvt_tree *tree, const struct options *options)
{
  struct uvt_error error = {0};
  int status = options->json ? uvt_tree_print_json(tree, &options->view, stdout, &error)
                             : uvt_tree_print_text(tree, &options->view, stdout, &error);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    uvt_error_set(&error, "standard output: %s", strerror(errno));
    status = -1;
  }
  if (status == 0)
    return UVT_EXIT_DONE;
  fprintf(stderr, "uvtree tree: %s\n", error.text);
  return UVT_EXIT_FAILED;
}

static int run_tree(const struct options *options)
{
  struct uvt_tree *tree = uvt_tree_create(&options->moment);
  if (!tree) {
    fprintf(stderr, "uvtree tree: out of memory\n");
    return UVT_EXIT_FAILED;
  }
  struct uvt_pipeline_options pipeline = {
      .pid = options->pid, .layer = options->layer, .user = options->user};
  struct uvt_pipeline_result result = {0};
  struct uvt_error error = {0};
  int status = UVT_EXIT_DONE;
  if (uvt_pipeline_run(options->source, &pipeline, uvt_tree_sink(tree), &result, &error) != 0) {
    fprintf(stderr, "uvtree tree: %s\n", error.text);
    status = UVT_EXIT_FAILED;
  }
  /* Of a damaged source, too: what could be read is shown. */
  if (status == UVT_EXIT_DONE || result.events) {
    int printed = print_tree(tree, options);
    status = status ? status : printed;
  }
  uvt_tree_destroy(tree);
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
  options.view.colour = terminal.colour;
  options.view.ascii |= terminal.ascii;
  return run_tree(&options);
}

const struct uvt_command uvt_cmd_tree = {
    .name = "tree",
    .usage = "SOURCE [--at TIME | --index N] [--pid PID] [--depth N] [--under N] [--type T] [--layer "
             "uv|js|all] [--user] [--pending] [--full]",
    .summary = "show the async call tree, whole or as it stood at some moment",
    .help =
        "SOURCE is a trace folder, the URL of a live session, a .jsonl file, or - for standard input. Each\n"
        "operation hangs from the one that linked it. Repeated and like operations are shown once and "
        "counted.\n"
        "\n"
        "      --at TIME      as it stood then, from the first event on: 1500 (ns), 20us, 3ms, 1.5s\n"
        "      --index N      as it stood when invocation #N began\n"
        "      --pid PID      only the processes with that pid\n"
        "      --under N      only what hangs from invocation #N\n"
        "      --type T       only operations of that type (uv_fs_read, or a part: fs, or a pattern: "
        "uv_*_start),\n"
        "                     and what they hang from\n"
        "      --layer LAYER  uv: libuv's callbacks; js: JavaScript's; all (the default)\n"
        "      --user         of JavaScript, only the program's own functions\n"
        "      --pending      only what is Queued, Ready or Executing, and what it hangs from\n"
        "      --depth N      only so many levels\n"
        "      --full         everything, each operation by itself, texts uncut\n"
        "      --ascii        no characters beyond ASCII (the default where the locale is not UTF-8)\n"
        "  -f, --format F     text (the default), or json: all operations in one list, each with its parent\n"
        "\n"
        "Of each operation: the times from Queued to Ready (waited; for the thread pool: pool wait, pool "
        "work),\n"
        "from Ready to its callback (delay), and in its callback (ran). Those without a [State] are "
        "Retired.\n"
        "The whole tree is kept in memory: about 350 bytes an operation. Colours: on a terminal, unless "
        "NO_COLOR\n"
        "is set.\n",
    .run = run,
};

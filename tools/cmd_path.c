/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "cmd.h"
#include "path.h"
#include "pipeline.h"

struct options {
  const char *source;
  uint64_t index;
  int64_t pid;
  struct uvt_path_view view;
  bool json;
};

static int wrong_usage(const char *problem, const char *what)
{
  fprintf(stderr, "uvtree path: %s%s (see uvtree path --help)\n", problem, what);
  return UVT_EXIT_USAGE;
}

enum { OPTION_INDEX = 256, OPTION_PID, OPTION_DEPTH, OPTION_ASCII };

static const struct option option_names[] = {
    {"index", required_argument, NULL, OPTION_INDEX}, {"pid", required_argument, NULL, OPTION_PID},
    {"depth", required_argument, NULL, OPTION_DEPTH}, {"ascii", no_argument, NULL, OPTION_ASCII},
    {"format", required_argument, NULL, 'f'},         {0},
};

static bool take_option(struct options *options, int option, const char *value)
{
  uint64_t number = 0;
  bool valid = true;
  switch (option) {
  case OPTION_INDEX:
    return uvt_parse_positive(value, UINT64_MAX, &options->index);
  case OPTION_PID:
    valid = uvt_parse_positive(value, INT32_MAX, &number);
    options->pid = (int64_t)number;
    return valid;
  case OPTION_DEPTH:
    valid = uvt_parse_positive(value, UINT32_MAX, &number);
    options->view.depth = (unsigned)number;
    return valid;
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
  if (optind + 1 != argc)
    return wrong_usage(optind == argc ? "no SOURCE" : "more than one SOURCE: ",
                       optind == argc ? "" : argv[optind + 1]);
  if (!options->index)
    return wrong_usage("which invocation? --index N", "");
  options->source = argv[optind];
  return UVT_EXIT_DONE;
}

static int complain(const struct uvt_error *error, int status)
{
  fprintf(stderr, "uvtree path: %s\n", error->text);
  return status;
}

static int print_path(struct uvt_tree *tree, const struct options *options)
{
  struct uvt_error error = {0};
  enum uvt_path_status status =
      options->json ? uvt_path_print_json(tree, options->index, stdout, &error)
                    : uvt_path_print_text(tree, options->index, &options->view, stdout, &error);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    uvt_error_set(&error, "standard output: %s", strerror(errno));
    return complain(&error, UVT_EXIT_FAILED);
  }
  if (status == UVT_PATH_DONE)
    return UVT_EXIT_DONE;
  return complain(&error, status == UVT_PATH_AMBIGUOUS ? UVT_EXIT_USAGE : UVT_EXIT_FAILED);
}

static int run_path(const struct options *options)
{
  static const struct uvt_tree_moment whole = {0};
  struct uvt_tree *tree = uvt_tree_create(&whole);
  struct uvt_error error = {0};
  if (!tree) {
    uvt_error_set(&error, "out of memory");
    return complain(&error, UVT_EXIT_FAILED);
  }
  struct uvt_pipeline_options pipeline = {.pid = options->pid};
  struct uvt_pipeline_result result = {0};
  int status = UVT_EXIT_DONE;
  if (uvt_pipeline_run(options->source, &pipeline, uvt_tree_sink(tree), &result, &error) != 0)
    status = complain(&error, UVT_EXIT_FAILED);
  /* Of a damaged source, too: what could be read is looked through. */
  if (status == UVT_EXIT_DONE || result.events) {
    int printed = print_path(tree, options);
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
  options.view.ascii |= terminal.ascii;
  return run_path(&options);
}

const struct uvt_command uvt_cmd_path = {
    .name = "path",
    .usage = "SOURCE --index N [--pid PID] [--depth N] [--format F]",
    .summary = "show what led to an invocation, back to its root, and where the time went",
    .help =
        "SOURCE is a trace folder, the URL of a live session, a .jsonl file, or - for standard input. Shown "
        "is\n"
        "invocation #N, then the one that linked it, then the one that linked that, down to the root.\n"
        "\n"
        "      --index N      the invocation; tree and convert (executeID) tell its number\n"
        "      --pid PID      of that process: needed where the trace holds several\n"
        "      --depth N      only the N nearest, and the root\n"
        "      --ascii        no characters beyond ASCII (the default where the locale is not UTF-8)\n"
        "  -f, --format F     text (the default) or json\n"
        "\n"
        "waited: Queued to Ready; pool wait, pool work: the same for the thread pool; delay: Ready to the\n"
        "callback; ran: in the callback; gap: from the parent's end until it was queued, where earlier runs "
        "of\n"
        "the same registration lie between. The last line says where all of the time went, each instant "
        "counted once.\n"
        "The whole tree is kept in memory: about 350 bytes an operation.\n",
    .run = run,
};

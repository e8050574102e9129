/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "answer.h"
#include "arguments.h"
#include "cmd.h"
#include "tree/path.h"

struct path_command {
  uint64_t index;
  struct uvt_path_view view;
  struct uvt_pipeline_options pipeline;
  struct uvt_tree *tree;
  bool json;
};

static const struct uvt_option options[] = {
    {.name = "index",
     .value = "N",
     .help = "the invocation; tree and convert (executeID) tell its number",
     .take = uvt_take_number,
     .field = offsetof(struct path_command, index),
     .required = true},
    {.name = "pid",
     .value = "PID",
     .help = "of that process: needed where the trace holds several",
     .take = uvt_take_pid,
     .field = offsetof(struct path_command, pipeline.view.pid)},
    UVT_OPTION_ALL_PROCESSES(struct path_command, pipeline.all_processes),
    {.name = "depth",
     .value = "N",
     .help = "only the N nearest, and the root",
     .take = uvt_take_count,
     .field = offsetof(struct path_command, view.depth)},
    UVT_OPTION_ASCII(struct path_command, view.ascii),
    {.name = "format",
     .letter = 'f',
     .value = "FORMAT",
     .help = "text (the default) or json",
     .take = uvt_take_json,
     .field = offsetof(struct path_command, json)},
    {0},
};

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  (void)result;
  const struct path_command *path = user;
  return uvt_tree_exit(path->json ? uvt_path_print_json(path->tree, path->index, stdout, error)
                                  : uvt_path_print_text(path->tree, path->index, &path->view, stdout, error));
}

static int run(int argc, char **argv)
{
  static const struct uvt_tree_moment whole = {0};
  struct path_command path = {0};
  const char *source;
  int status = uvt_arguments_take(&uvt_cmd_path, argc, argv, &path, &source);
  if (status)
    return status;
  struct uvt_terminal terminal = uvt_terminal_find();
  path.view.width = terminal.width;
  path.view.ascii |= terminal.ascii;
  path.tree = uvt_tree_create(&whole);
  struct uvt_answer answer = {.command = &uvt_cmd_path,
                              .sink = path.tree ? uvt_tree_sink(path.tree) : NULL,
                              .print = print,
                              .user = &path};
  status = uvt_answer_run(&answer, source, &path.pipeline);
  uvt_tree_destroy(path.tree);
  return status;
}

const struct uvt_command uvt_cmd_path = {
    .name = "path",
    .operand = "SOURCE",
    .summary = "show what led to an invocation, back to its root, and where the time went",
    .about = UVT_HELP_SOURCE " Shown is invocation #N, then the one that linked it, then the one that linked "
                             "that, down to the root.",
    .options = options,
    .notes =
        "waited: Queued to Ready; pool wait, pool work: the same for the thread pool; delay: Ready to "
        "the callback; ran: in the callback; gap: from the parent's end until it was queued, where "
        "earlier runs of the same registration lie between. The last line says where all of the time "
        "went, each instant counted once.\n"
        "\n"
        "Where an invocation was caused by another than the one that linked it, the way by what caused each "
        "follows, to the root (in json: causes, with via caused or linked), and it is said if the two belong "
        "to different HTTP requests: then the link is that of something they share, such as a pool's "
        "connection.\n"
        "\n"
        "The whole tree is kept in memory: about 350 bytes an operation.\n",
    .run = run,
};

/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "answer.h"
#include "arguments.h"
#include "cmd.h"
#include "tree/tree.h"

struct tree_command {
  struct uvt_tree_moment moment;
  struct uvt_tree_view view;
  struct uvt_pipeline_options pipeline;
  struct uvt_tree *tree;
  bool json;
};

static bool take_at(const char *value, void *field)
{
  struct uvt_tree_moment *moment = field;
  moment->has_at = true;
  return uvt_take_time(value, &moment->at);
}

static const struct uvt_option options[] = {
    {.name = "at",
     .value = "TIME",
     .help = "as it stood then, counted from the first event: 1500 (ns), 20us, 3ms, 1.5s",
     .take = take_at,
     .field = offsetof(struct tree_command, moment)},
    {.name = "index",
     .value = "N",
     .help = "as it stood when invocation #N began",
     .take = uvt_take_number,
     .field = offsetof(struct tree_command, moment.index)},
    UVT_OPTION_PID(struct tree_command, pipeline.view.pid),
    UVT_OPTION_ALL_PROCESSES(struct tree_command, pipeline.all_processes),
    {.name = "under",
     .value = "N",
     .help = "only what hangs from invocation #N",
     .take = uvt_take_number,
     .field = offsetof(struct tree_command, view.under)},
    {.name = "type",
     .value = "T",
     .help = "only operations of that type (uv_fs_read, or a part: fs, or a pattern: uv_*_start), and what "
             "they hang from",
     .take = uvt_take_text,
     .field = offsetof(struct tree_command, view.type)},
    {.name = "pending",
     .help = "only what is Queued, Ready or Executing, and what it hangs from",
     .field = offsetof(struct tree_command, view.pending)},
    {.name = "never-run",
     .help = "only what never began to run, and what it hangs from",
     .field = offsetof(struct tree_command, view.never_run)},
    {.name = "min-time",
     .value = "TIME",
     .help = "only what took at least so long from Queued to the end of its callback (or until now), and "
             "what it hangs from",
     .take = uvt_take_end,
     .field = offsetof(struct tree_command, view.min_time)},
    {.name = "depth",
     .value = "N",
     .help = "only so many levels",
     .take = uvt_take_count,
     .field = offsetof(struct tree_command, view.depth)},
    UVT_OPTION_LAYER(struct tree_command, pipeline.view.layer),
    UVT_OPTION_USER(struct tree_command, pipeline.view.user),
    {.name = "full",
     .help = "everything, each operation by itself, texts uncut",
     .field = offsetof(struct tree_command, view.full)},
    UVT_OPTION_ASCII(struct tree_command, view.ascii),
    {.name = "format",
     .letter = 'f',
     .value = "FORMAT",
     .help = "text (the default), or json: all operations in one list, each with its parent",
     .take = uvt_take_json,
     .field = offsetof(struct tree_command, json)},
    {0},
};

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  (void)result;
  const struct tree_command *tree = user;
  return uvt_tree_exit(tree->json ? uvt_tree_print_json(tree->tree, &tree->view, stdout, error)
                                  : uvt_tree_print_text(tree->tree, &tree->view, stdout, error));
}

static int run(int argc, char **argv)
{
  struct tree_command tree = {0};
  const char *source;
  int status = uvt_arguments_take(&uvt_cmd_tree, argc, argv, &tree, &source);
  if (status)
    return status;
  if (tree.moment.has_at && tree.moment.index)
    return uvt_wrong_usage(&uvt_cmd_tree, "--at and --index exclude each other");
  struct uvt_terminal terminal = uvt_terminal_find();
  tree.view.width = terminal.width;
  tree.view.colour = terminal.colour;
  tree.view.ascii |= terminal.ascii;
  tree.tree = uvt_tree_create(&tree.moment);
  struct uvt_answer answer = {.command = &uvt_cmd_tree,
                              .sink = tree.tree ? uvt_tree_sink(tree.tree) : NULL,
                              .print = print,
                              .user = &tree};
  status = uvt_answer_run(&answer, source, &tree.pipeline);
  uvt_tree_destroy(tree.tree);
  return status;
}

const struct uvt_command uvt_cmd_tree = {
    .name = "tree",
    .operand = "SOURCE",
    .summary = "show the async call tree, whole or as it stood at some moment",
    .about =
        UVT_HELP_SOURCE " Each operation hangs from the one that linked it. Repeated and like operations "
                        "are shown once and counted.",
    .options = options,
    .notes = "Of each operation: the times from Queued to Ready (waited; for the thread pool: pool wait, "
             "pool work), from Ready to its callback (delay), and in its callback (ran). Those without a "
             "[State] are Retired.\n"
             "The whole tree is kept in memory: about 350 bytes an operation. Colours: on a terminal, unless "
             "NO_COLOR is set.\n",
    .run = run,
};

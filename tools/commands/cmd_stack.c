/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "answer.h"
#include "arguments.h"
#include "base/say.h"
#include "cmd.h"
#include "tree/long_stack.h"

struct stack_command {
  struct uvt_long_stack_view view;
  struct uvt_pipeline_options pipeline;
  struct uvt_tree *tree;
};

static const struct uvt_option options[] = {
    {.name = "index",
     .value = "N",
     .help = "the invocation; tree and convert (executeID) tell its number",
     .take = uvt_take_number,
     .field = offsetof(struct stack_command, view.index)},
    {.name = "failed",
     .help = "of each uncaught error and unhandled rejection (of invocation N), with what it says itself",
     .field = offsetof(struct stack_command, view.failed)},
    {.name = "pid",
     .value = "PID",
     .help = "of that process: needed where the trace holds several",
     .take = uvt_take_pid,
     .field = offsetof(struct stack_command, pipeline.view.pid)},
    UVT_OPTION_ALL_PROCESSES(struct stack_command, pipeline.all_processes),
    {.name = "full",
     .help = "the frames of Node, V8, libuv and libc one by one, in their places",
     .field = offsetof(struct stack_command, view.full)},
    UVT_OPTION_ASCII(struct stack_command, view.ascii),
    {.name = "format",
     .letter = 'f',
     .value = "FORMAT",
     .help = "text (the default) or json",
     .take = uvt_take_json,
     .field = offsetof(struct stack_command, view.json)},
    {0},
};

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  (void)result;
  const struct stack_command *stack = user;
  int status = uvt_tree_exit(uvt_long_stack_print(stack->tree, &stack->view, stdout, error));
  uint64_t left_out = uvt_long_stack_left_out(stack->tree);
  if (left_out)
    uvt_say("stack", "%" PRIu64 " registrations are without the stack that they had: it was lost", left_out);
  return status;
}

static int run(int argc, char **argv)
{
  static const struct uvt_tree_moment whole = {0};
  struct stack_command stack = {0};
  const char *source;
  int status = uvt_arguments_take(&uvt_cmd_stack, argc, argv, &stack, &source);
  if (status)
    return status;
  if (!stack.view.index && !stack.view.failed)
    return uvt_wrong_usage(&uvt_cmd_stack, "neither --index N nor --failed");
  struct uvt_terminal terminal = uvt_terminal_find();
  stack.view.width = terminal.width;
  stack.view.ascii |= terminal.ascii;
  stack.view.colour = terminal.colour;
  stack.tree = uvt_tree_create(&whole);
  struct uvt_answer answer = {.command = &uvt_cmd_stack,
                              .sink = stack.tree ? uvt_tree_sink(stack.tree) : NULL,
                              .print = print,
                              .user = &stack};
  status = uvt_answer_run(&answer, source, &stack.pipeline);
  uvt_tree_destroy(stack.tree);
  return status;
}

const struct uvt_command uvt_cmd_stack = {
    .name = "stack",
    .operand = "SOURCE",
    .summary = "show the long stack of an invocation, or of what failed, frame by frame",
    .about =
        UVT_HELP_SOURCE " Shown is invocation #N with the stack where it was registered, then the one that "
                        "registered it, and so on to the root. A message goes on with the one that sent it.",
    .options = options,
    .notes =
        "Stacks are in traces that were recorded with --stacks; without them the functions are shown that "
        "the JavaScript layer knows. The line of a JavaScript frame is that where its function begins. "
        "Functions of binaries are looked up in the files that were recorded, if they are there still.\n"
        "The whole tree is kept in memory, about 350 bytes an operation, and the stacks, each once, in up "
        "to 64 MiB.\n",
    .run = run,
};

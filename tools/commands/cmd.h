/* SPDX-License-Identifier: MIT */
/* The commands of `uvtree`: one table, which cmd.c dispatches over and `--help` prints. */
#ifndef UVT_CMD_H
#define UVT_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "arguments.h"

enum { UVT_EXIT_DONE = 0, UVT_EXIT_FAILED = 1, UVT_EXIT_USAGE = 2 };

/*
 * Texts for --help and the man page: a paragraph is one line however long it is, and is broken where the page
 * ends; a line that begins with a space stays as it is.
 */
struct uvt_command {
  const char *name;
  const char *operand; /* what follows the options: "SOURCE" */
  const char *summary; /* one line */
  const char *about;   /* before the options; NULL: none */
  const char *notes;   /* behind them; NULL: none */
  const struct uvt_option *options;
  bool runs_program; /* what follows its options is another program's: its --help is not ours */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

#define UVT_HELP_SOURCE                                                                             \
  "SOURCE is a trace folder, the URL of a live session (net://HOST/host/TARGET/SESSION), a .jsonl " \
  "file, or - for standard input."

/* X(name): defined in cmd_<name>.c as `const struct uvt_command uvt_cmd_<name>`, listed in this order. */
#define UVT_COMMANDS(X) X(record) X(convert) X(check) X(tree) X(path) X(stack) X(stats) X(requests) X(view)

#define UVT_COMMAND_DECLARE(name) extern const struct uvt_command uvt_cmd_##name;
UVT_COMMANDS(UVT_COMMAND_DECLARE)
#undef UVT_COMMAND_DECLARE

/* All of them, in that order (list.c). */
extern const struct uvt_command *const uvt_commands[];
extern const size_t uvt_commands_count;

/* The whole program but for leaving it: returns the exit status. */
int uvt_cmd_main(int argc, char **argv);

#endif

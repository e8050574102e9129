/* SPDX-License-Identifier: MIT */
/* The commands of `uvtree`: one table, in cmd.c; main.c dispatches over it and `--help` prints it. */
#ifndef UVT_CMD_H
#define UVT_CMD_H

#include <stdbool.h>

enum { UVT_EXIT_DONE = 0, UVT_EXIT_FAILED = 1, UVT_EXIT_USAGE = 2 };

struct uvt_command {
  const char *name;
  const char *usage;   /* "SOURCE [-o FILE] ..." */
  const char *summary; /* one line */
  const char *help;    /* the options, a line each; shown by `uvtree NAME --help` */
  bool runs_program;   /* what follows its options is another program's: its --help is not ours */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

/* X(name): defined in cmd_<name>.c as `const struct uvt_command uvt_cmd_<name>`, listed in this order. */
#define UVT_COMMANDS(X) X(record) X(convert) X(check) X(tree) X(path) X(stats) X(requests) X(view)

#define UVT_COMMAND_DECLARE(name) extern const struct uvt_command uvt_cmd_##name;
UVT_COMMANDS(UVT_COMMAND_DECLARE)
#undef UVT_COMMAND_DECLARE

/* The whole program but for leaving it: returns the exit status. */
int uvt_cmd_main(int argc, char **argv);

#endif

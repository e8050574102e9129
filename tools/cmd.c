/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef UVT_VERSION
#define UVT_VERSION "unknown"
#endif

static const struct uvt_command *const commands[] = {
#define COMMAND(name) &uvt_cmd_##name,
    UVT_COMMANDS(COMMAND)
#undef COMMAND
};
#define COMMANDS_COUNT (sizeof commands / sizeof *commands)

static void print_help(FILE *file)
{
  fprintf(file, "usage: uvtree COMMAND [OPTIONS]\n\n"
                "Shows the async call tree of a program that runs on libuv, such as Node.js.\n\n");
  for (size_t i = 0; i < COMMANDS_COUNT; i++)
    fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fprintf(file, "\nuvtree COMMAND --help tells the options of a command, uvtree --version the version.\n");
}

static void print_command_help(const struct uvt_command *command)
{
  printf("usage: uvtree %s %s\n\n%s\n\n%s", command->name, command->usage, command->summary, command->help);
}

/* Asked for anywhere before a "--"; with another program's arguments behind, first of all. */
static bool wants_help(const struct uvt_command *command, int argc, char **argv)
{
  int end = command->runs_program && argc > 2 ? 2 : argc;
  for (int i = 1; i < end && strcmp(argv[i], "--"); i++) {
    if (!strcmp(argv[i], "--help"))
      return true;
  }
  return false;
}

static const struct uvt_command *find_command(const char *name)
{
  for (size_t i = 0; i < COMMANDS_COUNT; i++) {
    if (!strcmp(commands[i]->name, name))
      return commands[i];
  }
  return NULL;
}

static int run_command(int argc, char **argv)
{
  const struct uvt_command *command = find_command(argv[0]);
  if (!command) {
    fprintf(stderr, "uvtree: no command \"%s\" (see uvtree --help)\n", argv[0]);
    return UVT_EXIT_USAGE;
  }
  if (wants_help(command, argc, argv)) {
    print_command_help(command);
    return UVT_EXIT_DONE;
  }
  return command->run(argc, argv);
}

int uvt_cmd_main(int argc, char **argv)
{
  if (argc < 2) {
    print_help(stderr);
    return UVT_EXIT_USAGE;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
    print_help(stdout);
    return UVT_EXIT_DONE;
  }
  if (!strcmp(argv[1], "--version")) {
    printf("uvtree %s\n", UVT_VERSION);
    return UVT_EXIT_DONE;
  }
  return run_command(argc - 1, argv + 1);
}

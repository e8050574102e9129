/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "help.h"

#ifndef UVT_VERSION
#define UVT_VERSION "unknown"
#endif

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
  for (size_t i = 0; i < uvt_commands_count; i++) {
    if (!strcmp(uvt_commands[i]->name, name))
      return uvt_commands[i];
  }
  return NULL;
}

static int run_command(int argc, char **argv)
{
  const struct uvt_command *command = find_command(argv[0]);
  if (!command) {
    uvt_say(NULL, "no command \"%s\" (see uvtree --help)", argv[0]);
    return UVT_EXIT_USAGE;
  }
  if (wants_help(command, argc, argv)) {
    uvt_help_command(command, stdout);
    return UVT_EXIT_DONE;
  }
  return command->run(argc, argv);
}

int uvt_cmd_main(int argc, char **argv)
{
  if (argc < 2) {
    uvt_help_program(stderr);
    return UVT_EXIT_USAGE;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
    uvt_help_program(stdout);
    return UVT_EXIT_DONE;
  }
  if (!strcmp(argv[1], "--version")) {
    printf("uvtree %s\n", UVT_VERSION);
    return UVT_EXIT_DONE;
  }
  return run_command(argc - 1, argv + 1);
}

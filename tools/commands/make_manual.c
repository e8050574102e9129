/* SPDX-License-Identifier: MIT */
/* Writes the manual pages when uvtree is built:  make_manual FOLDER */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/say.h"
#include "help.h"

static int write_page(const char *folder, const struct uvt_command *command)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/uvtree%s%s.1", folder, command ? "-" : "", command ? command->name : "");
  FILE *page = fopen(path, "w");
  if (!page) {
    uvt_say(NULL, "%s: %s", path, strerror(errno));
    return 1;
  }
  if (command)
    uvt_manual_command(command, page);
  else
    uvt_manual_program(page);
  return fclose(page) != 0;
}

int main(int argc, char **argv)
{
  if (argc != 2)
    return 2;
  int status = write_page(argv[1], NULL);
  for (size_t i = 0; i < uvt_commands_count; i++)
    status |= write_page(argv[1], uvt_commands[i]);
  return status;
}

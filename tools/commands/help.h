/* SPDX-License-Identifier: MIT */
/*
 * What `uvtree --help` and `uvtree COMMAND --help` print, at most 80 columns wide; and the same as manual
 * pages (man(7)), which make_manual.c writes when uvtree is built. All from the commands' tables.
 */
#ifndef UVT_HELP_H
#define UVT_HELP_H

#include <stdio.h>

#include "cmd.h"

#define UVT_HELP_WHAT "Shows the async call tree of a program that runs on libuv, such as Node.js."

void uvt_help_program(FILE *out);
void uvt_help_command(const struct uvt_command *command, FILE *out);

/* "--index N", "--stacks[=WHAT]": returns words. */
enum { UVT_HELP_OPTION = 96 };
const char *uvt_help_option(const struct uvt_option *option, char words[UVT_HELP_OPTION]);

void uvt_manual_program(FILE *out);
void uvt_manual_command(const struct uvt_command *command, FILE *out);

#endif

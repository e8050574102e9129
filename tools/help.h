/* SPDX-License-Identifier: MIT */
/* What `uvtree --help` and `uvtree COMMAND --help` print: from the commands' tables, at most 80 columns wide.
 */
#ifndef UVT_HELP_H
#define UVT_HELP_H

#include <stdio.h>

#include "cmd.h"

void uvt_help_program(FILE *out);
void uvt_help_command(const struct uvt_command *command, FILE *out);

#endif

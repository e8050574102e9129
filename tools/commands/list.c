/* SPDX-License-Identifier: MIT */
/* All commands, as cmd.h lists them. */
#include "cmd.h"

const struct uvt_command *const uvt_commands[] = {
#define COMMAND(name) &uvt_cmd_##name,
    UVT_COMMANDS(COMMAND)
#undef COMMAND
};
const size_t uvt_commands_count = sizeof uvt_commands / sizeof *uvt_commands;

/* SPDX-License-Identifier: MIT */
#include "commands/cmd.h"

int main(int argc, char **argv)
{
  return uvt_cmd_main(argc, argv);
}

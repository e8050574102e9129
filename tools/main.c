/* SPDX-License-Identifier: MIT */
#include "cmd.h"

int main(int argc, char **argv)
{
  return uvt_cmd_main(argc, argv);
}

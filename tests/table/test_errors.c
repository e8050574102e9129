/* SPDX-License-Identifier: MIT */
/* The tools' list of libuv's errors against the uv.h that this is compiled with. */
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "stream/uv_errors.h"

int main(void)
{
  static const struct {
    const char *name;
    int number;
  } errors[] = {
#define ERROR(name, message) {#name, UV_##name},
      UV_ERRNO_MAP(ERROR)
#undef ERROR
  };
  int wrong = 0;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    const char *name = uvt_uv_error(errors[i].number);
    if (name && strcmp(name, errors[i].name) == 0)
      continue;
    printf("%d is %s in uv.h, %s in the list\n", errors[i].number, errors[i].name, name ? name : "nothing");
    wrong++;
  }
  if (uvt_uv_error(0) || uvt_uv_error(1) || uvt_uv_error(-4000) || uvt_uv_error(INT64_MIN)) {
    printf("a name for what is no error\n");
    wrong++;
  }
  return wrong != 0;
}

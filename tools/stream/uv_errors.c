/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "uv_errors.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

const char *uvt_uv_error(int64_t status)
{
  switch (status) {
#define UVT_UV_ERROR(name, number) \
  case number:                     \
    return #name;
#include "uv_errors.def"
#undef UVT_UV_ERROR
  default:
    /* libuv passes on what the system says, too. */
    return status < 0 && status > INT_MIN ? strerrorname_np((int)-status) : NULL;
  }
}

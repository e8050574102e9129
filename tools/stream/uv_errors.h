/* SPDX-License-Identifier: MIT */
/* Names of libuv's errors, as they stand in status, result and nread. */
#ifndef UVT_UV_ERRORS_H
#define UVT_UV_ERRORS_H

#include <stdint.h>

/* "ENOENT", "EAI_AGAIN", "EOF"; NULL where libuv has no such error. */
const char *uvt_uv_error(int64_t status);

#endif

/* SPDX-License-Identifier: MIT */
/* What api.def says of each type of registration, as a table for the readers of a trace. */
#ifndef UVT_TYPES_H
#define UVT_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "schema.h"

/* A type, or another enumerator, that this program does not know: from a newer recorder, or from a damaged
 * trace. */
enum { UVT_UNKNOWN_ENUMERATOR = 255 };

struct uvt_type_info {
  const char *name; /* "uv_fs_read" */
  enum uvt_ready ready;
  const char *arg;   /* the key in the stream of link.arg, NULL: it means nothing */
  const char *value; /* the key of execute_begin.value, NULL: it means nothing */
  const char *text;  /* the key of a detail's text, NULL: there is none */
  bool external;     /* value is what the environment contributed: told by externalCause, too */
};

/* Of any number, never NULL. */
const struct uvt_type_info *uvt_type_info(uint8_t type);

/* The number of the type with that name, or UVT_UNKNOWN_ENUMERATOR. */
uint8_t uvt_type_find(const char *name);

#endif

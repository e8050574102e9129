/* SPDX-License-Identifier: MIT */
/* One datum after the other: key NUL type value NUL; an empty key ends them. */
#include "kept_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_ROOM = 24 };

static bool is_kept(const struct uvt_datum *datum)
{
  static const char *const others[] = {"type", "layer", "function", "repeat"};
  if (datum->type == UVT_DATUM_STRINGS || datum->type == UVT_DATUM_STACK || !*datum->key)
    return false;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (!strcmp(datum->key, others[i]))
      return false;
  }
  return true;
}

static const char *text_of(const struct uvt_datum *datum)
{
  return datum->type == UVT_DATUM_STRING && datum->string ? datum->string : "";
}

static char *put(char *p, const struct uvt_datum *datum)
{
  p = stpcpy(p, datum->key) + 1;
  *p++ = (char)('0' + datum->type);
  if (datum->type == UVT_DATUM_STRING)
    return stpcpy(p, text_of(datum)) + 1;
  return p + snprintf(p, NUMBER_ROOM, "%" PRId64, datum->number) + 1;
}

char *uvt_kept_data(const struct uvt_event *event)
{
  size_t size = 0;
  for (size_t i = 0; i < event->data_count; i++) {
    if (is_kept(&event->data[i]))
      size += strlen(event->data[i].key) + strlen(text_of(&event->data[i])) + NUMBER_ROOM + 2;
  }
  char *kept = size ? malloc(size + 1) : NULL;
  if (!kept)
    return NULL;
  char *p = kept;
  for (size_t i = 0; i < event->data_count; i++) {
    if (is_kept(&event->data[i]))
      p = put(p, &event->data[i]);
  }
  *p = '\0';
  return kept;
}

bool uvt_kept_data_next(const char **at, struct uvt_datum *datum)
{
  const char *p = *at;
  if (!p || !*p)
    return false;
  *datum = (struct uvt_datum){.key = p};
  p += strlen(p) + 1;
  datum->type = (enum uvt_datum_type)(*p++ - '0');
  if (datum->type == UVT_DATUM_STRING)
    datum->string = p;
  else
    datum->number = strtoll(p, NULL, 10);
  *at = p + strlen(p) + 1;
  return true;
}

/* SPDX-License-Identifier: MIT */
#include "v8_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "node_api_min.h"

static const struct {
  int first, last;
  const char *name;
} parts[] = {
#define V8_PART(part, first, last, name) {first, last, name},
#include "v8_parts.def"
#undef V8_PART
};

static int major;
static char without[256];

/* A part that came after the first V8 that is known is not missed in those before it. */
static bool is_untried(enum uvt_v8_part part)
{
  return major > parts[part].last || major < parts[UVT_V8_js].first;
}

void uvt_v8_parts_init(void)
{
  size_t length = 0;
  const char *version = v8_version ? v8_version() : NULL;
  without[0] = '\0';
  major = version ? atoi(version) : 0;
  if (!version)
    return;
  for (enum uvt_v8_part part = 0; part < UVT_V8_PARTS; part++)
    if (is_untried(part))
      length += (size_t)snprintf(without + length, sizeof without - length, "%s%s", length ? ", " : "",
                                 parts[part].name);
  if (!length)
    return;
  snprintf(without + length, sizeof without - length, ": not known to work with V8 %.32s", version);
  uvt_log("without: %s", without);
}

bool uvt_v8_has(enum uvt_v8_part part)
{
  return major >= parts[part].first && major <= parts[part].last;
}

int uvt_v8_major(void)
{
  return major;
}

const char *uvt_v8_without(void)
{
  return without;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* secure_getenv: a setuid program takes no orders from who runs it */
#include "env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct uvt_env uvt_env;

/* A value that is no number counts as not given: the program must run whatever is in the environment. */
static long number(const char *variable, long otherwise)
{
  const char *text = secure_getenv(variable);
  if (!text || !*text)
    return otherwise;
  char *end;
  int saved = errno;
  long value = strtol(text, &end, 10);
  errno = saved;
  return *end ? otherwise : value;
}

void uvt_env_read(void)
{
#define READ(member, variable, value, meaning) uvt_env.member = number(variable, value);
  UVT_ENV(READ)
  uvt_env.layer = secure_getenv("UVTREE_LAYER");
  uvt_env.stacks = secure_getenv("UVTREE_STACKS");
  uvt_env.debug = secure_getenv("UVTREE_DEBUG");
  const char *session = secure_getenv("UVTREE_SESSION");
  if (session)
    snprintf(uvt_env.session, sizeof uvt_env.session, "%s", session);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

void uvt_say(const char *who, const char *format, ...)
{
  char *text;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0)
    return;
  uvt_words_clean(text, (size_t)length + 1, text, false);
  fprintf(stderr, "uvtree%s%s: %s\n", who ? " " : "", who ? who : "", text);
  free(text);
}

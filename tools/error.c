/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

void uvt_error_set(struct uvt_error *error, const char *format, ...)
{
  if (!error || error->text[0])
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  for (char *c = error->text; *c; c++) {
    if (*c == '\n' || *c == '\r')
      *c = ' ';
  }
}

/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "words.h"

void uvt_error_set(struct uvt_error *error, const char *format, ...)
{
  if (!error || error->text[0])
    return;
  va_list arguments;
  va_start(arguments, format);
  uvt_words_vput(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  uvt_words_clean(error->text, sizeof error->text, error->text, false);
}

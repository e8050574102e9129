/* SPDX-License-Identifier: MIT */
#include "json_out.h"

#include "words.h"

void uvt_json_set_number(json_t *object, const char *key, uint64_t number)
{
  json_object_set_new(object, key, json_integer((json_int_t)number));
}

void uvt_json_set_words(json_t *object, const char *key, const char *text)
{
  char clean[1200];
  if (*text)
    json_object_set_new(object, key, json_string(uvt_words_clean(clean, sizeof clean, text, false)));
}

int uvt_json_print(json_t *object, FILE *out)
{
  int status = object ? json_dumpf(object, out, JSON_COMPACT) : -1;
  json_decref(object);
  return status;
}

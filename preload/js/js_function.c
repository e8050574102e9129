/* SPDX-License-Identifier: MIT */
#include "js_function.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/js_text.h"

#define PLACES 1024 /* remembered per thread; one that falls on another's entry replaces it */

struct place {
  uint64_t key; /* script, line, column; 0: empty */
  int32_t text; /* as uvt_js_function() gives it */
};

static __thread struct place *places __attribute__((tls_model("initial-exec")));

/* First in ScriptOrigin, in older versions after the isolate. */
napi_value *uvt_js_origin_name(struct v8_script_origin *origin)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  return (napi_value *)&origin->words[origin->words[0] == isolate ? 1 : 0];
}

static napi_value script_name(napi_value function)
{
  struct v8_script_origin origin = {{0}};
  origin = v8_function_origin(function);
  return *uvt_js_origin_name(&origin);
}

const char *uvt_js_path_of(const char *file)
{
  return strncmp(file, "file://", 7) == 0 ? file + 7 : file;
}

bool uvt_js_is_nodes(const char *file)
{
  return strncmp(file, "node:", 5) == 0;
}

/* That of a text that may not have fitted, as snprintf() returned it. */
static uint32_t number_of(const char *text, size_t size, int written)
{
  return uvt_js_text(text, (size_t)written < size ? (size_t)written : size - 1);
}

static int32_t describe(napi_env env, napi_value function, int line)
{
  char name[256] = "", file[1024] = "", text[sizeof name + sizeof file + 16];
  size_t length;
  napi_value script = script_name(function);
  napi_value own = v8_function_name(function);
  if (!script || napi_get_value_string_utf8(env, script, file, sizeof file, &length) || !file[0])
    return 0;
  if (!own || napi_get_value_string_utf8(env, own, name, sizeof name, &length) || !name[0])
    strcpy(name, "(anonymous)");
  int written = snprintf(text, sizeof text, "%s %s:%d", name, uvt_js_path_of(file), line + 1);
  int32_t number = (int32_t)number_of(text, sizeof text, written);
  return uvt_js_is_nodes(file) ? -number : number;
}

int32_t uvt_js_function(napi_env env, napi_value function)
{
  if (!v8_function_script || !v8_function_line || !v8_function_column || !v8_function_name ||
      !v8_function_origin)
    return 0;
  int script = v8_function_script(function), line = v8_function_line(function);
  if (line < 0 || (!places && !(places = calloc(PLACES, sizeof *places))))
    return 0;
  uint32_t column = (uint32_t)v8_function_column(function);
  uint64_t key =
      (uint64_t)(uint32_t)script << 44 ^ (uint64_t)(uint32_t)line << 20 ^ (column & 0xfffff) ^ 1ull << 63;
  struct place *place = &places[(key * 0x9e3779b97f4a7c15ull) >> 54];
  if (place->key != key)
    *place = (struct place){key, describe(env, function, line)};
  return place->text;
}

void uvt_js_functions_forget(void)
{
  free(places);
  places = NULL;
}

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

static const char *path_of(const char *file)
{
  return strncmp(file, "file://", 7) == 0 ? file + 7 : file;
}

static bool is_nodes(const char *file)
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
  int written = snprintf(text, sizeof text, "%s %s:%d", name, path_of(file), line + 1);
  int32_t number = (int32_t)number_of(text, sizeof text, written);
  return is_nodes(file) ? -number : number;
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

/* What every registration is made through: ours, and that of Node which tells of it. */
static bool is_passed(const char *file)
{
  return !file[0] || strcmp(file, UVT_JS_AGENT) == 0 || strcmp(file, "node:internal/async_hooks") == 0;
}

#define PLACE_FRAMES 20
#define NODES_PLACE "@node:internal"

uint32_t uvt_js_place(napi_env env, bool through_node)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (!isolate || !v8_stack_now || !v8_stack_frame || !v8_frame_script || !v8_frame_location)
    return 0;
  napi_value stack = v8_stack_now(isolate, PLACE_FRAMES, V8_STACK_DETAILED);
  int count = v8_stack_count(stack);
  for (int i = 0; i < count; i++) {
    char file[1024] = "", text[sizeof file + 16];
    size_t length;
    napi_value frame = v8_stack_frame(stack, isolate, (uint32_t)i), script = v8_frame_script(frame);
    if (!script || napi_get_value_string_utf8(env, script, file, sizeof file, &length) || is_passed(file))
      continue;
    if (!is_nodes(file))
      return number_of(
          text, sizeof text,
          snprintf(text, sizeof text, "@%s:%d", path_of(file), v8_frame_location(frame).line + 1));
    if (strcmp(file, "node:async_hooks") != 0 && (!through_node || v8_frame_is_constructor(frame)))
      break;
    through_node = false;
  }
  return uvt_js_text(NODES_PLACE, strlen(NODES_PLACE));
}

void uvt_js_functions_forget(void)
{
  free(places);
  places = NULL;
}

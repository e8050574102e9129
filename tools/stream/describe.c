/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "uv_errors.h"

const char *uvt_event_string(const struct uvt_event *event, const char *key)
{
  const struct uvt_datum *datum = uvt_event_datum(event, key);
  return datum && datum->type == UVT_DATUM_STRING && datum->string ? datum->string : "";
}

bool uvt_event_number(const struct uvt_event *event, const char *key, int64_t *number)
{
  const struct uvt_datum *datum = uvt_event_datum(event, key);
  if (!datum || (datum->type != UVT_DATUM_INT && datum->type != UVT_DATUM_BOOL))
    return false;
  *number = datum->number;
  return true;
}

bool uvt_event_is_set(const struct uvt_event *event, const char *key)
{
  int64_t number;
  return uvt_event_number(event, key, &number) && number;
}

const char *uvt_datum_error(const struct uvt_datum *datum)
{
  static const char *const keys[] = {"status", "result", "nread"};
  for (size_t i = 0; datum->type == UVT_DATUM_INT && i < sizeof keys / sizeof *keys; i++) {
    if (strcmp(datum->key, keys[i]) == 0)
      return uvt_uv_error(datum->number);
  }
  return NULL;
}

const char *uvt_event_error(const struct uvt_event *event)
{
  const char *error = NULL;
  for (size_t i = 0; i < event->data_count && !error; i++)
    error = uvt_datum_error(&event->data[i]);
  return error;
}

uint32_t uvt_event_stack(const struct uvt_event *event, struct uvt_stack_store **stacks)
{
  const struct uvt_datum *datum = uvt_event_datum(event, "stack");
  if (!datum || datum->type != UVT_DATUM_STACK)
    return 0;
  *stacks = datum->stacks;
  return (uint32_t)datum->number;
}

void uvt_append(char *text, size_t size, const char *format, const char *value)
{
  size_t length = strlen(text);
  if (*value && length < size)
    uvt_words_put(text + length, size - length, format, value);
}

/* What Node does of its own accord is at "node:internal", which is no place to show. */
static bool is_telling(const struct uvt_datum *datum)
{
  static const char *const others[] = {"type", "layer", "repeat", "stack", "status", "internal", "child"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (strcmp(datum->key, others[i]) == 0)
      return false;
  }
  return datum->type != UVT_DATUM_STRING || !datum->string || strcmp(datum->string, "node:internal") != 0;
}

static void describe_number(char *text, size_t size, const struct uvt_datum *datum)
{
  char words[64];
  if (strcmp(datum->key, "timeout") == 0 || strcmp(datum->key, "interval") == 0)
    snprintf(words, sizeof words, "%" PRId64 " ms", datum->number);
  else if (strcmp(datum->key, "bytes") == 0)
    snprintf(words, sizeof words, "%" PRId64 " bytes", datum->number);
  else if (strcmp(datum->key, "signum") == 0 && datum->number > 0 && datum->number < 65 &&
           sigabbrev_np((int)datum->number))
    snprintf(words, sizeof words, "SIG%s", sigabbrev_np((int)datum->number));
  else
    uvt_words_put(words, sizeof words, "%.*s %" PRId64, uvt_words_room(datum->key, 40), datum->key,
                  datum->number);
  uvt_append(text, size, *text ? ", %s" : "%s", words);
}

/* "standard output of 4242" */
static void describe_pipe(char *text, size_t size, const struct uvt_event *event,
                          const struct uvt_datum *pipe)
{
  static const struct {
    const char *name, *words;
  } names[] = {{"stdin", "standard input"},
               {"stdout", "standard output"},
               {"stderr", "standard error"},
               {"ipc", "IPC channel"}};
  char words[64] = "pipe";
  int64_t child = 0;
  if (pipe->type == UVT_DATUM_INT)
    snprintf(words, sizeof words, "descriptor %" PRId64, pipe->number);
  for (size_t i = 0; pipe->type == UVT_DATUM_STRING && i < sizeof names / sizeof *names; i++) {
    if (strcmp(pipe->string, names[i].name) == 0)
      snprintf(words, sizeof words, "%s", names[i].words);
  }
  uvt_event_number(event, "child", &child);
  snprintf(words + strlen(words), sizeof words - strlen(words), " of %" PRId64, child);
  uvt_append(text, size, *text ? ", %s" : "%s", words);
}

void uvt_describe_link(char *text, size_t size, const struct uvt_event *event)
{
  *text = '\0';
  for (size_t i = 0; i < event->data_count; i++) {
    const struct uvt_datum *datum = &event->data[i];
    if (!is_telling(datum))
      continue;
    if (strcmp(datum->key, "pipe") == 0)
      describe_pipe(text, size, event, datum);
    else if (datum->type == UVT_DATUM_STRING)
      uvt_append(text, size, *text ? ", %s" : "%s", datum->string ? datum->string : "");
    else if (datum->type == UVT_DATUM_INT)
      describe_number(text, size, datum);
  }
}

void uvt_describe_process(char *text, size_t size, const struct uvt_event *event)
{
  const struct uvt_datum *argv = uvt_event_datum(event, "argv");
  *text = '\0';
  for (int64_t i = 0; argv && argv->type == UVT_DATUM_STRINGS && i < argv->number; i++)
    uvt_append(text, size, i ? " %s" : "%s", argv->list[i]);
  if (!*text)
    uvt_append(text, size, "%s", uvt_event_string(event, "exe"));
}

/* SPDX-License-Identifier: MIT */
#include "stream_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "schema.h"
#include "stack_store.h"

/* Beyond it a line is not one of ours but a file without line ends, which would take all memory. */
#define LINE_MAX_BYTES ((size_t)64 << 20)

/* What one line's event points to; freed when the sink has returned. */
struct line {
  json_t *root;
  uint64_t *coalesced;
  void *owned[2 * UVT_DATA_MAX]; /* lists, texts and keys made for data */
  size_t owned_count;
  struct uvt_stack_store *stacks; /* of the whole stream; NULL: out of memory */
};

struct field {
  const char *name;
  size_t offset;
};
#define FIELD(name)                         \
  {                                         \
#name, offsetof(struct uvt_event, name) \
  }

static const struct field unsigned_fields[] = {
    FIELD(time), FIELD(processID), FIELD(executeID), FIELD(linkID), FIELD(causeID), FIELD(operationID),
    FIELD(n),    FIELD(within),    FIELD(loopID),    FIELD(count),  FIELD(from),    FIELD(to),
};
static const struct field signed_fields[] = {FIELD(pid), FIELD(tid)};

static enum uvt_event_kind kind_of(const char *name)
{
#define KIND_IF(kind)           \
  if (strcmp(name, #kind) == 0) \
    return UVT_EV_##kind;
  UVT_STREAM_EVENTS(KIND_IF)
#undef KIND_IF
  return UVT_EV_unknown;
}

static enum uvt_state state_of(const char *name)
{
#define STATE_IF(state)          \
  if (strcmp(name, #state) == 0) \
    return UVT_STATE_##state;
  UVT_STATES(STATE_IF)
#undef STATE_IF
  return UVT_STATE_NONE;
}

/* A number is an integer that the field can hold; null is as if the field were not there. */
static bool read_integer(const json_t *value, bool is_signed, json_int_t *number)
{
  if (!json_is_integer(value))
    return false;
  *number = json_integer_value(value);
  return is_signed || *number >= 0;
}

static int read_fields(const json_t *root, bool is_signed, const struct field *fields, size_t count,
                       struct uvt_event *event, struct uvt_error *error)
{
  for (size_t i = 0; i < count; i++) {
    const json_t *value = json_object_get(root, fields[i].name);
    json_int_t number;
    if (!value || json_is_null(value))
      continue;
    if (!read_integer(value, is_signed, &number)) {
      uvt_error_set(error, "\"%s\" is not %s integer below 2^63", fields[i].name,
                    is_signed ? "an" : "a non-negative");
      return -1;
    }
    /* Both kinds of field are 8 bytes; a non-negative number is the same in either. */
    int64_t stored = number;
    memcpy((char *)event + fields[i].offset, &stored, sizeof stored);
  }
  return 0;
}

static int read_coalesced(const json_t *list, struct line *line, struct uvt_event *event,
                          struct uvt_error *error)
{
  size_t count = json_array_size(list);
  if (!list || json_is_null(list) || (json_is_array(list) && count == 0))
    return 0;
  if (!json_is_array(list)) {
    uvt_error_set(error, "\"coalesced\" is not a list");
    return -1;
  }
  line->coalesced = calloc(count, sizeof *line->coalesced);
  if (!line->coalesced) {
    uvt_error_set(error, "out of memory");
    return -1;
  }
  for (size_t i = 0; i < count; i++) {
    json_int_t number;
    if (!read_integer(json_array_get(list, i), false, &number)) {
      uvt_error_set(error, "\"coalesced\" is not a list of non-negative integers");
      return -1;
    }
    line->coalesced[i] = (uint64_t)number;
  }
  event->coalesced = line->coalesced;
  event->coalesced_count = count;
  return 0;
}

static bool all_strings(const json_t *list)
{
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (!json_is_string(json_array_get(list, i)))
      return false;
  }
  return true;
}

static bool own(struct line *line, void *memory)
{
  if (memory)
    line->owned[line->owned_count++] = memory;
  return memory != NULL;
}

static bool read_strings(const json_t *list, struct line *line, struct uvt_datum *datum)
{
  size_t count = json_array_size(list);
  const char **strings = malloc((count + 1) * sizeof *strings);
  if (!own(line, strings))
    return false;
  for (size_t i = 0; i < count; i++)
    strings[i] = json_string_value(json_array_get(list, i));
  strings[count] = NULL;
  datum->type = UVT_DATUM_STRINGS;
  datum->number = (int64_t)count;
  datum->list = strings;
  return true;
}

/* A value that a datum cannot hold (a fraction, an inner object, a mixed list) is kept as its JSON text. */
static bool read_text(const json_t *value, struct line *line, struct uvt_datum *datum)
{
  char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
  if (!own(line, text))
    return false;
  datum->type = UVT_DATUM_STRING;
  datum->string = text;
  return true;
}

/* A list of texts under this name is a stack; where there is no room for it among the others it stays a list.
 */
static bool read_stack(const json_t *list, const struct line *line, struct uvt_datum *datum)
{
  uint32_t frames[UVT_STACK_FRAMES];
  size_t count = json_array_size(list);
  if (strcmp(datum->key, "stack") || !count || count > UVT_STACK_FRAMES || !line->stacks)
    return false;
  for (size_t i = 0; i < count; i++) {
    const char *text = json_string_value(json_array_get(list, i));
    frames[i] = strlen(text) < UVT_FRAME_TEXT_MAX ? uvt_frame_of_text(line->stacks, text) : 0;
    if (!frames[i])
      return false;
  }
  datum->type = UVT_DATUM_STACK;
  datum->number = uvt_stack_of(line->stacks, frames, count);
  datum->stacks = line->stacks;
  return datum->number;
}

static bool read_list(const json_t *list, struct line *line, struct uvt_datum *datum)
{
  if (!all_strings(list))
    return read_text(list, line, datum);
  return read_stack(list, line, datum) || read_strings(list, line, datum);
}

static bool read_datum(const json_t *value, struct line *line, struct uvt_datum *datum)
{
  switch (json_typeof(value)) {
  case JSON_INTEGER:
    datum->type = UVT_DATUM_INT;
    datum->number = json_integer_value(value);
    return true;
  case JSON_STRING:
    datum->type = UVT_DATUM_STRING;
    datum->string = json_string_value(value);
    return true;
  case JSON_TRUE:
  case JSON_FALSE:
    datum->type = UVT_DATUM_BOOL;
    datum->number = json_is_true(value);
    return true;
  case JSON_NULL:
    datum->type = UVT_DATUM_NULL;
    return true;
  case JSON_ARRAY:
    return read_list(value, line, datum);
  default:
    return read_text(value, line, datum);
  }
}

static const char *dotted_key(const char *object, const char *key, struct line *line)
{
  char *dotted = malloc(strlen(object) + strlen(key) + 2);
  if (!own(line, dotted))
    return NULL;
  sprintf(dotted, "%s.%s", object, key);
  return dotted;
}

/* Members of an object become data with dotted keys, as the writer made them from such. One level of it is
 * enough. */
static int read_data(json_t *data, const char *object, struct line *line, struct uvt_event *event,
                     struct uvt_error *error)
{
  const char *key;
  json_t *value;
  json_object_foreach(data, key, value)
  {
    if (!object && json_is_object(value)) {
      if (read_data(value, key, line, event, error) != 0)
        return -1;
      continue;
    }
    if (event->data_count == UVT_DATA_MAX)
      break;
    struct uvt_datum *datum = &event->data[event->data_count];
    datum->key = object ? dotted_key(object, key, line) : key;
    if (!datum->key || !read_datum(value, line, datum)) {
      uvt_error_set(error, "out of memory");
      return -1;
    }
    event->data_count++;
  }
  return 0;
}

static int check_format(const struct uvt_event *event, struct uvt_error *error)
{
  int64_t format;
  if (event->kind != UVT_EV_process || !uvt_event_number(event, "format", &format) ||
      format <= UVT_STREAM_FORMAT)
    return 0;
  uvt_error_set(error, "format %" PRId64 " of the stream; this program reads up to format %d", format,
                UVT_STREAM_FORMAT);
  return -1;
}

static int read_event(struct line *line, struct uvt_event *event, struct uvt_error *error)
{
  const json_t *root = line->root;
  const char *name = json_string_value(json_object_get(root, "event"));
  if (!json_is_object(root) || !name) {
    uvt_error_set(error, "not a JSON object with an \"event\"");
    return -1;
  }
  event->kind = kind_of(name);
  if (event->kind == UVT_EV_unknown)
    return 0; /* its fields may mean other things: none is looked at */
  if (!json_is_integer(json_object_get(root, "time"))) {
    uvt_error_set(error, "no \"time\"");
    return -1;
  }
  if (event->kind == UVT_EV_lost)
    event->count = UINT64_MAX;
  const char *state = json_string_value(json_object_get(root, "state"));
  if (state)
    event->state = state_of(state);
  if (read_fields(root, false, unsigned_fields, sizeof unsigned_fields / sizeof unsigned_fields[0], event,
                  error) != 0 ||
      read_fields(root, true, signed_fields, sizeof signed_fields / sizeof signed_fields[0], event, error) !=
          0)
    return -1;
  if (read_coalesced(json_object_get(root, "coalesced"), line, event, error) != 0)
    return -1;
  if (read_data(json_object_get(root, "data"), NULL, line, event, error) != 0)
    return -1;
  return check_format(event, error);
}

static void line_clear(struct line *line)
{
  json_decref(line->root);
  free(line->coalesced);
  for (size_t i = 0; i < line->owned_count; i++)
    free(line->owned[i]);
}

/* What the parser quotes of the line may be anything; the message stays one line. */
static void set_parser_error(struct uvt_error *error, json_error_t *why)
{
  for (char *c = why->text; *c; c++) {
    if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
      *c = '?';
  }
  uvt_error_set(error, "not JSON: %s", why->text);
}

static int give_line(const char *text, size_t length, struct uvt_stack_store *stacks, struct uvt_sink *sink,
                     struct uvt_error *error)
{
  struct line line = {.stacks = stacks};
  struct uvt_event event = {0};
  json_error_t why;
  int result = -1;
  line.root = json_loadb(text, length, 0, &why);
  if (!line.root) {
    set_parser_error(error, &why);
  } else if (read_event(&line, &event, error) == 0) {
    result = sink->event(sink, &event);
    if (result != 0)
      uvt_error_set(error, "%s", strerror(result < 0 ? -result : result));
  }
  line_clear(&line);
  return result == 0 ? 0 : -1;
}

static bool blank(const char *text, size_t length)
{
  return strspn(text, " \t\r\n") >= length;
}

/* getline without its promise to swallow any length. Returns the length, 0 at the end, -1 with the error set.
 */
static ssize_t next_line(FILE *file, char **text, size_t *capacity, struct uvt_error *error)
{
  size_t length = 0;
  for (int c; (c = getc_unlocked(file)) != EOF;) {
    if (length + 2 > *capacity) {
      size_t larger = *capacity ? *capacity * 2 : 4096;
      char *grown = larger <= 2 * LINE_MAX_BYTES ? realloc(*text, larger) : NULL;
      if (!grown) {
        uvt_error_set(error, "longer than %zu MiB", LINE_MAX_BYTES >> 20);
        return -1;
      }
      *text = grown;
      *capacity = larger;
    }
    (*text)[length++] = (char)c;
    if (c == '\n')
      break;
  }
  if (ferror(file)) {
    uvt_error_set(error, "%s", strerror(errno));
    return -1;
  }
  if (length)
    (*text)[length] = '\0';
  return (ssize_t)length;
}

int uvt_stream_read(FILE *file, const char *name, struct uvt_sink *sink, uint64_t *lines,
                    struct uvt_error *error)
{
  char *text = NULL;
  size_t capacity = 0;
  uint64_t number = 0;
  struct uvt_error why = {0};
  ssize_t length;
  struct uvt_stack_store *stacks = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  while ((length = next_line(file, &text, &capacity, &why)) > 0) {
    number++;
    if (!blank(text, (size_t)length) && give_line(text, (size_t)length, stacks, sink, &why) != 0)
      break;
  }
  uvt_stack_store_release(stacks);
  free(text);
  if (lines)
    *lines = number;
  if (length == 0)
    return 0;
  uvt_error_set(error, "%s:%llu: %s", name, (unsigned long long)(length < 0 ? number + 1 : number), why.text);
  return -1;
}

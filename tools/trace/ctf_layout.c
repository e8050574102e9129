/* SPDX-License-Identifier: MIT */
#include "ctf_layout.h"

#include <stdlib.h>
#include <string.h>

#include "ctf_tokens.h"
#include "names.h"
#include "stream/types.h"
#include "trace_schema.h"

enum {
  EVENT_TEXT_MIN = 16, /* bytes that describe an event are several times as many */
  IDS_MAX = 4096,      /* events of one stream, streams of one trace: more is no trace of ours */
  FIELDS_MAX = 64,
  TRACER_MAJOR = 2,
  TRACER_MINOR_MIN = 11, /* earlier ones may write events whose time is not in their packet's */
};
#define CLOCK_OFFSET_MAX (UINT64_C(1) << 62)

/* ---- What is the same in all traces ---- */

static const char basic_types[] =
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;"
    "typealias integer { size = 16; align = 8; signed = false; } := uint16_t;"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;"
    "typealias integer { size = 64; align = 8; signed = false; } := unsigned long;"
    "typealias integer { size = 5; align = 1; signed = false; } := uint5_t;"
    "typealias integer { size = 27; align = 1; signed = false; } := uint27_t;";

static const char packet_header[] =
    "byte_order = le;"
    "packet.header := struct {"
    " uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; uint64_t stream_instance_id;"
    "}; };";

static const char clock_types[] =
    "typealias integer { size = 27; align = 1; signed = false; map = clock.monotonic.value; }"
    " := uint27_clock_monotonic_t;"
    "typealias integer { size = 32; align = 8; signed = false; map = clock.monotonic.value; }"
    " := uint32_clock_monotonic_t;"
    "typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; }"
    " := uint64_clock_monotonic_t;";

/* ctf_packet.h has the same as a C struct. */
static const char packet_context[] =
    "struct packet_context {"
    " uint64_clock_monotonic_t timestamp_begin; uint64_clock_monotonic_t timestamp_end;"
    " uint64_t content_size; uint64_t packet_size; uint64_t packet_seq_num;"
    " unsigned long events_discarded; uint32_t cpu_id;"
    "};";

/* ctf_stream.c reads them. */
static const char event_headers[] = "struct event_header_compact {"
                                    " enum : uint5_t { compact = 0 ... 30, extended = 31 } id;"
                                    " variant <id> {"
                                    "  struct { uint27_clock_monotonic_t timestamp; } compact;"
                                    "  struct { uint32_t id; uint64_clock_monotonic_t timestamp; } extended;"
                                    " } v;"
                                    "} align(8);"
                                    "struct event_header_large {"
                                    " enum : uint16_t { compact = 0 ... 65534, extended = 65535 } id;"
                                    " variant <id> {"
                                    "  struct { uint32_clock_monotonic_t timestamp; } compact;"
                                    "  struct { uint32_t id; uint64_clock_monotonic_t timestamp; } extended;"
                                    " } v;"
                                    "} align(8);";

static void read_trace(struct uvt_ctf_tokens *tokens, struct uvt_ctf_layout *layout,
                       const struct uvt_trace_metadata *metadata)
{
  char uuid[UVT_CTF_TEXT_MAX];
  uvt_ctf_expect(tokens, "trace { major = 1; minor = 8; uuid =");
  uvt_ctf_string(tokens, uuid);
  uvt_ctf_expect(tokens, ";");
  uvt_ctf_expect(tokens, packet_header);
  /* It is the first in the text, since nothing but types can come before. */
  if (strlen(uuid) != 36 || !uvt_trace_metadata_uuid(metadata, layout->uuid))
    tokens->failed = true;
}

/* ---- env ---- */

enum { HOST, SESSION, DOMAIN, TRACER, MAJOR, MINOR, ENTRIES };

struct environment {
  bool seen[ENTRIES];
  char strings[ENTRIES][UVT_CTF_TEXT_MAX];
  uint64_t numbers[ENTRIES];
};

static void read_entry(struct uvt_ctf_tokens *tokens, struct environment *environment)
{
  static const char *const names[ENTRIES] = {"hostname",    "trace_name",   "domain",
                                             "tracer_name", "tracer_major", "tracer_minor"};
  char name[UVT_CTF_TEXT_MAX], string[UVT_CTF_TEXT_MAX] = "";
  uint64_t number = 0;
  uvt_ctf_word(tokens, name);
  uvt_ctf_expect(tokens, "=");
  if (uvt_ctf_is_string_next(tokens))
    uvt_ctf_string(tokens, string);
  else
    number = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, ";");
  for (size_t i = 0; i < ENTRIES; i++) {
    if (strcmp(name, names[i]))
      continue;
    tokens->failed |= environment->seen[i];
    environment->seen[i] = true;
    strcpy(environment->strings[i], string);
    environment->numbers[i] = number;
  }
}

static void read_environment(struct uvt_ctf_tokens *tokens, struct uvt_ctf_layout *layout)
{
  struct environment environment = {0};
  uvt_ctf_expect(tokens, "env {");
  while (!tokens->failed && !uvt_ctf_accept(tokens, "};"))
    read_entry(tokens, &environment);
  layout->host = uvt_name(environment.strings[HOST]);
  layout->session = uvt_name(environment.strings[SESSION]);
  if (!*layout->host || !*layout->session || strcmp(environment.strings[DOMAIN], "ust") ||
      strcmp(environment.strings[TRACER], "lttng-ust") || environment.numbers[MAJOR] != TRACER_MAJOR ||
      environment.numbers[MINOR] < TRACER_MINOR_MIN)
    tokens->failed = true;
}

/* ---- clock ---- */

static void read_clock(struct uvt_ctf_tokens *tokens, struct uvt_ctf_layout *layout)
{
  char ignored[UVT_CTF_TEXT_MAX];
  uvt_ctf_expect(tokens, "clock { name = \"monotonic\";");
  if (uvt_ctf_accept(tokens, "uuid =")) {
    uvt_ctf_string(tokens, ignored);
    tokens->failed |= strlen(ignored) != 36;
    uvt_ctf_expect(tokens, ";");
  }
  uvt_ctf_expect(tokens, "description = \"Monotonic Clock\"; freq = 1000000000; offset =");
  uint64_t offset = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; };");
  tokens->failed |= offset >= CLOCK_OFFSET_MAX;
  layout->clock_offset = (int64_t)offset;
}

/* ---- stream ---- */

static struct uvt_ctf_stream_class *find_class(const struct uvt_ctf_layout *layout, uint64_t id)
{
  for (size_t i = 0; i < layout->count; i++) {
    if (layout->classes[i].id == id)
      return &layout->classes[i];
  }
  return NULL;
}

const struct uvt_ctf_stream_class *uvt_ctf_layout_class(const struct uvt_ctf_layout *layout, uint64_t id)
{
  return find_class(layout, id);
}

/* That class, new where nothing was said of it before: LTTng describes a stream before or after its events.
 * NULL: no such ID, or no memory. */
static struct uvt_ctf_stream_class *get_class(struct uvt_ctf_layout *layout, uint64_t id)
{
  struct uvt_ctf_stream_class *class = find_class(layout, id);
  if (class || id >= IDS_MAX)
    return class;
  struct uvt_ctf_stream_class *classes = realloc(layout->classes, (layout->count + 1) * sizeof *classes);
  if (!classes)
    return NULL;
  layout->classes = classes;
  classes[layout->count] = (struct uvt_ctf_stream_class){.id = id};
  return &classes[layout->count++];
}

static void read_stream(struct uvt_ctf_tokens *tokens, struct uvt_ctf_layout *layout)
{
  uvt_ctf_expect(tokens, "{ id =");
  uint64_t id = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; event.header := struct");
  bool has_large_headers = uvt_ctf_accept(tokens, "event_header_large");
  if (!has_large_headers)
    uvt_ctf_expect(tokens, "event_header_compact");
  uvt_ctf_expect(tokens, "; packet.context := struct packet_context; };");
  struct uvt_ctf_stream_class *class = tokens->failed ? NULL : get_class(layout, id);
  if (!class || class->described) {
    tokens->failed = true;
    return;
  }
  class->described = true;
  class->has_large_headers = has_large_headers;
}

static bool are_described(const struct uvt_ctf_layout *layout)
{
  for (size_t i = 0; i < layout->count; i++) {
    if (!layout->classes[i].described)
      return false;
  }
  return true;
}

/* ---- Fields ---- */

/* A field's type, before its name is known. */
struct type {
  uint64_t width; /* bytes; 0: a string */
  bool is_signed;
  bool is_enumeration;
  struct uvt_ctf_tokens mappings; /* ENUMERATION: where they begin */
};

static struct type read_integer(struct uvt_ctf_tokens *tokens)
{
  struct type type = {0};
  uvt_ctf_expect(tokens, "integer { size =");
  type.width = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; align = 8; signed =");
  uint64_t is_signed = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; encoding = none; base =");
  uint64_t base = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; }");
  bool known_width = type.width == 8 || type.width == 16 || type.width == 32 || type.width == 64;
  bool known_base = base == 2 || base == 8 || base == 10 || base == 16;
  tokens->failed |= !known_width || is_signed > 1 || !known_base;
  type.width /= 8;
  type.is_signed = is_signed;
  return type;
}

/* One mapping: true where it is sound and none of its numbers below 256 has been met. */
static bool read_mapping(struct uvt_ctf_tokens *tokens, char label[UVT_CTF_TEXT_MAX], bool met[256],
                         uint64_t *low, uint64_t *high)
{
  uvt_ctf_string(tokens, label);
  uvt_ctf_expect(tokens, "=");
  *low = *high = uvt_ctf_number(tokens);
  if (uvt_ctf_accept(tokens, "..."))
    *high = uvt_ctf_number(tokens);
  bool sound = !tokens->failed && *label && *low <= *high;
  for (uint64_t number = *low; sound && number <= *high && number < 256; number++) {
    sound = !met[number];
    met[number] = true;
  }
  return sound;
}

/* Goes over the mappings, and where `enumerators` is not NULL translates them. */
static void read_mappings(struct uvt_ctf_tokens *tokens, const struct uvt_schema_field *field,
                          uint8_t *enumerators)
{
  bool met[256] = {false};
  uvt_ctf_expect(tokens, "{");
  while (!tokens->failed && !uvt_ctf_accept(tokens, "}")) {
    char label[UVT_CTF_TEXT_MAX];
    uint64_t low, high;
    if (!read_mapping(tokens, label, met, &low, &high))
      tokens->failed = true;
    uvt_ctf_expect(tokens, ",");
    for (uint64_t number = low; enumerators && !tokens->failed && number <= high && number < 256; number++)
      enumerators[number] = field->enumerator(label);
  }
}

static struct type read_type(struct uvt_ctf_tokens *tokens)
{
  if (uvt_ctf_accept(tokens, "string"))
    return (struct type){0};
  if (!uvt_ctf_accept(tokens, "enum :"))
    return read_integer(tokens);
  struct type type = read_integer(tokens);
  type.is_enumeration = true;
  type.mappings = *tokens;
  read_mappings(tokens, NULL, NULL);
  return type;
}

/* The fields of an event while they are read. */
struct fields {
  struct uvt_schema_event schema;
  bool found[UVT_SCHEMA_FIELDS_MAX];
  char names[FIELDS_MAX][UVT_CTF_TEXT_MAX];
  struct uvt_ctf_field list[FIELDS_MAX];
  size_t count;
};

/* The row of the schema for a field of that name; NULL: it has none. */
static const struct uvt_schema_field *find_row(struct fields *fields, const char *name)
{
  for (size_t i = 0; i < fields->schema.count; i++) {
    if (strcmp(fields->schema.fields[i].name, name))
      continue;
    fields->found[i] = true;
    return &fields->schema.fields[i];
  }
  return NULL;
}

static bool plan_enumerators(struct uvt_ctf_field *field, const struct uvt_schema_field *row,
                             const struct type *type)
{
  struct uvt_ctf_tokens mappings = type->mappings;
  if (type->width != 1 || type->is_signed || !(field->enumerators = malloc(256)))
    return false;
  field->fetch = UVT_CTF_ENUMERATOR;
  memset(field->enumerators, UVT_UNKNOWN_ENUMERATOR, 256);
  read_mappings(&mappings, row, field->enumerators);
  return true;
}

/* Of a field that is wanted. False: it is not what the schema says, and it takes babeltrace2 to tell what. */
static bool plan_wanted(struct uvt_ctf_field *field, const struct uvt_schema_field *row,
                        const struct type *type)
{
  field->wanted = true;
  field->offset = row->offset;
  switch ((enum uvt_field_kind)row->kind) {
  case UVT_FIELD_INT:
    if (field->fetch != UVT_CTF_SKIP || type->is_enumeration)
      return false;
    field->fetch = UVT_CTF_NUMBER;
    return type->width == row->size;
  case UVT_FIELD_ENUM:
    return field->fetch == UVT_CTF_SKIP && type->is_enumeration && plan_enumerators(field, row, type);
  case UVT_FIELD_STR:
    return field->fetch == UVT_CTF_STRING;
  case UVT_FIELD_SEQ:
    return field->fetch == UVT_CTF_SEQUENCE && type->width == sizeof(uint64_t) && !type->is_signed;
  }
  return false;
}

/* The number before a sequence is its length: LTTng writes the two one after the other. */
static bool is_length(const struct fields *fields, const char *name)
{
  if (!fields->count)
    return false;
  const struct uvt_ctf_field *last = &fields->list[fields->count - 1];
  return last->fetch == UVT_CTF_SKIP && last->width && !strcmp(fields->names[fields->count - 1], name + 1);
}

static void read_length(struct uvt_ctf_tokens *tokens, const struct fields *fields, const struct type *type)
{
  char name[UVT_CTF_TEXT_MAX];
  uvt_ctf_word(tokens, name);
  uvt_ctf_expect(tokens, "]");
  tokens->failed |= !is_length(fields, name) || !type->width || type->is_enumeration;
}

/* All names begin with an underscore, which is not theirs. No two are the same. */
static bool keep_name(struct fields *fields, const char *name)
{
  if (name[0] != '_' || !name[1] || fields->count == FIELDS_MAX)
    return false;
  for (size_t i = 0; i < fields->count; i++) {
    if (!strcmp(fields->names[i], name + 1))
      return false;
  }
  strcpy(fields->names[fields->count], name + 1);
  return true;
}

static bool is_in_order(const struct fields *fields, const struct uvt_ctf_field *field)
{
  for (size_t i = 0; i < fields->count; i++) {
    if (fields->list[i].wanted && fields->list[i].offset >= field->offset)
      return false;
  }
  return true;
}

static bool has_too_many_sequences(const struct fields *fields)
{
  size_t wanted = 0;
  for (size_t i = 0; i < fields->count; i++)
    wanted += fields->list[i].wanted && fields->list[i].fetch == UVT_CTF_SEQUENCE;
  return wanted > UVT_CTF_SEQUENCES_MAX;
}

static void read_field(struct uvt_ctf_tokens *tokens, struct fields *fields)
{
  char name[UVT_CTF_TEXT_MAX];
  struct uvt_ctf_field field = {.fetch = UVT_CTF_SKIP};
  struct type type = read_type(tokens);
  field.width = (uint8_t)type.width;
  field.mask = type.width < 8 ? (UINT64_C(1) << 8 * type.width) - 1 : UINT64_MAX;
  if (!type.width)
    field.fetch = UVT_CTF_STRING;
  uvt_ctf_word(tokens, name);
  if (uvt_ctf_accept(tokens, "[")) {
    field.fetch = UVT_CTF_SEQUENCE;
    read_length(tokens, fields, &type);
  }
  uvt_ctf_expect(tokens, ";");
  if (tokens->failed || !keep_name(fields, name)) {
    tokens->failed = true;
    return;
  }
  const struct uvt_schema_field *row = find_row(fields, name + 1);
  if (row && (!plan_wanted(&field, row, &type) || !is_in_order(fields, &field)))
    tokens->failed = true;
  fields->list[fields->count++] = field; /* also where it failed: its enumerators are to be freed */
}

/* ---- event ---- */

static void free_fields(struct uvt_ctf_field *fields, size_t count)
{
  for (size_t i = 0; i < count; i++)
    free(fields[i].enumerators);
}

static bool finish_event(struct uvt_ctf_event *event, const struct fields *fields)
{
  event->known = event->is_fixed = event->has_all = true;
  event->fields = malloc((fields->count + 1) * sizeof *event->fields);
  if (!event->fields)
    return false;
  memcpy(event->fields, fields->list, fields->count * sizeof *event->fields);
  event->count = fields->count;
  for (size_t i = 0; i < fields->count; i++) {
    const struct uvt_ctf_field *field = &fields->list[i];
    bool has_width = field->fetch != UVT_CTF_SEQUENCE && field->fetch != UVT_CTF_STRING;
    event->fields[i].at = (uint16_t)event->fixed_size;
    event->fixed_size += has_width ? field->width : field->fetch == UVT_CTF_STRING;
    event->is_fixed &= has_width;
  }
  for (size_t i = 0; i < fields->schema.count; i++)
    event->has_all &= fields->found[i];
  return true;
}

static struct uvt_ctf_event *new_event(struct uvt_ctf_layout *layout, uint64_t stream_id, uint64_t id)
{
  struct uvt_ctf_stream_class *class = id < IDS_MAX ? get_class(layout, stream_id) : NULL;
  if (!class)
    return NULL;
  if (id >= class->count) {
    uint64_t more = id + 1 - class->count;
    struct uvt_ctf_event *events =
        more <= layout->room ? realloc(class->events, (id + 1) * sizeof *events) : NULL;
    if (!events)
      return NULL;
    memset(events + class->count, 0, (id + 1 - class->count) * sizeof *events);
    class->events = events;
    class->count = id + 1;
    layout->room -= more;
  }
  return class->events[id].known ? NULL : &class->events[id];
}

static void read_fields(struct uvt_ctf_tokens *tokens, struct uvt_ctf_event *event)
{
  struct fields *fields = calloc(1, sizeof *fields);
  if (!fields) {
    tokens->failed = true;
    return;
  }
  if (event->kind >= 0)
    fields->schema = uvt_schema_event((enum uvt_record_kind)event->kind);
  while (!tokens->failed && !uvt_ctf_accept(tokens, "}"))
    read_field(tokens, fields);
  if (tokens->failed || has_too_many_sequences(fields) || !finish_event(event, fields)) {
    free_fields(fields->list, fields->count);
    tokens->failed = true;
  }
  free(fields);
}

static void read_event(struct uvt_ctf_tokens *tokens, struct uvt_ctf_layout *layout)
{
  char name[UVT_CTF_TEXT_MAX];
  uvt_ctf_expect(tokens, "{ name =");
  uvt_ctf_string(tokens, name);
  uvt_ctf_expect(tokens, "; id =");
  uint64_t id = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; stream_id =");
  uint64_t stream_id = uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; loglevel =");
  uvt_ctf_number(tokens);
  uvt_ctf_expect(tokens, "; fields := struct {");
  struct uvt_ctf_event *event = tokens->failed ? NULL : new_event(layout, stream_id, id);
  if (!event) {
    tokens->failed = true;
    return;
  }
  event->kind = uvt_schema_kind(name);
  read_fields(tokens, event);
  uvt_ctf_expect(tokens, "; };");
  if (event->kind >= 0)
    find_class(layout, stream_id)->ours = true;
}

/* ---- The whole ---- */

bool uvt_ctf_layout_read(struct uvt_ctf_layout *layout, const struct uvt_trace_metadata *metadata)
{
  struct uvt_ctf_tokens tokens = {.at = metadata->text, .end = metadata->text + metadata->size};
  *layout = (struct uvt_ctf_layout){.room = metadata->size / EVENT_TEXT_MIN};
  if (!metadata->text || !metadata->whole || !metadata->packed)
    return false;
  uvt_ctf_expect(&tokens, basic_types);
  read_trace(&tokens, layout, metadata);
  read_environment(&tokens, layout);
  read_clock(&tokens, layout);
  uvt_ctf_expect(&tokens, clock_types);
  uvt_ctf_expect(&tokens, packet_context);
  uvt_ctf_expect(&tokens, event_headers);
  while (!tokens.failed && !uvt_ctf_tokens_end(&tokens)) {
    if (uvt_ctf_accept(&tokens, "stream")) {
      read_stream(&tokens, layout);
    } else {
      uvt_ctf_expect(&tokens, "event");
      read_event(&tokens, layout);
    }
  }
  return !tokens.failed && are_described(layout);
}

void uvt_ctf_layout_clear(struct uvt_ctf_layout *layout)
{
  for (size_t i = 0; i < layout->count; i++) {
    struct uvt_ctf_stream_class *class = &layout->classes[i];
    for (size_t id = 0; id < class->count; id++) {
      free_fields(class->events[id].fields, class->events[id].count);
      free(class->events[id].fields);
    }
    free(class->events);
  }
  free(layout->classes);
  *layout = (struct uvt_ctf_layout){0};
}

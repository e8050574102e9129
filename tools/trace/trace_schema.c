/* SPDX-License-Identifier: MIT */
#include "trace_schema.h"

#include <string.h>

#include "stream/types.h"

#define ENUMERATOR(enumeration, enumerator) \
  if (!strcmp(label, #enumerator))          \
    return UVT_##enumeration##_##enumerator;
#define ENUMERATION(enumeration)                                      \
  static uint8_t find_##enumeration(const char *label)                \
  {                                                                   \
    UVT_ENUM_##enumeration(ENUMERATOR) return UVT_UNKNOWN_ENUMERATOR; \
  }
ENUMERATION(how)
ENUMERATION(route)
ENUMERATION(role)
ENUMERATION(reason)
ENUMERATION(life)

/* The macros of UVT_FIELDS_* do not know their event: each expansion sits in a function where RECORD is its
 * struct. */
#define AT(field) (uint16_t)(offsetof(struct uvt_record, link) + offsetof(RECORD, field))
#define INT_FIELD(c_type, field) {#field, UVT_FIELD_INT, sizeof(c_type), AT(field), NULL},
#define ENUM_FIELD(enumeration, field) {#field, UVT_FIELD_ENUM, 1, AT(field), find_##enumeration},
#define TYPE_FIELD(field) {#field, UVT_FIELD_ENUM, 1, AT(field), uvt_type_find},
#define STR_FIELD(field) {#field, UVT_FIELD_STR, sizeof(char *), AT(field), NULL},
#define SEQ_FIELD(field) {#field, UVT_FIELD_SEQ, sizeof(struct uvt_sequence), AT(field), NULL},
#define SCHEMA_EVENT(event)                                                           \
  static struct uvt_schema_event schema_##event(void)                                 \
  {                                                                                   \
    typedef struct uvt_rec_##event RECORD;                                            \
    static const struct uvt_schema_field fields[] = {                                 \
        UVT_FIELDS_##event(INT_FIELD, ENUM_FIELD, TYPE_FIELD, STR_FIELD, SEQ_FIELD)}; \
    return (struct uvt_schema_event){#event, fields, sizeof fields / sizeof *fields}; \
  }
UVT_EVENTS(SCHEMA_EVENT)

static struct uvt_schema_event (*const schema[])(void) = {
#define SCHEMA_ROW(event) [UVT_RECORD_##event] = schema_##event,
    UVT_EVENTS(SCHEMA_ROW)};

struct uvt_schema_event uvt_schema_event(enum uvt_record_kind kind)
{
  return schema[kind]();
}

int uvt_schema_kind(const char *name)
{
  static const char prefix[] = UVT_PROVIDER_NAME ":";
  if (!name || strncmp(name, prefix, sizeof prefix - 1))
    return -1;
  for (size_t kind = 0; kind < sizeof schema / sizeof *schema; kind++) {
    if (!strcmp(name + sizeof prefix - 1, schema[kind]().name))
      return (int)kind;
  }
  return -1;
}

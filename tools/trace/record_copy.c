/* SPDX-License-Identifier: MIT */
#include "record_copy.h"

#include <stdint.h>
#include <string.h>

struct indirect {
  size_t offset; /* in the record's member; SIZE_MAX: no more */
  bool is_sequence;
};

#define NO_FIELD(...)
#define STRING_FIELD(field) {offsetof(RECORD, field), false},
#define SEQUENCE_FIELD(field) {offsetof(RECORD, field), true},
#define INDIRECT_FIELDS(event)                                                                            \
  static const struct indirect *indirect_of_##event(void)                                                 \
  {                                                                                                       \
    typedef struct uvt_rec_##event RECORD;                                                                \
    static const struct indirect fields[] = {                                                             \
        UVT_FIELDS_##event(NO_FIELD, NO_FIELD, NO_FIELD, STRING_FIELD, SEQUENCE_FIELD){SIZE_MAX, false}}; \
    (void)sizeof(RECORD);                                                                                 \
    return fields;                                                                                        \
  }
UVT_EVENTS(INDIRECT_FIELDS)

/* The fields of a record that point elsewhere. */
static const struct indirect *indirect_fields(enum uvt_record_kind kind)
{
  static const struct indirect none = {SIZE_MAX, false};
  switch (kind) {
#define INDIRECT_CASE(event) \
  case UVT_RECORD_##event:   \
    return indirect_of_##event();
    UVT_EVENTS(INDIRECT_CASE)
  default:
    return &none;
  }
}

static const char **string_at(struct uvt_record *record, size_t offset)
{
  return (const char **)((char *)&record->link + offset);
}

static struct uvt_sequence *sequence_at(struct uvt_record *record, size_t offset)
{
  return (struct uvt_sequence *)((char *)&record->link + offset);
}

static size_t room_of_string(const char *string)
{
  return string ? (strlen(string) + sizeof(uint64_t)) & ~(sizeof(uint64_t) - 1) : 0;
}

size_t uvt_record_room(const struct uvt_record *record)
{
  struct uvt_record *fields_of = (struct uvt_record *)record;
  size_t room = 0;
  for (const struct indirect *field = indirect_fields(record->kind); field->offset != SIZE_MAX; field++)
    room += field->is_sequence ? sequence_at(fields_of, field->offset)->count * sizeof(uint64_t)
                               : room_of_string(*string_at(fields_of, field->offset));
  return room;
}

static char *copy_sequence(struct uvt_sequence *sequence, char *room)
{
  size_t size = sequence->count * sizeof(uint64_t);
  if (size)
    sequence->at = memcpy(room, sequence->at, size);
  return room + size;
}

static char *copy_string(const char **string, char *room)
{
  size_t size = room_of_string(*string);
  if (size)
    *string = strcpy(room, *string);
  return room + size;
}

void uvt_record_copy(struct uvt_record *to, const struct uvt_record *from, char *room)
{
  *to = *from;
  for (const struct indirect *field = indirect_fields(from->kind); field->offset != SIZE_MAX; field++)
    room = field->is_sequence ? copy_sequence(sequence_at(to, field->offset), room)
                              : copy_string(string_at(to, field->offset), room);
}

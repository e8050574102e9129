/* SPDX-License-Identifier: MIT */
/* What schema.h declares, as tables for the readers of traces: they find events, fields and enumerators by
 * name. */
#ifndef UVT_TRACE_SCHEMA_H
#define UVT_TRACE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

enum uvt_field_kind { UVT_FIELD_INT, UVT_FIELD_ENUM, UVT_FIELD_STR, UVT_FIELD_SEQ };

struct uvt_schema_field {
  const char *name;
  uint8_t kind;                             /* enum uvt_field_kind */
  uint8_t size;                             /* in the record */
  uint16_t offset;                          /* in struct uvt_record */
  uint8_t (*enumerator)(const char *label); /* ENUM: our number, or UVT_UNKNOWN_ENUMERATOR */
};

struct uvt_schema_event {
  const char *name;
  const struct uvt_schema_field *fields; /* in the order of their offsets */
  size_t count;
};

/* Fields of one event at most. */
#define UVT_SCHEMA_FIELDS_MAX 20

/* Of any kind of record that is an event. */
struct uvt_schema_event uvt_schema_event(enum uvt_record_kind kind);

/* The kind of the event with that name, provider included; -1: none of ours. */
int uvt_schema_kind(const char *name);

#endif

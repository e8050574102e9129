/* SPDX-License-Identifier: MIT */
/*
 * Written by hand, since most of the time of a conversion is spent here: a line is put together in a buffer
 * whose room is looked at once a line, and again for each text.
 */
#include "out_jsonl.h"

#include <stdlib.h>
#include <string.h>

#include "base/out_file.h"
#include "stream/stack_store.h"

enum {
  /* What a line takes without texts and lists: 13 numbers with their keys. */
  LINE_ROOM = 2048,
  NUMBER_ROOM = 24,
};

/* A text that is copied whole, which takes less than looking at its length. */
struct piece {
  char text[32];
  size_t length;
};
#define PIECE(literal)           \
  {                              \
    literal, sizeof(literal) - 1 \
  }

static inline char *put_piece(char *p, const struct piece *piece)
{
  memcpy(p, piece->text, sizeof piece->text);
  return p + piece->length;
}

struct writer {
  struct uvt_sink sink;
  struct uvt_out_file out;
  uint64_t time; /* of the last line: several in turn have the same */
  struct piece time_text;
  bool several;       /* processes have been met */
  uint64_t processID; /* the first; 0: none yet */
};

/* For the pieces of a line that are put after its head. */
static void put_character(struct uvt_out_file *out, char c)
{
  char *p = uvt_out_room(out, NUMBER_ROOM);
  *p++ = c;
  uvt_out_advance(out, p);
}

static void write_list(struct uvt_out_file *out, const char *const *list, int64_t count)
{
  put_character(out, '[');
  for (int64_t i = 0; i < count; i++) {
    if (i)
      put_character(out, ',');
    uvt_out_json_text(out, list[i]);
  }
  put_character(out, ']');
}

static void write_stack(struct uvt_out_file *out, const struct uvt_datum *datum)
{
  uint32_t stack = (uint32_t)datum->number;
  size_t count = uvt_stack_length(datum->stacks, stack);
  put_character(out, '[');
  for (size_t i = 0; i < count; i++) {
    if (i)
      put_character(out, ',');
    uvt_out_json_text(out, uvt_stack_frame(datum->stacks, stack, i));
  }
  put_character(out, ']');
}

/* ---- Data ---- */

static void write_datum_value(struct uvt_out_file *out, const struct uvt_datum *datum)
{
  char *p = uvt_out_room(out, NUMBER_ROOM);
  switch (datum->type) {
  case UVT_DATUM_STRING:
    uvt_out_json_text(out, datum->string);
    return;
  case UVT_DATUM_STRINGS:
    write_list(out, datum->list, datum->number);
    return;
  case UVT_DATUM_STACK:
    write_stack(out, datum);
    return;
  case UVT_DATUM_INT:
    uvt_out_advance(out, uvt_put_signed(p, datum->number));
    return;
  case UVT_DATUM_BOOL:
    uvt_out_advance(out, datum->number ? UVT_PUT(p, "true") : UVT_PUT(p, "false"));
    return;
  case UVT_DATUM_NULL:
    uvt_out_advance(out, UVT_PUT(p, "null"));
    return;
  }
}

/* Length of the part of a key before its first dot; 0: it has none. */
static size_t object_length(const char *key)
{
  const char *dot = strchr(key, '.');
  return dot ? (size_t)(dot - key) : 0;
}

/* Of a stream that others wrote a key may be any text. */
static void write_key(struct uvt_out_file *out, const char *key, size_t length)
{
  uvt_out_json_part(out, key, length);
  put_character(out, ':');
}

static void write_data(struct uvt_out_file *out, const struct uvt_event *event)
{
  const char *object = NULL; /* the key whose object is open */
  size_t length = 0;
  for (size_t i = 0; i < event->data_count; i++) {
    const struct uvt_datum *datum = &event->data[i];
    char *p = uvt_out_room(out, NUMBER_ROOM);
    bool same = object && object_length(datum->key) == length && !strncmp(object, datum->key, length);
    if (object && !same)
      *p++ = '}';
    uvt_out_advance(out, i ? UVT_PUT(p, ",") : UVT_PUT(p, ",\"data\":{"));
    if (!same) {
      length = object_length(datum->key);
      object = length ? datum->key : NULL;
      if (length) {
        write_key(out, datum->key, length);
        put_character(out, '{');
      }
    }
    const char *key = datum->key + (length ? length + 1 : 0);
    write_key(out, key, strlen(key));
    write_datum_value(out, datum);
  }
  char *p = uvt_out_room(out, NUMBER_ROOM);
  if (object)
    *p++ = '}';
  if (event->data_count)
    *p++ = '}';
  uvt_out_advance(out, p);
}

/* ---- Lines ---- */

#define PUT_ID(p, key, id) ((id) ? uvt_put_unsigned(UVT_PUT(p, ",\"" key "\":"), id) : (p))

static char *put_process(struct writer *writer, char *p, const struct uvt_event *event)
{
  if (event->processID && event->processID != writer->processID) {
    writer->several = writer->processID != 0;
    if (!writer->several)
      writer->processID = event->processID;
  }
  if (!writer->several && event->kind != UVT_EV_process)
    return p;
  p = PUT_ID(p, "processID", event->processID);
  return event->pid ? uvt_put_signed(UVT_PUT(p, ",\"pid\":"), event->pid) : p;
}

static char *put_lost(char *p, const struct uvt_event *event)
{
  p = UVT_PUT(p, ",\"count\":");
  p = event->count == UINT64_MAX ? UVT_PUT(p, "null") : uvt_put_unsigned(p, event->count);
  p = uvt_put_unsigned(UVT_PUT(p, ",\"from\":"), event->from);
  return uvt_put_unsigned(UVT_PUT(p, ",\"to\":"), event->to);
}

static void write_coalesced(struct uvt_out_file *out, const struct uvt_event *event)
{
  char *p = uvt_out_room(out, LINE_ROOM);
  p = UVT_PUT(p, ",\"coalesced\":[");
  for (size_t i = 0; i < event->coalesced_count; i++) {
    uvt_out_advance(out, p);
    p = uvt_out_room(out, 2 * NUMBER_ROOM);
    if (i)
      *p++ = ',';
    p = uvt_put_unsigned(p, event->coalesced[i]);
  }
  uvt_out_advance(out, p);
  p = uvt_out_room(out, NUMBER_ROOM);
  uvt_out_advance(out, UVT_PUT(p, "]"));
}

static char *put_time(struct writer *writer, char *p, uint64_t time)
{
  struct piece *text = &writer->time_text;
  if (time != writer->time || !text->length) {
    writer->time = time;
    text->length = (size_t)(uvt_put_unsigned(UVT_PUT(text->text, ",\"time\":"), time) - text->text);
  }
  return put_piece(p, text);
}

static char *put_state(struct writer *writer, char *p, const struct uvt_event *event)
{
  static const struct piece states[] = {[UVT_STATE_NONE] = PIECE(""),
#define STATE_END(name) [UVT_STATE_##name] = PIECE(",\"state\":\"" #name "\""),
                                        UVT_STATES(STATE_END)
#undef STATE_END
  };
  return put_piece(put_time(writer, p, event->time), &states[event->state]);
}

static char *put_head(struct writer *writer, char *p, const struct uvt_event *event)
{
  static const struct piece heads[UVT_EV_COUNT] = {
#define HEAD(name) [UVT_EV_##name] = PIECE("{\"event\":\"" #name "\""),
      UVT_STREAM_EVENTS(HEAD)
#undef HEAD
  };
  p = put_piece(p, &heads[event->kind]);
  p = put_process(writer, p, event);
  p = PUT_ID(p, "executeID", event->executeID);
  p = PUT_ID(p, "operationID", event->operationID);
  p = PUT_ID(p, "linkID", event->linkID);
  if (event->kind == UVT_EV_executeBegin) /* a root has no cause: 0 */
    return uvt_put_unsigned(UVT_PUT(p, ",\"causeID\":"), event->causeID);
  return PUT_ID(p, "causeID", event->causeID);
}

static char *put_rest(struct writer *writer, char *p, const struct uvt_event *event)
{
  p = PUT_ID(p, "n", event->n);
  p = PUT_ID(p, "within", event->within);
  p = PUT_ID(p, "loopID", event->loopID);
  if (event->tid)
    p = uvt_put_signed(UVT_PUT(p, ",\"tid\":"), event->tid);
  if (event->kind == UVT_EV_lost)
    p = put_lost(p, event);
  return put_time(writer, p, event->time);
}

static int write_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct writer *writer = (struct writer *)sink;
  struct uvt_out_file *out = &writer->out;
  if (event->kind >= UVT_EV_unknown)
    return 0;
  char *p = put_head(writer, uvt_out_room(out, LINE_ROOM), event);
  p = event->kind == UVT_EV_state ? put_state(writer, p, event) : put_rest(writer, p, event);
  if (event->coalesced_count || event->data_count) {
    uvt_out_advance(out, p);
    if (event->coalesced_count)
      write_coalesced(out, event);
    if (event->data_count)
      write_data(out, event);
    p = uvt_out_room(out, NUMBER_ROOM);
  }
  uvt_out_advance(out, UVT_PUT(p, "}\n"));
  return out->status;
}

static int write_out(struct uvt_sink *sink)
{
  return uvt_out_flush(&((struct writer *)sink)->out);
}

static struct uvt_sink *create(int file)
{
  struct writer *writer = calloc(1, sizeof *writer);
  if (!writer)
    return NULL;
  if (uvt_out_open(&writer->out, file)) {
    free(writer);
    return NULL;
  }
  writer->sink = (struct uvt_sink){.event = write_event, .end = write_out, .flush = write_out};
  return &writer->sink;
}

static void destroy(struct uvt_sink *sink)
{
  struct writer *writer = (struct writer *)sink;
  uvt_out_close(&writer->out);
  free(writer);
}

const struct uvt_output_format uvt_output_jsonl = {
    .name = "jsonl",
    .summary = "the async event stream, one JSON object a line",
    .create = create,
    .destroy = destroy,
};

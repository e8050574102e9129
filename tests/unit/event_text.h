/* SPDX-License-Identifier: MIT */
/*
 * A sink for tests: keeps each event as a short line, IDs after a letter and only where they are not 0.
 *
 *   executeBegin e2 c1 o2 tid=10 @30 nread=5     e: executeID  c: causeID  o: operationID  l: linkID
 *   state Ready o2 l1 @20                        w: within     n: n        @: time         P: processID above
 * 1
 */
#ifndef UVT_TEST_EVENT_TEXT_H
#define UVT_TEST_EVENT_TEXT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stream/event.h"
#include "stream/stack_store.h"

struct event_text {
  struct uvt_sink sink;
  char text[64 * 1024];
  size_t used;
  int ended;
  int fail_at; /* fails at that event from now; 0: never */
};

static inline void event_text_add(struct event_text *lines, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(lines->text + lines->used, sizeof lines->text - lines->used, format, arguments);
  va_end(arguments);
  if (length > 0 && lines->used + (size_t)length < sizeof lines->text)
    lines->used += (size_t)length;
}

static inline void event_text_datum(struct event_text *lines, const struct uvt_datum *datum)
{
  switch (datum->type) {
  case UVT_DATUM_STRING:
    event_text_add(lines, " %s=%s", datum->key, datum->string);
    return;
  case UVT_DATUM_STRINGS:
    event_text_add(lines, " %s=", datum->key);
    for (int64_t i = 0; i < datum->number; i++)
      event_text_add(lines, "%s%s", i ? "," : "", datum->list[i]);
    return;
  case UVT_DATUM_STACK:
    event_text_add(lines, " %s=", datum->key);
    for (size_t i = 0; i < uvt_stack_length(datum->stacks, (uint32_t)datum->number); i++)
      event_text_add(lines, "%s%s", i ? "<" : "", uvt_stack_frame(datum->stacks, (uint32_t)datum->number, i));
    return;
  case UVT_DATUM_BOOL:
    event_text_add(lines, " %s%s", datum->number ? "" : "!", datum->key);
    return;
  case UVT_DATUM_NULL:
    event_text_add(lines, " %s=null", datum->key);
    return;
  case UVT_DATUM_INT:
    event_text_add(lines, " %s=%" PRId64, datum->key, datum->number);
    return;
  }
}

static inline int event_text_take(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct event_text *lines = (struct event_text *)sink;
  if (lines->fail_at && !--lines->fail_at)
    return -5;
  event_text_add(lines, "%s", uvt_event_name(event->kind));
  if (event->kind == UVT_EV_state)
    event_text_add(lines, " %s", uvt_state_name(event->state));
#define ID(letter, id) \
  if (id)              \
    event_text_add(lines, " " letter "%" PRIu64, id);
  ID("P", event->processID > 1 ? event->processID : 0)
  ID("e", event->executeID)
  ID("l", event->linkID)
  ID("c", event->causeID)
  ID("o", event->operationID)
  ID("n", event->n)
  ID("w", event->within)
  ID("loop", event->loopID)
#undef ID
  if (event->tid)
    event_text_add(lines, " tid=%" PRId64, event->tid);
  if (event->kind == UVT_EV_lost)
    event_text_add(lines, " count=%" PRId64 " %" PRIu64 "-%" PRIu64, (int64_t)event->count, event->from,
                   event->to);
  event_text_add(lines, " @%" PRIu64, event->time);
  for (size_t i = 0; i < event->coalesced_count; i++)
    event_text_add(lines, " +c%" PRIu64, event->coalesced[i]);
  for (size_t i = 0; i < event->data_count; i++)
    event_text_datum(lines, &event->data[i]);
  event_text_add(lines, "\n");
  return 0;
}

static inline int event_text_end(struct uvt_sink *sink)
{
  ((struct event_text *)sink)->ended++;
  return 0;
}

static inline void event_text_init(struct event_text *lines)
{
  memset(lines, 0, sizeof *lines);
  lines->sink = (struct uvt_sink){.event = event_text_take, .end = event_text_end};
}

/* The lines since the last call are those; asserts with cmocka. */
#define event_text_expect(lines, expected)        \
  do {                                            \
    (lines)->text[(lines)->used] = '\0';          \
    assert_string_equal((lines)->text, expected); \
    (lines)->used = 0;                            \
  } while (0)

static inline void event_text_forget(struct event_text *lines)
{
  lines->used = 0;
}

#endif

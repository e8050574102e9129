/* SPDX-License-Identifier: MIT */
#include "ctf_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  WINDOW = 64 * 1024, /* grows where one event is greater */
  LOAD = 8,           /* bytes that are loaded for a number of any width */
};
/* Times on the trace's clock: with its offset they still fit into int64_t. */
#define CLOCK_MAX (UINT64_C(1) << 62)

/* ---- The window ---- */

enum fill { FILLED, NOTHING_MORE, NO_WINDOW };

static size_t cursor_offset(const struct uvt_ctf_stream *stream)
{
  return stream->window_at + (size_t)(stream->cursor - stream->window);
}

static bool has_room(struct uvt_ctf_stream *stream, size_t held)
{
  if (stream->capacity > held)
    return true;
  size_t capacity = stream->capacity ? 2 * stream->capacity : WINDOW;
  char *window = malloc(capacity + LOAD);
  if (!window)
    return false;
  memset(window, 0, capacity + LOAD); /* what a load may touch is defined */
  free(stream->window);
  stream->window = window;
  stream->capacity = capacity;
  return true;
}

/* Moves the window to the given place, and gets more into it than there was from there on. */
static enum fill fill_window(struct uvt_ctf_stream *stream, size_t offset, size_t held)
{
  size_t left = stream->content_end - offset;
  if (left <= held)
    return NOTHING_MORE;
  if (!has_room(stream, held))
    return NO_WINDOW;
  size_t size = left < stream->capacity ? left : stream->capacity;
  if (!uvt_trace_file_read(&stream->file, offset, stream->window, size))
    return NO_WINDOW;
  stream->window_at = offset;
  stream->cursor = stream->window;
  stream->limit = stream->window + size;
  return FILLED;
}

/* ---- Packets ---- */

static void add_loss(struct uvt_ctf_stream *stream, uint64_t count, uint64_t from, uint64_t to)
{
  if (stream->class->ours)
    stream->losses[stream->losses_count++] = (struct uvt_ctf_loss){count, from, to};
}

/* What the tracer had no room for since the packet before, as babeltrace2 tells it. */
static void note_losses(struct uvt_ctf_stream *stream, const struct uvt_ctf_packet_start *packet)
{
  const struct uvt_ctf_packet_start *last = &stream->packet;
  stream->losses_count = stream->losses_told = 0;
  if (!stream->in_packet) {
    if (packet->discarded)
      add_loss(stream, UINT64_MAX, packet->head.begin, packet->head.end);
    return;
  }
  if (packet->discarded > last->discarded)
    add_loss(stream, packet->discarded - last->discarded, last->head.end, packet->head.end);
  if (packet->number - last->number > 1)
    add_loss(stream, UINT64_MAX, last->head.end, packet->head.begin);
}

static bool is_sound(const struct uvt_ctf_stream *stream, const struct uvt_ctf_packet_start *packet)
{
  const struct uvt_ctf_packet_head *head = &packet->head;
  return head->magic == UVT_CTF_PACKET_MAGIC &&
         !memcmp(head->uuid, stream->layout->uuid, sizeof head->uuid) && head->content_size % 8 == 0 &&
         head->packet_size % 8 == 0 && head->content_size >= 8 * UVT_CTF_PACKET_EVENTS &&
         head->content_size <= head->packet_size &&
         head->packet_size / 8 <= stream->file.size - stream->next_packet && head->begin <= head->end &&
         head->end < CLOCK_MAX;
}

static bool follows(const struct uvt_ctf_packet_start *last, const struct uvt_ctf_packet_start *packet)
{
  return packet->head.stream_id == last->head.stream_id &&
         packet->head.stream_instance_id == last->head.stream_instance_id &&
         packet->head.begin >= last->head.end && packet->number > last->number;
}

/* LTTng-UST 2.13 may close a packet with an older count, even 0: the one after it has the right one again. */
static void correct_discarded(struct uvt_ctf_packet_start *packet, const struct uvt_ctf_packet_start *last)
{
  if (packet->discarded < last->discarded)
    packet->discarded = last->discarded;
}

/* Goes on to the next packet; the stream has one. */
static bool open_packet(struct uvt_ctf_stream *stream)
{
  struct uvt_ctf_packet_start packet;
  size_t offset = stream->next_packet;
  if (stream->file.size - offset < UVT_CTF_PACKET_EVENTS ||
      !uvt_trace_file_read(&stream->file, offset, &packet, sizeof packet) || !is_sound(stream, &packet) ||
      (stream->in_packet && !follows(&stream->packet, &packet)))
    return false;
  if (!stream->in_packet)
    stream->class = uvt_ctf_layout_class(stream->layout, packet.head.stream_id);
  if (!stream->class)
    return false;
  if (stream->in_packet)
    correct_discarded(&packet, &stream->packet);
  note_losses(stream, &packet);
  stream->packet = packet;
  stream->in_packet = true;
  stream->clock = packet.head.begin;
  stream->next_packet = offset + (size_t)(packet.head.packet_size / 8);
  stream->content_end = offset + (size_t)(packet.head.content_size / 8);
  stream->window_at = offset + UVT_CTF_PACKET_EVENTS;
  stream->cursor = stream->limit = stream->window;
  return true;
}

/* ---- Events ---- */

static inline uint64_t load(const char *p)
{
  uint64_t number;
  memcpy(&number, p, LOAD);
  return number;
}

/* The next time on the clock of which so many low bits are known. */
static inline uint64_t advance(uint64_t clock, uint64_t low, unsigned bits)
{
  uint64_t mask = (UINT64_C(1) << bits) - 1;
  return clock + ((low - clock) & mask);
}

struct header {
  uint64_t id, clock;
  size_t size;
};

/* ctf_layout.c knows these headers by their metadata. The window need not hold all of it. */
static inline struct header read_header(const struct uvt_ctf_stream *stream, const char *p)
{
  uint64_t word = load(p);
  if (stream->class->has_large_headers) {
    if ((word & 0xffff) != 0xffff)
      return (struct header){word & 0xffff, advance(stream->clock, word >> 16 & UINT32_MAX, 32), 6};
    return (struct header){word >> 16 & UINT32_MAX, 0, 14};
  }
  if ((word & 31) != 31)
    return (struct header){word & 31, advance(stream->clock, word >> 5 & 0x7ffffff, 27), 4};
  return (struct header){word >> 8 & UINT32_MAX, 0, 13};
}

static inline void store(struct uvt_ctf_stream *stream, const struct uvt_ctf_field *field, uint64_t word)
{
  char *target = (char *)&stream->record + field->offset;
  if (field->fetch == UVT_CTF_NUMBER) {
    uint64_t number = word & field->mask;
    memcpy(target, &number, sizeof number); /* fields that come behind it are stored later */
  } else {
    *(uint8_t *)target = field->enumerators[word & 0xff];
  }
}

static void store_sequence(struct uvt_ctf_stream *stream, const struct uvt_ctf_field *field, const char *p,
                           uint64_t count, size_t *used)
{
  struct uvt_sequence sequence = {stream->numbers + *used,
                                  (uint32_t)(count < UVT_SEQUENCE_MAX ? count : UVT_SEQUENCE_MAX)};
  memcpy(stream->numbers + *used, p, sequence.count * sizeof *stream->numbers);
  memcpy((char *)&stream->record + field->offset, &sequence, sizeof sequence);
  *used += sequence.count;
}

/* Reads the fields; returns where they end, NULL: not within the window. */
static const char *read_fields(struct uvt_ctf_stream *stream, const struct uvt_ctf_event *event,
                               const char *p)
{
  const char *limit = stream->limit, *end;
  uint64_t word = 0; /* the last number */
  size_t used = 0;
  for (const struct uvt_ctf_field *field = event->fields; field < event->fields + event->count; field++) {
    switch ((enum uvt_ctf_fetch)field->fetch) {
    case UVT_CTF_STRING:
      end = memchr(p, '\0', (size_t)(limit - p));
      if (!end)
        return NULL;
      if (field->wanted)
        memcpy((char *)&stream->record + field->offset, &p, sizeof p);
      p = end + 1;
      break;
    case UVT_CTF_SEQUENCE:
      if (word > (uint64_t)(limit - p) / field->width)
        return NULL;
      if (field->wanted)
        store_sequence(stream, field, p, word, &used);
      p += word * field->width;
      break;
    default:
      if (limit - p < field->width)
        return NULL;
      word = load(p) & field->mask;
      if (field->wanted)
        store(stream, field, word);
      p += field->width;
      break;
    }
  }
  return p;
}

static const char *read_fixed(struct uvt_ctf_stream *stream, const struct uvt_ctf_event *event, const char *p)
{
  for (const struct uvt_ctf_field *field = event->fields; field < event->fields + event->count; field++) {
    if (field->wanted)
      store(stream, field, load(p + field->at));
  }
  return p + event->fixed_size;
}

enum event { EVENT_OURS, EVENT_FOREIGN, EVENT_CUT, EVENT_ODD };

static enum event read_event(struct uvt_ctf_stream *stream)
{
  const char *p = stream->cursor;
  size_t held = (size_t)(stream->limit - p);
  struct header header = read_header(stream, p);
  if (held < header.size)
    return EVENT_CUT;
  p += header.size;
  if (header.size > LOAD)
    header.clock = load(p - LOAD);
  if (header.clock < stream->clock || header.clock > stream->packet.head.end ||
      header.id >= stream->class->count || !stream->class->events[header.id].known)
    return EVENT_ODD;
  const struct uvt_ctf_event *event = &stream->class->events[header.id];
  if (held - header.size < event->fixed_size)
    return EVENT_CUT;
  if (!event->has_all)
    memset(&stream->record.link, 0, sizeof stream->record - offsetof(struct uvt_record, link));
  p = event->is_fixed ? read_fixed(stream, event, p) : read_fields(stream, event, p);
  if (!p)
    return EVENT_CUT;
  stream->cursor = p;
  stream->clock = header.clock;
  stream->record.kind = (enum uvt_record_kind)event->kind;
  return event->kind < 0 ? EVENT_FOREIGN : EVENT_OURS;
}

/* ---- The stream ---- */

static int64_t since_epoch(const struct uvt_ctf_stream *stream, uint64_t clock)
{
  return (int64_t)clock + stream->layout->clock_offset;
}

static enum uvt_ctf_step tell_loss(struct uvt_ctf_stream *stream)
{
  stream->time = since_epoch(stream, stream->losses[stream->losses_told++].from);
  return UVT_CTF_AT_LOSS;
}

/* At the end of what the window has, or of a packet. */
static enum uvt_ctf_step go_on(struct uvt_ctf_stream *stream)
{
  size_t held = (size_t)(stream->limit - stream->cursor);
  switch (fill_window(stream, cursor_offset(stream), held)) {
  case FILLED:
    return UVT_CTF_AT_RECORD;
  case NO_WINDOW:
    return UVT_CTF_SURPRISE;
  case NOTHING_MORE:
    break;
  }
  if (held) /* an event that its packet does not hold whole */
    return UVT_CTF_SURPRISE;
  if (stream->next_packet == stream->file.size)
    return UVT_CTF_AT_END;
  return open_packet(stream) ? UVT_CTF_AT_RECORD : UVT_CTF_SURPRISE;
}

static enum uvt_ctf_step next_step(struct uvt_ctf_stream *stream)
{
  for (;;) {
    if (stream->losses_told < stream->losses_count)
      return tell_loss(stream);
    switch (stream->cursor < stream->limit ? read_event(stream) : EVENT_CUT) {
    case EVENT_OURS:
      stream->time = stream->record.time = since_epoch(stream, stream->clock);
      stream->record.monotonic = stream->clock;
      return UVT_CTF_AT_RECORD;
    case EVENT_FOREIGN:
      break;
    case EVENT_ODD:
      return UVT_CTF_SURPRISE;
    case EVENT_CUT: {
      enum uvt_ctf_step step = go_on(stream);
      if (step != UVT_CTF_AT_RECORD)
        return step;
      break;
    }
    }
  }
}

enum uvt_ctf_step uvt_ctf_stream_next(struct uvt_ctf_stream *stream)
{
  return stream->step = next_step(stream);
}

void uvt_ctf_stream_give(const struct uvt_ctf_stream *stream, struct uvt_trace_reading *reading)
{
  if (stream->step == UVT_CTF_AT_RECORD) {
    uvt_trace_give(reading, &stream->record);
    return;
  }
  const struct uvt_ctf_loss *loss = &stream->losses[stream->losses_told - 1];
  uvt_trace_give_loss(reading, &stream->origin, loss->count, stream->time, since_epoch(stream, loss->to));
}

bool uvt_ctf_stream_open(struct uvt_ctf_stream *stream, const struct uvt_ctf_layout *layout, const char *path)
{
  char absolute[PATH_MAX];
  *stream = (struct uvt_ctf_stream){.layout = layout, .file.file = -1};
  if (!uvt_trace_file_open(path, &stream->file)) {
    stream->file.file = -1;
    return false;
  }
  stream->origin =
      uvt_trace_origin(layout->host, layout->session, realpath(path, absolute) ? absolute : path);
  stream->record.host = stream->origin.host;
  stream->record.session = stream->origin.session;
  stream->record.by_record = stream->origin.by_record;
  stream->record.own_session = stream->origin.own_session;
  return has_room(stream, 0) && (stream->file.size == 0 || open_packet(stream));
}

void uvt_ctf_stream_close(struct uvt_ctf_stream *stream)
{
  if (stream->file.file >= 0)
    close(stream->file.file);
  free(stream->window);
}

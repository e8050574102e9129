/* SPDX-License-Identifier: MIT */
/*
 * A babeltrace2 graph: one source component a trace, and one sink, ours, with an input port for each data
 * stream. The sink merges the streams by time itself. utils.muxer would do that, but more slowly, and one
 * damaged stream would end all of them.
 */
#define _GNU_SOURCE /* pipe2 */
#include "trace_babeltrace.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <babeltrace2/babeltrace.h>

#include "merge.h"
#include "stream/types.h"
#include "trace_folder.h"
#include "trace_salvage.h"
#include "trace_schema.h"

/* How long to wait when a live session has nothing new. */
#define LIVE_PAUSE_NS 50000000L

/* ---- Decoding: a plan for each event class, made when it is first met ---- */

enum fetch {
  FETCH_UNSIGNED,
  FETCH_SIGNED,
  FETCH_ENUM_UNSIGNED,
  FETCH_ENUM_SIGNED,
  FETCH_STRING,
  FETCH_SEQUENCE
};

struct step {
  uint8_t fetch;
  uint8_t size;
  uint16_t offset;
  uint32_t member;      /* index in the event's payload */
  uint8_t *enumerators; /* FETCH_ENUM_*: the trace's numbers to ours; 256 of them */
  uint64_t *numbers;    /* FETCH_SEQUENCE: the last one's; UVT_SEQUENCE_MAX of them */
};

struct decoder {
  const bt_event_class *class; /* a reference, so that the address stays its own */
  int kind;                    /* enum uvt_record_kind, or -1: an event of another provider */
  bool has_clock;
  size_t steps_count;
  struct step steps[UVT_SCHEMA_FIELDS_MAX];
};

struct stream {
  const bt_stream *stream; /* what the rest is about; compared, not dereferenced */
  struct uvt_trace_origin origin;
  bool ours; /* has events of our provider */
};

/* One data stream of the trace (a live session has one for everything). */
struct input {
  bt_message_iterator *iterator; /* NULL once it has ended */
  bt_message_array_const messages;
  uint64_t count, next;          /* messages[next..count) are ours to release */
  int64_t time;                  /* of messages[next]; INT64_MIN: not known */
  const struct decoder *decoder; /* of messages[next], where it is an event */
  struct stream current;
  uint64_t told_before; /* of the losses to come: LTTng's count went down after it had been told */
};

struct reader {
  struct uvt_trace_reading *reading;
  bool live; /* a session's URL, no folders */
  bool damaged;
  struct decoder **decoders; /* hash table by class address */
  size_t decoders_count, decoders_capacity;
  struct input *inputs;
  size_t inputs_count;
  struct uvt_merge merge;        /* by index of inputs */
  struct uvt_trace_folders made; /* copies of damaged traces */
};

/* Takes what babeltrace2 says went wrong: the first cause is the one nearest to the trouble. */
static void take_error(struct uvt_error *error, const char *where, const char *what)
{
  const bt_error *cause = bt_current_thread_take_error();
  const char *message = "no reason given";
  if (cause && bt_error_get_cause_count(cause))
    message = bt_error_cause_get_message(bt_error_borrow_cause_by_index(cause, 0));
  uvt_error_set(error, "%s%s%s", where, what, message);
  if (cause)
    bt_error_release(cause);
}

static void map_enumerator(struct step *step, const struct uvt_schema_field *field, const char *label,
                           int64_t low, int64_t high)
{
  uint8_t ours = field->enumerator(label);
  for (int64_t number = low < 0 ? 0 : low; number <= high && number < 256; number++)
    step->enumerators[number] = ours;
}

static void map_unsigned(struct step *step, const struct uvt_schema_field *field, const bt_field_class *class)
{
  for (uint64_t i = 0; i < bt_field_class_enumeration_get_mapping_count(class); i++) {
    const bt_field_class_enumeration_unsigned_mapping *mapping =
        bt_field_class_enumeration_unsigned_borrow_mapping_by_index_const(class, i);
    const char *label = bt_field_class_enumeration_mapping_get_label(
        bt_field_class_enumeration_unsigned_mapping_as_mapping_const(mapping));
    const bt_integer_range_set_unsigned *ranges =
        bt_field_class_enumeration_unsigned_mapping_borrow_ranges_const(mapping);
    uint64_t count =
        bt_integer_range_set_get_range_count(bt_integer_range_set_unsigned_as_range_set_const(ranges));
    for (uint64_t r = 0; r < count; r++) {
      const bt_integer_range_unsigned *range =
          bt_integer_range_set_unsigned_borrow_range_by_index_const(ranges, r);
      uint64_t low = bt_integer_range_unsigned_get_lower(range),
               high = bt_integer_range_unsigned_get_upper(range);
      if (low < 256)
        map_enumerator(step, field, label, (int64_t)low, high < 256 ? (int64_t)high : 255);
    }
  }
}

static void map_signed(struct step *step, const struct uvt_schema_field *field, const bt_field_class *class)
{
  for (uint64_t i = 0; i < bt_field_class_enumeration_get_mapping_count(class); i++) {
    const bt_field_class_enumeration_signed_mapping *mapping =
        bt_field_class_enumeration_signed_borrow_mapping_by_index_const(class, i);
    const char *label = bt_field_class_enumeration_mapping_get_label(
        bt_field_class_enumeration_signed_mapping_as_mapping_const(mapping));
    const bt_integer_range_set_signed *ranges =
        bt_field_class_enumeration_signed_mapping_borrow_ranges_const(mapping);
    uint64_t count =
        bt_integer_range_set_get_range_count(bt_integer_range_set_signed_as_range_set_const(ranges));
    for (uint64_t r = 0; r < count; r++) {
      const bt_integer_range_signed *range =
          bt_integer_range_set_signed_borrow_range_by_index_const(ranges, r);
      map_enumerator(step, field, label, bt_integer_range_signed_get_lower(range),
                     bt_integer_range_signed_get_upper(range));
    }
  }
}

static bool plan_sequence(struct step *step, const bt_field_class *class)
{
  step->fetch = FETCH_SEQUENCE;
  if (!bt_field_class_type_is(bt_field_class_get_type(class), BT_FIELD_CLASS_TYPE_DYNAMIC_ARRAY) ||
      !bt_field_class_type_is(
          bt_field_class_get_type(bt_field_class_array_borrow_element_field_class_const(class)),
          BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
    return false;
  step->numbers = malloc(UVT_SEQUENCE_MAX * sizeof *step->numbers);
  return step->numbers != NULL;
}

/* How to fetch a field of that class as what the schema says it is; false: it is something else, and stays 0.
 */
static bool plan_step(struct step *step, const struct uvt_schema_field *field, const bt_field_class *class)
{
  bt_field_class_type type = bt_field_class_get_type(class);
  step->size = field->size;
  step->offset = field->offset;
  if (field->kind == UVT_FIELD_STR) {
    step->fetch = FETCH_STRING;
    return type == BT_FIELD_CLASS_TYPE_STRING;
  }
  if (field->kind == UVT_FIELD_SEQ)
    return plan_sequence(step, class);
  if (field->kind == UVT_FIELD_INT) {
    bool is_signed = bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER);
    step->fetch = is_signed ? FETCH_SIGNED : FETCH_UNSIGNED;
    return is_signed || bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER);
  }
  if (!bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ENUMERATION))
    return false;
  step->enumerators = malloc(256);
  if (!step->enumerators)
    return false;
  memset(step->enumerators, UVT_UNKNOWN_ENUMERATOR, 256);
  if (type == BT_FIELD_CLASS_TYPE_UNSIGNED_ENUMERATION) {
    step->fetch = FETCH_ENUM_UNSIGNED;
    map_unsigned(step, field, class);
  } else {
    step->fetch = FETCH_ENUM_SIGNED;
    map_signed(step, field, class);
  }
  return true;
}

static void plan_steps(struct decoder *decoder, const bt_event_class *class)
{
  const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(class);
  struct uvt_schema_event event = uvt_schema_event((enum uvt_record_kind)decoder->kind);
  if (!payload)
    return;
  for (uint64_t m = 0; m < bt_field_class_structure_get_member_count(payload); m++) {
    const bt_field_class_structure_member *member =
        bt_field_class_structure_borrow_member_by_index_const(payload, m);
    const char *name = bt_field_class_structure_member_get_name(member);
    for (size_t f = 0; f < event.count && decoder->steps_count < UVT_SCHEMA_FIELDS_MAX; f++) {
      struct step *step = &decoder->steps[decoder->steps_count];
      if (strcmp(name, event.fields[f].name))
        continue;
      step->member = (uint32_t)m;
      if (plan_step(step, &event.fields[f], bt_field_class_structure_member_borrow_field_class_const(member)))
        decoder->steps_count++;
    }
  }
}

static int kind_of_class(const bt_event_class *class)
{
  return uvt_schema_kind(bt_event_class_get_name(class));
}

static struct decoder *make_decoder(const bt_event_class *class)
{
  struct decoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder)
    return NULL;
  decoder->class = class;
  bt_event_class_get_ref(class);
  decoder->kind = kind_of_class(class);
  decoder->has_clock = bt_stream_class_borrow_default_clock_class_const(
                           bt_event_class_borrow_stream_class_const(class)) != NULL;
  if (decoder->kind >= 0)
    plan_steps(decoder, class);
  return decoder;
}

static void free_decoder(struct decoder *decoder)
{
  for (size_t i = 0; i < decoder->steps_count; i++) {
    free(decoder->steps[i].enumerators);
    free(decoder->steps[i].numbers);
  }
  bt_event_class_put_ref(decoder->class);
  free(decoder);
}

static struct decoder **decoder_slot(struct decoder **table, size_t capacity, const bt_event_class *class)
{
  size_t i = (size_t)((uintptr_t) class >> 4) & (capacity - 1);
  while (table[i] && table[i]->class != class)
    i = (i + 1) & (capacity - 1);
  return &table[i];
}

static int grow_decoders(struct reader *reader)
{
  size_t capacity = reader->decoders_capacity ? reader->decoders_capacity * 2 : 64;
  struct decoder **table = calloc(capacity, sizeof *table);
  if (!table)
    return -ENOMEM;
  for (size_t i = 0; i < reader->decoders_capacity; i++) {
    if (reader->decoders[i])
      *decoder_slot(table, capacity, reader->decoders[i]->class) = reader->decoders[i];
  }
  free(reader->decoders);
  reader->decoders = table;
  reader->decoders_capacity = capacity;
  return 0;
}

static const struct decoder *find_decoder(struct reader *reader, const bt_event_class *class)
{
  if (reader->decoders_count * 2 >= reader->decoders_capacity && grow_decoders(reader))
    return NULL;
  struct decoder **slot = decoder_slot(reader->decoders, reader->decoders_capacity, class);
  if (!*slot) {
    *slot = make_decoder(class);
    reader->decoders_count += *slot != NULL;
  }
  return *slot;
}

/* A longer one than schema.h allows is cut. */
static struct uvt_sequence fetch_sequence(const struct step *step, const bt_field *field)
{
  uint64_t count = bt_field_array_get_length(field);
  if (count > UVT_SEQUENCE_MAX)
    count = UVT_SEQUENCE_MAX;
  for (uint64_t i = 0; i < count; i++)
    step->numbers[i] =
        bt_field_integer_unsigned_get_value(bt_field_array_borrow_element_field_by_index_const(field, i));
  return (struct uvt_sequence){step->numbers, (uint32_t)count};
}

static void fetch_field(const struct step *step, const bt_field *field, char *record)
{
  char *target = record + step->offset;
  uint64_t number;
  switch ((enum fetch)step->fetch) {
  case FETCH_STRING: {
    /* Of an empty string babeltrace2 2.0 leaves the value of the field's former use in its buffer. */
    const char *string = bt_field_string_get_length(field) ? bt_field_string_get_value(field) : "";
    memcpy(target, &string, sizeof string);
    return;
  }
  case FETCH_SEQUENCE: {
    struct uvt_sequence sequence = fetch_sequence(step, field);
    memcpy(target, &sequence, sizeof sequence);
    return;
  }
  case FETCH_ENUM_UNSIGNED:
    number = bt_field_integer_unsigned_get_value(field);
    *(uint8_t *)target = number < 256 ? step->enumerators[number] : UVT_UNKNOWN_ENUMERATOR;
    return;
  case FETCH_ENUM_SIGNED:
    number = (uint64_t)bt_field_integer_signed_get_value(field);
    *(uint8_t *)target = number < 256 ? step->enumerators[number] : UVT_UNKNOWN_ENUMERATOR;
    return;
  case FETCH_SIGNED:
    number = (uint64_t)bt_field_integer_signed_get_value(field);
    break;
  default:
    number = bt_field_integer_unsigned_get_value(field);
    break;
  }
  switch (step->size) {
  case 8:
    memcpy(target, &number, 8);
    return;
  case 4: {
    uint32_t narrow = (uint32_t)number;
    memcpy(target, &narrow, 4);
    return;
  }
  case 2: {
    uint16_t narrow = (uint16_t)number;
    memcpy(target, &narrow, 2);
    return;
  }
  default:
    *(uint8_t *)target = (uint8_t)number;
  }
}

static void decode(const struct decoder *decoder, const bt_event *event, struct uvt_record *record)
{
  memset(&record->link, 0, sizeof *record - offsetof(struct uvt_record, link));
  record->kind = (enum uvt_record_kind)decoder->kind;
  const bt_field *payload = bt_event_borrow_payload_field_const(event);
  for (size_t i = 0; i < decoder->steps_count; i++) {
    const struct step *step = &decoder->steps[i];
    fetch_field(step, bt_field_structure_borrow_member_field_by_index_const(payload, step->member),
                (char *)record);
  }
}

/* ---- Streams ---- */

/* What the tracer wrote of itself into the trace, "" where it did not. */
static const char *environment(const bt_stream *stream, const char *key)
{
  const bt_value *value =
      bt_trace_borrow_environment_entry_value_by_name_const(bt_stream_borrow_trace_const(stream), key);
  return value && bt_value_is_string(value) ? bt_value_string_get(value) : "";
}

static bool has_our_events(const bt_stream_class *class)
{
  for (uint64_t i = 0; i < bt_stream_class_get_event_class_count(class); i++) {
    if (kind_of_class(bt_stream_class_borrow_event_class_by_index_const(class, i)) >= 0)
      return true;
  }
  return false;
}

static void use_stream(struct input *input, const bt_stream *stream)
{
  if (input->current.stream == stream)
    return;
  input->current.stream = stream;
  input->current.origin = uvt_trace_origin(environment(stream, "hostname"), environment(stream, "trace_name"),
                                           bt_stream_get_name(stream));
  input->current.ours = has_our_events(bt_stream_borrow_class_const(stream));
}

/* LTTng-UST's clock is CLOCK_MONOTONIC, in ns. */
static uint64_t clock_value(const bt_message *message)
{
  return bt_clock_snapshot_get_value(bt_message_event_borrow_default_clock_snapshot_const(message));
}

static void give_event(struct reader *reader, struct input *input, const bt_message *message)
{
  const bt_event *event = bt_message_event_borrow_event_const(message);
  const struct decoder *decoder = input->decoder;
  if (!decoder || decoder->kind < 0)
    return;
  use_stream(input, bt_event_borrow_stream_const(event));
  struct uvt_record record;
  decode(decoder, event, &record);
  record.time = input->time;
  record.monotonic = decoder->has_clock ? clock_value(message) : 0;
  record.host = input->current.origin.host;
  record.session = input->current.origin.session;
  record.by_record = input->current.origin.by_record;
  record.own_session = input->current.origin.own_session;
  uvt_trace_give(reader->reading, &record);
}

static int64_t snapshot_time(const bt_clock_snapshot *snapshot, int64_t otherwise)
{
  int64_t time;
  if (!snapshot || bt_clock_snapshot_get_ns_from_origin(snapshot, &time) !=
                       BT_CLOCK_SNAPSHOT_GET_NS_FROM_ORIGIN_STATUS_OK) {
    bt_current_thread_clear_error();
    return otherwise;
  }
  return time;
}

/*
 * LTTng-UST 2.13 may close a packet with an older count of what was discarded, even 0; the one after it has
 * the right one again. babeltrace2 takes the difference, modulo 2^64.
 */
static uint64_t correct_discarded(struct input *input, uint64_t count)
{
  if (count > INT64_MAX) {
    input->told_before -= count;
    return 0;
  }
  uint64_t told = count < input->told_before ? count : input->told_before;
  input->told_before -= told;
  return count - told;
}

static void give_discarded_events(struct reader *reader, struct input *input, const bt_message *message)
{
  const bt_stream *stream = bt_message_discarded_events_borrow_stream_const(message);
  use_stream(input, stream);
  if (!input->current.ours)
    return;
  uint64_t count;
  if (bt_message_discarded_events_get_count(message, &count) != BT_PROPERTY_AVAILABILITY_AVAILABLE)
    count = UINT64_MAX;
  else if (!(count = correct_discarded(input, count)))
    return;
  int64_t to = input->time;
  if (bt_stream_class_discarded_events_have_default_clock_snapshots(bt_stream_borrow_class_const(stream)))
    to = snapshot_time(bt_message_discarded_events_borrow_end_default_clock_snapshot_const(message), to);
  uvt_trace_give_loss(reader->reading, &input->current.origin, count, input->time, to);
}

static void give_discarded_packets(struct reader *reader, struct input *input, const bt_message *message)
{
  const bt_stream *stream = bt_message_discarded_packets_borrow_stream_const(message);
  use_stream(input, stream);
  if (!input->current.ours)
    return;
  int64_t to = input->time;
  if (bt_stream_class_discarded_packets_have_default_clock_snapshots(bt_stream_borrow_class_const(stream)))
    to = snapshot_time(bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(message), to);
  uvt_trace_give_loss(reader->reading, &input->current.origin, UINT64_MAX, input->time, to);
}

/* The time by which the input's next message is merged; that of the one before for a message that has none.
 */
static int64_t next_time(struct reader *reader, struct input *input)
{
  const bt_message *message = input->messages[input->next];
  switch (bt_message_get_type(message)) {
  case BT_MESSAGE_TYPE_EVENT:
    input->decoder =
        find_decoder(reader, bt_event_borrow_class_const(bt_message_event_borrow_event_const(message)));
    if (!input->decoder || !input->decoder->has_clock)
      return input->time;
    return snapshot_time(bt_message_event_borrow_default_clock_snapshot_const(message), input->time);
  case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
    if (!bt_stream_class_discarded_events_have_default_clock_snapshots(
            bt_stream_borrow_class_const(bt_message_discarded_events_borrow_stream_const(message))))
      return input->time;
    return snapshot_time(bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(message),
                         input->time);
  case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
    if (!bt_stream_class_discarded_packets_have_default_clock_snapshots(
            bt_stream_borrow_class_const(bt_message_discarded_packets_borrow_stream_const(message))))
      return input->time;
    return snapshot_time(bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(message),
                         input->time);
  case BT_MESSAGE_TYPE_MESSAGE_ITERATOR_INACTIVITY:
    return snapshot_time(bt_message_message_iterator_inactivity_borrow_clock_snapshot_const(message),
                         input->time);
  default:
    return input->time;
  }
}

/* Streams are in order of time; a damaged one that is not must not bring the others out of order. */
static void look_ahead(struct reader *reader, struct input *input)
{
  int64_t time = next_time(reader, input);
  if (time > input->time)
    input->time = time;
}

static void give_message(struct reader *reader, struct input *input, const bt_message *message)
{
  switch (bt_message_get_type(message)) {
  case BT_MESSAGE_TYPE_EVENT:
    give_event(reader, input, message);
    return;
  case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
    give_discarded_events(reader, input, message);
    return;
  case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
    give_discarded_packets(reader, input, message);
    return;
  case BT_MESSAGE_TYPE_STREAM_BEGINNING:
    use_stream(input, bt_message_stream_beginning_borrow_stream_const(message));
    return;
  case BT_MESSAGE_TYPE_STREAM_END: /* another stream may come to lie at the same address */
    input->current.stream = NULL;
    return;
  default:
    return;
  }
}

/* ---- Merging ---- */

static void end_input(struct input *input)
{
  while (input->next < input->count)
    bt_message_put_ref(input->messages[input->next++]);
  if (input->iterator)
    bt_message_iterator_put_ref(input->iterator);
  input->iterator = NULL;
}

/* What follows in this stream cannot be read: say so, and go on with the others. */
static void abandon_input(struct reader *reader, struct input *input)
{
  if (reader->live)
    take_error(reader->reading->error, reader->reading->source, ": cannot be read: ");
  /* What babeltrace2 says of a damaged file is about its own insides. */
  uvt_error_set(reader->reading->error, "%s: damaged: one of its data streams cannot be read to the end",
                reader->reading->source);
  bt_current_thread_clear_error();
  reader->damaged = true;
  end_input(input);
  if (input->time != INT64_MIN)
    uvt_trace_give_loss(reader->reading, &input->current.origin, UINT64_MAX, input->time, input->time);
  else
    reader->reading->missing = true;
}

enum advance { HAS_MESSAGE, HAS_NOTHING_YET, HAS_ENDED };

static enum advance fetch_messages(struct reader *reader, struct input *input)
{
  input->count = input->next = 0;
  /* On some damage babeltrace2 2.0 leaves an error behind though it goes on, and then aborts over it. */
  bt_current_thread_clear_error();
  switch (bt_message_iterator_next(input->iterator, &input->messages, &input->count)) {
  case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
    return HAS_MESSAGE;
  case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
    return HAS_NOTHING_YET;
  case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
    end_input(input);
    return HAS_ENDED;
  default:
    input->count = 0;
    abandon_input(reader, input);
    return HAS_ENDED;
  }
}

/* Leaves the input with a message at hand, whose time is known. */
static enum advance advance_input(struct reader *reader, struct input *input)
{
  while (input->next == input->count) {
    enum advance state = fetch_messages(reader, input);
    if (state != HAS_MESSAGE)
      return state;
  }
  look_ahead(reader, input);
  return HAS_MESSAGE;
}

/* Gives messages of the earliest input until another one is earlier or it needs more from its iterator. */
static void give_run(struct reader *reader, struct input *input)
{
  size_t first = uvt_merge_first(&reader->merge), second = uvt_merge_second(&reader->merge);
  do {
    const bt_message *message = input->messages[input->next++];
    give_message(reader, input, message);
    bt_message_put_ref(message);
    if (input->next == input->count || reader->reading->stopped)
      return;
    look_ahead(reader, input);
  } while (!uvt_merge_is_earlier(&reader->merge, second, first));
}

static bt_component_class_sink_consume_method_status consume(bt_self_component_sink *self)
{
  struct reader *reader = bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
  if (reader->reading->stopped || !reader->merge.count)
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
  struct input *input = &reader->inputs[uvt_merge_first(&reader->merge)];
  bool time_known = input->next < input->count;
  if (reader->made.count && input->time != INT64_MIN) {
    /* All inputs have been read from, so all files are open: whatever ends this program, nothing is left
     * behind. */
    uvt_trace_salvage_remove(&reader->made);
  }
  switch (time_known ? HAS_MESSAGE : advance_input(reader, input)) {
  case HAS_NOTHING_YET:
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_AGAIN;
  case HAS_ENDED:
    uvt_merge_end_first(&reader->merge);
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
  case HAS_MESSAGE:
    /* A fresh batch may begin after what other inputs hold: look again before giving it. */
    if (time_known)
      give_run(reader, input);
    break;
  }
  uvt_merge_settle(&reader->merge);
  return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
}

/* ---- The graph ---- */

static bt_component_class_initialize_method_status
initialize(bt_self_component_sink *self, bt_self_component_sink_configuration *configuration,
           const bt_value *parameters, void *data)
{
  (void)configuration;
  (void)parameters;
  struct reader *reader = data;
  bt_self_component_set_data(bt_self_component_sink_as_self_component(self), reader);
  for (size_t i = 0; i < reader->inputs_count; i++) {
    char name[32];
    snprintf(name, sizeof name, "in%zu", i);
    if (bt_self_component_sink_add_input_port(self, name, NULL, NULL) != BT_SELF_COMPONENT_ADD_PORT_STATUS_OK)
      return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
  }
  return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

static bt_component_class_sink_graph_is_configured_method_status configured(bt_self_component_sink *self)
{
  struct reader *reader = bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
  for (size_t i = 0; i < reader->inputs_count; i++) {
    struct input *input = &reader->inputs[i];
    input->time = INT64_MIN;
    if (bt_message_iterator_create_from_sink_component(
            self, bt_self_component_sink_borrow_input_port_by_index(self, i), &input->iterator) ==
        BT_MESSAGE_ITERATOR_CREATE_FROM_SINK_COMPONENT_STATUS_OK) {
      uvt_merge_add(&reader->merge, i, &input->time);
      continue;
    }
    input->iterator = NULL;
    abandon_input(reader, input);
  }
  return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
}

/* A graph with its sources. */
struct sources {
  bt_graph *graph;
  const bt_component_class_source *class;
  bool live;
  const bt_component_source **components;
  size_t count;
  size_t outputs;
};

static bt_value *source_parameters(const struct sources *sources, const char *input)
{
  bt_value *parameters = bt_value_map_create(), *inputs = NULL;
  bool made = parameters &&
              bt_value_map_insert_empty_array_entry(parameters, "inputs", &inputs) ==
                  BT_VALUE_MAP_INSERT_ENTRY_STATUS_OK &&
              bt_value_array_append_string_element(inputs, input) == BT_VALUE_ARRAY_APPEND_ELEMENT_STATUS_OK;
  if (made && sources->live)
    made = bt_value_map_insert_string_entry(parameters, "session-not-found-action", "fail") ==
           BT_VALUE_MAP_INSERT_ENTRY_STATUS_OK;
  if (made)
    return parameters;
  bt_value_put_ref(parameters);
  return NULL;
}

/* Adds a component that reads that folder or URL; NULL with babeltrace2's error pending on this thread. */
static const bt_component_source *add_component(const struct sources *sources, const char *input)
{
  bt_value *parameters = source_parameters(sources, input);
  if (!parameters)
    return NULL;
  char name[32];
  snprintf(name, sizeof name, "source%zu", sources->count);
  const bt_component_source *component;
  bt_graph_add_component_status status = bt_graph_add_source_component(
      sources->graph, sources->class, name, parameters, BT_LOGGING_LEVEL_NONE, &component);
  bt_value_put_ref(parameters);
  return status == BT_GRAPH_ADD_COMPONENT_STATUS_OK ? component : NULL;
}

static int add_source(struct sources *sources, const char *input)
{
  const bt_component_source **components =
      realloc(sources->components, (sources->count + 1) * sizeof *components);
  if (!components)
    return -1;
  sources->components = components;
  const bt_component_source *component = add_component(sources, input);
  if (!component)
    return -1;
  bt_component_source_get_ref(component);
  components[sources->count++] = component;
  sources->outputs += bt_component_source_get_output_port_count(component);
  return 0;
}

/* Makes the graph anew: one to which a source could not be added is of no more use. */
static int add_sources(struct sources *sources, const struct uvt_trace_folders *inputs)
{
  sources->graph = bt_graph_create(0);
  int status = sources->graph ? 0 : -1;
  for (size_t i = 0; !status && i < inputs->count; i++)
    status = add_source(sources, inputs->paths[i]);
  return status;
}

static void clear_sources(struct sources *sources)
{
  for (size_t i = 0; i < sources->count; i++)
    bt_component_source_put_ref(sources->components[i]);
  free(sources->components);
  if (sources->graph)
    bt_graph_put_ref(sources->graph);
  *sources = (struct sources){.class = sources->class, .live = sources->live};
}

static int connect_sources(const struct sources *sources, const bt_component_sink *sink)
{
  uint64_t input = 0;
  for (size_t i = 0; i < sources->count; i++) {
    uint64_t outputs = bt_component_source_get_output_port_count(sources->components[i]);
    for (uint64_t o = 0; o < outputs; o++) {
      if (bt_graph_connect_ports(
              sources->graph,
              bt_component_source_borrow_output_port_by_index_const(sources->components[i], o),
              bt_component_sink_borrow_input_port_by_index_const(sink, input++),
              NULL) != BT_GRAPH_CONNECT_PORTS_STATUS_OK)
        return -1;
    }
  }
  return 0;
}

static int add_sink(struct reader *reader, const struct sources *sources)
{
  bt_component_class_sink *class = bt_component_class_sink_create("records", consume);
  const bt_component_sink *sink;
  if (!class)
    return -1;
  bt_component_class_sink_set_initialize_method(class, initialize);
  bt_component_class_sink_set_graph_is_configured_method(class, configured);
  bt_graph_add_component_status status = bt_graph_add_sink_component_with_initialize_method_data(
      sources->graph, class, "records", NULL, reader, BT_LOGGING_LEVEL_NONE, &sink);
  bt_component_class_sink_put_ref(class);
  if (status != BT_GRAPH_ADD_COMPONENT_STATUS_OK)
    return -1;
  return connect_sources(sources, sink);
}

static bt_graph_run_status run_until_end(struct reader *reader, const struct sources *sources)
{
  for (;;) {
    bt_graph_run_status status = bt_graph_run(sources->graph);
    if (status != BT_GRAPH_RUN_STATUS_AGAIN)
      return status;
    if (reader->reading->visitor->idle)
      reader->reading->visitor->idle(reader->reading->visitor);
    nanosleep(&(struct timespec){.tv_nsec = LIVE_PAUSE_NS}, NULL);
  }
}

static int run_graph(struct reader *reader, const struct sources *sources)
{
  reader->inputs_count = sources->outputs;
  reader->inputs = calloc(reader->inputs_count + 1, sizeof *reader->inputs);
  if (!uvt_merge_init(&reader->merge, reader->inputs_count) || !reader->inputs) {
    uvt_error_set(reader->reading->error, "%s: out of memory", reader->reading->source);
    return -1;
  }
  bool done = !add_sink(reader, sources) && run_until_end(reader, sources) == BT_GRAPH_RUN_STATUS_OK;
  for (size_t i = 0; i < reader->inputs_count; i++)
    end_input(&reader->inputs[i]);
  if (done)
    return 0;
  take_error(reader->reading->error, reader->reading->source, ": cannot be read: ");
  return -1;
}

/* ---- Inputs ---- */

/* CPU seconds for babeltrace2 to look at the frame of a trace. */
#define PROBE_SECONDS 60

/* The child's part: tries to open the inputs, and writes why that failed. Does not return. */
static void probe(const struct sources *sources, const struct uvt_trace_folders *inputs, int report)
{
  struct sources tried = {.class = sources->class};
  struct uvt_error why = {0};
  int nothing = open("/dev/null", O_WRONLY);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0});
  setrlimit(RLIMIT_CPU, &(struct rlimit){PROBE_SECONDS, PROBE_SECONDS});
  dup2(nothing, STDOUT_FILENO);
  dup2(nothing, STDERR_FILENO);
  if (!add_sources(&tried, inputs))
    _exit(0);
  take_error(&why, "", "");
  _exit(write(report, why.text, strlen(why.text)) < 0 ? 2 : 1);
}

/* Waits for the child; false with why where it did not end well. */
static bool probe_succeeded(pid_t child, int report, struct uvt_error *why)
{
  int status;
  ssize_t got = read(report, why->text, sizeof why->text - 1);
  why->text[got > 0 ? got : 0] = '\0';
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR)
      return true; /* somebody else has waited for it: then find out here */
  }
  if (WIFEXITED(status) && !WEXITSTATUS(status))
    return true;
  uvt_error_set(why, "babeltrace2 cannot cope with it");
  return false;
}

/*
 * Whether babeltrace2 opens the inputs. Its 2.0 aborts on some damage to metadata, and may run for ever on
 * other, so a child tries it first; other threads rest (trace_source.h).
 */
static bool is_accepted(const struct sources *sources, const struct uvt_trace_folders *inputs,
                        struct uvt_error *why)
{
  int report[2];
  if (pipe2(report, O_CLOEXEC))
    return true;
  pid_t child = fork();
  if (!child)
    probe(sources, inputs, report[1]);
  close(report[1]);
  bool accepted = child < 0 || probe_succeeded(child, report[0], why);
  close(report[0]);
  return accepted;
}

enum condition { SOUND, WITHOUT_INDEX, DAMAGED };

/* What to do with a folder; `why` is set where it is damaged. */
static enum condition condition_of(const struct sources *sources, const char *folder, struct uvt_error *why)
{
  const char *what;
  struct uvt_trace_folders one = {.paths = (char *[]){(char *)(uintptr_t)folder}, .count = 1};
  bool whole = uvt_trace_is_whole(folder, &what);
  if (what && !whole)
    uvt_error_set(why, "%s", what);
  if (!whole)
    return what ? DAMAGED : WITHOUT_INDEX;
  return is_accepted(sources, &one, why) ? SOUND : DAMAGED;
}

/* Adds the folder to the readable ones, or in its place copies of its streams that babeltrace2 accepts. */
static int add_readable(struct reader *reader, const struct sources *sources, const char *folder,
                        struct uvt_trace_folders *readable)
{
  struct uvt_error why = {0}, ignored = {0};
  struct uvt_trace_folders *made = &reader->made;
  enum condition condition = condition_of(sources, folder, &why);
  int status = 0;
  if (condition == SOUND)
    return uvt_trace_folders_add(readable, folder);
  if (condition == DAMAGED) {
    uvt_error_set(reader->reading->error, "%s: damaged, or no CTF trace: %s", folder, why.text);
    reader->damaged = reader->reading->missing = true;
  }
  size_t first = made->count;
  uvt_trace_salvage(folder, made);
  for (size_t i = first; !status && i < made->count; i++) {
    if (condition_of(sources, made->paths[i], &ignored) == SOUND)
      status = uvt_trace_folders_add(readable, made->paths[i]);
  }
  return status;
}

static int read_folders(struct reader *reader, struct sources *sources,
                        const struct uvt_trace_folders *inputs, bool whole)
{
  struct uvt_trace_folders readable = {0};
  struct uvt_error ignored = {0};
  int status = 0;
  bool sound = whole && is_accepted(sources, inputs, &ignored);
  for (size_t i = 0; !sound && !status && i < inputs->count; i++)
    status = add_readable(reader, sources, inputs->paths[i], &readable);
  if (!status)
    status = add_sources(sources, sound ? inputs : &readable);
  if (!status)
    status = run_graph(reader, sources);
  else
    take_error(reader->reading->error, reader->reading->source, ": cannot be read: ");
  uvt_trace_folders_free(&readable);
  uvt_trace_salvage_remove(&reader->made);
  return status;
}

static int read_session(struct reader *reader, struct sources *sources)
{
  struct uvt_trace_folders inputs = {0};
  int status = uvt_trace_folders_add(&inputs, reader->reading->source);
  if (!status)
    status = add_sources(sources, &inputs);
  if (!status)
    status = run_graph(reader, sources);
  else
    take_error(reader->reading->error, reader->reading->source, ": cannot be read: ");
  uvt_trace_folders_free(&inputs);
  return status;
}

static void free_reader(struct reader *reader)
{
  for (size_t i = 0; i < reader->decoders_capacity; i++) {
    if (reader->decoders[i])
      free_decoder(reader->decoders[i]);
  }
  free(reader->decoders);
  free(reader->inputs);
  uvt_merge_clear(&reader->merge);
}

int uvt_trace_babeltrace_read(struct uvt_trace_reading *reading, const struct uvt_trace_folders *folders,
                              bool whole)
{
  struct reader reader = {.reading = reading, .live = !folders};
  struct sources sources = {.live = !folders};
  const bt_plugin *plugin = NULL;
  int status = -1;
  bt_logging_set_global_level(BT_LOGGING_LEVEL_NONE);
  /* Only the system's plugins: what lies in a user's folder is not needed to read a trace. */
  if (bt_plugin_find("ctf", BT_FALSE, BT_FALSE, BT_TRUE, BT_TRUE, BT_FALSE, &plugin) ==
      BT_PLUGIN_FIND_STATUS_OK)
    sources.class =
        bt_plugin_borrow_source_component_class_by_name_const(plugin, sources.live ? "lttng-live" : "fs");
  if (!sources.class)
    uvt_error_set(reading->error, "babeltrace2's plugin \"ctf\" cannot be loaded");
  else
    status = folders ? read_folders(&reader, &sources, folders, whole) : read_session(&reader, &sources);
  clear_sources(&sources);
  bt_current_thread_clear_error();
  if (reader.damaged)
    status = -1;
  free_reader(&reader);
  if (plugin)
    bt_plugin_put_ref(plugin);
  return status;
}

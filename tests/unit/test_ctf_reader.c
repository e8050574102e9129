/* SPDX-License-Identifier: MIT */
/* Our own reader of traces, on traces made by hand: it reads what babeltrace2 reads, or leaves it to that. */
#define _GNU_SOURCE /* nftw */
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/ctf_layout.h"
#include "trace/trace_metadata.h"
#include "trace/trace_schema.h"
#include "trace/trace_source.h"

/* ---- Metadata, as LTTng-UST 2.13 writes it ---- */

#define EPOCH INT64_C(1700000000000000000)

static const char frame[] =
    "/* CTF 1.8 */\n\n"
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 16; align = 8; signed = false; } := uint16_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := unsigned long;\n"
    "typealias integer { size = 5; align = 1; signed = false; } := uint5_t;\n"
    "typealias integer { size = 27; align = 1; signed = false; } := uint27_t;\n"
    "trace {\n major = 1;\n minor = 8;\n uuid = \"00010203-0405-0607-0809-0a0b0c0d0e0f\";\n byte_order = "
    "le;\n"
    " packet.header := struct {\n  uint32_t magic;\n  uint8_t  uuid[16];\n  uint32_t stream_id;\n"
    "  uint64_t stream_instance_id;\n };\n};\n"
    "env {\n domain = \"ust\";\n tracer_name = \"lttng-ust\";\n tracer_major = 2;\n tracer_minor = 13;\n"
    " trace_name = \"uvtree-7\";\n hostname = \"somewhere\";\n};\n"
    "clock {\n name = \"monotonic\";\n uuid = \"405b4a54-ac13-4d06-a6ed-1412916d7d73\";\n"
    " description = \"Monotonic Clock\";\n freq = 1000000000; /* Frequency, in Hz */\n"
    " /* clock value offset from Epoch is: offset * (1/freq) */\n offset = 1700000000000000000;\n};\n"
    "typealias integer {\n size = 27; align = 1; signed = false;\n map = clock.monotonic.value;\n"
    "} := uint27_clock_monotonic_t;\n"
    "typealias integer {\n size = 32; align = 8; signed = false;\n map = clock.monotonic.value;\n"
    "} := uint32_clock_monotonic_t;\n"
    "typealias integer {\n size = 64; align = 8; signed = false;\n map = clock.monotonic.value;\n"
    "} := uint64_clock_monotonic_t;\n"
    "struct packet_context {\n uint64_clock_monotonic_t timestamp_begin;\n"
    " uint64_clock_monotonic_t timestamp_end;\n uint64_t content_size;\n uint64_t packet_size;\n"
    " uint64_t packet_seq_num;\n unsigned long events_discarded;\n uint32_t cpu_id;\n};\n"
    "struct event_header_compact {\n enum : uint5_t { compact = 0 ... 30, extended = 31 } id;\n variant <id> "
    "{\n"
    "  struct {\n   uint27_clock_monotonic_t timestamp;\n  } compact;\n"
    "  struct {\n   uint32_t id;\n   uint64_clock_monotonic_t timestamp;\n  } extended;\n } v;\n} align(8);\n"
    "struct event_header_large {\n enum : uint16_t { compact = 0 ... 65534, extended = 65535 } id;\n"
    " variant <id> {\n  struct {\n   uint32_clock_monotonic_t timestamp;\n  } compact;\n"
    "  struct {\n   uint32_t id;\n   uint64_clock_monotonic_t timestamp;\n  } extended;\n } v;\n} align(8);\n"
    "stream {\n id = 0;\n event.header := struct event_header_large;\n packet.context := struct "
    "packet_context;\n};\n";

#define INTEGER(size, sign, base) \
  "integer { size = " #size "; align = 8; signed = " #sign "; encoding = none; base = " #base "; }"
#define EVENT(name, id, stream, fields)                                                          \
  "event {\n name = \"" name "\";\n id = " #id ";\n stream_id = " #stream ";\n loglevel = 13;\n" \
  " fields := struct {\n" fields " };\n};\n"
#define LINK_FIELDS                                                                                        \
  INTEGER(32, 0, 10)                                                                                       \
  " _process;\n" INTEGER(64, 0, 10) " _execute_id;\n" INTEGER(                                             \
      64, 0, 10) " _link_id;\n"                                                                            \
                 "enum : " INTEGER(8, 0, 10) " {\n \"uv_fs_read\" = 2,\n \"nobody knows\" = 3 ... 5,\n } " \
                                             "_type;\n" INTEGER(8, 0, 10) " _flags;\n" INTEGER(            \
                                                 64, 1, 10) " _arg;\n"
#define END_FIELDS \
  INTEGER(32, 0, 10) " _process;\n" INTEGER(64, 0, 10) " _execute_id;\n" /* flags: none here */
#define DETAIL_FIELDS INTEGER(32, 0, 10) " _process;\n" INTEGER(64, 0, 10) " _link_id;\n string _text;\n"
#define STACK_FIELDS                                                                               \
  INTEGER(32, 0, 10)                                                                               \
  " _process;\n" INTEGER(32, 0, 10) " _stack;\n" INTEGER(32, 0, 10) " __frames_length;\n" INTEGER( \
      64, 0, 16) " _frames[ __frames_length ];\n"
#define FOREIGN_FIELDS                                     \
  INTEGER(16, 1, 10)                                       \
  " _x;\n" INTEGER(16, 0, 10) " __some_length;\n" INTEGER( \
      16, 1, 10) " _some[ __some_length ];\n"              \
                 "string _name;\n enum : " INTEGER(32, 0, 10) " { \"a\" = 0, } _kind;\n"

enum { LINK, END, DETAIL, STACK, FOREIGN, COMPACT_END = 300 };
static const char events[] =
    EVENT("uvtree:link", 0, 0, LINK_FIELDS) EVENT("uvtree:execute_end", 1, 0, END_FIELDS)
        EVENT("uvtree:detail", 2, 0, DETAIL_FIELDS) EVENT("uvtree:stack", 3, 0, STACK_FIELDS)
            EVENT("other:event", 4, 0, FOREIGN_FIELDS) EVENT("uvtree:link", 0, 1, LINK_FIELDS)
                EVENT("uvtree:execute_end", 300, 1,
                      END_FIELDS) "stream {\n id = 1;\n event.header := struct event_header_compact;\n "
                                  "packet.context := struct packet_context;\n"
                                  "};\n"; /* LTTng does so, too */

/* ---- Files ---- */

struct fixture {
  struct uvt_trace_visitor visitor;
  char folder[PATH_MAX / 2];
  char *told; /* every record that was given, as text */
  size_t told_size;
  FILE *teller;
  struct uvt_error error;
};

static FILE *create(const struct fixture *f, const char *name)
{
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", f->folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  return file;
}

static void write_number(FILE *file, uint64_t number, size_t size)
{
  assert_int_equal(fwrite(&number, 1, size, file), size);
}

static void write_uuid(FILE *file)
{
  for (uint64_t i = 0; i < 16; i++)
    write_number(file, i, 1);
}

static void write_metadata(const struct fixture *f, const char *text)
{
  FILE *file = create(f, "metadata");
  for (size_t size = strlen(text), piece; size; size -= piece, text += piece) {
    piece = size < 4000 ? size : 4000;
    write_number(file, 0x75D11D57, 4);
    write_uuid(file);
    write_number(file, 0, 4);
    write_number(file, 8 * (37 + piece), 4);
    write_number(file, 8 * 4096, 4);
    write_number(file, 0x0801000000, 5);
    assert_int_equal(fwrite(text, 1, piece, file), piece);
    for (size_t i = 37 + piece; i < 4096; i++)
      fputc(0, file);
  }
  fclose(file);
}

/* ---- Packets ---- */

struct packet {
  size_t used;
  unsigned char bytes[300000];
};

static void put(struct packet *packet, uint64_t number, size_t size)
{
  memcpy(packet->bytes + packet->used, &number, size);
  packet->used += size;
}

struct start {
  uint64_t class, instance, begin, end, number, discarded;
};

static void begin_packet(struct packet *packet, struct start start)
{
  packet->used = 0;
  put(packet, 0xC1FC1FC1, 4);
  for (uint64_t i = 0; i < 16; i++)
    put(packet, i, 1);
  put(packet, start.class, 4);
  put(packet, start.instance, 8);
  put(packet, start.begin, 8);
  put(packet, start.end, 8);
  put(packet, 0, 8); /* the sizes are known when it is written */
  put(packet, 0, 8);
  put(packet, start.number, 8);
  put(packet, start.discarded, 8);
  put(packet, 0, 4);
}

static void write_packet(struct packet *packet, FILE *file)
{
  uint64_t content = 8 * packet->used, whole = (packet->used + 4095) / 4096 * 4096 * 8;
  memcpy(packet->bytes + 48, &content, 8);
  memcpy(packet->bytes + 56, &whole, 8);
  memset(packet->bytes + packet->used, 0, (size_t)(whole - content) / 8);
  assert_int_equal(fwrite(packet->bytes, 1, (size_t)whole / 8, file), whole / 8);
}

static void put_large(struct packet *packet, uint64_t id, uint64_t time)
{
  put(packet, id, 2);
  put(packet, time, 4);
}

static void put_extended(struct packet *packet, uint64_t id, uint64_t time, bool is_large)
{
  put(packet, is_large ? 0xffff : 0xff, is_large ? 2 : 1);
  put(packet, id, 4);
  put(packet, time, 8);
}

static void put_link(struct packet *packet, uint64_t link_id, uint8_t type, int64_t arg)
{
  put(packet, 5, 4);
  put(packet, 3, 8);
  put(packet, link_id, 8);
  put(packet, type, 1);
  put(packet, 1, 1);
  put(packet, (uint64_t)arg, 8);
}

static void put_end(struct packet *packet, uint64_t execute_id)
{
  put(packet, 5, 4);
  put(packet, execute_id, 8);
}

static void put_detail(struct packet *packet, uint64_t link_id, size_t length)
{
  put(packet, 5, 4);
  put(packet, link_id, 8);
  for (size_t i = 0; i < length; i++)
    put(packet, 'a' + i % 26, 1);
  put(packet, 0, 1);
}

static void put_stack(struct packet *packet, uint32_t frames)
{
  put(packet, 5, 4);
  put(packet, 77, 4);
  put(packet, frames, 4);
  for (uint64_t i = 0; i < frames; i++)
    put(packet, 0xfedcba9876543210 + i, 8);
}

static void put_foreign(struct packet *packet)
{
  put(packet, 0xffff, 2);
  put(packet, 3, 2);
  put(packet, 0x010203040506, 6);
  put(packet, 'n', 1);
  put(packet, 0, 1);
  put(packet, 0, 4);
}

/* Everything that a stream with large headers can have; a text is longer than the reader's window. */
static void write_large_stream(const struct fixture *f, const char *name, uint64_t instance, uint64_t late)
{
  static struct packet packet;
  FILE *file = create(f, name);
  begin_packet(&packet, (struct start){0, instance, UINT64_C(0x1fffffff0), UINT64_C(0x9fffffff0), 0, 0});
  put_large(&packet, LINK, 0xfffffff0 + late);
  put_link(&packet, 9, 2, -2);
  put_large(&packet, END, 4 + late); /* its 32 bits have begun anew */
  put_end(&packet, 1);
  put_large(&packet, FOREIGN, 5 + late);
  put_foreign(&packet);
  put_extended(&packet, LINK, UINT64_C(0x800000000) + late, true);
  put_link(&packet, UINT64_C(1) << 40, 4, INT64_MAX);
  put_large(&packet, LINK, 1 + late);
  put_link(&packet, 10, 200, 0);
  put_large(&packet, DETAIL, 2 + late);
  put_detail(&packet, 11, 150000);
  put_large(&packet, DETAIL, 2 + late);
  put_detail(&packet, 12, 0);
  put_large(&packet, STACK, 3 + late);
  put_stack(&packet, 3);
  put_large(&packet, STACK, 3 + late);
  put_stack(&packet, 0);
  put_large(&packet, STACK, 4 + late);
  put_stack(&packet, UVT_STACK_FRAMES + 7);
  write_packet(&packet, file);
  begin_packet(&packet, (struct start){0, instance, UINT64_C(0xa00000000), UINT64_C(0xa00000100), 1, 17});
  write_packet(&packet, file);
  begin_packet(&packet, (struct start){0, instance, UINT64_C(0xb00000000), UINT64_C(0xb00000100), 4, 18});
  put_large(&packet, END, 0x10 + late);
  put_end(&packet, 2);
  write_packet(&packet, file);
  fclose(file);
}

static void write_compact_stream(const struct fixture *f, const char *name)
{
  static struct packet packet;
  FILE *file = create(f, name);
  begin_packet(&packet, (struct start){1, 0, UINT64_C(0x1fffffff8), UINT64_C(0xaffffff00), 7, 5});
  put(&packet, LINK | UINT64_C(0x7fffff8) << 5, 4);
  put_link(&packet, 20, 2, 1);
  put(&packet, LINK | UINT64_C(3) << 5, 4); /* its 27 bits have begun anew */
  put_link(&packet, 21, 2, 1);
  put_extended(&packet, COMPACT_END, UINT64_C(0x800000001), false);
  put_end(&packet, 6);
  write_packet(&packet, file);
  fclose(file);
}

/* ---- Reading ---- */

static void tell_field(FILE *teller, const struct uvt_record *record, const struct uvt_schema_field *field)
{
  const char *at = (const char *)record + field->offset;
  const struct uvt_sequence *sequence;
  uint64_t number = 0;
  fprintf(teller, " %s ", field->name);
  switch ((enum uvt_field_kind)field->kind) {
  case UVT_FIELD_STR:
    fprintf(teller, "%s", *(const char *const *)at ? *(const char *const *)at : "-");
    return;
  case UVT_FIELD_SEQ:
    sequence = (const struct uvt_sequence *)at;
    assert_int_equal((uintptr_t)sequence->at % _Alignof(uint64_t), 0);
    for (uint32_t i = 0; i < sequence->count; i++)
      fprintf(teller, "%" PRIx64 ",", sequence->at[i]);
    return;
  default:
    memcpy(&number, at, field->size);
    fprintf(teller, "%" PRIx64, number);
  }
}

static int tell(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  FILE *teller = ((struct fixture *)visitor)->teller;
  fprintf(teller, "%" PRId64 " %s %s %d ", record->time - EPOCH, record->host, record->session,
          record->own_session);
  if (record->kind == UVT_RECORD_discarded) {
    fprintf(teller, "discarded %" PRIu64 " %" PRId64 " %" PRId64 "\n", record->discarded.count,
            record->discarded.from - EPOCH, record->discarded.to - EPOCH);
    return 0;
  }
  struct uvt_schema_event event = uvt_schema_event(record->kind);
  fprintf(teller, "%s", event.name);
  for (size_t i = 0; i < event.count; i++)
    tell_field(teller, record, &event.fields[i]);
  fprintf(teller, "\n");
  return 0;
}

/* What that reader (NULL: as chosen) gives, as text that is the caller's; *status is its own. */
static char *read_with(struct fixture *f, const char *reader, int *status)
{
  char *told = NULL;
  size_t size;
  f->error.text[0] = '\0';
  f->teller = open_memstream(&told, &size);
  if (reader)
    setenv("UVTREE_READER", reader, 1);
  *status = uvt_trace_read(f->folder, &f->visitor, &f->error);
  unsetenv("UVTREE_READER");
  fclose(f->teller);
  return told;
}

/* Returns what both read; the caller's. */
static char *assert_same(struct fixture *f, const char *reader, int expected)
{
  int first, second;
  char *ours = read_with(f, reader, &first), *theirs = read_with(f, "babeltrace2", &second);
  assert_string_equal(ours, theirs);
  assert_int_equal(first, expected);
  assert_int_equal(second, expected);
  free(theirs);
  return ours;
}

static void assert_left_alone(struct fixture *f)
{
  int status;
  char *told = read_with(f, "direct", &status);
  assert_int_equal(status, -1);
  assert_non_null(strstr(f->error.text, "without babeltrace2"));
  free(told);
}

static int setup(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  f->visitor.record = tell;
  strcpy(f->folder, "/tmp/uvtree-test-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  *state = f;
  return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
  (void)status;
  (void)kind;
  (void)ftw;
  return remove(path);
}

static int teardown(void **state)
{
  struct fixture *f = *state;
  nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
  free(f);
  return 0;
}

static char *metadata(void)
{
  char *text = malloc(sizeof frame + sizeof events);
  assert_non_null(text);
  return strcat(strcpy(text, frame), events);
}

/* With the first such text changed. */
static void write_changed(const struct fixture *f, const char *from, const char *to)
{
  char *text = metadata(), *at = strstr(text, from), *changed = malloc(strlen(text) + strlen(to) + 1);
  assert_non_null(at);
  *at = '\0';
  strcat(strcat(strcpy(changed, text), to), at + strlen(from));
  write_metadata(f, changed);
  free(text);
  free(changed);
}

static void write_trace(const struct fixture *f)
{
  char *text = metadata();
  write_metadata(f, text);
  free(text);
  write_large_stream(f, "channel_0", 0, 0);
  write_large_stream(f, "channel_1", 1, 1);
  write_compact_stream(f, "other_0");
}

/* ---- Tests ---- */

static void test_all_kinds_of_fields_headers_and_losses(void **state)
{
  struct fixture *f = *state;
  write_trace(f);
  char *told = assert_same(f, "direct", 0);
  assert_non_null(strstr(told, "somewhere uvtree-7 1 link process 5 execute_id 3 link_id 9"));
  assert_non_null(strstr(told, "arg fffffffffffffffe\n"));
  assert_non_null(strstr(told, "frames fedcba9876543210,fedcba9876543211,fedcba9876543212,\n"));
  assert_non_null(
      strstr(told, "\n8589934596 somewhere uvtree-7 1 execute_end process 5 execute_id 1")); /* 2^33 + 4 */
  assert_non_null(strstr(told, "discarded 17 42949672944 42949673216\n"));
  assert_non_null(strstr(told, "discarded 1 42949673216 47244640512\n"));
  assert_non_null(strstr(told, "discarded 18446744073709551615 42949673216 47244640256\n"));
  assert_non_null(strstr(told, "discarded 18446744073709551615 8589934584 47244640000\n"));
  free(told);
}

/* A packet that was closed with an older count: nothing more was discarded, and nothing is told twice. */
static void test_a_count_of_losses_that_goes_down(void **state)
{
  static struct packet packet;
  static const uint64_t discarded[] = {18, 0, 18, 5, 25};
  struct fixture *f = *state;
  write_trace(f);
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/channel_1", f->folder);
  FILE *file = fopen(path, "a");
  for (uint64_t i = 0; i < sizeof discarded / sizeof *discarded; i++) {
    uint64_t begin = 0xc00000000 + i * 0x100;
    begin_packet(&packet, (struct start){0, 1, begin, begin + 0x100, 5 + i, discarded[i]});
    put_large(&packet, END, i * 0x100 + 0x20);
    put_end(&packet, 3);
    write_packet(&packet, file);
  }
  fclose(file);
  char *told = assert_same(f, "direct", 0);
  const char *first = strstr(told, "discarded 1 42949673216"),
             *second = strstr(told, "discarded 7 51539608576");
  assert_non_null(first);
  assert_non_null(second);
  assert_null(strstr(second + 1, "discarded"));
  free(told);
}

static void test_equal_times_come_in_the_order_of_the_streams(void **state)
{
  struct fixture *f = *state;
  write_trace(f);
  write_large_stream(f, "channel_1", 1, 0);
  write_large_stream(f, "channel_2", 2, 0);
  free(assert_same(f, "direct", 0));
}

/* Each makes of the trace one that LTTng does not write, or whose meaning we do not know. */
static const struct {
  const char *from, *to;
} changes[] = {
    {"byte_order = le", "byte_order = be"},
    {"minor = 8", "minor = 9"},
    {"tracer_minor = 13", "tracer_minor = 10"},
    {"tracer_name = \"lttng-ust\"", "tracer_name = \"lttng-two\""},
    {"domain = \"ust\"", "domain = \"kernel\""},
    {"hostname = \"somewhere\";", "hostname = \"somewhere\"; hostname = \"here\";"},
    {"hostname = \"somewhere\"", "hostname = \"some\\where\""},
    {"freq = 1000000000", "freq = 1000000"},
    {"offset = 17", "offset = 017"},
    {"offset = 17", "offset = 99"},
    {"size = 27; align = 1;", "size = 27; align = 8;"},
    {" uint32_t cpu_id;", " uint32_t cpu_id; uint32_t more;"},
    {"compact = 0 ... 65534", "compact = 0 ... 65533"},
    {"packet.context := struct packet_context;",
     "packet.context := struct packet_context; event.context := struct { };"},
    {"id = 1;\n event.header", "id = 0;\n event.header"},
    {"stream {\n id = 1", "streams {\n id = 1"},
    {"id = 3;\n stream_id", "id = 2;\n stream_id"},
    {"id = 3;\n stream_id = 0", "id = 3;\n stream_id = 2"}, /* which is not described */
    {"signed = 1; encoding = none; base = 10; } _arg", "signed = 2; encoding = none; base = 10; } _arg"},
    {"encoding = none; base = 10; } _arg", "encoding = UTF8; base = 10; } _arg"},
    {"size = 64; align = 8; signed = 1; encoding = none; base = 10; } _arg",
     "size = 32; align = 8; signed = 1; encoding = none; base = 10; } _arg"},
    {"align = 8; signed = 1; encoding = none; base = 10; } _arg",
     "align = 16; signed = 1; encoding = none; base = 10; } _arg"},
    {"_execute_id;", "_link_id;"},
    {"_process;\n", "process;\n"},
    {"\"nobody knows\" = 3 ... 5", "\"nobody knows\" = 2 ... 5"},
    {"string _text", "string { encoding = ASCII; } _text"},
    {"string _text", INTEGER(64, 0, 10) " _text"},
    {"_frames[ __frames_length ]", "_frames[ 3 ]"},
    {"_frames[ __frames_length ]", "_frames[ _stack ]"},
    {"_frames[ __frames_length ]", "_frames"},
    {"loglevel = 13;", "loglevel = 13; context := struct { };"},
    {"loglevel = 13;", "loglevel = 13; /* without an end"},
};

static void test_other_metadata_is_left_to_babeltrace2(void **state)
{
  struct fixture *f = *state;
  write_trace(f);
  free(assert_same(f, "direct", 0));
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    write_changed(f, changes[i].from, changes[i].to);
    assert_left_alone(f);
  }
}

/* Events with the largest ID, one in each of many streams: the text is small, and so is what is made of it.
 */
static void test_layout_takes_memory_by_the_text(void **state)
{
  (void)state;
  enum { STREAMS = 4000 };
  struct uvt_trace_metadata metadata = {.whole = true, .packed = true};
  struct uvt_ctf_layout layout;
  FILE *text = open_memstream(&metadata.text, &metadata.size);
  fputs(frame, text);
  for (int i = 0; i < STREAMS; i++)
    fprintf(text,
            "event {\n name = \"a:b\";\n id = 4095;\n stream_id = %d;\n loglevel = 13;\n fields := struct "
            "{\n };\n};\n",
            i);
  fclose(text);
  size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  bool read = uvt_ctf_layout_read(&layout, &metadata);
  size_t taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
  assert_false(read);
  assert_true(layout.count > 0); /* it came as far as the events */
  assert_in_range(taken, 0, 8 * metadata.size);
  uvt_ctf_layout_clear(&layout);
  free(metadata.text);
}

static void test_cut_metadata_is_left_to_babeltrace2(void **state)
{
  struct fixture *f = *state;
  write_trace(f);
  char *text = metadata();
  for (size_t size = strlen(text) - 2; size > 97; size -= 97) { /* the last byte is a newline */
    text[size] = '\0';
    if (strcmp(text + size - 4, " };\n") && strcmp(text + size - 3, "};\n")) {
      write_metadata(f, text);
      assert_left_alone(f);
    }
  }
  free(text);
}

static void test_two_files_of_one_stream_are_left_to_babeltrace2(void **state)
{
  struct fixture *f = *state;
  write_trace(f);
  write_large_stream(f, "channel_2", 1, 1);
  assert_left_alone(f);
}

/* Whatever is odd, and wherever: what babeltrace2 reads of it is what is given, and nothing twice. */
static void test_surprises_are_read_by_babeltrace2(void **state)
{
  static const struct {
    uint64_t id, time, begin, number, discarded;
    size_t left_out;
  } oddities[] = {
      {99, 0x30, 0xc00000000, 5, 18, 0},     /* no such event */
      {END, 0xfff, 0xc00000000, 5, 18, 0},   /* after the end of its packet */
      {END, 0x30, 0xc00000000, 4, 18, 0},    /* not the next packet */
      {END, 0x30, 0xb00000020, 5, 18, 0},    /* begins before the other ends */
      {END, 0x30, 0xc00000000, 5, 18, 3},    /* cut */
      {DETAIL, 0x30, 0xc00000000, 5, 18, 0}, /* a text without an end */
  };
  static struct packet packet;
  struct fixture *f = *state;
  for (size_t i = 0; i < sizeof oddities / sizeof *oddities; i++) {
    write_trace(f);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/channel_1", f->folder);
    FILE *file = fopen(path, "a");
    uint64_t begin = oddities[i].begin;
    begin_packet(&packet,
                 (struct start){0, 1, begin, begin + 0x100, oddities[i].number, oddities[i].discarded});
    put_large(&packet, END, 0x20);
    put_end(&packet, 3);
    put_large(&packet, oddities[i].id, oddities[i].time);
    put_end(&packet, UINT64_C(0x1111111111111111));
    packet.used -= oddities[i].left_out;
    write_packet(&packet, file);
    fclose(file);
    int status, expected;
    char *ours = read_with(f, NULL, &status), *theirs = read_with(f, "babeltrace2", &expected);
    assert_string_equal(ours, theirs);
    assert_int_equal(status, expected);
    assert_non_null(strstr(ours, "execute_end process 5 execute_id 2")); /* it was well on its way */
    free(ours);
    free(theirs);
    char *told = read_with(f, "direct", &status);
    assert_int_equal(status, -1);
    free(told);
  }
}

static void test_only_two_readers_are_known(void **state)
{
  struct fixture *f = *state;
  int status;
  write_trace(f);
  char *told = read_with(f, "third", &status);
  assert_int_equal(status, -1);
  assert_non_null(strstr(f->error.text, "UVTREE_READER: \"third\""));
  assert_string_equal(told, "");
  free(told);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(all_kinds_of_fields_headers_and_losses),
      TEST(a_count_of_losses_that_goes_down),
      TEST(equal_times_come_in_the_order_of_the_streams),
      TEST(other_metadata_is_left_to_babeltrace2),
      TEST(layout_takes_memory_by_the_text),
      TEST(cut_metadata_is_left_to_babeltrace2),
      TEST(two_files_of_one_stream_are_left_to_babeltrace2),
      TEST(surprises_are_read_by_babeltrace2),
      TEST(only_two_readers_are_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

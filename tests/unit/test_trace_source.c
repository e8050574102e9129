/* SPDX-License-Identifier: MIT */
/* Reads CTF traces that the test writes itself, with a plain layout of its own: the reader goes by names
 * alone. */
#define _GNU_SOURCE /* nftw */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
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

#include "stream/types.h"
#include "trace/trace_source.h"

/* 2020-01-01 in seconds: the offset of the traces' clock. */
#define EPOCH INT64_C(1577836800)
#define SECOND INT64_C(1000000000)

enum { LINK_ID, END_ID, FOREIGN_ID };

/* Types have other numbers than ours, fields another order and width, and one is new. */
static const char metadata_text[] =
    "/* CTF 1.8 */\n"
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "trace { major = 1; minor = 8; byte_order = le; packet.header := struct { uint32_t magic; uint32_t "
    "stream_id; }; };\n"
    "env { hostname = \"somewhere\"; };\n"
    "clock { name = c; freq = 1000000000; offset_s = 1577836800; };\n"
    "typealias integer { size = 64; align = 8; signed = false; map = clock.c.value; } := stamp_t;\n"
    "stream { id = 0; packet.context := struct { stamp_t timestamp_begin; stamp_t timestamp_end; uint64_t "
    "content_size;\n"
    "  uint64_t packet_size; uint64_t events_discarded; };\n"
    "  event.header := struct { uint8_t id; stamp_t timestamp; }; };\n"
    "event { name = \"uvtree:link\"; id = 0; stream_id = 0; fields := struct {\n"
    "  enum : uint8_t { \"uv_fs_read\" = 7, \"uv_from_the_future\" = 8 } type; uint8_t process; uint64_t "
    "news;\n"
    "  integer { size = 16; align = 8; signed = true; } arg; uint8_t link_id; uint64_t execute_id; }; };\n"
    "event { name = \"uvtree:execute_end\"; id = 1; stream_id = 0; fields := struct { uint8_t process; "
    "uint64_t execute_id; }; };\n"
    "event { name = \"other:link\"; id = 2; stream_id = 0; fields := struct { uint8_t process; }; };\n";

struct packet {
  uint8_t bytes[4096];
  size_t used;
};

static void put(struct packet *packet, uint64_t number, size_t size)
{
  memcpy(packet->bytes + packet->used, &number, size);
  packet->used += size;
}

static void begin_packet(struct packet *packet, uint64_t begin, uint64_t end, uint64_t discarded)
{
  packet->used = 0;
  put(packet, 0xC1FC1FC1, 4);
  put(packet, 0, 4);
  put(packet, begin, 8);
  put(packet, end, 8);
  put(packet, 0, 8); /* the sizes are known when it is written */
  put(packet, 0, 8);
  put(packet, discarded, 8);
}

static void put_link(struct packet *packet, uint64_t time, uint8_t type, int16_t arg)
{
  put(packet, LINK_ID, 1);
  put(packet, time, 8);
  put(packet, type, 1);
  put(packet, 5, 1);
  put(packet, 1234, 8);
  put(packet, (uint16_t)arg, 2);
  put(packet, 9, 1);
  put(packet, 3, 8);
}

static void put_end(struct packet *packet, uint64_t time, uint64_t execute_id)
{
  put(packet, END_ID, 1);
  put(packet, time, 8);
  put(packet, 5, 1);
  put(packet, execute_id, 8);
}

static void write_packet(struct packet *packet, FILE *file)
{
  uint64_t bits = 8 * packet->used;
  memcpy(packet->bytes + 24, &bits, 8);
  memcpy(packet->bytes + 32, &bits, 8);
  assert_int_equal(fwrite(packet->bytes, 1, packet->used, file), packet->used);
}

/* ---- The trace's folder ---- */

struct fixture {
  struct uvt_trace_visitor visitor;
  char folder[PATH_MAX / 2];
  struct uvt_record records[64];
  size_t count;
  size_t stop_at; /* 0: never */
  struct uvt_error error;
};

static int take(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  struct fixture *f = (struct fixture *)visitor;
  assert_in_range(f->count, 0, 63);
  f->records[f->count] = *record;
  if (record->host)
    assert_string_equal(record->host, "somewhere");
  return ++f->count == f->stop_at;
}

static FILE *create(const struct fixture *f, const char *name)
{
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", f->folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  return file;
}

static void write_metadata(const struct fixture *f, size_t size)
{
  FILE *file = create(f, "deep/trace/metadata");
  assert_int_equal(fwrite(metadata_text, 1, size, file), size);
  fclose(file);
}

static int setup(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  char path[PATH_MAX];
  f->visitor.record = take;
  strcpy(f->folder, "/tmp/uvtree-test-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  snprintf(path, sizeof path, "%s/deep", f->folder);
  mkdir(path, 0700);
  snprintf(path, sizeof path, "%s/deep/trace", f->folder);
  mkdir(path, 0700);
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

static int read_trace(struct fixture *f)
{
  f->count = 0;
  f->error.text[0] = '\0';
  return uvt_trace_read(f->folder, &f->visitor, &f->error);
}

/* Two streams that alternate: ends 1, 3, 5, ... in one and 2, 4, 6, ... in the other, at times 10, 20, 30,
 * ... */
static void write_alternating(const struct fixture *f, uint64_t ends)
{
  for (uint64_t stream = 0; stream < 2; stream++) {
    struct packet packet;
    FILE *file = create(f, stream ? "deep/trace/b" : "deep/trace/a");
    begin_packet(&packet, 0, 10 * ends, 0);
    for (uint64_t i = 1 + stream; i <= ends; i += 2)
      put_end(&packet, 10 * i, i);
    write_packet(&packet, file);
    fclose(file);
  }
}

/* ---- Tests ---- */

static void test_fields_are_found_by_name(void **state)
{
  struct fixture *f = *state;
  struct packet packet;
  write_metadata(f, sizeof metadata_text - 1);
  FILE *file = create(f, "deep/trace/a");
  begin_packet(&packet, 1, 100, 0);
  put_link(&packet, 10, 7, -2);
  put(&packet, FOREIGN_ID, 1);
  put(&packet, 15, 8);
  put(&packet, 1, 1);
  put_link(&packet, 20, 8, 1);
  write_packet(&packet, file);
  fclose(file);
  assert_int_equal(read_trace(f), 0);
  assert_int_equal(f->count, 2);
  const struct uvt_record *first = &f->records[0];
  assert_int_equal(first->kind, UVT_RECORD_link);
  assert_int_equal(first->time, EPOCH * SECOND + 10);
  assert_int_equal(first->link.process, 5);
  assert_int_equal(first->link.execute_id, 3);
  assert_int_equal(first->link.link_id, 9);
  assert_int_equal(first->link.arg, -2);
  assert_int_equal(first->link.flags, 0); /* this trace has none */
  assert_int_equal(first->link.type, UVT_TYPE_uv_fs_read);
  assert_int_equal(f->records[1].link.type, UVT_UNKNOWN_ENUMERATOR);
}

static void test_streams_are_merged_by_time(void **state)
{
  struct fixture *f = *state;
  write_metadata(f, sizeof metadata_text - 1);
  write_alternating(f, 40);
  assert_int_equal(read_trace(f), 0);
  assert_int_equal(f->count, 40);
  for (size_t i = 0; i < 40; i++)
    assert_int_equal(f->records[i].execute_end.execute_id, i + 1);
}

static void test_visitor_stops_the_reading(void **state)
{
  struct fixture *f = *state;
  write_metadata(f, sizeof metadata_text - 1);
  write_alternating(f, 40);
  f->stop_at = 7;
  assert_int_equal(read_trace(f), 0);
  assert_int_equal(f->count, 7);
}

static void test_discarded_events_are_told(void **state)
{
  struct fixture *f = *state;
  struct packet packet;
  write_metadata(f, sizeof metadata_text - 1);
  FILE *file = create(f, "deep/trace/a");
  begin_packet(&packet, 1, 100, 0);
  put_end(&packet, 10, 1);
  write_packet(&packet, file);
  begin_packet(&packet, 200, 300, 17);
  put_end(&packet, 210, 2);
  write_packet(&packet, file);
  fclose(file);
  assert_int_equal(read_trace(f), 0);
  assert_int_equal(f->count, 3);
  assert_int_equal(f->records[1].kind, UVT_RECORD_discarded);
  assert_int_equal(f->records[1].discarded.count, 17);
  assert_int_equal(f->records[1].discarded.from, EPOCH * SECOND + 100);
  assert_int_equal(f->records[1].discarded.to, EPOCH * SECOND + 300);
}

static void test_damaged_stream_ends_alone(void **state)
{
  struct fixture *f = *state;
  struct packet packet;
  write_metadata(f, sizeof metadata_text - 1);
  write_alternating(f, 20);
  FILE *file = create(f, "deep/trace/a");
  begin_packet(&packet, 1, 1000, 0);
  put_end(&packet, 10, 1);
  put(&packet, 99, 1); /* no such event */
  put_end(&packet, 50, 5);
  write_packet(&packet, file);
  fclose(file);
  assert_int_equal(read_trace(f), -1);
  assert_non_null(strstr(f->error.text, "damaged"));
  assert_int_equal(f->records[f->count - 1].execute_end.execute_id, 20);
  size_t ends = 0;
  for (size_t i = 0; i < f->count; i++)
    ends += f->records[i].kind == UVT_RECORD_execute_end;
  assert_int_equal(ends, 11);
  assert_int_equal(f->count, 12); /* and one that says that there was more */
}

static void test_no_events_of_ours_is_an_error(void **state)
{
  struct fixture *f = *state;
  struct packet packet;
  write_metadata(f, sizeof metadata_text - 1);
  FILE *file = create(f, "deep/trace/a");
  begin_packet(&packet, 1, 100, 0);
  put(&packet, FOREIGN_ID, 1);
  put(&packet, 15, 8);
  put(&packet, 1, 1);
  write_packet(&packet, file);
  fclose(file);
  assert_int_equal(read_trace(f), -1);
  assert_non_null(strstr(f->error.text, "no event of uvtree"));
}

static void test_bad_metadata_and_no_trace_are_errors(void **state)
{
  struct fixture *f = *state;
  assert_int_equal(read_trace(f), -1);
  assert_non_null(strstr(f->error.text, "no CTF trace in this folder"));
  write_metadata(f, 700);
  write_alternating(f, 4);
  assert_int_equal(read_trace(f), -1);
  assert_non_null(strstr(f->error.text, "damaged"));
  assert_null(strchr(f->error.text, '\n'));
  strcat(f->folder, "/nowhere");
  assert_int_equal(read_trace(f), -1);
  assert_non_null(strstr(f->error.text, "No such file or directory"));
  *strrchr(f->folder, '/') = '\0';
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(fields_are_found_by_name),
      TEST(streams_are_merged_by_time),
      TEST(visitor_stops_the_reading),
      TEST(discarded_events_are_told),
      TEST(damaged_stream_ends_alone),
      TEST(no_events_of_ours_is_an_error),
      TEST(bad_metadata_and_no_trace_are_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

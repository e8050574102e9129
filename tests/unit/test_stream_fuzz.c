/* SPDX-License-Identifier: MIT */
/*
 * Streams that are damaged at random, but the same way each time, go through the reader, the checker, the
 * tree and all that answers questions: whatever they hold, nothing may crash, hang or be reported by a
 * sanitizer. Run it under those.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "costs/requests_out.h"
#include "costs/stats.h"
#include "stream/stream_reader.h"
#include "tree/path.h"
#include "tree/tree.h"

enum { ROUNDS_BYTES = 20, ROUNDS_LINES = 30 };

static uint64_t random_state = 20240217;

static uint64_t next_random(uint64_t below)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % below;
}

static void read_into(const char *text, size_t size, struct uvt_sink *sink)
{
  FILE *file = fmemopen((void *)text, size ? size : 1, "r");
  assert_non_null(file);
  struct uvt_error error = {0};
  if (uvt_stream_read(file, "fuzz", sink, NULL, &error) != 0)
    assert_true(error.text[0]);
  sink->end(sink);
  fclose(file);
}

static void check_stream(const char *text, size_t size, FILE *out)
{
  struct uvt_check *check = uvt_check_create(0);
  assert_non_null(check);
  read_into(text, size, uvt_check_sink(check));
  uvt_check_report_print(uvt_check_findings(check), out, 1000);
  uvt_check_destroy(check);
}

static void print_trees(struct uvt_tree *tree, FILE *out)
{
  const struct uvt_tree_view views[] = {
      {.width = 80},
      {.width = 40, .full = true, .colour = true},
      {.width = 80, .ascii = true, .pending = true, .depth = 3},
      {.width = 100, .type = "uv_*", .under = 1 + next_random(4)},
  };
  for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
    struct uvt_error error = {0};
    uvt_tree_print_text(tree, &views[i], out, &error);
    uvt_tree_print_json(tree, &views[i], out, &error);
  }
}

static void build_trees(const char *text, size_t size, FILE *out)
{
  const struct uvt_tree_moment moments[] = {
      {0}, {.has_at = true, .at = next_random(20000)}, {.index = 1 + next_random(10)}};
  for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
    struct uvt_tree *tree = uvt_tree_create(&moments[i]);
    assert_non_null(tree);
    read_into(text, size, uvt_tree_sink(tree));
    print_trees(tree, out);
    uvt_tree_destroy(tree);
  }
}

static void tell_stats(const char *text, size_t size, FILE *out)
{
  const struct uvt_stats_options options = {.from = next_random(5000), .to = 5000 + next_random(20000)};
  const struct uvt_stats_view view = {.width = 60, .ascii = true};
  struct uvt_stats *stats = uvt_stats_create(&options);
  struct uvt_error error = {0};
  assert_non_null(stats);
  read_into(text, size, uvt_stats_sink(stats));
  uvt_stats_print_text(stats, &view, out, &error);
  uvt_stats_print_json(stats, out, &error);
  uvt_stats_destroy(stats);
}

/* Whatever the stream says, the parts of a request sum up to its wall time. */
static int take_request(void *user, struct uvt_request *request)
{
  struct uvt_request *const rows[] = {request};
  const struct uvt_requests_view view = {.width = 120};
  struct uvt_requests_totals totals = {0};
  uint64_t sum = 0;
  for (size_t i = 0; i < UVT_SPENT_KINDS; i++)
    sum += request->parts[i];
  assert_true(sum == request->wall);
  assert_int_equal(uvt_requests_totals_add(&totals, request), 0);
  uvt_requests_print_text(rows, 1, &totals, &view, user);
  uvt_requests_print_csv(request, user);
  uvt_requests_print_json(request, true, user);
  uvt_requests_totals_clear(&totals);
  uvt_request_free(request);
  return 0;
}

static void tell_requests(const char *text, size_t size, FILE *out)
{
  struct uvt_requests *requests = uvt_requests_create(take_request, out);
  assert_non_null(requests);
  read_into(text, size, uvt_requests_sink(requests));
  uvt_requests_destroy(requests);
}

static void tell_paths(const char *text, size_t size, FILE *out)
{
  const struct uvt_tree_moment whole = {0};
  const struct uvt_path_view view = {.width = 40, .depth = 3};
  struct uvt_tree *tree = uvt_tree_create(&whole);
  assert_non_null(tree);
  read_into(text, size, uvt_tree_sink(tree));
  for (uint64_t index = 1; index < 12; index++) {
    struct uvt_error error = {0};
    uvt_path_print_text(tree, index, &view, out, &error);
    uvt_path_print_json(tree, index, out, &error);
  }
  uvt_tree_destroy(tree);
}

static void try_stream(const char *text, size_t size)
{
  FILE *out = fopen("/dev/null", "w");
  assert_non_null(out);
  check_stream(text, size, out);
  build_trees(text, size, out);
  tell_stats(text, size, out);
  tell_requests(text, size, out);
  tell_paths(text, size, out);
  fclose(out);
}

struct lines {
  char *start[4096];
  size_t length[4096];
  size_t count;
};

static void cut_lines(char *text, size_t size, struct lines *lines)
{
  lines->count = 0;
  for (char *at = text; at < text + size && lines->count < 4096;) {
    char *end = memchr(at, '\n', (size_t)(text + size - at));
    size_t length = end ? (size_t)(end - at) + 1 : (size_t)(text + size - at);
    lines->start[lines->count] = at;
    lines->length[lines->count++] = length;
    at += length;
  }
}

/* Flips bytes, so that lines are no JSON any more, or other JSON. */
static void damage_bytes(const char *text, size_t size)
{
  char *copy = malloc(size + 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  copy[size] = '\0';
  for (uint64_t i = 1 + next_random(6); i > 0; i--)
    copy[next_random(size)] = (char)next_random(256);
  try_stream(copy, next_random(4) ? size : next_random(size) + 1);
  free(copy);
}

/* Another digit in a number: IDs that do not fit, times that fall. */
static void damage_number(char *line, size_t length)
{
  size_t at = next_random(length);
  for (size_t i = 0; i < length; i++) {
    char *c = &line[(at + i) % length];
    if (*c >= '0' && *c <= '9') {
      *c = (char)('1' + next_random(9));
      return;
    }
  }
}

/* Lines left out, doubled, swapped, and with other numbers: well-formed lines of an impossible stream. */
static void damage_lines(const char *text, size_t size)
{
  static struct lines lines;
  char *copy = malloc(size);
  char *made = malloc(size * 3);
  assert_true(copy && made);
  memcpy(copy, text, size);
  cut_lines(copy, size, &lines);
  size_t used = 0;
  uint64_t rarity = 2 + next_random(40);
  for (size_t i = 0; i < lines.count; i++) {
    size_t from = next_random(rarity) ? i : next_random(lines.count);
    uint64_t copies = next_random(rarity) ? 1 : next_random(3);
    if (!next_random(rarity))
      damage_number(lines.start[from], lines.length[from]);
    for (; copies > 0 && used + lines.length[from] < size * 3; copies--) {
      memcpy(made + used, lines.start[from], lines.length[from]);
      used += lines.length[from];
    }
  }
  try_stream(made, used);
  free(made);
  free(copy);
}

static void damage_file(const char *path)
{
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  static char text[1 << 20];
  size_t size = fread(text, 1, sizeof text, file);
  fclose(file);
  if (!size)
    return;
  for (int i = 0; i < ROUNDS_BYTES; i++)
    damage_bytes(text, size);
  for (int i = 0; i < ROUNDS_LINES; i++)
    damage_lines(text, size);
}

static void damage_folder(const char *folder)
{
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, alphasort);
  assert_true(count > 0);
  for (int i = 0; i < count; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    if (strstr(entries[i]->d_name, ".jsonl"))
      damage_file(path);
    free(entries[i]);
  }
  free(entries);
}

static void test_fuzz_good_streams(void **state)
{
  (void)state;
  damage_folder(UVT_FIXTURES "/streams/good");
}

static void test_fuzz_bad_streams(void **state)
{
  (void)state;
  damage_folder(UVT_FIXTURES "/streams/bad");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fuzz_good_streams),
      cmocka_unit_test(test_fuzz_bad_streams),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "costs/requests.h"
#include "costs/requests_out.h"
#include "golden.h"

enum { MOST = 64 };

struct told {
  struct uvt_request *rows[MOST];
  size_t count;
  struct uvt_requests_totals totals;
};

static int take(void *user, struct uvt_request *request)
{
  struct told *told = user;
  assert_true(told->count < MOST);
  told->rows[told->count++] = request;
  return uvt_requests_totals_add(&told->totals, request);
}

static void read_requests(struct told *told, FILE *file)
{
  memset(told, 0, sizeof *told);
  struct uvt_requests *requests = uvt_requests_create(take, told);
  assert_non_null(requests);
  read_stream(file, uvt_requests_sink(requests));
  uvt_requests_destroy(requests);
}

static void clear(struct told *told)
{
  for (size_t i = 0; i < told->count; i++)
    uvt_request_free(told->rows[i]);
  uvt_requests_totals_clear(&told->totals);
}

static const struct uvt_request *find(const struct told *told, const char *name)
{
  for (size_t i = 0; i < told->count; i++) {
    if (strcmp(told->rows[i]->name, name) == 0)
      return told->rows[i];
  }
  fail_msg("no request %s", name);
  return NULL;
}

/* In microseconds: running, ready, pool work, pool wait, outside. */
static void expect_parts(const struct told *told, const char *name, const unsigned us[UVT_SPENT_KINDS])
{
  const struct uvt_request *request = find(told, name);
  uint64_t sum = 0;
  for (size_t i = 0; i < UVT_SPENT_KINDS; i++) {
    assert_int_equal(request->parts[i], us[i] * 1000);
    sum += request->parts[i];
  }
  assert_int_equal(request->wall, sum);
  uint64_t path = 0;
  for (size_t i = 0; i < request->path_count; i++) {
    const struct uvt_request_step *step = &request->path[i];
    path += step->pool_wait + step->pool_work + step->outside + step->ready + step->ran;
  }
  if (request->outcome == UVT_REQUEST_FINISHED)
    assert_int_equal(path, request->wall);
  else
    assert_true(path > 0 && path <= request->wall);
}

/*
 * What the fixture says of them:
 *   /a        comes late to the loop, reads a file, whose callback another request's delays
 *   /b        waits for a timer
 *   /c        fails at once, on the connection of /a
 *   /lazy     makes a promise, /lazy?x waits for it, too
 *   /first, /second   arrive in one read
 *   /hang     has work with the pool when the stream ends, and an exception
 */
static void test_requests_each_cost_in_its_column(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "requests.jsonl", "r"));
  assert_int_equal(told.count, 8);
  expect_parts(&told, "GET /a", (const unsigned[]){100, 150, 100, 40, 0});
  expect_parts(&told, "GET /b", (const unsigned[]){70, 15, 0, 0, 350});
  expect_parts(&told, "POST /c", (const unsigned[]){50, 0, 0, 0, 0});
  expect_parts(&told, "GET /lazy", (const unsigned[]){47, 10, 100, 28, 0});
  expect_parts(&told, "GET /lazy?x", (const unsigned[]){30, 42, 0, 0, 128});
  expect_parts(&told, "GET /first", (const unsigned[]){30, 0, 0, 0, 0});
  expect_parts(&told, "GET /second", (const unsigned[]){30, 0, 0, 0, 0});
  expect_parts(&told, "GET /hang", (const unsigned[]){22, 0, 100, 8, 0});
  clear(&told);
}

static void test_requests_outcome_and_bytes(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "requests.jsonl", "r"));
  const struct uvt_request *a = find(&told, "GET /a");
  assert_true(a->outcome == UVT_REQUEST_FINISHED && !a->failed);
  assert_int_equal(a->status, 200);
  assert_int_equal(a->received, 80);
  assert_true(a->sends);
  assert_int_equal(a->sent, 512);
  assert_int_equal(a->operations, 3);
  assert_int_equal(a->together[UVT_SPENT_POOL_WAIT], 60000);
  const struct uvt_request *c = find(&told, "POST /c");
  assert_true(c->outcome == UVT_REQUEST_FINISHED && c->failed);
  const struct uvt_request *hang = find(&told, "GET /hang");
  assert_true(hang->outcome == UVT_REQUEST_OPEN && hang->failed);
  clear(&told);
}

/* A connection that a request pauses and goes on reading is still the connection, also of the next request.
 */
static void test_requests_of_a_paused_connection(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "paused-connection.jsonl", "r"));
  assert_int_equal(told.count, 2);
  expect_parts(&told, "POST /a", (const unsigned[]){55, 25, 0, 0, 150});
  const struct uvt_request *a = find(&told, "POST /a");
  assert_int_equal(a->received, 140);
  assert_int_equal(a->operations, 2);
  assert_false(a->path_cut);
  assert_int_equal(a->path_count, 3);
  assert_int_equal(a->path[2].outside, 90000);
  expect_parts(&told, "GET /b", (const unsigned[]){15, 5, 0, 0, 0});
  assert_int_equal(find(&told, "GET /b")->received, 7);
  clear(&told);
}

/* Work shared is its maker's: the other one waited, for something outside. */
static void test_requests_critical_path(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "requests.jsonl", "r"));
  const struct uvt_request *lazy = find(&told, "GET /lazy");
  assert_int_equal(lazy->path_count, 4);
  assert_string_equal(lazy->path[1].type, "uv_fs_stat");
  assert_int_equal(lazy->path[1].pool_work, 100000);
  assert_string_equal(lazy->path[3].type, "PROMISE");
  const struct uvt_request *other = find(&told, "GET /lazy?x");
  assert_int_equal(other->path_count, 2);
  assert_string_equal(other->path[1].type, "PROMISE");
  assert_int_equal(other->path[1].outside, 140000);
  assert_int_equal(other->path[1].ready, 20000);
  clear(&told);
}

/*
 * What the fixture says of them:
 *   /stream   sends headers, and waits for a timer still
 *   /gone     its connection ends first
 *   /reset    its stream is reset by the client, after the headers
 *   /closed   the server closes its connection, whose descriptor another then has, which ends
 *   /late     lies in the socket while /proxy runs for 2.5 ms
 *   /proxy    answers 502; it asks for /upstream, which fails, /nobody, which is not there, and /never
 */
static void test_requests_outcomes(void **state)
{
  static const struct {
    const char *name;
    const char *status;
    uint64_t headers, aborted, waits;
  } expected[] = {{"GET /stream", "200 unfinished", 110000, UINT64_MAX, 1},
                  {"GET /gone", "aborted", UINT64_MAX, 2700000, 1},
                  {"POST /reset", "aborted", 150000, 4005000, 0},
                  {"GET /closed", "open", UINT64_MAX, UINT64_MAX, 0},
                  {"GET /late", "404", 2740000, UINT64_MAX, 0},
                  {"GET /proxy", "502!", 4025000, UINT64_MAX, 0},
                  {"GET /upstream", "503!", 4015000, UINT64_MAX, 0},
                  {"GET /nobody", "error", UINT64_MAX, UINT64_MAX, 0},
                  {"GET /never", "open", UINT64_MAX, UINT64_MAX, 0}};
  struct told told;
  (void)state;
  read_requests(&told, fopen(GOOD "requests-outcomes.jsonl", "r"));
  assert_int_equal(told.count, sizeof expected / sizeof expected[0]);
  for (size_t i = 0; i < told.count; i++) {
    char status[UVT_REQUEST_STATUS_SIZE];
    const struct uvt_request *request = find(&told, expected[i].name);
    assert_string_equal(uvt_request_status(request, status), expected[i].status);
    assert_true(request->answered == expected[i].headers && request->aborted == expected[i].aborted);
    assert_int_equal(request->waits_count, expected[i].waits);
    assert_int_equal(request->client, i > 5);
    assert_int_equal(request->blocked.duration, strcmp(request->name, "GET /late") ? 0 : 2600000);
  }
  clear(&told);
}

/* That of one that is not finished leads to what it waits for. */
static void test_requests_path_of_an_open_one(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "requests-outcomes.jsonl", "r"));
  const struct uvt_request *gone = find(&told, "GET /gone");
  assert_int_equal(gone->path_count, 1);
  assert_string_equal(gone->waits[0].detail, "60 ms");
  assert_int_equal(gone->waits[0].execute, gone->execute);
  assert_int_equal(gone->waits[0].since, 130000);
  clear(&told);
}

static void sort(struct told *told, const char *key)
{
  uvt_request_order *order = uvt_request_order_find(key);
  assert_non_null(order);
  for (size_t i = 1; i < told->count; i++) {
    struct uvt_request *request = told->rows[i];
    size_t at = i;
    for (; at > 0 && order(told->rows[at - 1], request) > 0; at--)
      told->rows[at] = told->rows[at - 1];
    told->rows[at] = request;
  }
}

static char *print_text(struct told *told, unsigned width)
{
  const struct uvt_requests_view view = {.width = width, .ascii = true};
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  uvt_requests_print_text(told->rows, told->count, &told->totals, &view, out);
  fclose(out);
  return text;
}

static char *print_csv(const struct told *told)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  uvt_requests_print_csv_head(out);
  for (size_t i = 0; i < told->count; i++)
    uvt_requests_print_csv(told->rows[i], out);
  fclose(out);
  return text;
}

static char *print_json(const struct told *told)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  uvt_requests_print_json_head(out);
  for (size_t i = 0; i < told->count; i++)
    assert_int_equal(uvt_requests_print_json(told->rows[i], i == 0, out), 0);
  assert_int_equal(uvt_requests_print_json_tail(&told->totals, out), 0);
  fclose(out);
  return text;
}

static void test_requests_printed(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "requests.jsonl", "r"));
  expect_golden(ANSWERS "requests.csv", print_csv(&told));
  expect_golden(ANSWERS "requests.json", print_json(&told));
  sort(&told, "wall");
  expect_golden(ANSWERS "requests.txt", print_text(&told, 80));
  sort(&told, "start");
  expect_golden(ANSWERS "requests-wide.txt", print_text(&told, 120));
  clear(&told);
}

/* Only of one side, as the command takes them. */
static void keep_side(struct told *told, bool clients)
{
  struct told kept = {0};
  for (size_t i = 0; i < told->count; i++) {
    if (told->rows[i]->client == clients)
      assert_int_equal(take(&kept, told->rows[i]), 0);
    else
      uvt_request_free(told->rows[i]);
  }
  uvt_requests_totals_clear(&told->totals);
  *told = kept;
}

static void test_requests_outcomes_printed(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "requests-outcomes.jsonl", "r"));
  keep_side(&told, false);
  sort(&told, "wall");
  expect_golden(ANSWERS "requests-outcomes.txt", print_text(&told, 80));
  expect_golden(ANSWERS "requests-outcomes.json", print_json(&told));
  clear(&told);
  read_requests(&told, fopen(GOOD "requests-outcomes.jsonl", "r"));
  keep_side(&told, true);
  sort(&told, "wall");
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  uvt_requests_print_text(told.rows, told.count, &told.totals,
                          &(struct uvt_requests_view){.width = 80, .ascii = true, .clients = true}, out);
  fclose(out);
  expect_golden(ANSWERS "requests-clients.txt", text);
  clear(&told);
}

static void test_requests_hostile_names(void **state)
{
  (void)state;
  static const char stream[] =
      "{\"event\":\"executeBegin\",\"time\":0,\"executeID\":1,\"causeID\":0,\"tid\":1}\n"
      "{\"event\":\"label\",\"time\":5,\"executeID\":1,\"data\":{\"kind\":\"http.server.request\",\"id\":1,"
      "\"name\":\"GET /\\u001b[2J\\\",\\n=1\"}}\n"
      "{\"event\":\"label\",\"time\":9,\"executeID\":1,\"data\":{\"kind\":\"http.server.response\",\"id\":1,"
      "\"status\":200}}\n";
  struct told told;
  read_requests(&told, fmemopen((void *)stream, sizeof stream - 1, "r"));
  char *csv = print_csv(&told);
  assert_non_null(strstr(csv, "\"GET /?[2J\"\",?=1\""));
  free(csv);
  char *text = print_text(&told, 80);
  assert_null(strchr(text, '\x1b'));
  free(text);
  clear(&told);
}

static void test_requests_none(void **state)
{
  (void)state;
  struct told told;
  read_requests(&told, fopen(GOOD "server.jsonl", "r"));
  assert_int_equal(told.count, 0);
  char *text = print_text(&told, 80);
  assert_non_null(strstr(text, "0 requests"));
  free(text);
  clear(&told);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_requests_each_cost_in_its_column),
      cmocka_unit_test(test_requests_outcome_and_bytes),
      cmocka_unit_test(test_requests_of_a_paused_connection),
      cmocka_unit_test(test_requests_critical_path),
      cmocka_unit_test(test_requests_outcomes),
      cmocka_unit_test(test_requests_path_of_an_open_one),
      cmocka_unit_test(test_requests_printed),
      cmocka_unit_test(test_requests_outcomes_printed),
      cmocka_unit_test(test_requests_hostile_names),
      cmocka_unit_test(test_requests_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

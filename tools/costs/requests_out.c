/* SPDX-License-Identifier: MIT */
#include "requests_out.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/json_out.h"
#include "base/text_table.h"
#include "base/words.h"

enum { PATH_SHOWN = 40, WAITS_SHOWN = 10, WIDE = 112 };

/* In the order in which they are counted. */
static const enum uvt_request_outcome COUNTED[UVT_REQUEST_OUTCOMES] = {
    UVT_REQUEST_FINISHED, UVT_REQUEST_UNFINISHED, UVT_REQUEST_ABORTED, UVT_REQUEST_OPEN, UVT_REQUEST_ERROR};

/* --- times --- */

static uint64_t time_of(const struct uvt_request *request, enum uvt_request_time which)
{
  switch (which) {
#define CASE(name, title, key, field) \
  case UVT_REQUEST_##name:            \
    return request->field;
    UVT_REQUEST_TIMES(CASE)
#undef CASE
  case UVT_REQUEST_TIMES_COUNT:
    break;
  }
  return 0;
}

static const char *const titles[] = {
#define TITLE(name, title, key, field) title,
    UVT_REQUEST_TIMES(TITLE)
#undef TITLE
};
static const char *const keys[] = {
#define KEY(name, title, key, field) key,
    UVT_REQUEST_TIMES(KEY)
#undef KEY
};

int uvt_requests_totals_add(struct uvt_requests_totals *totals, const struct uvt_request *request)
{
  int status = 0;
  totals->count++;
  totals->outcomes[request->outcome]++;
  totals->failed += request->failed;
  bool finished = request->outcome == UVT_REQUEST_FINISHED;
  for (size_t i = 0; finished && i < UVT_REQUEST_TIMES_COUNT && !status; i++)
    status = uvt_histogram_add(&totals->times[i], time_of(request, (enum uvt_request_time)i));
  return status;
}

void uvt_requests_totals_clear(struct uvt_requests_totals *totals)
{
  for (size_t i = 0; i < UVT_REQUEST_TIMES_COUNT; i++)
    uvt_histogram_clear(&totals->times[i]);
}

/* --- orders --- */

#define DESCENDING(name, field)                                                         \
  static int by_##name(const struct uvt_request *left, const struct uvt_request *right) \
  {                                                                                     \
    return (left->field < right->field) - (left->field > right->field);                 \
  }
DESCENDING(wall, wall)
DESCENDING(running, parts[UVT_SPENT_RUNNING])
DESCENDING(ready, parts[UVT_SPENT_READY])
DESCENDING(pool_work, parts[UVT_SPENT_POOL_WORK])
DESCENDING(pool_wait, parts[UVT_SPENT_POOL_WAIT])
DESCENDING(outside, parts[UVT_SPENT_OUTSIDE])
DESCENDING(operations, operations)
DESCENDING(in, received)
DESCENDING(out, sent)

static int by_start(const struct uvt_request *left, const struct uvt_request *right)
{
  return (left->begun > right->begun) - (left->begun < right->begun);
}

const char uvt_request_orders[] =
    "wall, running, ready, pool-work, pool-wait, outside, operations, in, out, start";

uvt_request_order *uvt_request_order_find(const char *key)
{
  static const struct {
    const char *key;
    uvt_request_order *order;
  } orders[] = {{"wall", by_wall},
                {"running", by_running},
                {"ready", by_ready},
                {"pool-work", by_pool_work},
                {"pool-wait", by_pool_wait},
                {"outside", by_outside},
                {"operations", by_operations},
                {"in", by_in},
                {"out", by_out},
                {"start", by_start}};
  for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
    if (strcmp(orders[i].key, key) == 0)
      return orders[i].order;
  }
  return NULL;
}

/* --- text --- */

struct printer {
  const struct uvt_requests_view *view;
  FILE *out;
};

static const char *duration(const struct printer *printer, char text[32], uint64_t ns)
{
  return uvt_words_duration(text, ns, printer->view->ascii);
}

static void add_duration(const struct printer *printer, struct uvt_table *table, uint64_t ns)
{
  char text[32];
  uvt_table_add(table, ns ? "%s" : "-", duration(printer, text, ns));
}

/* Clients' requests have no work of their own. */
static size_t times_shown(const struct printer *printer)
{
  return printer->view->clients ? 1 : UVT_REQUEST_TIMES_COUNT;
}

static void add_heads(const struct printer *printer, struct uvt_table *table, bool pids)
{
  /* Short ones where lines are. */
  static const char *const narrow[] = {"wall", "running", "ready", "work", "wait", "outside"};
  static const char *const wide[] = {"wall", "running", "ready", "pool work", "pool wait", "outside"};
  bool is_wide = printer->view->width >= WIDE;
  uvt_table_add(table, "request");
  uvt_table_add(table, "status");
  if (pids)
    uvt_table_add(table, "pid");
  for (size_t i = 0; i < times_shown(printer); i++)
    uvt_table_add(table, "%s", is_wide ? wide[i] : narrow[i]);
  if (printer->view->clients) {
    uvt_table_add(table, "by");
    uvt_table_add(table, "for");
    return;
  }
  uvt_table_add(table, "ops");
  if (!is_wide)
    return;
  uvt_table_add(table, "in");
  uvt_table_add(table, "out");
  uvt_table_add(table, "index");
}

static void add_bytes(struct uvt_table *table, bool known, uint64_t bytes)
{
  if (known)
    uvt_table_add(table, "%" PRIu64, bytes);
  else
    uvt_table_add(table, "-");
}

static void add_server(const struct printer *printer, struct uvt_table *table,
                       const struct uvt_request *request)
{
  char name[160];
  uvt_words_clean(name, sizeof name, request->server_name, printer->view->ascii);
  uvt_table_add(table, "#%" PRIu64, request->execute);
  if (request->server_execute)
    uvt_table_add(table, "%s #%" PRIu64, name, request->server_execute);
  else
    uvt_table_add(table, "-");
}

static void add_row(const struct printer *printer, struct uvt_table *table, const struct uvt_request *request,
                    bool pids)
{
  char name[256];
  char status[UVT_REQUEST_STATUS_SIZE];
  uvt_words_clean(name, sizeof name, request->name, printer->view->ascii);
  uvt_table_add(table, "%s", name);
  uvt_table_add(table, "%s", uvt_request_status(request, status));
  if (pids)
    uvt_table_add(table, "%" PRId64, request->pid);
  for (size_t i = 0; i < times_shown(printer); i++)
    add_duration(printer, table, time_of(request, (enum uvt_request_time)i));
  if (printer->view->clients) {
    add_server(printer, table, request);
    return;
  }
  uvt_table_add(table, "%" PRIu64, request->operations);
  if (printer->view->width < WIDE)
    return;
  add_bytes(table, request->received, request->received);
  add_bytes(table, request->sends, request->sent);
  uvt_table_add(table, "#%" PRIu64, request->execute);
}

/* What a row has no room for: when the client went away, and what held up the loop before. */
static void print_notes(const struct printer *printer, const struct uvt_request *request)
{
  const struct uvt_request_block *blocked = &request->blocked;
  char text[32];
  char name[400];
  char clean[400];
  uvt_words_clean(clean, sizeof clean, request->name, printer->view->ascii);
  if (request->aborted != UINT64_MAX)
    fprintf(
        printer->out, "  %s #%" PRIu64 ": the client went away after %s\n", clean, request->execute,
        duration(printer, text, request->aborted > request->begun ? request->aborted - request->begun : 0));
  if (!blocked->duration)
    return;
  fprintf(printer->out, "  %s #%" PRIu64 ": the loop was blocked for %s before the poll that brought it",
          clean, request->execute, duration(printer, text, blocked->duration));
  uvt_words_put(name, sizeof name, "%s%s%s%s%s", blocked->type, *blocked->detail ? " " : "", blocked->detail,
                *blocked->request ? ", of " : "", blocked->request);
  if (blocked->execute)
    fprintf(printer->out, ", %s of it by #%" PRIu64 " %s", duration(printer, text, blocked->ran),
            blocked->execute, uvt_words_clean(clean, sizeof clean, name, printer->view->ascii));
  fputc('\n', printer->out);
}

static void print_rows(const struct printer *printer, struct uvt_request *const *rows, size_t count)
{
  bool pids = false;
  for (size_t i = 1; i < count; i++)
    pids |= rows[i]->pid != rows[0]->pid;
  size_t more = printer->view->clients ? 2 : printer->view->width >= WIDE ? 4 : 1;
  struct uvt_table table = {.columns = 2 + pids + times_shown(printer) + more,
                            .width = printer->view->width,
                            .ascii = printer->view->ascii};
  add_heads(printer, &table, pids);
  for (size_t i = 0; i < count; i++)
    add_row(printer, &table, rows[i], pids);
  fputc('\n', printer->out);
  uvt_table_print(&table, printer->out);
  for (size_t i = 0; i < count; i++)
    print_notes(printer, rows[i]);
}

static void print_percentiles(const struct printer *printer, const struct uvt_requests_totals *totals)
{
  static const char *const heads[] = {"of those finished", "p50", "p90", "p99", "max", "together"};
  static const double percents[] = {50, 90, 99};
  struct uvt_table table = {.columns = 6, .width = printer->view->width, .ascii = printer->view->ascii};
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    uvt_table_add(&table, "%s", heads[i]);
  for (size_t i = 0; i < times_shown(printer); i++) {
    uvt_table_add(&table, "%s", titles[i]);
    for (size_t p = 0; p < sizeof percents / sizeof percents[0]; p++)
      add_duration(printer, &table, uvt_histogram_percentile(&totals->times[i], percents[p]));
    add_duration(printer, &table, totals->times[i].max);
    add_duration(printer, &table, totals->times[i].total);
  }
  fputc('\n', printer->out);
  uvt_table_print(&table, printer->out);
}

static void add_step(const struct printer *printer, struct uvt_table *table,
                     const struct uvt_request_step *step, uint64_t origin)
{
  char text[256];
  char clean[256];
  uvt_words_put(text, sizeof text, *step->detail ? "%s %s" : "%s%s", step->type, step->detail);
  uvt_table_add(table, "%s", uvt_words_clean(clean, sizeof clean, text, printer->view->ascii));
  uvt_table_add(table, "#%" PRIu64, step->execute);
  add_duration(printer, table, step->begun - origin);
  add_duration(printer, table, step->pool_wait);
  add_duration(printer, table, step->pool_work);
  add_duration(printer, table, step->outside);
  add_duration(printer, table, step->ready);
  add_duration(printer, table, step->ran);
}

static void print_path(const struct printer *printer, const struct uvt_request *request)
{
  static const char *const heads[] = {"", "after", "wait", "work", "outside", "ready", "ran"};
  struct uvt_table table = {.columns = 8, .width = printer->view->width, .ascii = printer->view->ascii};
  char name[200];
  uvt_words_clean(name, sizeof name, request->name, printer->view->ascii);
  fprintf(printer->out, "\ncritical path of %s #%" PRIu64 "%s\n", name, request->execute,
          request->path_cut ? " (its beginning is not known)" : "");
  uvt_table_add(&table, "step");
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    uvt_table_add(&table, "%s", heads[i]);
  size_t first = request->path_count > PATH_SHOWN ? request->path_count - PATH_SHOWN : 0;
  for (size_t i = first; i < request->path_count; i++)
    add_step(printer, &table, &request->path[i], request->begun);
  uvt_table_print(&table, printer->out);
  if (first)
    fprintf(printer->out, "  %zu earlier steps are not shown (--format json)\n", first);
}

static void print_waits(const struct printer *printer, const struct uvt_request *request)
{
  struct uvt_table table = {.columns = 3, .width = printer->view->width, .ascii = printer->view->ascii};
  if (!request->waits_count)
    return;
  uvt_table_add(&table, "still waits for");
  uvt_table_add(&table, "by");
  uvt_table_add(&table, "after");
  for (size_t i = 0; i < request->waits_told && i < WAITS_SHOWN; i++) {
    const struct uvt_request_wait *wait = &request->waits[i];
    char text[256];
    char clean[256];
    uvt_words_put(text, sizeof text, *wait->detail ? "%s %s" : "%s%s", wait->type, wait->detail);
    uvt_table_add(&table, "%s", uvt_words_clean(clean, sizeof clean, text, printer->view->ascii));
    uvt_table_add(&table, wait->execute ? "#%" PRIu64 : "-", wait->execute);
    add_duration(printer, &table, wait->since > request->begun ? wait->since - request->begun : 0);
  }
  fputc('\n', printer->out);
  uvt_table_print(&table, printer->out);
  if (request->waits_count > WAITS_SHOWN)
    fprintf(printer->out, "  and %zu more (--format json)\n", request->waits_count - WAITS_SHOWN);
}

static void print_counts(const struct uvt_requests_totals *totals, const struct uvt_requests_view *view,
                         FILE *out)
{
  fprintf(out, "%" PRIu64 " %s%s", totals->count, view->clients ? "client request" : "request",
          totals->count == 1 ? "" : "s");
  for (size_t i = 0; i < UVT_REQUEST_OUTCOMES; i++) {
    if (totals->outcomes[COUNTED[i]])
      fprintf(out, ", %" PRIu64 " %s", totals->outcomes[COUNTED[i]], uvt_request_outcomes[COUNTED[i]]);
  }
  fprintf(out, "; %" PRIu64 " failed\n", totals->failed);
}

void uvt_requests_print_text(struct uvt_request *const *rows, size_t count,
                             const struct uvt_requests_totals *totals, const struct uvt_requests_view *view,
                             FILE *out)
{
  struct printer printer = {.view = view, .out = out};
  print_counts(totals, view, out);
  if (!totals->count) {
    if (!view->possible)
      fputs("HTTP requests are seen where the JavaScript layer was recorded (uvtree record --layer all)\n",
            out);
    return;
  }
  print_rows(&printer, rows, count);
  if (count < totals->count)
    fprintf(out, "  and %" PRIu64 " more (--top)\n", totals->count - count);
  if (totals->outcomes[UVT_REQUEST_FINISHED])
    print_percentiles(&printer, totals);
  for (size_t i = 0; i < count; i++) {
    if (!rows[i]->path_count)
      continue;
    print_path(&printer, rows[i]);
    print_waits(&printer, rows[i]);
    break;
  }
}

/* --- CSV (RFC 4180) --- */

void uvt_requests_print_csv_head(FILE *out)
{
  fputs("pid,id,executeID,request,status,finished,failed,start", out);
  for (size_t i = 0; i < UVT_REQUEST_TIMES_COUNT; i++)
    fprintf(out, ",%s", keys[i]);
  fputs(",totalReady,totalPoolWork,totalPoolWait,operations,bytesIn,bytesOut,outcome,blocked\r\n", out);
}

static void print_quoted(const char *text, FILE *out)
{
  char clean[512];
  uvt_words_clean(clean, sizeof clean, text, false);
  fputc('"', out);
  for (const char *p = clean; *p; p++) {
    if (*p == '"')
      fputc('"', out);
    fputc(*p, out);
  }
  fputc('"', out);
}

void uvt_requests_print_csv(const struct uvt_request *request, FILE *out)
{
  fprintf(out, "%" PRId64 ",%" PRIu64 ",%" PRIu64 ",", request->pid, request->id, request->execute);
  print_quoted(request->name, out);
  fprintf(out, ",%" PRId64 ",%d,%d,%" PRIu64, request->status, request->outcome == UVT_REQUEST_FINISHED,
          request->failed, request->begun);
  for (size_t i = 0; i < UVT_REQUEST_TIMES_COUNT; i++)
    fprintf(out, ",%" PRIu64, time_of(request, (enum uvt_request_time)i));
  fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", request->together[UVT_SPENT_READY],
          request->together[UVT_SPENT_POOL_WORK], request->together[UVT_SPENT_POOL_WAIT],
          request->operations);
  if (request->received)
    fprintf(out, "%" PRIu64, request->received);
  fputc(',', out);
  if (request->sends)
    fprintf(out, "%" PRIu64, request->sent);
  fprintf(out, ",%s,%" PRIu64 "\r\n", uvt_request_outcomes[request->outcome], request->blocked.duration);
}

/* --- JSON --- */

static json_t *make_step(const struct uvt_request_step *step)
{
  json_t *object = json_object();
  uvt_json_set_number(object, "executeID", step->execute);
  uvt_json_set_words(object, "type", step->type);
  uvt_json_set_words(object, "detail", step->detail);
  uvt_json_set_number(object, "since", step->since);
  uvt_json_set_number(object, "poolWait", step->pool_wait);
  uvt_json_set_number(object, "poolWork", step->pool_work);
  uvt_json_set_number(object, "outside", step->outside);
  uvt_json_set_number(object, "ready", step->ready);
  uvt_json_set_number(object, "begin", step->begun);
  uvt_json_set_number(object, "ran", step->ran);
  return object;
}

static json_t *make_wait(const struct uvt_request_wait *wait)
{
  json_t *object = json_object();
  uvt_json_set_words(object, "type", wait->type);
  uvt_json_set_words(object, "detail", wait->detail);
  if (wait->execute)
    uvt_json_set_number(object, "executeID", wait->execute);
  uvt_json_set_number(object, "since", wait->since);
  return object;
}

static json_t *make_block(const struct uvt_request_block *block)
{
  json_t *object = json_object();
  uvt_json_set_number(object, "duration", block->duration);
  if (!block->execute)
    return object;
  uvt_json_set_number(object, "executeID", block->execute);
  uvt_json_set_words(object, "type", block->type);
  uvt_json_set_words(object, "detail", block->detail);
  uvt_json_set_words(object, "request", block->request);
  uvt_json_set_number(object, "ran", block->ran);
  return object;
}

static void set_waits(json_t *object, const struct uvt_request *request)
{
  json_t *waits = json_array();
  for (size_t i = 0; i < request->waits_told; i++)
    json_array_append_new(waits, make_wait(&request->waits[i]));
  json_object_set_new(object, "waitsFor", waits);
  uvt_json_set_number(object, "waitsForCount", request->waits_count);
}

static json_t *make_server(const struct uvt_request *request)
{
  json_t *object = json_object();
  uvt_json_set_number(object, "executeID", request->server_execute);
  uvt_json_set_words(object, "request", request->server_name);
  return object;
}

static json_t *make_request(const struct uvt_request *request)
{
  json_t *object = json_object();
  json_t *path = json_array();
  json_object_set_new(object, "pid", json_integer((json_int_t)request->pid));
  uvt_json_set_number(object, "id", request->id);
  uvt_json_set_number(object, "executeID", request->execute);
  uvt_json_set_words(object, "request", request->name);
  if (request->status)
    json_object_set_new(object, "status", json_integer((json_int_t)request->status));
  json_object_set_new(object, "outcome", json_string(uvt_request_outcomes[request->outcome]));
  json_object_set_new(object, "finished", json_boolean(request->outcome == UVT_REQUEST_FINISHED));
  json_object_set_new(object, "failed", json_boolean(request->failed));
  if (request->rounded)
    json_object_set_new(object, "rounded", json_true());
  uvt_json_set_number(object, "start", request->begun);
  if (request->answered != UINT64_MAX)
    uvt_json_set_number(object, "headers", request->answered);
  if (request->aborted != UINT64_MAX)
    uvt_json_set_number(object, "aborted", request->aborted);
  if (request->blocked.duration)
    json_object_set_new(object, "blocked", make_block(&request->blocked));
  if (request->server_execute)
    json_object_set_new(object, "for", make_server(request));
  for (size_t i = 0; i < UVT_REQUEST_TIMES_COUNT; i++)
    uvt_json_set_number(object, keys[i], time_of(request, (enum uvt_request_time)i));
  uvt_json_set_number(object, "totalReady", request->together[UVT_SPENT_READY]);
  uvt_json_set_number(object, "totalPoolWork", request->together[UVT_SPENT_POOL_WORK]);
  uvt_json_set_number(object, "totalPoolWait", request->together[UVT_SPENT_POOL_WAIT]);
  uvt_json_set_number(object, "operations", request->operations);
  if (request->received)
    uvt_json_set_number(object, "bytesIn", request->received);
  if (request->sends)
    uvt_json_set_number(object, "bytesOut", request->sent);
  for (size_t i = 0; i < request->path_count; i++)
    json_array_append_new(path, make_step(&request->path[i]));
  json_object_set_new(object, "criticalPath", path);
  if (request->path_cut)
    json_object_set_new(object, "criticalPathCut", json_true());
  if (request->waits)
    set_waits(object, request);
  return object;
}

void uvt_requests_print_json_head(FILE *out)
{
  fputs("{\"requests\":[", out);
}

int uvt_requests_print_json(const struct uvt_request *request, bool first, FILE *out)
{
  fputs(first ? "\n" : ",\n", out);
  return uvt_json_print(make_request(request), out);
}

static json_t *make_percentiles(const struct uvt_histogram *histogram)
{
  json_t *object = json_object();
  uvt_json_set_number(object, "p50", uvt_histogram_percentile(histogram, 50));
  uvt_json_set_number(object, "p90", uvt_histogram_percentile(histogram, 90));
  uvt_json_set_number(object, "p99", uvt_histogram_percentile(histogram, 99));
  uvt_json_set_number(object, "max", histogram->max);
  uvt_json_set_number(object, "total", histogram->total);
  return object;
}

int uvt_requests_print_json_tail(const struct uvt_requests_totals *totals, FILE *out)
{
  json_t *object = json_object();
  for (size_t i = 0; i < UVT_REQUEST_TIMES_COUNT; i++)
    json_object_set_new(object, keys[i], make_percentiles(&totals->times[i]));
  fprintf(out, "],\n\"count\":%" PRIu64, totals->count);
  for (size_t i = 0; i < UVT_REQUEST_OUTCOMES; i++)
    fprintf(out, ",\"%s\":%" PRIu64, uvt_request_outcomes[COUNTED[i]], totals->outcomes[COUNTED[i]]);
  fprintf(out, ",\"failed\":%" PRIu64 ",\"percentiles\":", totals->failed);
  int status = uvt_json_print(object, out);
  fputs("}\n", out);
  return status;
}

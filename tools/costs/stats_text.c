/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_table.h"
#include "base/words.h"
#include "stats_state.h"

#define NEVER UVT_MEASURE_NEVER

enum {
  TYPES_SHOWN = 20,
  PLACES_SHOWN = 10,
  LOOPS_SHOWN = 32,
  TIMELINE_LINES = 16,
  BAR = 20,
  LISTEN_COLUMNS = 36
};

struct printer {
  const struct uvt_stats *stats;
  const struct uvt_stats_view *view;
  FILE *out;
  uint64_t from, to; /* the span told of */
};

static const char *duration(const struct printer *printer, char text[32], uint64_t ns)
{
  return uvt_words_duration(text, ns, printer->view->ascii);
}

static struct uvt_table new_table(const struct printer *printer, size_t columns)
{
  return (struct uvt_table){.columns = columns, .width = printer->view->width, .ascii = printer->view->ascii};
}

static void add_duration(const struct printer *printer, struct uvt_table *table, uint64_t ns)
{
  char text[32];
  uvt_table_add(table, "%s", duration(printer, text, ns));
}

static void add_clean(const struct printer *printer, struct uvt_table *table, const char *name,
                      const char *detail)
{
  char text[400];
  char clean[400];
  uvt_words_put(text, sizeof text, *detail ? "%s %s" : "%s%s", name, detail);
  uvt_table_add(table, "%s", uvt_words_clean(clean, sizeof clean, text, printer->view->ascii));
}

/* --- types --- */

static void add_percentiles(const struct printer *printer, struct uvt_table *table,
                            const struct uvt_histogram *histogram)
{
  static const double percents[] = {50, 90, 99};
  uvt_table_add(table, "%" PRIu64, histogram->count);
  for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++)
    add_duration(printer, table, uvt_histogram_percentile(histogram, percents[i]));
  add_duration(printer, table, histogram->max);
  add_duration(printer, table, histogram->total);
}

static void add_heads(struct uvt_table *table, const char *first)
{
  static const char *const heads[] = {"count", "p50", "p90", "p99", "max", "together"};
  uvt_table_add(table, "%s", first);
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    uvt_table_add(table, "%s", heads[i]);
}

static int by_what(const struct uvt_stats_type *left, const struct uvt_stats_type *right,
                   enum uvt_stats_what what)
{
  uint64_t a = left->times[what].total;
  uint64_t b = right->times[what].total;
  return (a < b) - (a > b);
}

/* Insertion, for few types and a comparison that takes an argument; stable. */
static void sort_types(struct uvt_stats_type **types, enum uvt_stats_what what)
{
  for (size_t i = 1; types[0] && types[i]; i++) {
    struct uvt_stats_type *type = types[i];
    size_t at = i;
    for (; at > 0 && by_what(types[at - 1], type, what) > 0; at--)
      types[at] = types[at - 1];
    types[at] = type;
  }
}

static void print_what(const struct printer *printer, struct uvt_stats_type **types, enum uvt_stats_what what)
{
  static const char *const names[] = {
      [UVT_STATS_POOL_WAIT] = "pool wait",
      [UVT_STATS_POOL_WORK] = "pool work",
      [UVT_STATS_DELAY] = "ready-to-run delay",
      [UVT_STATS_RUN] = "run time",
  };
  struct uvt_table table = new_table(printer, 7);
  size_t shown = 0;
  size_t hidden = 0;
  sort_types(types, what);
  for (size_t i = 0; types[i]; i++) {
    if (!types[i]->times[what].count)
      continue;
    if (shown == TYPES_SHOWN) {
      hidden++;
      continue;
    }
    if (!shown++)
      add_heads(&table, names[what]);
    add_clean(printer, &table, types[i]->name, types[i]->allocates ? "(allocation)" : "");
    add_percentiles(printer, &table, &types[i]->times[what]);
  }
  fputs(shown ? "\n" : "", printer->out);
  uvt_table_print(&table, printer->out);
  if (hidden)
    fprintf(printer->out, "  and %zu types more (--format json)\n", hidden);
}

static void print_types(const struct printer *printer, const struct uvt_stats_process *process)
{
  struct uvt_stats_type **types =
      (struct uvt_stats_type **)uvt_stats_sorted(&process->types, uvt_stats_by_time);
  for (int what = UVT_STATS_WHATS - 1; types && what >= 0; what--)
    print_what(printer, types, (enum uvt_stats_what)what);
  free(types);
}

/* --- loops --- */

static void add_loop(const struct printer *printer, struct uvt_table *table,
                     const struct uvt_stats_loop *loop)
{
  uint64_t from = loop->first > printer->from ? loop->first : printer->from;
  uint64_t to = loop->last < printer->to ? loop->last : printer->to;
  uvt_table_add(table, "%" PRIu64 " (%" PRId64 ")", loop->id, loop->tid);
  add_percentiles(printer, table, &loop->iterations);
  if (to > from)
    uvt_table_add(table, "%.1f %%", 100 * (double)loop->idle / (double)(to - from));
  else
    uvt_table_add(table, "-");
}

static void print_loops(const struct printer *printer, const struct uvt_stats_process *process)
{
  struct uvt_stats_loop **loops =
      (struct uvt_stats_loop **)uvt_stats_sorted(&process->loops, uvt_stats_by_loop);
  struct uvt_table table = new_table(printer, 8);
  if (!loops || !loops[0]) {
    free(loops);
    return;
  }
  add_heads(&table, "loop (thread)");
  uvt_table_add(&table, "idle");
  for (size_t i = 0; loops[i] && i < LOOPS_SHOWN; i++)
    add_loop(printer, &table, loops[i]);
  fputc('\n', printer->out);
  uvt_table_print(&table, printer->out);
  free(loops);
}

/* --- the thread pool --- */

/* How much of the slots lies in the span that is told of. */
static double time_in(const struct printer *printer, uint64_t width, uint64_t slot, uint64_t end)
{
  uint64_t from = slot * width > printer->from ? slot * width : printer->from;
  uint64_t to = end * width < printer->to ? end * width : printer->to;
  return to > from ? (double)(to - from) : 1;
}

static double mean_of(const struct printer *printer, const uint64_t *line, uint64_t width, uint64_t slot,
                      uint64_t end)
{
  uint64_t total = 0;
  for (uint64_t i = slot; i < end; i++)
    total += line[i];
  return (double)total / time_in(printer, width, slot, end);
}

static double peak_of(const struct printer *printer, const uint64_t *line, uint64_t width, uint64_t slot,
                      uint64_t end)
{
  double peak = 0;
  for (uint64_t i = slot; i < end; i++) {
    double mean = mean_of(printer, line, width, i, i + 1);
    peak = mean > peak ? mean : peak;
  }
  return peak;
}

static void add_bar(const struct printer *printer, struct uvt_table *table, double share)
{
  char bar[BAR * 3 + 1] = "";
  const char *block = printer->view->ascii ? "#" : "\u2588";
  int length = (int)(share * BAR + 0.5);
  for (int i = 0; i < length && i < BAR; i++)
    strcat(bar, block);
  uvt_table_add(table, "%s", bar);
}

static void print_timeline(const struct printer *printer, const struct uvt_stats_pool *pool)
{
  const struct uvt_stats_timeline *timeline = &pool->timeline;
  double threads = (double)pool->threads.count;
  uint64_t first = printer->from / timeline->width;
  uint64_t last = (printer->to + timeline->width - 1) / timeline->width;
  last = last > UVT_STATS_SLOTS ? UVT_STATS_SLOTS : last;
  uint64_t step = (last - first + TIMELINE_LINES - 1) / TIMELINE_LINES;
  static const char *const heads[] = {"from", "in use", "waiting", "at most", ""};
  struct uvt_table table = new_table(printer, 5);
  table.left[4] = true;
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    uvt_table_add(&table, "%s", heads[i]);
  for (uint64_t slot = first; slot < last; slot += step) {
    uint64_t end = slot + step < last ? slot + step : last;
    double use = mean_of(printer, timeline->working, timeline->width, slot, end) / threads;
    uint64_t begin = slot * timeline->width;
    add_duration(printer, &table, begin > printer->from ? begin : printer->from);
    uvt_table_add(&table, "%.0f %%", 100 * use);
    uvt_table_add(&table, "%.2f", mean_of(printer, timeline->waiting, timeline->width, slot, end));
    uvt_table_add(&table, "%.2f", peak_of(printer, timeline->waiting, timeline->width, slot, end));
    add_bar(printer, &table, use);
  }
  uvt_table_print(&table, printer->out);
}

static void print_pool(const struct printer *printer, const struct uvt_stats_process *process)
{
  const struct uvt_stats_pool *pool = &process->pool;
  char text[32];
  if (!pool->threads.count || printer->to <= printer->from)
    return;
  fprintf(printer->out,
          "\nthread pool: threads seen: %zu, at work at once: %" PRIu64 ", works: %" PRIu64 "\n",
          pool->threads.count, pool->most, pool->works);
  print_timeline(printer, pool);
  fprintf(printer->out,
          "  in use: of the threads seen; waiting: works in the queue, on average,\n"
          "  and the highest average over %s\n",
          duration(printer, text, pool->timeline.width));
}

/* --- what was long --- */

static void add_long(const struct printer *printer, struct uvt_table *table,
                     const struct uvt_stats_long *entry)
{
  add_clean(printer, table, entry->type, entry->detail);
  uvt_table_add(table, "#%" PRIu64, entry->execute);
  add_duration(printer, table, entry->begun);
  add_duration(printer, table, entry->ran);
  add_duration(printer, table, entry->whole);
}

/* "f /app/lib/x.js:1:2" as "f …/x.js:1:2" where it is long: the line counts for more than the folder. */
static const char *short_site(const struct printer *printer, const char *site, char *text, size_t size)
{
  enum { LONG = 36 };
  const char *function_end = strchr(site, ' '), *slash = strrchr(site, '/');
  if (strlen(site) <= LONG || !function_end || !slash || slash < function_end || strchr(site, '('))
    return site;
  uvt_words_put(text, size, "%.*s %s%s", (int)(function_end - site), site,
                printer->view->ascii ? "..." : "\u2026", slash);
  return text;
}

/* Where in the program those were registered whose stacks are known. */
static void print_sites(const struct printer *printer, const struct uvt_stats_tally *tally)
{
  bool first = true;
  for (size_t i = 0; i < tally->longest_count; i++) {
    const struct uvt_stats_long *entry = &tally->longest[i];
    char text[UVT_FRAME_TEXT_MAX + 32];
    char clean[4 * sizeof text];
    if (!entry->stack)
      continue;
    uvt_words_put(text, sizeof text, "    #%" PRIu64 " %s", entry->execute,
                  uvt_stack_site(printer->stats->stacks, entry->stack));
    uvt_words_clean(clean, sizeof clean, text, printer->view->ascii);
    fputs(first ? "  registered at:\n" : "", printer->out);
    fprintf(printer->out, "%s\n", uvt_cut(clean, printer->view->width, printer->view->ascii));
    first = false;
  }
}

static void print_longest(const struct printer *printer, const char *head, const struct uvt_stats_long *open,
                          size_t open_count, const struct uvt_stats_tally *tally)
{
  struct uvt_table table = new_table(printer, 5);
  static const char *const heads[] = {"", "at", "ran itself", "in all"};
  if (!tally->longest_count && !open_count)
    return;
  uvt_table_add(&table, "%s", head);
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    uvt_table_add(&table, "%s", heads[i]);
  for (size_t i = 0; i < open_count; i++)
    add_long(printer, &table, &open[i]);
  for (size_t i = 0; i < tally->longest_count; i++)
    add_long(printer, &table, &tally->longest[i]);
  fputc('\n', printer->out);
  uvt_table_print(&table, printer->out);
  print_sites(printer, tally);
}

static void print_places(const struct printer *printer, const char *head, const struct uvt_id_map *map,
                         bool sites)
{
  struct uvt_stats_place **places = (struct uvt_stats_place **)uvt_stats_sorted(map, uvt_stats_by_total);
  const char *const heads[] = {head, "count", "longest", "together"};
  struct uvt_table table = new_table(printer, 4);
  if (!places || !places[0]) {
    free(places);
    return;
  }
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    uvt_table_add(&table, "%s", heads[i]);
  size_t count = 0;
  for (; places[count] && count < PLACES_SHOWN; count++) {
    char shorter[sizeof places[count]->path + 8];
    const char *path = places[count]->path;
    add_clean(printer, &table, places[count]->type,
              sites ? short_site(printer, path, shorter, sizeof shorter) : path);
    uvt_table_add(&table, "%" PRIu64, places[count]->count);
    add_duration(printer, &table, places[count]->longest);
    add_duration(printer, &table, places[count]->total);
  }
  fputc('\n', printer->out);
  uvt_table_print(&table, printer->out);
  if (map->count > count)
    fprintf(printer->out, "  and %zu more\n", map->count - count);
  free(places);
}

static void print_blocking(const struct printer *printer, const struct uvt_stats_tally *tally)
{
  print_places(printer, "blocking calls", &tally->places, false);
  print_places(printer, "blocking calls by who called", &tally->sites, true);
}

/* --- the start-up --- */

static void print_startup(const struct printer *printer, const struct uvt_stats_process *process)
{
  const struct uvt_stats_startup *startup = &process->startup;
  char texts[4][32];
  char detail[200];
  if (!startup->listens)
    return;
  uint64_t length = startup->time - process->first;
  uvt_words_clean(detail, sizeof detail, startup->detail, printer->view->ascii);
  fprintf(printer->out, "\nstart-up: %s until it listened (%s)\n", duration(printer, texts[0], length),
          detail);
  fprintf(printer->out, "  callbacks: %" PRIu64 ", ran %s with the main program; idle %s\n",
          startup->tally.invocations, duration(printer, texts[0], startup->tally.ran + startup->open_ran),
          duration(printer, texts[1], startup->idle));
  fprintf(printer->out, "  blocking calls: %" PRIu64 ", took %s of it\n", startup->tally.blocking,
          duration(printer, texts[2], startup->tally.blocked));
  print_longest(printer, "until it listened", startup->open, startup->open_count, &startup->tally);
  print_blocking(printer, &startup->tally);
}

static void print_process(struct printer *printer, const struct uvt_stats_process *process)
{
  char title[256];
  char line[320];
  char texts[3][32];
  uvt_stats_span(printer->stats, process, &printer->from, &printer->to);
  uvt_words_clean(title, sizeof title, process->measured->title, printer->view->ascii);
  uvt_words_put(line, sizeof line, "process %" PRId64 "%s%s", process->measured->pid, *title ? ": " : "",
                title);
  fprintf(printer->out, "%s\n", uvt_cut(line, printer->view->width, printer->view->ascii));
  fprintf(printer->out, "  %s, from %s to %s\n", duration(printer, texts[0], printer->to - printer->from),
          duration(printer, texts[1], printer->from), duration(printer, texts[2], printer->to));
  fprintf(printer->out, "  callbacks: %" PRIu64 ", ran %s; blocking calls: %" PRIu64 ", took %s of it\n",
          process->tally.invocations, duration(printer, texts[0], process->tally.ran),
          process->tally.blocking, duration(printer, texts[1], process->tally.blocked));
  print_types(printer, process);
  print_loops(printer, process);
  print_pool(printer, process);
  print_longest(printer, "longest invocations", NULL, 0, &process->tally);
  print_blocking(printer, &process->tally);
  print_startup(printer, process);
}

int uvt_stats_print_text(const struct uvt_stats *stats, const struct uvt_stats_view *view, FILE *out,
                         struct uvt_error *error)
{
  struct printer printer = {.stats = stats, .view = view, .out = out};
  if (uvt_stats_check(stats, error) != 0)
    return -1;
  for (size_t i = 0; i < stats->measure.processes_count; i++) {
    const struct uvt_stats_process *process = uvt_stats_process_of(stats->measure.processes[i]);
    fputs(i ? "\n" : "", out);
    if (process)
      print_process(&printer, process);
  }
  return 0;
}

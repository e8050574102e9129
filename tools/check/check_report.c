/* SPDX-License-Identifier: MIT */
#include "check_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"

static const struct {
  const char *name;
  const char *text;
} rules[] = {
#define RULE_ROW(rule, name, text) {name, text},
    UVT_CHECK_RULES(RULE_ROW)
#undef RULE_ROW
};

static void clear_finding(struct uvt_finding *finding)
{
  free(finding->text);
  finding->text = NULL;
}

void uvt_check_report_clear(struct uvt_check_report *report)
{
  for (size_t i = 0; i < report->kept_count; i++)
    clear_finding(&report->kept[i]);
  free(report->kept);
  *report = (struct uvt_check_report){0};
}

static void format_place(char *text, size_t size, const struct uvt_check_place *place)
{
  char process[40] = "";
  if (place->show_process)
    snprintf(process, sizeof process, ", process %" PRIu64, place->process);
  if (place->event)
    snprintf(text, size, "event %" PRIu64 " (%s, time %" PRIu64 "%s)", place->line,
             uvt_event_name(place->event->kind), place->event->time, process);
  else
    snprintf(text, size, "end of the stream%s", process);
}

static int keep(struct uvt_check_report *report, const struct uvt_finding *finding)
{
  if (report->kept_count == report->kept_capacity) {
    size_t capacity = report->kept_capacity ? report->kept_capacity * 2 : 64;
    struct uvt_finding *kept = realloc(report->kept, capacity * sizeof *kept);
    if (!kept)
      return -ENOMEM;
    report->kept = kept;
    report->kept_capacity = capacity;
  }
  report->kept[report->kept_count++] = *finding;
  return 0;
}

static char *format_finding(const struct uvt_check_place *place, enum uvt_check_rule rule, const char *format,
                            va_list arguments)
{
  char where[128];
  char what[384];
  char text[600];
  format_place(where, sizeof where, place);
  uvt_words_vput(what, sizeof what, format, arguments);
  uvt_words_put(text, sizeof text, "%s: %s: %s", rules[rule].name, where, what);
  return strdup(uvt_words_clean(text, sizeof text, text, false));
}

int uvt_check_report_add(struct uvt_check_report *report, const struct uvt_check_place *place,
                         enum uvt_check_rule rule, bool excusable, const char *format, va_list arguments)
{
  report->count[rule]++;
  bool with_text = report->kept_count < UVT_CHECK_TEXTS_MAX;
  if (!with_text && !excusable)
    return 0;
  struct uvt_finding finding = {
      .rule = rule,
      .excusable = excusable,
      .process = place->process,
      .time = place->event ? place->event->time : UINT64_MAX,
      .text = with_text ? format_finding(place, rule, format, arguments) : NULL,
  };
  if (with_text && !finding.text)
    return -ENOMEM;
  int status = keep(report, &finding);
  if (status != 0)
    clear_finding(&finding);
  return status;
}

static bool covered(const struct uvt_finding *finding, uint64_t process, uint64_t from)
{
  return finding->excusable && finding->time >= from &&
         (process == UINT64_MAX || process == finding->process);
}

/* What was found before `from` comes first, and is not gone through: there may be much of it, and many
 * losses. */
static size_t first_found_since(const struct uvt_check_report *report, uint64_t from)
{
  size_t first = report->kept_count;
  while (first && report->kept[first - 1].time >= from)
    first--;
  return first;
}

void uvt_check_report_excuse(struct uvt_check_report *report, uint64_t process, uint64_t from)
{
  size_t left = first_found_since(report, from);
  for (size_t i = left; i < report->kept_count; i++) {
    struct uvt_finding *finding = &report->kept[i];
    if (covered(finding, process, from)) {
      report->count[finding->rule]--;
      report->excused++;
      clear_finding(finding);
    } else {
      report->kept[left++] = *finding;
    }
  }
  report->kept_count = left;
}

uint64_t uvt_check_report_violations(const struct uvt_check_report *report)
{
  uint64_t violations = 0;
  for (int rule = 0; rule < UVT_CHECK_RULE_COUNT; rule++) {
    if (rule != UVT_CHECK_warning)
      violations += report->count[rule];
  }
  return violations;
}

void uvt_check_report_print(const struct uvt_check_report *report, FILE *out, size_t lines)
{
  uint64_t found = uvt_check_report_violations(report) + report->count[UVT_CHECK_warning];
  size_t printed = 0;
  for (size_t i = 0; i < report->kept_count && printed < lines; i++) {
    if (!report->kept[i].text)
      continue;
    fprintf(out, "%s\n", report->kept[i].text);
    printed++;
  }
  if (found > printed && printed > 0)
    fprintf(out, "... and %" PRIu64 " more\n", found - printed);
  for (int rule = 0; rule < UVT_CHECK_RULE_COUNT; rule++) {
    if (report->count[rule])
      fprintf(out, "%10" PRIu64 "  %-13s  %s\n", report->count[rule], rules[rule].name, rules[rule].text);
  }
}

/* SPDX-License-Identifier: MIT */
#include "check_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
  if (!report->kept)
    report->kept = calloc(UVT_CHECK_KEPT_MAX, sizeof *report->kept);
  if (!report->kept)
    return -ENOMEM;
  report->kept[report->kept_count++] = *finding;
  return 0;
}

int uvt_check_report_add(struct uvt_check_report *report, const struct uvt_check_place *place,
                         enum uvt_check_rule rule, bool excusable, const char *format, va_list arguments)
{
  report->count[rule]++;
  if (report->kept_count == UVT_CHECK_KEPT_MAX)
    return 0;
  char where[128];
  char what[384];
  char text[600];
  format_place(where, sizeof where, place);
  vsnprintf(what, sizeof what, format, arguments);
  snprintf(text, sizeof text, "%s: %s: %s", rules[rule].name, where, what);
  struct uvt_finding finding = {
      .rule = rule,
      .excusable = excusable,
      .process = place->process,
      .time = place->event ? place->event->time : UINT64_MAX,
      .text = strdup(text),
  };
  if (!finding.text)
    return -ENOMEM;
  return keep(report, &finding);
}

static bool covered(const struct uvt_finding *finding, uint64_t process, uint64_t from)
{
  return finding->excusable && finding->time >= from &&
         (process == UINT64_MAX || process == finding->process);
}

void uvt_check_report_excuse(struct uvt_check_report *report, uint64_t process, uint64_t from)
{
  size_t left = 0;
  for (size_t i = 0; i < report->kept_count; i++) {
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
  size_t printed = report->kept_count < lines ? report->kept_count : lines;
  for (size_t i = 0; i < printed; i++)
    fprintf(out, "%s\n", report->kept[i].text);
  if (found > printed && printed > 0)
    fprintf(out, "... and %" PRIu64 " more\n", found - printed);
  for (int rule = 0; rule < UVT_CHECK_RULE_COUNT; rule++) {
    if (report->count[rule])
      fprintf(out, "%10" PRIu64 "  %-13s  %s\n", report->count[rule], rules[rule].name, rules[rule].text);
  }
}

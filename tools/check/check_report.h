/* SPDX-License-Identifier: MIT */
/*
 * What the checker found: violations by rule, and warnings. One thread at a time.
 *
 * A violation that a loss may explain ("excusable") is taken back when a `lost` event that comes later in the
 * stream covers its time; so nothing is printed before the end.
 */
#ifndef UVT_CHECK_REPORT_H
#define UVT_CHECK_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "stream/event.h"

/* X(rule, its name in the report, what it asks for): 1 to 7 are those of uvtree-stream(7). */
#define UVT_CHECK_RULES(X)                                                                         \
  X(1, "rule 1", "link < cause < executeBegin < executeEnd for each invocation")                   \
  X(2, "rule 2", "each ID is introduced by exactly one event")                                     \
  X(3, "rule 3", "a cause enables one registration, and only that one's invocations")              \
  X(4, "rule 4", "invocations nest on each thread; link, cause, cancel, blocking only inside one") \
  X(5, "rule 5", "executeIDs rise on each thread")                                                 \
  X(6, "rule 6", "each operation passes through its states in order, and is in one at a time")     \
  X(7, "rule 7", "after a cancel nothing new mentions the linkID")                                 \
  X(time, "time order", "lines are in order of time, all but Ready")                               \
  X(range, "range", "IDs and times are below 2^53")                                                \
  X(field, "field", "each event has the fields that it needs")                                     \
  X(process, "process", "process is the first event of each process")                              \
  X(external, "externalCause", "at most one an operation, before its executeBegin")                \
  X(pool, "pool", "poolBegin and poolEnd are paired, and lie between link and executeBegin")       \
  X(poll, "poll", "pollBegin and pollEnd are paired, and nothing runs between them")               \
  X(warning, "warning", "stacks that were unwound or switched: nesting is best effort there")

enum uvt_check_rule {
#define UVT_CHECK_RULE(rule, name, text) UVT_CHECK_##rule,
  UVT_CHECK_RULES(UVT_CHECK_RULE)
#undef UVT_CHECK_RULE
      UVT_CHECK_RULE_COUNT
};

/* How many are kept with their text. Further ones are only counted, and kept as long as a loss may excuse
 * them. */
enum { UVT_CHECK_TEXTS_MAX = 10000 };

struct uvt_finding {
  enum uvt_check_rule rule;
  bool excusable;
  uint64_t process; /* whose; UINT64_MAX: the stream's */
  uint64_t time;
  char *text; /* NULL beyond UVT_CHECK_TEXTS_MAX */
};

struct uvt_check_report {
  uint64_t count[UVT_CHECK_RULE_COUNT];
  uint64_t excused; /* taken back */
  struct uvt_finding *kept;
  size_t kept_count;
  size_t kept_capacity;
};

/* Where in the stream something was found. */
struct uvt_check_place {
  uint64_t line;                 /* the how-manieth event, from 1 */
  const struct uvt_event *event; /* NULL: the end of the stream */
  uint64_t process;
  bool show_process;
};

void uvt_check_report_clear(struct uvt_check_report *report);

/* Returns 0 or -ENOMEM. */
int uvt_check_report_add(struct uvt_check_report *report, const struct uvt_check_place *place,
                         enum uvt_check_rule rule, bool excusable, const char *format, va_list arguments);

/* Takes back what is excusable in that process (UINT64_MAX: in all) from `from` on. */
void uvt_check_report_excuse(struct uvt_check_report *report, uint64_t process, uint64_t from);

/* All violations, warnings not among them. */
uint64_t uvt_check_report_violations(const struct uvt_check_report *report);

/* At most `lines` findings, a line each, then counts by rule. */
void uvt_check_report_print(const struct uvt_check_report *report, FILE *out, size_t lines);

#endif

/* SPDX-License-Identifier: MIT */
/* What `uvtree requests` prints: rows, percentiles over all requests, the critical path of one. */
#ifndef UVT_REQUESTS_OUT_H
#define UVT_REQUESTS_OUT_H

#include <stdio.h>

#include "histogram.h"
#include "requests.h"

/* X(name, title in text, key in JSON and CSV, field): the times of a request. */
#define UVT_REQUEST_TIMES(X)                                        \
  X(wall, "wall", "wall", wall)                                     \
  X(running, "running", "running", parts[UVT_SPENT_RUNNING])        \
  X(ready, "ready", "ready", parts[UVT_SPENT_READY])                \
  X(pool_work, "pool work", "poolWork", parts[UVT_SPENT_POOL_WORK]) \
  X(pool_wait, "pool wait", "poolWait", parts[UVT_SPENT_POOL_WAIT]) \
  X(outside, "outside", "outside", parts[UVT_SPENT_OUTSIDE])

enum uvt_request_time {
#define UVT_REQUEST_TIME(name, title, key, field) UVT_REQUEST_##name,
  UVT_REQUEST_TIMES(UVT_REQUEST_TIME)
#undef UVT_REQUEST_TIME
      UVT_REQUEST_TIMES_COUNT
};

struct uvt_requests_totals {
  uint64_t count, failed;
  uint64_t outcomes[UVT_REQUEST_OUTCOMES];
  struct uvt_histogram times[UVT_REQUEST_TIMES_COUNT]; /* of those that finished: the others' are not over */
};

int uvt_requests_totals_add(struct uvt_requests_totals *totals, const struct uvt_request *request);
void uvt_requests_totals_clear(struct uvt_requests_totals *totals);

/* Compares two requests for qsort: by a key ("wall", ...), the greatest first, `start` the earliest. NULL: no
 * such key. */
typedef int uvt_request_order(const struct uvt_request *left, const struct uvt_request *right);
uvt_request_order *uvt_request_order_find(const char *key);
extern const char uvt_request_orders[]; /* all keys, for --help */

struct uvt_requests_view {
  unsigned width;
  bool ascii;
  bool clients;  /* it is those that this process made */
  bool possible; /* they would be in the stream */
};

/* The rows that are kept, in order, with all requests' totals. */
void uvt_requests_print_text(struct uvt_request *const *rows, size_t count,
                             const struct uvt_requests_totals *totals, const struct uvt_requests_view *view,
                             FILE *out);

void uvt_requests_print_csv_head(FILE *out);
void uvt_requests_print_csv(const struct uvt_request *request, FILE *out);

/* {"requests":[ROW,...],"percentiles":{...}}: head, rows, tail. */
void uvt_requests_print_json_head(FILE *out);
int uvt_requests_print_json(const struct uvt_request *request, bool first, FILE *out);
int uvt_requests_print_json_tail(const struct uvt_requests_totals *totals, FILE *out);

#endif

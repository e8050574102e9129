/* SPDX-License-Identifier: MIT */
/* A stream of JSON Lines, through the reader into the checker, the tree, the costs and the requests. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/check.h"
#include "costs/requests.h"
#include "costs/stats.h"
#include "stream/stream_reader.h"
#include "tree/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

static void read_into(const uint8_t *data, size_t size, struct uvt_sink *sink)
{
  struct uvt_error error = {0};
  FILE *file = fmemopen((void *)data, size, "r");
  uvt_stream_read(file, "fuzz", sink, NULL, &error);
  sink->end(sink);
  fclose(file);
}

static void check(const uint8_t *data, size_t size)
{
  struct uvt_check *made = uvt_check_create(0);
  read_into(data, size, uvt_check_sink(made));
  uvt_check_report_print(uvt_check_findings(made), nowhere, 100);
  uvt_check_destroy(made);
}

static void tree(const uint8_t *data, size_t size)
{
  const struct uvt_tree_moment whole = {0};
  const struct uvt_tree_view view = {.width = 80, .full = true};
  struct uvt_error error = {0};
  struct uvt_tree *made = uvt_tree_create(&whole);
  read_into(data, size, uvt_tree_sink(made));
  uvt_tree_print_text(made, &view, nowhere, &error);
  uvt_tree_print_json(made, &view, nowhere, &error);
  uvt_tree_destroy(made);
}

static void stats(const uint8_t *data, size_t size)
{
  const struct uvt_stats_options options = {0};
  struct uvt_error error = {0};
  struct uvt_stats *made = uvt_stats_create(&options);
  read_into(data, size, uvt_stats_sink(made));
  uvt_stats_print_json(made, nowhere, &error);
  uvt_stats_destroy(made);
}

/* Whatever the stream says, the parts of a request sum up to its wall time. */
static int take_request(void *user, struct uvt_request *request)
{
  uint64_t sum = 0;
  (void)user;
  for (size_t i = 0; i < UVT_SPENT_KINDS; i++)
    sum += request->parts[i];
  if (sum != request->wall)
    abort();
  uvt_request_free(request);
  return 0;
}

static void requests(const uint8_t *data, size_t size)
{
  struct uvt_requests *made = uvt_requests_create(take_request, NULL);
  read_into(data, size, uvt_requests_sink(made));
  uvt_requests_destroy(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (!nowhere && !(nowhere = fopen("/dev/null", "w")))
    abort();
  if (!size) /* fmemopen takes none */
    return 0;
  check(data, size);
  tree(data, size);
  stats(data, size);
  requests(data, size);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Batches of packed records: unpacked, put in order, made events of and checked. The input is a row of
 * batches, each a thread (one byte), a number (one byte), how many words it has (one byte) and the words.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "model/model.h"
#include "trace/reorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct into_model {
  struct uvt_trace_visitor visitor;
  struct uvt_model *model;
};

static int take(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  struct uvt_error error = {0};
  return uvt_model_record(((struct into_model *)visitor)->model, record, &error);
}

static const struct uvt_rec_process process = {.process = 7,
                                               .schema = UVT_SCHEMA_VERSION,
                                               .pid = 100,
                                               .window = 20000000,
                                               .uv_version = "1.46.0",
                                               .node_version = "",
                                               .exe = "/p",
                                               .session = "",
                                               .argv = "p"};

static int give_batches(struct uvt_trace_visitor *visitor, const uint8_t *data, size_t size)
{
  uint64_t words[UINT8_MAX];
  int64_t time = 1000000000;
  while (size >= 3) {
    size_t count = data[2];
    struct uvt_record record = {.kind = UVT_RECORD_batch, .host = "", .session = "", .time = time += 1000000};
    record.monotonic = (uint64_t)record.time;
    if (count > (size - 3) / sizeof *words)
      count = (size - 3) / sizeof *words;
    memcpy(words, data + 3, count * sizeof *words);
    record.batch = (struct uvt_rec_batch){.process = 7,
                                          .tid = 100 + data[0] % 4,
                                          .number = data[1],
                                          .begin = record.monotonic - 500000,
                                          .unit = 8 << 24,
                                          .words = {words, (uint32_t)count}};
    if (visitor->record(visitor, &record) != 0)
      return -1;
    data += 3 + count * sizeof *words;
    size -= 3 + count * sizeof *words;
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct uvt_check *check = uvt_check_create(0);
  struct into_model into = {.visitor.record = take};
  into.model = uvt_model_create(uvt_check_sink(check), 0);
  struct uvt_reorder *reorder = uvt_reorder_create(&into.visitor);
  struct uvt_trace_visitor *visitor = uvt_reorder_visitor(reorder);
  struct uvt_record first = {.kind = UVT_RECORD_process,
                             .host = "",
                             .session = "",
                             .time = 1000000000,
                             .monotonic = 1000000000,
                             .process = process};
  if (visitor->record(visitor, &first) == 0 && give_batches(visitor, data, size) == 0)
    uvt_reorder_finish(reorder);
  uvt_reorder_destroy(reorder);
  uvt_model_destroy(into.model);
  uvt_check_destroy(check);
  return 0;
}

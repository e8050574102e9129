/* SPDX-License-Identifier: MIT */
/*
 * How the records of the JavaScript layer are packed into the words of a `js_batch` (schema.h).
 *
 * One costs the program a few stores where a tracepoint would cost several times what is traced. The order in
 * a trace is that of the records themselves: a thread's batch is written before the next other record of that
 * thread, so whoever unpacks a batch where it stands in the trace has every thread's records in their order.
 * Only their times are earlier than the batch's: by no more than process.window, as long as the processor is
 * not kept from the recorder.
 *
 * A record is one to three words, numbers in the host's byte order; the first is laid out as
 *   bits 0-2 enum uvt_js_op, 3-7 flags, 8-31 when: units of time since js_batch.begin,
 *   32-63 the low half of the execute_id whose upper half is js_batch.execute_high.
 * The second, where there is one, has the low half of a link_id (js_batch.link_high has the upper one) in
 * bits 0-31, or what the table says:
 *
 *   op      words  flags           bits 32-63 of the second word         else
 *   link    2      UVT_LINK_*      32-47 type, 48-63 function: strings
 *           3      and UVT_JS_FLAG_STACK                                 third: the number of its stack
 *   begin   2      UVT_BEGIN_*     32-39 depth
 *   end     1
 *   cause   2
 *   cancel  2      enum uvt_reason
 *   promise 2      enum uvt_life                                         the second is the promise's number
 *   label   3                      32-47 status, 48-63 kind: a string    second, 0-31: id; third: name, a
 * string
 *
 * This header knows schema.h alone.
 */
#ifndef UVT_JS_BATCH_H
#define UVT_JS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema.h"

enum uvt_js_op {
  UVT_JS_OP_link,
  UVT_JS_OP_begin,
  UVT_JS_OP_end,
  UVT_JS_OP_cause,
  UVT_JS_OP_cancel,
  UVT_JS_OP_promise,
  UVT_JS_OP_label
};

#define UVT_JS_FLAG_STACK 0x10       /* of a link: its stack is told, too */
#define UVT_JS_WHEN_LIMIT (1u << 24) /* a record that much later, in units, begins a batch of its own */
#define UVT_JS_UNIT_SHIFT 24         /* js_batch.unit: so many fractional bits */

static inline uint64_t uvt_js_word(enum uvt_js_op op, uint8_t flags, uint32_t when, uint64_t execute_id)
{
  return (uint64_t)op | (uint64_t)flags << 3 | (uint64_t)when << 8 | execute_id << 32;
}

/* How many words the record takes that begins with this one; 0: no such op. */
static inline uint32_t uvt_js_size(uint64_t word)
{
  static const uint8_t sizes[8] = {
      [UVT_JS_OP_link] = 2,   [UVT_JS_OP_begin] = 2,   [UVT_JS_OP_end] = 1,  [UVT_JS_OP_cause] = 2,
      [UVT_JS_OP_cancel] = 2, [UVT_JS_OP_promise] = 2, [UVT_JS_OP_label] = 3};
  bool has_stack = (word & 7) == UVT_JS_OP_link && word >> 3 & UVT_JS_FLAG_STACK;
  return sizes[word & 7] + has_stack;
}

/* How many records a batch's words hold; what is damaged ends it. */
static inline uint32_t uvt_js_count(const struct uvt_sequence *words)
{
  uint32_t count = 0;
  for (uint32_t i = 0, size; i < words->count && (size = uvt_js_size(words->at[i])) != 0; i += size)
    count += size <= words->count - i;
  return count;
}

/* ns on CLOCK_MONOTONIC */
static inline uint64_t uvt_js_time(const struct uvt_rec_js_batch *batch, uint64_t word)
{
  uint64_t units = word >> 8 & (UVT_JS_WHEN_LIMIT - 1);
  return batch->begin + (units * batch->unit >> UVT_JS_UNIT_SHIFT);
}

/* The number of a link's stack, 0 where it has none; for a `link_stack` before it. */
static inline uint32_t uvt_js_stack_of(const uint64_t *words)
{
  return uvt_js_size(words[0]) == 3 && (words[0] & 7) == UVT_JS_OP_link ? (uint32_t)words[2] : 0;
}

union uvt_js_record {
  struct uvt_rec_js_link link;
  struct uvt_rec_execute_begin begin;
  struct uvt_rec_execute_end end;
  struct uvt_rec_cause cause;
  struct uvt_rec_cancel cancel;
  struct uvt_rec_promise promise;
  struct uvt_rec_js_label label;
};

/* The record that begins at `words`, all of which are there; what it is. */
static inline enum uvt_js_op uvt_js_unpack(const struct uvt_rec_js_batch *batch, const uint64_t *words,
                                           union uvt_js_record *record)
{
  enum uvt_js_op op = (enum uvt_js_op)(words[0] & 7);
  uint8_t flags = words[0] >> 3 & 0x1f;
  uint64_t execute_id = (uint64_t)batch->execute_high << 32 | words[0] >> 32;
  uint64_t second = uvt_js_size(words[0]) > 1 ? words[1] : 0;
  uint64_t link_id = (uint64_t)batch->link_high << 32 | (uint32_t)second;
  switch (op) {
  case UVT_JS_OP_link:
    record->link = (struct uvt_rec_js_link){batch->process,
                                            execute_id,
                                            link_id,
                                            second >> 32 & 0xffff,
                                            (uint32_t)(second >> 48),
                                            flags & ~UVT_JS_FLAG_STACK};
    break;
  case UVT_JS_OP_begin:
    record->begin = (struct uvt_rec_execute_begin){batch->process,          batch->tid, execute_id, link_id,
                                                   (uint8_t)(second >> 32), flags,      0};
    if (flags & UVT_BEGIN_MAIN)
      record->begin.link_id = 0;
    break;
  case UVT_JS_OP_end:
    record->end = (struct uvt_rec_execute_end){batch->process, execute_id, flags};
    break;
  case UVT_JS_OP_cause:
    record->cause = (struct uvt_rec_cause){batch->process, execute_id, link_id, flags};
    break;
  case UVT_JS_OP_cancel:
    record->cancel = (struct uvt_rec_cancel){batch->process, execute_id, link_id, flags, 0};
    break;
  case UVT_JS_OP_promise:
    record->promise = (struct uvt_rec_promise){batch->process, execute_id, second, flags};
    break;
  case UVT_JS_OP_label:
    record->label = (struct uvt_rec_js_label){batch->process,           execute_id,
                                              (uint32_t)second,         (int16_t)(second >> 32),
                                              (uint32_t)(second >> 48), (uint32_t)words[2]};
    break;
  }
  return op;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * How a thread's records are packed into the words of a `batch` (schema.h).
 *
 * One costs the program a few stores where a tracepoint would cost several times what is traced. The order in
 * a trace is that of the records themselves: a thread's batch is written before the next record of that
 * thread that cannot be packed, so whoever unpacks a batch where it stands in the trace has every thread's
 * records in their order. Only their times are earlier than the batch's: by no more than process.window, as
 * long as the processor is not kept from the recorder.
 *
 * A packed record is one or more words, numbers in the host's byte order; the first is laid out as
 *   bits 0-4 enum uvt_batch_op, 5-8 flags, 9-31 when: units of time since batch.begin,
 *   32-63 the low half of the execute_id whose upper half is batch.execute_high.
 * Bits 0-31 of the second word, where there is one, are the low half of a link_id (batch.link_high has the
 * upper one) unless the table below says otherwise.
 *
 *   op           flags            bits 32-63 of the second word   else
 *   end          UVT_END_*
 *   begin        UVT_BEGIN_*      32-39 depth                     (value 0)
 *   begin_value  UVT_BEGIN_*      32-39 depth                     third: value
 *   link         UVT_LINK_* +     32-39 type, 40-63 arg, signed
 *   link_arg     UVT_LINK_* +     32-39 type                      third: arg
 *   js_link      UVT_LINK_* +     32-47 type, 48-63 function
 *   js_timer     UVT_LINK_* +     32-47 type, 48-63 function      third: timeout
 *   cause        UVT_CAUSE_*
 *   cancel       enum uvt_reason  status
 *   ready
 *   pool_begin
 *   pool_end
 *   poll_begin                    timeout                         bits 0-31: loop_id
 *   poll_end                      events                          bits 0-31: loop_id
 *   promise      enum uvt_life                                    the second is the promise's number
 *   js_label                      32-47 status, 48-63 kind        bits 0-31: id; third: name
 *   child                         pid
 *   child_pipe   ipc              pid                             bits 0-23: fd, 24-31: number
 *   detail                        48-63 length of its text        text
 *   string                        48-63 length of its text        bits 0-31: id; text
 *   blocking                      32-39 type, 48-63 length        bits 0-31: stack; third: duration, fourth:
 *                                                                 result; path
 *
 * + A link with UVT_BATCH_STACK in its flags has one word more, the number of its stack (link_stack).
 * A text is that many bytes and a NUL, in as many words as that takes; the rest of the last one is zero.
 *
 * This header knows schema.h alone.
 */
#ifndef UVT_BATCH_FORMAT_H
#define UVT_BATCH_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema.h"

/* X(op, event that it stands for, words without stack and text, has a text) */
#define UVT_BATCH_OPS(X)              \
  X(end, execute_end, 1, 0)           \
  X(begin, execute_begin, 2, 0)       \
  X(begin_value, execute_begin, 3, 0) \
  X(link, link, 2, 0)                 \
  X(link_arg, link, 3, 0)             \
  X(js_link, js_link, 2, 0)           \
  X(js_timer, js_link, 3, 0)          \
  X(cause, cause, 2, 0)               \
  X(cancel, cancel, 2, 0)             \
  X(ready, ready, 2, 0)               \
  X(pool_begin, pool_begin, 2, 0)     \
  X(pool_end, pool_end, 2, 0)         \
  X(poll_begin, poll_begin, 2, 0)     \
  X(poll_end, poll_end, 2, 0)         \
  X(promise, promise, 2, 0)           \
  X(js_label, js_label, 3, 0)         \
  X(child, child, 2, 0)               \
  X(child_pipe, child_pipe, 2, 0)     \
  X(detail, detail, 2, 1)             \
  X(string, string, 2, 1)             \
  X(blocking, blocking, 4, 1)

enum uvt_batch_op {
#define UVT_BATCH_OP(op, event, words, text) UVT_BATCH_##op,
  UVT_BATCH_OPS(UVT_BATCH_OP)
#undef UVT_BATCH_OP
      UVT_BATCH_OP_COUNT
};

#define UVT_BATCH_STACK 0x8             /* flag of a link: one more word, the number of its stack */
#define UVT_BATCH_WHEN_LIMIT (1u << 23) /* a record that much later, in units, begins a batch of its own */
#define UVT_BATCH_UNIT_SHIFT 24         /* batch.unit: so many fractional bits */
#define UVT_BATCH_TEXT_MAX 4095         /* bytes; longer texts are cut */
#define UVT_BATCH_ARG_BITS 24           /* of the op `link` */

static inline uint64_t uvt_batch_word(enum uvt_batch_op op, uint8_t flags, uint32_t when, uint64_t execute_id)
{
  return (uint64_t)op | (uint64_t)flags << 5 | (uint64_t)when << 9 | execute_id << 32;
}

static inline enum uvt_batch_op uvt_batch_op_of(uint64_t word)
{
  return (enum uvt_batch_op)(word & 0x1f);
}

static inline uint8_t uvt_batch_flags_of(uint64_t word)
{
  return word >> 5 & 0xf;
}

/* Of a text of that many bytes. */
static inline uint32_t uvt_batch_text_words(uint32_t bytes)
{
  return bytes / 8 + 1;
}

static inline bool uvt_batch_is_js_link(enum uvt_batch_op op)
{
  return op == UVT_BATCH_js_link || op == UVT_BATCH_js_timer;
}

static inline bool uvt_batch_is_link(enum uvt_batch_op op)
{
  return op == UVT_BATCH_link || op == UVT_BATCH_link_arg || uvt_batch_is_js_link(op);
}

/* How many of the `left` words belong to the record that begins with the first; 0: it is damaged. */
static inline uint32_t uvt_batch_size(const uint64_t *words, uint32_t left)
{
  static const struct {
    uint8_t words;
    bool text;
  } ops[32] = {
#define UVT_BATCH_SHAPE(op, event, words, text) [UVT_BATCH_##op] = {words, text},
      UVT_BATCH_OPS(UVT_BATCH_SHAPE)
#undef UVT_BATCH_SHAPE
  };
  if (!left)
    return 0;
  enum uvt_batch_op op = uvt_batch_op_of(words[0]);
  uint32_t size = ops[op].words;
  if (!size || size > left)
    return 0;
  if (ops[op].text) {
    size += uvt_batch_text_words((uint32_t)(words[1] >> 48));
    return size <= left && !(words[size - 1] >> 56) ? size : 0;
  }
  size += uvt_batch_is_link(op) && uvt_batch_flags_of(words[0]) & UVT_BATCH_STACK;
  return size <= left ? size : 0;
}

/* How many records a batch's words hold; what is damaged ends it. */
static inline uint32_t uvt_batch_count(const struct uvt_sequence *words)
{
  uint32_t count = 0;
  for (uint32_t i = 0, size; (size = uvt_batch_size(words->at + i, words->count - i)) != 0; i += size)
    count++;
  return count;
}

/* ns on CLOCK_MONOTONIC */
static inline uint64_t uvt_batch_time(const struct uvt_rec_batch *batch, uint64_t word)
{
  uint64_t units = word >> 9 & (UVT_BATCH_WHEN_LIMIT - 1);
  return batch->begin + (units * batch->unit >> UVT_BATCH_UNIT_SHIFT);
}

/* The number of a link's stack, 0 where it has none: told by a `link_stack` before it. */
static inline uint32_t uvt_batch_stack_of(const uint64_t *words)
{
  enum uvt_batch_op op = uvt_batch_op_of(words[0]);
  if (!uvt_batch_is_link(op) || !(uvt_batch_flags_of(words[0]) & UVT_BATCH_STACK))
    return 0;
  return (uint32_t)words[op == UVT_BATCH_link_arg || op == UVT_BATCH_js_timer ? 3 : 2];
}

union uvt_batch_record {
#define UVT_BATCH_MEMBER(event) struct uvt_rec_##event event;
  UVT_EVENTS(UVT_BATCH_MEMBER)
#undef UVT_BATCH_MEMBER
};

/* The record that begins at `words`, all of which are there; what it is. Its text lies in the words. */
static inline enum uvt_batch_op uvt_batch_unpack(const struct uvt_rec_batch *batch, const uint64_t *words,
                                                 union uvt_batch_record *record)
{
  enum uvt_batch_op op = uvt_batch_op_of(words[0]);
  const uint32_t process = batch->process;
  const uint8_t flags = uvt_batch_flags_of(words[0]);
  const uint64_t execute_id = (uint64_t)batch->execute_high << 32 | words[0] >> 32;
  const uint64_t second = op == UVT_BATCH_end ? 0 : words[1];
  const uint32_t low = (uint32_t)second, high = (uint32_t)(second >> 32);
  const uint64_t link_id = (uint64_t)batch->link_high << 32 | low;
  const uint8_t link_flags = (uint8_t)(flags & ~UVT_BATCH_STACK), type = (uint8_t)high;
  switch (op) {
  case UVT_BATCH_end:
    record->execute_end = (struct uvt_rec_execute_end){process, execute_id, flags};
    break;
  case UVT_BATCH_begin:
  case UVT_BATCH_begin_value:
    record->execute_begin =
        (struct uvt_rec_execute_begin){process,
                                       batch->tid,
                                       execute_id,
                                       low ? link_id : 0,
                                       (uint8_t)high,
                                       flags,
                                       op == UVT_BATCH_begin_value ? (int64_t)words[2] : 0};
    break;
  case UVT_BATCH_link:
    record->link =
        (struct uvt_rec_link){process, execute_id, link_id, type, link_flags, (int64_t)second >> 40};
    break;
  case UVT_BATCH_link_arg:
    record->link = (struct uvt_rec_link){process, execute_id, link_id, type, link_flags, (int64_t)words[2]};
    break;
  case UVT_BATCH_js_link:
  case UVT_BATCH_js_timer:
    record->js_link = (struct uvt_rec_js_link){process,
                                               execute_id,
                                               link_id,
                                               high & 0xffff,
                                               high >> 16,
                                               link_flags,
                                               op == UVT_BATCH_js_timer ? (uint32_t)words[2] : 0};
    break;
  case UVT_BATCH_cause:
    record->cause = (struct uvt_rec_cause){process, execute_id, link_id, flags};
    break;
  case UVT_BATCH_cancel:
    record->cancel = (struct uvt_rec_cancel){process, execute_id, link_id, flags, (int32_t)high};
    break;
  case UVT_BATCH_ready:
    record->ready = (struct uvt_rec_ready){process, link_id};
    break;
  case UVT_BATCH_pool_begin:
    record->pool_begin = (struct uvt_rec_pool_begin){process, batch->tid, link_id};
    break;
  case UVT_BATCH_pool_end:
    record->pool_end = (struct uvt_rec_pool_end){process, batch->tid, link_id};
    break;
  case UVT_BATCH_poll_begin:
    record->poll_begin = (struct uvt_rec_poll_begin){process, low, batch->tid, (int32_t)high};
    break;
  case UVT_BATCH_poll_end:
    record->poll_end = (struct uvt_rec_poll_end){process, low, batch->tid, (int32_t)high};
    break;
  case UVT_BATCH_promise:
    record->promise = (struct uvt_rec_promise){process, execute_id, second, flags};
    break;
  case UVT_BATCH_js_label:
    record->js_label =
        (struct uvt_rec_js_label){process, execute_id, low, (int16_t)high, high >> 16, (uint32_t)words[2]};
    break;
  case UVT_BATCH_child:
    record->child = (struct uvt_rec_child){process, execute_id, low ? link_id : 0, (int32_t)high};
    break;
  case UVT_BATCH_child_pipe:
    record->child_pipe =
        (struct uvt_rec_child_pipe){process, (int32_t)high, low & 0xffffff, (uint8_t)(low >> 24), flags};
    break;
  case UVT_BATCH_detail:
    record->detail = (struct uvt_rec_detail){process, link_id, (const char *)&words[2]};
    break;
  case UVT_BATCH_string:
    record->string = (struct uvt_rec_string){process, low, (const char *)&words[2]};
    break;
  case UVT_BATCH_blocking:
    record->blocking = (struct uvt_rec_blocking){
        process, execute_id, type, words[2], (int64_t)words[3], low, (const char *)&words[4]};
    break;
  case UVT_BATCH_OP_COUNT:
    break;
  }
  return op;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The records that are packed: uvt_put_<event> is the tracepoint of that name (schema.h), appended to the
 * thread's buffer. Only where uvt_recording(thread) has just said yes. The thread's own, without a lock; in a
 * signal handler, too.
 */
#ifndef UVT_PUT_H
#define UVT_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "announce.h"
#include "buffer.h"

/* What a record does not name: any will do. */
static inline uint64_t uvt_put_no_execute(const struct uvt_thread *thread)
{
  return (uint64_t)thread->buffer->execute_high << 32;
}

static inline uint64_t uvt_put_no_link(const struct uvt_thread *thread)
{
  return (uint64_t)thread->buffer->link_high << 32;
}

UVT_HOT_INLINE void uvt_put_execute_begin(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                          uint8_t depth, uint8_t flags, int64_t value)
{
  uint32_t size = value ? 3 : 2;
  uint64_t *words = uvt_append(thread, value ? UVT_BATCH_begin_value : UVT_BATCH_begin, flags, execute_id,
                               link_id ? link_id : uvt_put_no_link(thread), size);
  words[1] = (uint32_t)link_id | (uint64_t)depth << 32;
  if (value)
    words[2] = (uint64_t)value;
  uvt_appended(thread, size, false);
}

/* hold: uvt_buffer_drop may yet take it back. */
UVT_HOT_INLINE void uvt_put_execute_end(struct uvt_thread *thread, uint64_t execute_id, uint8_t flags,
                                        bool hold)
{
  uvt_append(thread, UVT_BATCH_end, flags, execute_id, uvt_put_no_link(thread), 1);
  uvt_appended(thread, 1, hold);
}

/* stack: told before; 0: none. */
static inline void uvt_put_link(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                uint8_t type, uint8_t flags, int64_t arg, uint32_t stack)
{
  bool small = arg == (int64_t)((uint64_t)arg << 40) >> 40;
  uint32_t size = (small ? 2u : 3u) + (stack != 0);
  uint64_t *words = uvt_append(thread, small ? UVT_BATCH_link : UVT_BATCH_link_arg,
                               flags | (stack ? UVT_BATCH_STACK : 0), execute_id, link_id, size);
  words[1] = (uint32_t)link_id | (uint64_t)type << 32 | (small ? (uint64_t)arg << 40 : 0);
  if (!small)
    words[2] = (uint64_t)arg;
  if (__builtin_expect(stack != 0, 0))
    words[size - 1] = stack;
  uvt_appended(thread, size, false);
}

/* As the next, with a third word. */
static inline void uvt_put_js_timer(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                    uint32_t type, uint32_t function, uint8_t flags, uint32_t timeout,
                                    uint32_t stack)
{
  uint32_t size = 3u + (stack != 0);
  uint64_t *words = uvt_append(thread, UVT_BATCH_js_timer, flags | (stack ? UVT_BATCH_STACK : 0), execute_id,
                               link_id, size);
  words[1] = (uint32_t)link_id | (uint64_t)(type & 0xffff) << 32 | (uint64_t)function << 48;
  words[2] = timeout;
  if (__builtin_expect(stack != 0, 0))
    words[3] = stack;
  uvt_appended(thread, size, false);
}

/* hold: as above */
static inline void uvt_put_js_link(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                   uint32_t type, uint32_t function, uint8_t flags, uint32_t stack, bool hold)
{
  uint32_t size = 2u + (stack != 0);
  uint64_t *words =
      uvt_append(thread, UVT_BATCH_js_link, flags | (stack ? UVT_BATCH_STACK : 0), execute_id, link_id, size);
  words[1] = (uint32_t)link_id | (uint64_t)(type & 0xffff) << 32 | (uint64_t)function << 48;
  if (__builtin_expect(stack != 0, 0))
    words[2] = stack;
  uvt_appended(thread, size, hold);
}

/* What has two words, of which the second holds a link_id and `high`. */
static inline void uvt_put_of_link(struct uvt_thread *thread, enum uvt_batch_op op, uint8_t flags,
                                   uint64_t execute_id, uint64_t link_id, uint32_t high)
{
  uvt_append(thread, op, flags, execute_id, link_id, 2)[1] = (uint32_t)link_id | (uint64_t)high << 32;
  uvt_appended(thread, 2, false);
}

static inline void uvt_put_cause(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                 uint8_t flags)
{
  uvt_put_of_link(thread, UVT_BATCH_cause, flags, execute_id, link_id, 0);
}

static inline void uvt_put_cancel(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                  enum uvt_reason reason, int32_t status)
{
  uvt_put_of_link(thread, UVT_BATCH_cancel, reason, execute_id, link_id, (uint32_t)status);
}

static inline void uvt_put_child(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id,
                                 int32_t pid)
{
  uvt_put_of_link(thread, UVT_BATCH_child, 0, execute_id, link_id, (uint32_t)pid);
}

static inline void uvt_put_ready(struct uvt_thread *thread, uint64_t link_id)
{
  uvt_put_of_link(thread, UVT_BATCH_ready, 0, uvt_put_no_execute(thread), link_id, 0);
}

static inline void uvt_put_pool_begin(struct uvt_thread *thread, uint64_t link_id)
{
  uvt_put_of_link(thread, UVT_BATCH_pool_begin, 0, uvt_put_no_execute(thread), link_id, 0);
}

static inline void uvt_put_pool_end(struct uvt_thread *thread, uint64_t link_id)
{
  uvt_put_of_link(thread, UVT_BATCH_pool_end, 0, uvt_put_no_execute(thread), link_id, 0);
}

/* What has one or two words of its own. */
static inline void uvt_put_numbers(struct uvt_thread *thread, enum uvt_batch_op op, uint8_t flags,
                                   uint64_t execute_id, uint64_t second)
{
  uvt_append(thread, op, flags, execute_id, uvt_put_no_link(thread), 2)[1] = second;
  uvt_appended(thread, 2, false);
}

static inline void uvt_put_child_pipe(struct uvt_thread *thread, int pid, int fd, int number, bool ipc)
{
  uvt_put_numbers(thread, UVT_BATCH_child_pipe, ipc, uvt_put_no_execute(thread),
                  ((uint32_t)fd & 0xffffff) | (uint32_t)number << 24 | (uint64_t)(uint32_t)pid << 32);
}

static inline void uvt_put_poll_begin(struct uvt_thread *thread, uint32_t loop_id, int32_t timeout)
{
  uvt_put_numbers(thread, UVT_BATCH_poll_begin, 0, uvt_put_no_execute(thread),
                  loop_id | (uint64_t)(uint32_t)timeout << 32);
}

static inline void uvt_put_poll_end(struct uvt_thread *thread, uint32_t loop_id, int32_t events)
{
  uvt_put_numbers(thread, UVT_BATCH_poll_end, 0, uvt_put_no_execute(thread),
                  loop_id | (uint64_t)(uint32_t)events << 32);
}

static inline void uvt_put_promise(struct uvt_thread *thread, uint64_t execute_id, uint64_t promise,
                                   enum uvt_life life)
{
  uvt_put_numbers(thread, UVT_BATCH_promise, life, execute_id, promise);
}

static inline void uvt_put_js_label(struct uvt_thread *thread, uint64_t execute_id, uint32_t id,
                                    int32_t status, uint32_t kind, uint32_t name)
{
  uint64_t *words = uvt_append(thread, UVT_BATCH_js_label, 0, execute_id, uvt_put_no_link(thread), 3);
  words[1] = id | (uint64_t)(uint16_t)(int16_t)status << 32 | (uint64_t)kind << 48;
  words[2] = name;
  uvt_appended(thread, 3, false);
}

/* ---- With texts: NULL is "", longer ones than UVT_BATCH_TEXT_MAX are cut. Not in signal handlers. ---- */

/* The thread's own append is under way: the caller is a handler, which should not be here. */
static inline bool uvt_put_refuses(const struct uvt_thread *thread)
{
  if (__builtin_expect(thread->buffer->busy == 0, 1))
    return false;
  uvt_count_lost(1);
  return true;
}

static inline uint32_t uvt_put_length(const char *text)
{
  return text ? (uint32_t)strnlen(text, UVT_BATCH_TEXT_MAX) : 0;
}

static inline void uvt_put_text(uint64_t *words, const char *text, uint32_t length)
{
  words[length / 8] = 0;
  if (length)
    memcpy(words, text, length);
}

static inline void uvt_put_detail(struct uvt_thread *thread, uint64_t link_id, const char *text)
{
  if (uvt_put_refuses(thread))
    return;
  uint32_t length = uvt_put_length(text), size = 2 + uvt_batch_text_words(length);
  uint64_t *words = uvt_append(thread, UVT_BATCH_detail, 0, uvt_put_no_execute(thread), link_id, size);
  words[1] = (uint32_t)link_id | (uint64_t)length << 48;
  uvt_put_text(words + 2, text, length);
  uvt_appended(thread, size, false);
}

static inline void uvt_put_string(struct uvt_thread *thread, uint32_t id, const char *text)
{
  if (uvt_put_refuses(thread))
    return;
  uint32_t length = uvt_put_length(text), size = 2 + uvt_batch_text_words(length);
  uint64_t *words =
      uvt_append(thread, UVT_BATCH_string, 0, uvt_put_no_execute(thread), uvt_put_no_link(thread), size);
  words[1] = id | (uint64_t)length << 48;
  uvt_put_text(words + 2, text, length);
  uvt_appended(thread, size, false);
}

static inline void uvt_put_blocking(struct uvt_thread *thread, uint64_t execute_id, uint8_t type,
                                    uint64_t duration, int64_t result, uint32_t stack, const char *path)
{
  if (uvt_put_refuses(thread))
    return;
  uint32_t length = uvt_put_length(path), size = 4 + uvt_batch_text_words(length);
  uint64_t *words = uvt_append(thread, UVT_BATCH_blocking, 0, execute_id, uvt_put_no_link(thread), size);
  words[1] = stack | (uint64_t)type << 32 | (uint64_t)length << 48;
  words[2] = duration;
  words[3] = (uint64_t)result;
  uvt_put_text(words + 4, path, length);
  uvt_appended(thread, size, false);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "out_file.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "words.h"

enum { BUFFERS = 4, NUMBER_ROOM = 24, TEXT_ROOM = 2048 };

/* Buffers are used in a ring: the filling thread has number `filled` in its hands, the writing one `written`.
 */
struct uvt_out_writer {
  int file;
  int status; /* with the lock held, as all that follows */
  size_t filled, written;
  bool finished;
  bool threaded; /* the filling thread's own */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  size_t sizes[BUFFERS];
  char buffers[BUFFERS][UVT_OUT_BUFFER];
};

/* ---- The writing thread ---- */

static int write_all(int file, const char *data, size_t size)
{
  while (size) {
    ssize_t written = write(file, data, size);
    if (written < 0 && errno != EINTR)
      return -errno;
    if (written > 0) {
      data += written;
      size -= (size_t)written;
    }
  }
  return 0;
}

/* Writes buffers until told that there will be no more, or as many as there are; with the lock held. */
static void write_filled(struct uvt_out_writer *writer)
{
  while (writer->written < writer->filled) {
    size_t at = writer->written % BUFFERS;
    int status = writer->status;
    pthread_mutex_unlock(&writer->lock);
    if (!status)
      status = write_all(writer->file, writer->buffers[at], writer->sizes[at]);
    pthread_mutex_lock(&writer->lock);
    writer->status = status;
    writer->written++;
    pthread_cond_broadcast(&writer->changed);
  }
}

static void *run_writer(void *argument)
{
  struct uvt_out_writer *writer = argument;
  pthread_mutex_lock(&writer->lock);
  while (!writer->finished) {
    write_filled(writer);
    if (!writer->finished && writer->written == writer->filled)
      pthread_cond_wait(&writer->changed, &writer->lock);
  }
  pthread_mutex_unlock(&writer->lock);
  return NULL;
}

/* ---- The filling thread ---- */

int uvt_out_open(struct uvt_out_file *out, int file)
{
  struct uvt_out_writer *writer = malloc(sizeof *writer);
  if (!writer)
    return -ENOMEM;
  writer->file = file;
  writer->status = 0;
  writer->filled = writer->written = 0;
  writer->finished = writer->threaded = false;
  pthread_mutex_init(&writer->lock, NULL);
  pthread_cond_init(&writer->changed, NULL);
  *out = (struct uvt_out_file){.buffer = writer->buffers[0], .writer = writer};
  return 0;
}

void uvt_out_close(struct uvt_out_file *out)
{
  struct uvt_out_writer *writer = out->writer;
  if (!writer)
    return;
  if (writer->threaded) {
    pthread_mutex_lock(&writer->lock);
    writer->finished = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
  }
  pthread_cond_destroy(&writer->changed);
  pthread_mutex_destroy(&writer->lock);
  free(writer);
  *out = (struct uvt_out_file){0};
}

/* Hands the buffer over, and waits until no more than `limit` are to be written. */
static void hand_over(struct uvt_out_file *out, size_t limit)
{
  struct uvt_out_writer *writer = out->writer;
  pthread_mutex_lock(&writer->lock);
  writer->sizes[writer->filled % BUFFERS] = out->used;
  writer->filled++;
  if (writer->threaded)
    pthread_cond_broadcast(&writer->changed);
  else
    write_filled(writer);
  while (writer->filled - writer->written > limit)
    pthread_cond_wait(&writer->changed, &writer->lock);
  out->status = writer->status;
  pthread_mutex_unlock(&writer->lock);
  out->buffer = writer->buffers[writer->filled % BUFFERS];
  out->used = 0;
}

void uvt_out_next(struct uvt_out_file *out)
{
  /* Short outputs need no thread, and without one things only take longer. */
  if (!out->writer->threaded)
    out->writer->threaded = !pthread_create(&out->writer->thread, NULL, run_writer, out->writer);
  hand_over(out, BUFFERS - 1);
}

int uvt_out_flush(struct uvt_out_file *out)
{
  hand_over(out, 0);
  return out->status;
}

/* ---- Numbers ---- */

/*
 * Eight decimal digits at once, each in a byte of its own and the first in the lowest: the number is cut in
 * two, the halves in two, and those again; divisions are multiplications that are exact for so few digits.
 */
static inline uint64_t digits_of(uint32_t number)
{
  uint64_t fours = number + UINT64_C(0xffffd8f0) * (number / 10000);
  uint64_t twos = fours + UINT64_C(0xff9c) * (((fours * 5243) >> 19) & UINT64_C(0x0000007f0000007f));
  return twos + UINT64_C(0xf6) * (((twos * 103) >> 10) & UINT64_C(0x000f000f000f000f));
}

#define ASCII_ZEROS UINT64_C(0x3030303030303030)
#define EIGHT_DIGITS 100000000

static inline char *put_eight(char *p, uint32_t number)
{
  uint64_t text = htobe64(digits_of(number) + ASCII_ZEROS);
  memcpy(p, &text, sizeof text);
  return p + sizeof text;
}

/* Without leading zeros. Stores eight bytes in any case. */
static inline char *put_up_to_eight(char *p, uint32_t number)
{
  uint64_t digits = digits_of(number);
  unsigned zeros = (unsigned)__builtin_clzll(digits | 1) / 8;
  uint64_t text = htobe64((digits + ASCII_ZEROS) << 8 * zeros);
  memcpy(p, &text, sizeof text);
  return p + sizeof text - zeros;
}

char *uvt_put_unsigned(char *p, uint64_t number)
{
  if (number < EIGHT_DIGITS)
    return put_up_to_eight(p, (uint32_t)number);
  uint64_t high = number / EIGHT_DIGITS;
  if (high < EIGHT_DIGITS)
    p = put_up_to_eight(p, (uint32_t)high);
  else
    p = put_eight(put_up_to_eight(p, (uint32_t)(high / EIGHT_DIGITS)), (uint32_t)(high % EIGHT_DIGITS));
  return put_eight(p, (uint32_t)(number % EIGHT_DIGITS));
}

char *uvt_put_signed(char *p, int64_t number)
{
  if (number >= 0)
    return uvt_put_unsigned(p, (uint64_t)number);
  *p = '-';
  return uvt_put_unsigned(p + 1, 0 - (uint64_t)number);
}

/* ---- Texts ---- */

/* Bytes that stand for themselves in a JSON string. */
static inline bool is_plain(unsigned char c)
{
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character that does not stand for itself: at most 6 bytes. Returns how many bytes of the text it took.
 */
static size_t put_escaped(char **p, const unsigned char *text)
{
  static const char hex[] = "0123456789abcdef";
  static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
  size_t length = text[0] < 0x80 ? 1 : uvt_words_character((const char *)text);
  unsigned char control = text[0];
  if (length == 2 && text[0] == 0xC2 && text[1] < 0xA0) { /* C1: a terminal may obey it */
    control = text[1];
  } else if (length > 1) {
    *p = uvt_put(*p, (const char *)text, length);
    return length;
  } else if (!length) {
    *p = UVT_PUT(*p, "\xEF\xBF\xBD");
    return 1;
  }
  for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
    if ((unsigned char)shorts[i] == text[0]) {
      *(*p)++ = '\\';
      *(*p)++ = shorts[i + 1];
      return 1;
    }
  }
  *p = UVT_PUT(*p, "\\u00");
  *(*p)++ = hex[control >> 4];
  *(*p)++ = hex[control & 15];
  return length;
}

void uvt_out_json_part(struct uvt_out_file *out, const char *start, size_t length)
{
  const unsigned char *text = (const unsigned char *)start, *end = text + length;
  char *p = uvt_out_room(out, TEXT_ROOM);
  const char *limit = p + TEXT_ROOM - NUMBER_ROOM;
  *p++ = '"';
  while (text < end) {
    while (text < end && p < limit) {
      if (is_plain(*text))
        *p++ = (char)*text++;
      else
        text += put_escaped(&p, text);
    }
    uvt_out_advance(out, p);
    p = uvt_out_room(out, TEXT_ROOM);
    limit = p + TEXT_ROOM - NUMBER_ROOM;
  }
  *p++ = '"';
  uvt_out_advance(out, p);
}

void uvt_out_json_text(struct uvt_out_file *out, const char *text)
{
  uvt_out_json_part(out, text ? text : "", text ? strlen(text) : 0);
}

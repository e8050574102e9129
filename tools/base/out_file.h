/* SPDX-License-Identifier: MIT */
/*
 * Buffered output for the formats of `uvtree convert`. Full buffers are written by a thread of its own:
 * copying hundreds of megabytes a second into the kernel takes as long as making them.
 *
 * One thread fills it. Failures are kept, and told by status; what is put after one goes nowhere.
 */
#ifndef UVT_OUT_FILE_H
#define UVT_OUT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { UVT_OUT_BUFFER = 128 * 1024 };

struct uvt_out_writer;

struct uvt_out_file {
  char *buffer; /* UVT_OUT_BUFFER bytes, of which `used` are filled */
  size_t used;
  int status; /* 0, or the negative errno of the first write that failed, as far as that is known */
  struct uvt_out_writer *writer;
};

/* The descriptor stays the caller's. Returns 0 or -ENOMEM. */
int uvt_out_open(struct uvt_out_file *out, int file);
void uvt_out_close(struct uvt_out_file *out); /* without flushing */

/* Begins a new buffer. */
void uvt_out_next(struct uvt_out_file *out);

/* Waits until all is written; returns the status. */
int uvt_out_flush(struct uvt_out_file *out);

/* Where at least that many bytes, less than a buffer, may be put; then say where they end. */
static inline char *uvt_out_room(struct uvt_out_file *out, size_t size)
{
  if (UVT_OUT_BUFFER - out->used < size)
    uvt_out_next(out);
  return out->buffer + out->used;
}

static inline void uvt_out_advance(struct uvt_out_file *out, const char *end)
{
  out->used = (size_t)(end - out->buffer);
}

/* ---- Putting text into that room: each returns the end ---- */

static inline char *uvt_put(char *p, const char *text, size_t length)
{
  memcpy(p, text, length);
  return p + length;
}
#define UVT_PUT(p, literal) uvt_put(p, literal, sizeof(literal) - 1)

/* At most 20 bytes; there must be room for so many in any case. */
char *uvt_put_unsigned(char *p, uint64_t number);
char *uvt_put_signed(char *p, int64_t number);

/* A JSON string: quoted, escaped, and U+FFFD for each byte that is not UTF-8. Finds its room itself; NULL is
 * "". */
void uvt_out_json_text(struct uvt_out_file *out, const char *text);

/* The same of a part of a text, which is cut where an ASCII character or the end follows. */
void uvt_out_json_part(struct uvt_out_file *out, const char *text, size_t length);

#endif

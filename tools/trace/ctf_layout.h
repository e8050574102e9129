/* SPDX-License-Identifier: MIT */
/*
 * How the data streams of a trace are laid out, as its metadata says: for traces as LTTng-UST writes them
 * (2.11 and later, x86-64, without context fields) and no others. Where anything is not just as expected
 * there is no layout, and babeltrace2 has to read the trace.
 */
#ifndef UVT_CTF_LAYOUT_H
#define UVT_CTF_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_metadata.h"

enum uvt_ctf_fetch {
  UVT_CTF_SKIP,       /* a number that nobody wants */
  UVT_CTF_NUMBER,     /* as wide in the stream as in the record */
  UVT_CTF_ENUMERATOR, /* one byte, which stands for another */
  UVT_CTF_STRING,     /* ended by NUL */
  UVT_CTF_SEQUENCE    /* of 8-byte numbers, as many as the number before it says */
};

/* Wanted ones of one event. */
#define UVT_CTF_SEQUENCES_MAX 2

struct uvt_ctf_field {
  uint8_t fetch; /* enum uvt_ctf_fetch */
  uint8_t width; /* bytes in the stream; of a sequence's elements; 0: a string */
  bool wanted;
  uint16_t at;          /* in an event of fixed size: where it lies in it */
  uint16_t offset;      /* in struct uvt_record; fields come in the order of their offsets */
  uint64_t mask;        /* the bits that a number has */
  uint8_t *enumerators; /* ENUMERATOR: the trace's numbers to ours; 256 of them */
};

struct uvt_ctf_event {
  bool known;        /* the metadata has it */
  bool has_all;      /* each field of the schema: nothing is to be zeroed */
  int kind;          /* enum uvt_record_kind, or -1: another provider's */
  size_t fixed_size; /* bytes, where it has only numbers; else the least */
  bool is_fixed;
  struct uvt_ctf_field *fields;
  size_t count;
};

struct uvt_ctf_stream_class {
  uint64_t id;
  bool described; /* false only while the metadata is read */
  bool has_large_headers;
  bool ours;                    /* has events of our provider */
  struct uvt_ctf_event *events; /* by their ID */
  size_t count;
};

struct uvt_ctf_layout {
  uint8_t uuid[16];
  const char *host, *session; /* names.h */
  int64_t clock_offset;       /* ns since the epoch at 0 on the trace's clock */
  struct uvt_ctf_stream_class *classes;
  size_t count;
  size_t room; /* events that the classes may yet make room for: LTTng numbers them without gaps, so that all
                  have room by the size of the text; what leaves large gaps is no trace of ours */
};

/* False where the trace is not for us; it is to be cleared in any case. */
bool uvt_ctf_layout_read(struct uvt_ctf_layout *layout, const struct uvt_trace_metadata *metadata);
void uvt_ctf_layout_clear(struct uvt_ctf_layout *layout);

const struct uvt_ctf_stream_class *uvt_ctf_layout_class(const struct uvt_ctf_layout *layout, uint64_t id);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One data stream of a trace whose layout is known: reads its records one after the other, in a window of the
 * file. Whatever an undamaged stream would not have is a surprise, and ends the reading.
 */
#ifndef UVT_CTF_STREAM_H
#define UVT_CTF_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctf_layout.h"
#include "ctf_packet.h"
#include "trace_file.h"
#include "trace_reading.h"

enum uvt_ctf_step { UVT_CTF_AT_RECORD, UVT_CTF_AT_LOSS, UVT_CTF_AT_END, UVT_CTF_SURPRISE };

struct uvt_ctf_loss {
  uint64_t count; /* UINT64_MAX: unknown */
  uint64_t from, to;
};

struct uvt_ctf_stream {
  struct uvt_record record; /* what is at hand, at AT_RECORD; points into the window */
  uint64_t spill;           /* numbers are stored 8 bytes wide, also the last one */
  int64_t time;             /* of what is at hand, ns since the epoch */
  enum uvt_ctf_step step;
  const struct uvt_ctf_layout *layout;
  const struct uvt_ctf_stream_class *class;
  struct uvt_trace_origin origin;
  struct uvt_trace_file file;
  struct uvt_ctf_packet_start packet; /* the one at hand */
  bool in_packet;
  size_t next_packet, content_end; /* offsets in the file */
  struct uvt_ctf_loss losses[2];   /* of packet: to be told before its events */
  size_t losses_count, losses_told;
  uint64_t clock;             /* of the event at hand */
  char *window;               /* capacity bytes, and a few that a load may touch */
  size_t capacity, window_at; /* the latter in the file */
  const char *cursor, *limit; /* in the window */
  uint64_t
      numbers[UVT_CTF_SEQUENCES_MAX * UVT_SEQUENCE_MAX]; /* of sequences, which lie anywhere in the file */
};

/* Opens a file of a trace; false: it is not for us, or there is no memory. To be closed in any case. */
bool uvt_ctf_stream_open(struct uvt_ctf_stream *stream, const struct uvt_ctf_layout *layout,
                         const char *path);
void uvt_ctf_stream_close(struct uvt_ctf_stream *stream);

/* Goes on to the next record or loss, and returns the step. What was at hand is gone. */
enum uvt_ctf_step uvt_ctf_stream_next(struct uvt_ctf_stream *stream);

/* Gives what is at hand to the visitor. */
void uvt_ctf_stream_give(const struct uvt_ctf_stream *stream, struct uvt_trace_reading *reading);

#endif

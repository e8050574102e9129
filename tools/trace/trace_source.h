/* SPDX-License-Identifier: MIT */
/*
 * Reads the records of provider `uvtree` from CTF traces, with a reader of our own (ctf_reader.h) where that
 * can read them and with libbabeltrace2 (trace_babeltrace.h) where not: both give the same records in the
 * same order. UVTREE_READER=direct or =babeltrace2 in the environment allows only that one.
 *
 * SOURCE is a folder with one or more CTF traces in it or anywhere below it, or the URL of an LTTng live
 * session (net://HOST/host/TARGET/SESSION). Everything runs on the caller's thread.
 */
#ifndef UVT_TRACE_SOURCE_H
#define UVT_TRACE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "record.h"

struct uvt_trace_visitor {
  /* Takes one record; they come in order of time. Anything but 0 stops the reading, which then succeeds. */
  int (*record)(struct uvt_trace_visitor *visitor, const struct uvt_record *record);
  /* A live source has nothing new just now; may be NULL. */
  void (*idle)(struct uvt_trace_visitor *visitor);
  /* The source is about to fork: returns when no other thread does anything for the visitor. Only after the
   * first record; may be NULL. */
  void (*rest)(struct uvt_trace_visitor *visitor);
};

bool uvt_trace_is_url(const char *source);

/*
 * Gives every record of the source to the visitor. Returns 0, or -1 with the error set: then the source is no
 * trace of ours, or it is damaged and what could be read has been given. Where records are known to be
 * missing the visitor gets a record of kind `discarded`.
 */
int uvt_trace_read(const char *source, struct uvt_trace_visitor *visitor, struct uvt_error *error);

#endif

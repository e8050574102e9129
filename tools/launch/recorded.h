/* SPDX-License-Identifier: MIT */
/* What a recording has left in its folder, for the summary. */
#ifndef UVT_RECORDED_H
#define UVT_RECORDED_H

#include <stdbool.h>
#include <stdint.h>

struct uvt_recorded {
  uint64_t bytes;   /* of the data streams */
  bool truncated;   /* the consumer daemon could not write all it had: LTTng counts no loss then */
  bool disk_full;   /* there is no room where the folder lies */
  uint64_t records; /* as far as they were counted */
  uint64_t missing; /* records in lost batches, less one for each batch; likewise */
  uint64_t unmade;  /* that the program's side says it could not make (`lost`); likewise */
  bool more;        /* counting took too long, or the trace cannot be read to its end */
  bool awaited;     /* records were announced and are not there (reorder.h); false when `more` */
};

/* Looks through the folder with the traces of one session, and counts records for at most limit_ms. */
struct uvt_recorded uvt_recorded_look(const char *folder, unsigned limit_ms);

#endif

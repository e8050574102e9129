/* SPDX-License-Identifier: MIT */
/* Copies of records that outlive what their strings and sequences point into. */
#ifndef UVT_RECORD_COPY_H
#define UVT_RECORD_COPY_H

#include <stddef.h>

#include "record.h"

/* How much room a copy of the record's strings and sequences takes; 0: it has none. */
size_t uvt_record_room(const struct uvt_record *record);

/* Copies the record, and its strings and sequences into `room`, whose alignment is a uint64_t's. */
void uvt_record_copy(struct uvt_record *to, const struct uvt_record *from, char *room);

#endif

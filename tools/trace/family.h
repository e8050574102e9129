/* SPDX-License-Identifier: MIT */
/*
 * Which processes of a trace belong to the recording. LTTng records all of a user's processes in every
 * session; those that `uvtree record` started say for which recording, and so do their descendants, which
 * inherit that in their environment. Of one that says nothing, in a session that `uvtree record` made, its
 * parent decides.
 *
 * One thread at a time.
 */
#ifndef UVT_FAMILY_H
#define UVT_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id_map.h"
#include "record.h"

struct uvt_family {
  struct uvt_id_map pids; /* of members, with their host */
  bool everybody;         /* all belong */
  bool failed;            /* out of memory */
};

void uvt_family_init(struct uvt_family *family);
void uvt_family_clear(struct uvt_family *family);

/* Whether the process of that `process` record belongs; `host` is the caller's number of its host. */
bool uvt_family_has(struct uvt_family *family, uint32_t host, const struct uvt_record *record);

/* A member has made that process. */
void uvt_family_add(struct uvt_family *family, uint32_t host, int32_t pid);

#endif

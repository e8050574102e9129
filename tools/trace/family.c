/* SPDX-License-Identifier: MIT */
#include "family.h"

#include <string.h>

static uint64_t member_id(uint32_t host, int32_t pid)
{
  return (uint64_t)host << 32 | (uint32_t)pid;
}

void uvt_family_init(struct uvt_family *family)
{
  *family = (struct uvt_family){0};
  uvt_id_map_init(&family->pids, 1);
}

void uvt_family_clear(struct uvt_family *family)
{
  uvt_id_map_clear(&family->pids);
}

void uvt_family_add(struct uvt_family *family, uint32_t host, int32_t pid)
{
  if (!uvt_id_map_add(&family->pids, member_id(host, pid)))
    family->failed = true;
}

static bool knows(const struct uvt_family *family, uint32_t host, int32_t pid)
{
  return uvt_id_map_find(&family->pids, member_id(host, pid));
}

bool uvt_family_has(struct uvt_family *family, uint32_t host, const struct uvt_record *record)
{
  const char *its = record->process.session, *ours = record->session;
  bool belongs = true;
  if (its && *its && ours && *ours)
    belongs = !strcmp(its, ours);
  else if (record->by_record)
    belongs = knows(family, host, record->process.pid) || knows(family, host, record->process.parent_pid);
  if (belongs)
    uvt_family_add(family, host, record->process.pid);
  else /* a member may have made it, or have had its pid */
    uvt_id_map_remove(&family->pids, member_id(host, record->process.pid));
  return belongs || family->everybody;
}

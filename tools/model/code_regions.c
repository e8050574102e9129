/* SPDX-License-Identifier: MIT */
/* A balanced tree in which ranges that overlap are equal: then finding is finding an overlap. */
#define _GNU_SOURCE
#include "code_regions.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
  const struct uvt_code_region *a = left, *b = right;
  if (a->end <= b->start)
    return -1;
  return a->start >= b->end;
}

static struct uvt_code_region *find(const struct uvt_code_regions *regions, uint64_t start, uint64_t end)
{
  struct uvt_code_region key = {.start = start, .end = end};
  struct uvt_code_region **found = tfind(&key, &regions->tree, compare);
  return found ? *found : NULL;
}

void uvt_code_regions_remove(struct uvt_code_regions *regions, uint64_t start, uint64_t end)
{
  struct uvt_code_region *region;
  while (start < end && (region = find(regions, start, end))) {
    tdelete(region, &regions->tree, compare);
    free(region);
    regions->count--;
  }
}

int uvt_code_regions_add(struct uvt_code_regions *regions, const struct uvt_code_region *region)
{
  if (region->start >= region->end)
    return 0;
  uvt_code_regions_remove(regions, region->start, region->end);
  struct uvt_code_region *own = malloc(sizeof *own);
  if (!own)
    return -ENOMEM;
  *own = *region;
  if (!tsearch(own, &regions->tree, compare)) {
    free(own);
    return -ENOMEM;
  }
  regions->count++;
  return 0;
}

const struct uvt_code_region *uvt_code_regions_find(const struct uvt_code_regions *regions, uint64_t address)
{
  return address < UINT64_MAX ? find(regions, address, address + 1) : NULL;
}

void uvt_code_regions_clear(struct uvt_code_regions *regions)
{
  tdestroy(regions->tree, free);
  *regions = (struct uvt_code_regions){0};
}

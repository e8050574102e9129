/* SPDX-License-Identifier: MIT */
/*
 * What lies where in a process's memory: ranges of addresses, each with a number. A range that is added takes
 * the place of whatever overlaps it.
 *
 * One thread at a time.
 */
#ifndef UVT_CODE_REGIONS_H
#define UVT_CODE_REGIONS_H

#include <stddef.h>
#include <stdint.h>

struct uvt_code_region {
  uint64_t start, end; /* [start, end) */
  uint64_t offset;     /* the caller's, of start */
  uint32_t what;       /* likewise */
};

struct uvt_code_regions {
  void *tree;
  size_t count;
};

/* What one takes, about. */
#define UVT_CODE_REGION_BYTES 96

/* Removes what overlaps [start, end), wholly. */
void uvt_code_regions_remove(struct uvt_code_regions *regions, uint64_t start, uint64_t end);

/* 0, or -ENOMEM; a range that is empty or beyond the end of memory is not added. */
int uvt_code_regions_add(struct uvt_code_regions *regions, const struct uvt_code_region *region);

/* The range that the address lies in, or NULL. */
const struct uvt_code_region *uvt_code_regions_find(const struct uvt_code_regions *regions, uint64_t address);

void uvt_code_regions_clear(struct uvt_code_regions *regions);

#endif

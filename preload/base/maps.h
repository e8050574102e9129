/* SPDX-License-Identifier: MIT */
/*
 * Reads /proc/self/maps, lowest mapping first, without allocating. One reader per thread; the list is a
 * snapshot only while nothing else maps memory. May change errno; errors come back as negative errno.
 */
#ifndef UVT_MAPS_H
#define UVT_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uvt_mapping {
  uintptr_t start;
  uintptr_t end;
  int protection; /* PROT_* */
  bool shared;
  uintptr_t offset; /* in the file */
  uint64_t inode;   /* 0: no file */
};

struct uvt_maps {
  int fd;
  size_t at;
  size_t filled;
  char buffer[2048];
};

int uvt_maps_open(struct uvt_maps *maps);
/* Reads from a descriptor of the caller's instead, which uvt_maps_close leaves to the caller's care no more.
 */
void uvt_maps_open_fd(struct uvt_maps *maps, int fd);
/* 1 and a mapping, 0 at the end, or a negative errno (-EINVAL: not the format of /proc/self/maps). */
int uvt_maps_next(struct uvt_maps *maps, struct uvt_mapping *mapping);
void uvt_maps_close(struct uvt_maps *maps);

/* The mapping that holds `address`; -EFAULT where there is none. */
int uvt_maps_find(uintptr_t address, struct uvt_mapping *mapping);

#endif

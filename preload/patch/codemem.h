/* SPDX-License-Identifier: MIT */
/*
 * Memory for code near other code: every byte of it is within reach of a 32-bit displacement from every byte
 * of a given range, and back. Writable until it is sealed, executable after, never both. It is not placed
 * where something may want to grow: below the range if there is room, else as far above it as reach lets (the
 * heap begins just above an executable).
 *
 * Not thread safe: nothing else may map memory meanwhile. May change errno; returns 0 or a negative errno.
 */
#ifndef UVT_CODEMEM_H
#define UVT_CODEMEM_H

#include <stddef.h>
#include <stdint.h>

struct uvt_codemem {
  unsigned char *base;
  size_t size; /* whole pages */
};

/* Maps at least `size` bytes, to read and write, near [low, high). -ENOMEM: no gap within reach. */
int uvt_codemem_map(struct uvt_codemem *memory, uintptr_t low, uintptr_t high, size_t size);

/* Makes it executable and no longer writable. */
int uvt_codemem_seal(struct uvt_codemem *memory);

void uvt_codemem_unmap(struct uvt_codemem *memory);

/* Where in the address space that `maps_fd` lists (as /proc/self/maps does) the memory may lie. */
struct uvt_codemem_places {
  uintptr_t below; /* 0: none */
  uintptr_t above; /* 0: none */
};
/* Closes `maps_fd`. `size` is whole pages. */
int uvt_codemem_find(int maps_fd, uintptr_t low, uintptr_t high, size_t size,
                     struct uvt_codemem_places *places);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Hashes of what stands in a trace. Somebody may have made it to fall on one place of a table, so they depend
 * on a secret of this process: they are in no output, nor is anything's order by them.
 */
#ifndef UVT_HASH_H
#define UVT_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 16 bytes that the kernel has drawn for this process. */
void uvt_hash_secret(uint64_t secret[2]);

/*
 * Two rounds, with a part of the secret before each: every bit of the number moves every bit of the hash. One
 * multiplication by the secret would do for most secrets only: by some of them, rows of numbers fall in
 * heaps.
 */
static inline uint64_t uvt_hash_number(const uint64_t secret[2], uint64_t number)
{
  uint64_t hash = number ^ secret[0];
  hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd) ^ secret[1];
  hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return hash ^ hash >> 33;
}

/* Of bytes and of what was hashed before them (0: nothing): an ID of a map, from 1 to 2^63. Equal hashes are
 * no proof of equal bytes. */
uint64_t uvt_hash_bytes(uint64_t before, const void *bytes, size_t size);
uint64_t uvt_hash_text(uint64_t before, const char *text);

#endif

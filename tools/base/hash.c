/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <string.h>
#include <sys/auxv.h>

void uvt_hash_secret(uint64_t secret[2])
{
  memcpy(secret, (const void *)getauxval(AT_RANDOM), 2 * sizeof *secret);
}

uint64_t uvt_hash_bytes(uint64_t before, const void *bytes, size_t size)
{
  uint64_t secret[2];
  uvt_hash_secret(secret);
  uint64_t hash = uvt_hash_number(secret, before + size);
  size_t part;
  for (const unsigned char *from = bytes; size; from += part, size -= part) {
    uint64_t word = 0;
    part = size < sizeof word ? size : sizeof word;
    memcpy(&word, from, part);
    hash = uvt_hash_number(secret, hash ^ word);
  }
  return (hash >> 1) + 1;
}

uint64_t uvt_hash_text(uint64_t before, const char *text)
{
  return uvt_hash_bytes(before, text, strlen(text));
}

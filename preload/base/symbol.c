/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "symbol.h"

#include <string.h>

/* What DT_GNU_HASH points to; a filter of `filter_words`, the buckets and the chains follow. */
struct hash_table {
  uint32_t bucket_count;
  uint32_t first_symbol; /* those before it are not in the table */
  uint32_t filter_words;
  uint32_t filter_shift;
};

struct symbols {
  const struct hash_table *hashes;
  const ElfW(Sym) * table;
  const char *strings;
};

/* The dynamic linker adds the load address to these pointers in place, unless the section is read-only. */
static const void *pointer_of(const struct link_map *object, ElfW(Addr) value)
{
  return (const void *)(value < object->l_addr ? object->l_addr + value : value);
}

static struct symbols symbols_of(const struct link_map *object)
{
  struct symbols symbols = {NULL, NULL, NULL};
  for (const ElfW(Dyn) *entry = object->l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_GNU_HASH)
      symbols.hashes = pointer_of(object, entry->d_un.d_ptr);
    else if (entry->d_tag == DT_SYMTAB)
      symbols.table = pointer_of(object, entry->d_un.d_ptr);
    else if (entry->d_tag == DT_STRTAB)
      symbols.strings = pointer_of(object, entry->d_un.d_ptr);
  }
  return symbols;
}

static uint32_t hash_of(const char *name)
{
  uint32_t hash = 5381;
  while (*name)
    hash = hash * 33 + (unsigned char)*name++;
  return hash;
}

size_t uvt_symbol_size(const struct link_map *object, const char *name, const void *address)
{
  struct symbols symbols = symbols_of(object);
  if (!symbols.hashes || !symbols.hashes->bucket_count || !symbols.table || !symbols.strings)
    return 0;
  const ElfW(Addr) *filter = (const ElfW(Addr) *)(symbols.hashes + 1);
  const uint32_t *buckets = (const uint32_t *)(filter + symbols.hashes->filter_words);
  const uint32_t *chains = buckets + symbols.hashes->bucket_count;
  uint32_t hash = hash_of(name);
  uint32_t first = symbols.hashes->first_symbol;
  uint32_t i = buckets[hash % symbols.hashes->bucket_count];
  if (i < first) /* an empty bucket */
    return 0;
  for (;; i++) {
    const ElfW(Sym) *symbol = &symbols.table[i];
    if ((chains[i - first] | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
        object->l_addr + symbol->st_value == (ElfW(Addr))address &&
        strcmp(symbols.strings + symbol->st_name, name) == 0)
      return symbol->st_size;
    if (chains[i - first] & 1) /* the chain's last */
      return 0;
  }
}

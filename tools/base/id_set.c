/* SPDX-License-Identifier: MIT */
#include "id_set.h"

#include <errno.h>
#include <string.h>

/*
 * Level 0 maps id >> 9 to a block of 512 bits. A block that is full is dropped, and becomes one bit of a
 * block one level up, and so on: a dense range shrinks to a handful of blocks.
 */
#define BLOCK_BITS 9
#define BLOCK_MASK ((1u << BLOCK_BITS) - 1)

struct block {
  uint64_t words[(1u << BLOCK_BITS) / 64];
};

static bool block_full(const struct block *block)
{
  uint64_t all = ~UINT64_C(0);
  for (unsigned i = 0; i < sizeof block->words / sizeof block->words[0]; i++)
    all &= block->words[i];
  return all == ~UINT64_C(0);
}

static uint64_t *block_word(struct block *block, uint64_t index)
{
  return &block->words[(index & BLOCK_MASK) / 64];
}

void uvt_id_set_init(struct uvt_id_set *set)
{
  set->first = set->next = set->top = 0;
  for (int level = 0; level < UVT_ID_SET_LEVELS; level++)
    uvt_id_map_init(&set->level[level], sizeof(struct block));
}

void uvt_id_set_clear(struct uvt_id_set *set)
{
  set->first = set->next = set->top = 0;
  for (int level = 0; level < UVT_ID_SET_LEVELS; level++)
    uvt_id_map_clear(&set->level[level]);
}

static bool levels_have(const struct uvt_id_set *set, uint64_t id)
{
  uint64_t index = id;
  for (int level = 0; level < UVT_ID_SET_LEVELS; level++, index >>= BLOCK_BITS) {
    struct block *block = uvt_id_map_find(&set->level[level], index >> BLOCK_BITS);
    if (block && (*block_word(block, index) >> (index & 63) & 1))
      return true;
  }
  return false;
}

bool uvt_id_set_has(const struct uvt_id_set *set, uint64_t id)
{
  if (id - set->first < set->next - set->first)
    return true;
  return id < set->top && levels_have(set, id);
}

static int add_to_levels(struct uvt_id_set *set, uint64_t id)
{
  uint64_t index = id;
  for (int level = 0; level < UVT_ID_SET_LEVELS; level++, index >>= BLOCK_BITS) {
    struct block *block = uvt_id_map_add(&set->level[level], index >> BLOCK_BITS);
    if (!block)
      return -ENOMEM;
    *block_word(block, index) |= UINT64_C(1) << (index & 63);
    if (!block_full(block) || level + 1 == UVT_ID_SET_LEVELS)
      break;
    uvt_id_map_remove(&set->level[level], index >> BLOCK_BITS);
  }
  return 1;
}

/* The run takes one more ID, and those behind it that came before: blocks that lie in it are not needed. */
static void extend_run(struct uvt_id_set *set)
{
  do {
    set->next++;
    if (!(set->next & BLOCK_MASK) && set->next - set->first > BLOCK_MASK)
      uvt_id_map_remove(&set->level[0], (set->next >> BLOCK_BITS) - 1);
  } while (set->next < set->top && levels_have(set, set->next));
}

int uvt_id_set_add(struct uvt_id_set *set, uint64_t id)
{
  int status = 1;
  if (uvt_id_set_has(set, id))
    return 0;
  if (!set->top)
    set->first = set->next = id;
  if (id == set->next)
    extend_run(set);
  else
    status = add_to_levels(set, id);
  if (status > 0 && id >= set->top)
    set->top = id + 1;
  return status;
}

/* SPDX-License-Identifier: MIT */
#include "id_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE sizeof(uint64_t)
#define CAPACITY_MIN 16

/* Keys are stored plus one, so that zeroed memory is an empty entry. */
static uint64_t stored_key(const struct uvt_id_map *map, size_t slot)
{
  uint64_t key;
  memcpy(&key, map->entries + slot * map->stride, sizeof key);
  return key;
}

static void *slot_value(const struct uvt_id_map *map, size_t slot)
{
  return map->entries + slot * map->stride + KEY_SIZE;
}

static size_t home_slot(const struct uvt_id_map *map, uint64_t key)
{
  /* IDs are nearly dense: the multiplication spreads neighbours and the shift takes the good bits. */
  uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(hash ^ (hash >> 32)) & (map->capacity - 1);
}

/* The slot with the key, or the empty one where it belongs. */
static size_t find_slot(const struct uvt_id_map *map, uint64_t key)
{
  size_t slot = home_slot(map, key);
  for (;;) {
    uint64_t found = stored_key(map, slot);
    if (found == key || found == 0)
      return slot;
    slot = (slot + 1) & (map->capacity - 1);
  }
}

void uvt_id_map_init(struct uvt_id_map *map, size_t value_size)
{
  *map = (struct uvt_id_map){.stride = KEY_SIZE + (value_size + KEY_SIZE - 1) / KEY_SIZE * KEY_SIZE};
}

void uvt_id_map_clear(struct uvt_id_map *map)
{
  free(map->entries);
  map->entries = NULL;
  map->count = 0;
  map->capacity = 0;
}

void *uvt_id_map_find(const struct uvt_id_map *map, uint64_t id)
{
  if (map->count == 0)
    return NULL;
  size_t slot = find_slot(map, id + 1);
  return stored_key(map, slot) ? slot_value(map, slot) : NULL;
}

static int grow(struct uvt_id_map *map)
{
  struct uvt_id_map grown = *map;
  grown.capacity = map->capacity ? map->capacity * 2 : CAPACITY_MIN;
  grown.entries = calloc(grown.capacity, grown.stride);
  if (!grown.entries)
    return -ENOMEM;
  for (size_t slot = 0; slot < map->capacity; slot++) {
    uint64_t key = stored_key(map, slot);
    if (key)
      memcpy(grown.entries + find_slot(&grown, key) * grown.stride, map->entries + slot * map->stride,
             map->stride);
  }
  free(map->entries);
  *map = grown;
  return 0;
}

void *uvt_id_map_add(struct uvt_id_map *map, uint64_t id)
{
  uint64_t key = id + 1;
  if (map->capacity) {
    size_t slot = find_slot(map, key);
    if (stored_key(map, slot))
      return slot_value(map, slot);
  }
  if ((map->count + 1) * 4 > map->capacity * 3 && grow(map) != 0)
    return NULL;
  size_t slot = find_slot(map, key);
  memcpy(map->entries + slot * map->stride, &key, sizeof key);
  map->count++;
  return slot_value(map, slot);
}

/* Closes the gap by moving later entries of the same run forward, so that no tombstones pile up. */
void uvt_id_map_remove(struct uvt_id_map *map, uint64_t id)
{
  if (map->count == 0)
    return;
  size_t mask = map->capacity - 1;
  size_t gap = find_slot(map, id + 1);
  if (!stored_key(map, gap))
    return;
  for (size_t slot = (gap + 1) & mask;; slot = (slot + 1) & mask) {
    uint64_t key = stored_key(map, slot);
    if (!key)
      break;
    size_t home = home_slot(map, key);
    if (((slot - home) & mask) < ((slot - gap) & mask))
      continue; /* it belongs after the gap */
    memcpy(map->entries + gap * map->stride, map->entries + slot * map->stride, map->stride);
    gap = slot;
  }
  memset(map->entries + gap * map->stride, 0, map->stride);
  map->count--;
}

void *uvt_id_map_next(const struct uvt_id_map *map, size_t *cursor, uint64_t *id)
{
  for (; *cursor < map->capacity; ++*cursor) {
    uint64_t key = stored_key(map, *cursor);
    if (!key)
      continue;
    if (id)
      *id = key - 1;
    return slot_value(map, (*cursor)++);
  }
  return NULL;
}

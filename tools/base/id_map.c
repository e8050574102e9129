/* SPDX-License-Identifier: MIT */
#include "id_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

#define ID_SIZE sizeof(uint64_t)
#define SLOTS_MIN 16
#define ENTRIES_MIN 8

static unsigned char *entry_at(const struct uvt_id_map *map, size_t number)
{
  return map->entries + number * map->stride;
}

static uint64_t id_of(const struct uvt_id_map *map, size_t number)
{
  uint64_t id;
  memcpy(&id, entry_at(map, number), sizeof id);
  return id;
}

static size_t home_slot(const struct uvt_id_map *map, uint64_t id)
{
  return (size_t)uvt_hash_number(map->secret, id) & (map->slots - 1);
}

/* The slot with the ID, or the empty one where it belongs. */
static size_t find_slot(const struct uvt_id_map *map, uint64_t id)
{
  size_t slot = home_slot(map, id);
  while (map->table[slot] && id_of(map, map->table[slot] - 1) != id)
    slot = (slot + 1) & (map->slots - 1);
  return slot;
}

void uvt_id_map_init(struct uvt_id_map *map, size_t value_size)
{
  *map = (struct uvt_id_map){.stride = ID_SIZE + (value_size + ID_SIZE - 1) / ID_SIZE * ID_SIZE};
  uvt_hash_secret(map->secret);
}

void uvt_id_map_clear(struct uvt_id_map *map)
{
  free(map->entries);
  free(map->table);
  map->entries = NULL;
  map->table = NULL;
  map->count = map->capacity = map->slots = 0;
}

void *uvt_id_map_find(const struct uvt_id_map *map, uint64_t id)
{
  if (map->count == 0)
    return NULL;
  uint32_t number = map->table[find_slot(map, id)];
  return number ? entry_at(map, number - 1) + ID_SIZE : NULL;
}

static int grow_table(struct uvt_id_map *map)
{
  size_t slots = map->slots ? 2 * map->slots : SLOTS_MIN;
  uint32_t *table = calloc(slots, sizeof *table);
  if (!table)
    return -ENOMEM;
  free(map->table);
  map->table = table;
  map->slots = slots;
  for (size_t number = 0; number < map->count; number++)
    table[find_slot(map, id_of(map, number))] = (uint32_t)number + 1;
  return 0;
}

static int grow_entries(struct uvt_id_map *map)
{
  size_t capacity = map->capacity ? map->capacity + map->capacity / 2 : ENTRIES_MIN;
  unsigned char *entries = capacity < UINT32_MAX ? realloc(map->entries, capacity * map->stride) : NULL;
  if (!entries)
    return -ENOMEM;
  map->entries = entries;
  map->capacity = capacity;
  return 0;
}

void *uvt_id_map_add(struct uvt_id_map *map, uint64_t id)
{
  void *found = uvt_id_map_find(map, id);
  if (found)
    return found;
  if ((map->count + 1) * 4 > map->slots * 3 && grow_table(map) != 0)
    return NULL;
  if (map->count == map->capacity && grow_entries(map) != 0)
    return NULL;
  unsigned char *entry = entry_at(map, map->count);
  map->table[find_slot(map, id)] = (uint32_t)++map->count;
  memset(entry, 0, map->stride);
  memcpy(entry, &id, sizeof id);
  return entry + ID_SIZE;
}

/* Closes the gap by moving later numbers of the same run forward, so that no tombstones pile up. */
static void empty_slot(struct uvt_id_map *map, size_t gap)
{
  size_t mask = map->slots - 1;
  for (size_t slot = (gap + 1) & mask; map->table[slot]; slot = (slot + 1) & mask) {
    size_t home = home_slot(map, id_of(map, map->table[slot] - 1));
    if (((slot - home) & mask) < ((slot - gap) & mask))
      continue; /* it belongs after the gap */
    map->table[gap] = map->table[slot];
    gap = slot;
  }
  map->table[gap] = 0;
}

/* The last entry takes the place of the one that goes. */
void uvt_id_map_remove(struct uvt_id_map *map, uint64_t id)
{
  if (map->count == 0)
    return;
  size_t slot = find_slot(map, id);
  uint32_t number = map->table[slot];
  if (!number)
    return;
  empty_slot(map, slot);
  size_t last = map->count - 1;
  if (number - 1 != last) {
    map->table[find_slot(map, id_of(map, last))] = number;
    memcpy(entry_at(map, number - 1), entry_at(map, last), map->stride);
  }
  map->count--;
}

void *uvt_id_map_next(const struct uvt_id_map *map, size_t *cursor, uint64_t *id)
{
  if (*cursor >= map->count)
    return NULL;
  if (id)
    *id = id_of(map, *cursor);
  return entry_at(map, (*cursor)++) + ID_SIZE;
}

size_t uvt_id_map_looks(const struct uvt_id_map *map, uint64_t id)
{
  return map->count ? ((find_slot(map, id) - home_slot(map, id)) & (map->slots - 1)) + 1 : 0;
}

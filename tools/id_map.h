/* SPDX-License-Identifier: MIT */
/*
 * A map from an ID to a value of fixed size, kept inside the map: open addressing, 8 bytes an entry beside
 * the value. One thread at a time. IDs are below UINT64_MAX; values need no more than 8-byte alignment.
 *
 * A pointer to a value holds until the next uvt_id_map_add or uvt_id_map_remove on the same map.
 */
#ifndef UVT_ID_MAP_H
#define UVT_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

struct uvt_id_map {
  size_t stride; /* bytes an entry, key included */
  size_t count;
  size_t capacity; /* entries; a power of two, or 0 */
  unsigned char *entries;
};

void uvt_id_map_init(struct uvt_id_map *map, size_t value_size);
void uvt_id_map_clear(struct uvt_id_map *map);

/* The value, or NULL. */
void *uvt_id_map_find(const struct uvt_id_map *map, uint64_t id);

/* The value, all zero if it is new; NULL when out of memory. */
void *uvt_id_map_add(struct uvt_id_map *map, uint64_t id);

/* Nothing happens when the ID is not in the map. */
void uvt_id_map_remove(struct uvt_id_map *map, uint64_t id);

/* Goes through the map in no order: *cursor is 0 at first; NULL at the end. `id` may be NULL. */
void *uvt_id_map_next(const struct uvt_id_map *map, size_t *cursor, uint64_t *id);

#endif

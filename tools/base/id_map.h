/* SPDX-License-Identifier: MIT */
/*
 * A map from an ID to a value of fixed size, kept inside the map: entries in a row, 8 bytes each beside the
 * value, and a table of their numbers with open addressing, 5 to 11 bytes an entry. One thread at a time.
 * Values need no more than 8-byte alignment.
 *
 * IDs may come from a file that somebody made to fall on one place of the table: so where they fall depends
 * on a secret of this process. The order of the entries does not.
 *
 * A pointer to a value holds until the next uvt_id_map_add or uvt_id_map_remove on the same map.
 */
#ifndef UVT_ID_MAP_H
#define UVT_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

struct uvt_id_map {
  size_t stride;   /* bytes an entry, ID included */
  size_t count;    /* entries; below 2^32 */
  size_t capacity; /* entries that there is room for */
  unsigned char *entries;
  size_t slots;    /* a power of two, or 0 */
  uint32_t *table; /* numbers of entries, from 1; 0: empty */
  uint64_t secret[2];
};

void uvt_id_map_init(struct uvt_id_map *map, size_t value_size);
void uvt_id_map_clear(struct uvt_id_map *map);

/* The value, or NULL. */
void *uvt_id_map_find(const struct uvt_id_map *map, uint64_t id);

/* The value, all zero if it is new; NULL when out of memory. */
void *uvt_id_map_add(struct uvt_id_map *map, uint64_t id);

/* Nothing happens when the ID is not in the map. */
void uvt_id_map_remove(struct uvt_id_map *map, uint64_t id);

/* Goes through the map, in the order of adding where none was removed: *cursor is 0 at first; NULL at the
 * end. `id` may be NULL. */
void *uvt_id_map_next(const struct uvt_id_map *map, size_t *cursor, uint64_t *id);

/* How many slots are looked at to find the ID, for tests. */
size_t uvt_id_map_looks(const struct uvt_id_map *map, uint64_t id);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A set of IDs that are nearly dense: 1, 2, 3, ... with some order disturbed and some missing. Where all IDs
 * of a range are in the set the range costs next to nothing; elsewhere an ID costs a bit, and a lonely one
 * some hundred bytes. One thread at a time.
 */
#ifndef UVT_ID_SET_H
#define UVT_ID_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "id_map.h"

/* 6 levels of 9 bits hold every ID below 2^54. */
enum { UVT_ID_SET_LEVELS = 6 };

struct uvt_id_set {
  uint64_t first,
      next;     /* what is in [first, next) is in the set, whatever the levels say: IDs that came in order */
  uint64_t top; /* above all; 0: the set is empty */
  struct uvt_id_map level[UVT_ID_SET_LEVELS];
};

void uvt_id_set_init(struct uvt_id_set *set);
void uvt_id_set_clear(struct uvt_id_set *set);

/* `id` is below 2^54. 1: added; 0: it was there; or -ENOMEM. */
int uvt_id_set_add(struct uvt_id_set *set, uint64_t id);
bool uvt_id_set_has(const struct uvt_id_set *set, uint64_t id);

#endif

/* SPDX-License-Identifier: MIT */
#include "thunk.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

#define HASH (UVT_THUNKS * 4)

#define DECLARE(kind, reg) extern char uvt_thunks_##kind[] __attribute__((visibility("hidden")));
UVT_CALLBACKS(DECLARE)
#undef DECLARE

static char *const tables[UVT_CB_COUNT] = {
#define TABLE(kind, reg) uvt_thunks_##kind,
    UVT_CALLBACKS(TABLE)
#undef TABLE
};

void *uvt_originals[UVT_CB_COUNT][UVT_THUNKS];

/* Open addressing from the callback's address to its thunk's number + 1. Entries are only ever added. */
static struct kind {
  uint32_t used;
  uint16_t last; /* number of the thunk that was asked for last */
  uint16_t index[HASH];
} kinds[UVT_CB_COUNT];

static uint32_t hash_of(const void *callback)
{
  return (uint32_t)(((uint64_t)(uintptr_t)callback * UINT64_C(0x9e3779b97f4a7c15)) >> 48) % HASH;
}

static void *thunk_number(enum uvt_callback_kind kind, uint32_t number)
{
  return tables[kind] + number * UVT_THUNK_SIZE;
}

/* Two threads may give one callback a thunk each; both work. */
static void *new_thunk(enum uvt_callback_kind kind, void *callback, uint32_t at)
{
  struct kind *k = &kinds[kind];
  if (__atomic_load_n(&k->used, __ATOMIC_RELAXED) >= UVT_THUNKS)
    return NULL;
  uint32_t number = __atomic_fetch_add(&k->used, 1, __ATOMIC_RELAXED);
  if (number >= UVT_THUNKS) /* threads that came at once: no more than there are */
    return NULL;
  if (number == UVT_THUNKS - 1)
    uvt_log("more than %d callbacks of kind %d: further ones are not followed", UVT_THUNKS, kind);
  __atomic_store_n(&uvt_originals[kind][number], callback, __ATOMIC_RELEASE);
  for (uint32_t i = 0; i < HASH; i++, at = (at + 1) % HASH) {
    uint16_t empty = 0;
    if (__atomic_compare_exchange_n(&k->index[at], &empty, (uint16_t)(number + 1), 0, __ATOMIC_RELEASE,
                                    __ATOMIC_RELAXED))
      break;
  }
  return thunk_number(kind, number);
}

void *uvt_thunk_itself(enum uvt_callback_kind kind, void *callback)
{
  bool is_one = (uintptr_t)callback - (uintptr_t)tables[kind] < UVT_THUNKS * UVT_THUNK_SIZE;
  return is_one ? callback : NULL;
}

static bool is_thunk(void *callback)
{
  for (int i = 0; i < UVT_CB_COUNT; i++)
    if (uvt_thunk_itself((enum uvt_callback_kind)i, callback))
      return true;
  return false;
}

void *uvt_thunk(enum uvt_callback_kind kind, void *callback)
{
  if (!callback)
    return NULL;
  struct kind *k = &kinds[kind];
  uint16_t last = __atomic_load_n(&k->last, __ATOMIC_RELAXED);
  if (__atomic_load_n(&uvt_originals[kind][last], __ATOMIC_RELAXED) == callback)
    return thunk_number(kind, last);
  uint32_t at = hash_of(callback);
  for (uint32_t i = 0; i < HASH; i++, at = (at + 1) % HASH) {
    uint16_t number = __atomic_load_n(&k->index[at], __ATOMIC_ACQUIRE);
    if (!number)
      break;
    if (uvt_originals[kind][number - 1] == callback) {
      __atomic_store_n(&k->last, (uint16_t)(number - 1u), __ATOMIC_RELAXED);
      return thunk_number(kind, number - 1u);
    }
  }
  return is_thunk(callback) ? callback : new_thunk(kind, callback, at);
}

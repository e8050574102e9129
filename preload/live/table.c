/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "arena.h"

#define BUCKETS (1u << 16)
#define SPIN_MAX \
  100000 /* far longer than a writer takes: only a handler on the writer's own thread gets there */

/* Side by side, as both are looked at each time: one cache line. */
struct bucket {
  uint32_t head;
  uint32_t sequence; /* odd: a writer is at it */
};

static struct bucket buckets[BUCKETS] __attribute__((aligned(64)));

static struct bucket *bucket_of(uint64_t key)
{
  return &buckets[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 48];
}

static uint32_t lock(uint32_t *sequence)
{
  for (;;) {
    uint32_t value = __atomic_load_n(sequence, __ATOMIC_RELAXED);
    if (!(value & 1) &&
        __atomic_compare_exchange_n(sequence, &value, value + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return value + 1;
    __builtin_ia32_pause();
  }
}

static void unlock(uint32_t *sequence, uint32_t value)
{
  __atomic_store_n(sequence, value + 1, __ATOMIC_RELEASE);
}

static uint32_t next_of(uint32_t slot)
{
  return __atomic_load_n(&uvt_live_registration(slot)->next, __ATOMIC_ACQUIRE);
}

static uint64_t key_of(uint32_t slot)
{
  return __atomic_load_n(&uvt_live_registration(slot)->key, __ATOMIC_ACQUIRE);
}

/* Takes the first slot of the chain that has the key (and the ID, unless 0) out. Under the bucket's lock. */
static uint32_t unchain(uint32_t *head, uint64_t key, uint64_t link_id)
{
  uint32_t *at = head;
  for (uint32_t slot = *head; slot; slot = next_of(slot)) {
    if (key_of(slot) != key) {
      at = &uvt_live_registration(slot)->next;
      continue;
    }
    if (link_id && __atomic_load_n(&uvt_live_registration(slot)->id, __ATOMIC_RELAXED) != link_id)
      return 0;
    __atomic_store_n(at, next_of(slot), __ATOMIC_RELEASE);
    return slot;
  }
  return 0;
}

uint32_t uvt_table_put(uint32_t slot)
{
  uint64_t key = key_of(slot);
  struct bucket *bucket = bucket_of(key);
  uint32_t value = lock(&bucket->sequence);
  uint32_t old = unchain(&bucket->head, key, 0);
  __atomic_store_n(&uvt_live_registration(slot)->next, bucket->head, __ATOMIC_RELAXED);
  __atomic_store_n(&bucket->head, slot, __ATOMIC_RELEASE);
  unlock(&bucket->sequence, value);
  return old;
}

uint32_t uvt_table_take_id(uint64_t key, uint64_t link_id)
{
  struct bucket *bucket = bucket_of(key);
  if (!__atomic_load_n(&bucket->head, __ATOMIC_RELAXED))
    return 0;
  uint32_t value = lock(&bucket->sequence);
  uint32_t slot = unchain(&bucket->head, key, link_id);
  unlock(&bucket->sequence, value);
  return slot;
}

uint32_t uvt_table_take(uint64_t key)
{
  return uvt_table_take_id(key, 0);
}

bool uvt_table_try_find(uint64_t key, uint32_t *found)
{
  const struct bucket *bucket = bucket_of(key);
  for (int spin = 0; spin < SPIN_MAX; spin++) {
    uint32_t before = __atomic_load_n(&bucket->sequence, __ATOMIC_ACQUIRE);
    if (before & 1) {
      __builtin_ia32_pause();
      continue;
    }
    /* A chain that changes under us may lead anywhere, also in a circle: bounded, and checked afterwards (the
     * loads on the way are acquiring, so that the check comes after them). */
    uint32_t slot = __atomic_load_n(&bucket->head, __ATOMIC_ACQUIRE);
    for (int steps = 0; slot && key_of(slot) != key && steps < SPIN_MAX; steps++)
      slot = next_of(slot);
    if (__atomic_load_n(&bucket->sequence, __ATOMIC_RELAXED) == before) {
      *found = slot;
      return true;
    }
  }
  return false;
}

uint32_t uvt_table_find(uint64_t key)
{
  uint32_t slot;
  return uvt_table_try_find(key, &slot) ? slot : 0;
}

void uvt_table_inherit(uint32_t slots, bool (*take)(uint32_t slot))
{
  for (uint32_t i = 0; i < BUCKETS; i++) {
    uint32_t *at = &buckets[i].head;
    buckets[i].sequence = 0;
    while (*at && *at < slots && bucket_of(key_of(*at)) == &buckets[i] && take(*at))
      at = &uvt_live_registration(*at)->next;
    *at = 0;
  }
}

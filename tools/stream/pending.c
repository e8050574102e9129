/* SPDX-License-Identifier: MIT */
/*
 * Pages of 512 operations. A chain of operations lies in consecutive slots, so the pages that retiring it
 * walks through are read one after the other.
 */
#include "pending.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/paged.h"

enum { PAGE_BITS = 9, PAGE_SLOTS = 1 << PAGE_BITS };

struct page {
  uint16_t used;
  uint16_t fresh; /* slots never given out begin here */
  uint16_t freed; /* head of the list of slots given back, plus one; linked through `children` */
  bool listed;    /* in `partial` */
};

struct stack {
  uint32_t *items;
  size_t count, capacity;
};

struct uvt_pending {
  struct uvt_paged paged;
  struct page *pages; /* as many as are paged */
  size_t pages_count, pages_capacity;
  struct stack partial; /* pages that had a slot given back */
  struct stack empty;   /* pages without operations, to be used anew */
  uint64_t count;
};

static int push(struct stack *stack, uint32_t item)
{
  if (stack->count == stack->capacity) {
    size_t capacity = stack->capacity ? stack->capacity * 2 : 16;
    uint32_t *items = realloc(stack->items, capacity * sizeof *items);
    if (!items)
      return -ENOMEM;
    stack->items = items;
    stack->capacity = capacity;
  }
  stack->items[stack->count++] = item;
  return 0;
}

static int fail(struct uvt_pending *pending)
{
  if (!pending->paged.status)
    pending->paged.status = -ENOMEM;
  return pending->paged.status;
}

static int add_page(struct uvt_pending *pending)
{
  if (pending->pages_count == pending->pages_capacity) {
    size_t capacity = pending->pages_capacity ? pending->pages_capacity * 2 : 64;
    struct page *pages = realloc(pending->pages, capacity * sizeof *pages);
    if (!pages)
      return fail(pending);
    pending->pages = pages;
    pending->pages_capacity = capacity;
  }
  if (uvt_paged_add(&pending->paged))
    return pending->paged.status;
  pending->pages[pending->pages_count] = (struct page){0};
  return push(&pending->empty, (uint32_t)pending->pages_count++) ? fail(pending) : 0;
}

/* Only pages that are in memory: reading one back to fill its gaps would cost more than the gaps. */
static bool has_room(const struct uvt_pending *pending, uint32_t number)
{
  return pending->paged.pages[number].data && pending->pages[number].used < PAGE_SLOTS;
}

/* Where new operations go. */
static int choose_open(struct uvt_pending *pending)
{
  while (pending->partial.count) {
    uint32_t number = pending->partial.items[--pending->partial.count];
    pending->pages[number].listed = false;
    if (has_room(pending, number) && pending->pages[number].used) {
      pending->paged.pinned = number;
      return 0;
    }
  }
  if (!pending->empty.count && add_page(pending))
    return pending->paged.status;
  uint32_t number = pending->empty.items[pending->empty.count - 1];
  pending->pages[number] = (struct page){0};
  if (!uvt_paged_make(&pending->paged, number))
    return pending->paged.status;
  pending->empty.count--;
  pending->paged.pinned = number;
  return 0;
}

/* ---- The interface ---- */

struct uvt_pending *uvt_pending_create(uint64_t memory)
{
  struct uvt_pending *pending = calloc(1, sizeof *pending);
  if (!pending)
    return NULL;
  if (uvt_paged_init(&pending->paged, PAGE_SLOTS * sizeof(struct uvt_pending_operation), memory) == 0)
    return pending;
  free(pending);
  return NULL;
}

void uvt_pending_destroy(struct uvt_pending *pending)
{
  if (!pending)
    return;
  uvt_paged_clear(&pending->paged);
  free(pending->pages);
  free(pending->partial.items);
  free(pending->empty.items);
  free(pending);
}

static uint16_t take_slot(struct page *page, const struct uvt_pending_operation *slots)
{
  page->used++;
  if (!page->freed)
    return page->fresh++;
  uint16_t slot = (uint16_t)(page->freed - 1);
  page->freed = (uint16_t)slots[slot].children;
  return slot;
}

uint64_t uvt_pending_add(struct uvt_pending *pending, uint64_t operation_id, uint64_t link_id,
                         uint64_t parent)
{
  uint32_t open = pending->paged.pinned;
  if (pending->paged.status)
    return 0;
  if ((open >= pending->pages_count || !has_room(pending, open)) && choose_open(pending))
    return 0;
  open = pending->paged.pinned;
  struct uvt_pending_operation *slots = uvt_paged_get(&pending->paged, open);
  uint16_t slot = take_slot(&pending->pages[open], slots);
  slots[slot] =
      (struct uvt_pending_operation){.operation_id = operation_id, .link_id = link_id, .parent = parent};
  pending->count++;
  return (((uint64_t)open << PAGE_BITS) | slot) + 1;
}

struct uvt_pending_operation *uvt_pending_get(struct uvt_pending *pending, uint64_t slot)
{
  struct uvt_pending_operation *slots = uvt_paged_get(&pending->paged, (uint32_t)((slot - 1) >> PAGE_BITS));
  return slots ? &slots[(slot - 1) & (PAGE_SLOTS - 1)] : NULL;
}

void uvt_pending_remove(struct uvt_pending *pending, uint64_t slot)
{
  struct uvt_pending_operation *operation = uvt_pending_get(pending, slot);
  if (!operation)
    return;
  uint32_t number = (uint32_t)((slot - 1) >> PAGE_BITS);
  struct page *page = &pending->pages[number];
  bool open = number == pending->paged.pinned;
  operation->children = page->freed;
  page->freed = (uint16_t)(((slot - 1) & (PAGE_SLOTS - 1)) + 1);
  pending->count--;
  if (--page->used || open) {
    if (!page->listed && !open && !push(&pending->partial, number))
      page->listed = true;
    return;
  }
  uvt_paged_drop(&pending->paged, number);
  if (push(&pending->empty, number))
    fail(pending);
}

int uvt_pending_status(const struct uvt_pending *pending)
{
  return pending->paged.status;
}

uint64_t uvt_pending_count(const struct uvt_pending *pending)
{
  return pending->count;
}

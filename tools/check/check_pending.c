/* SPDX-License-Identifier: MIT */
/*
 * The operations that only wait for their children: as many as the program has ever had, where a timer starts
 * the next one for ever. The first ones lie in a map; those beyond in pages by their ID, which go to a
 * temporary file when memory gets scarce.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check_state.h"

enum { PAGE_BITS = 9, PAGE_SLOTS = 1 << PAGE_BITS };

/* Of a process, by the ID's upper bits. */
struct page {
  uint32_t number;
  uint32_t used;
};

int uvt_check_init_pending(struct uvt_check *check, uint64_t memory)
{
  check->pending_direct = memory / 512; /* in a map that doubles they take up to a quarter of it */
  return uvt_paged_init(&check->paged, PAGE_SLOTS * sizeof(struct pending_operation), memory / 4 * 3);
}

void uvt_check_clear_pending(struct uvt_check *check)
{
  uvt_paged_clear(&check->paged);
  free(check->free_pages);
}

void uvt_check_init_process_pending(struct process *process)
{
  uvt_id_map_init(&process->pending, sizeof(struct pending_operation));
  uvt_id_map_init(&process->pending_pages, sizeof(struct page));
}

static struct page *page_of(const struct process *process, uint64_t id)
{
  return uvt_id_map_find(&process->pending_pages, (id >> PAGE_BITS) + 1);
}

static struct pending_operation *slots_of(struct uvt_check *check, const struct page *page)
{
  struct pending_operation *slots = uvt_paged_get(&check->paged, page->number);
  if (!slots)
    check->status = check->paged.status;
  return slots;
}

static struct pending_operation *find_paged(struct uvt_check *check, uint64_t id)
{
  const struct page *page = page_of(check->process, id);
  struct pending_operation *slots = page ? slots_of(check, page) : NULL;
  return slots && slots[id & (PAGE_SLOTS - 1)].waits ? &slots[id & (PAGE_SLOTS - 1)] : NULL;
}

struct pending_operation *uvt_check_find_pending(struct uvt_check *check, uint64_t id)
{
  struct pending_operation *pending = id ? uvt_id_map_find(&check->process->pending, id) : NULL;
  if (pending || !id || !check->process->pending_pages.count)
    return pending;
  return find_paged(check, id);
}

/* A page number that nobody uses, with memory; UINT32_MAX: there is none. */
static uint32_t take_page(struct uvt_check *check)
{
  uint32_t number = (uint32_t)check->paged.count;
  if (check->free_pages_count)
    number = check->free_pages[--check->free_pages_count];
  else if (uvt_paged_add(&check->paged))
    return UINT32_MAX;
  struct pending_operation *slots = uvt_paged_make(&check->paged, number);
  if (!slots)
    return UINT32_MAX;
  memset(slots, 0, PAGE_SLOTS * sizeof *slots);
  return number;
}

static void give_page_back(struct uvt_check *check, uint32_t number)
{
  uvt_paged_drop(&check->paged, number);
  if (check->free_pages_count == check->free_pages_capacity) {
    size_t capacity = check->free_pages_capacity ? check->free_pages_capacity * 2 : 64;
    uint32_t *pages = realloc(check->free_pages, capacity * sizeof *pages);
    if (!pages)
      return; /* the number is not used again: that is all */
    check->free_pages = pages;
    check->free_pages_capacity = capacity;
  }
  check->free_pages[check->free_pages_count++] = number;
}

static void add_paged(struct uvt_check *check, uint64_t id, struct pending_operation pending)
{
  struct page *page = page_of(check->process, id);
  if (!page) {
    uint32_t number = take_page(check);
    page = number == UINT32_MAX
               ? NULL
               : uvt_check_map_add(check, &check->process->pending_pages, (id >> PAGE_BITS) + 1);
    if (!page) {
      check->status = check->paged.status ? check->paged.status : -ENOMEM;
      return;
    }
    *page = (struct page){.number = number};
  }
  struct pending_operation *slots = slots_of(check, page);
  if (!slots)
    return;
  page->used++;
  slots[id & (PAGE_SLOTS - 1)] = pending;
}

void uvt_check_add_pending(struct uvt_check *check, uint64_t id, uint64_t parent, uint32_t children)
{
  const struct pending_operation pending = {.parent = parent, .children = children, .waits = true};
  if (check->process->pending.count >= check->pending_direct) {
    add_paged(check, id, pending);
    return;
  }
  struct pending_operation *place = uvt_check_map_add(check, &check->process->pending, id);
  if (place)
    *place = pending;
}

void uvt_check_remove_pending(struct uvt_check *check, uint64_t id)
{
  struct process *process = check->process;
  if (uvt_id_map_find(&process->pending, id)) {
    uvt_id_map_remove(&process->pending, id);
    return;
  }
  struct page *page = page_of(process, id);
  struct pending_operation *pending = page ? find_paged(check, id) : NULL;
  if (!pending)
    return;
  pending->waits = false;
  if (--page->used)
    return;
  give_page_back(check, page->number);
  uvt_id_map_remove(&process->pending_pages, (id >> PAGE_BITS) + 1);
}

void uvt_check_each_pending(struct uvt_check *check,
                            void (*take)(struct uvt_check *check, uint64_t id, uint32_t children))
{
  size_t cursor = 0;
  uint64_t id;
  const struct pending_operation *pending;
  while ((pending = uvt_id_map_next(&check->process->pending, &cursor, &id)))
    take(check, id, pending->children);
  cursor = 0;
  const struct page *page;
  while ((page = uvt_id_map_next(&check->process->pending_pages, &cursor, &id))) {
    const struct pending_operation *slots = slots_of(check, page);
    for (uint64_t i = 0; slots && i < PAGE_SLOTS; i++) {
      if (slots[i].waits)
        take(check, ((id - 1) << PAGE_BITS) + i, slots[i].children);
    }
  }
}

/* The pages are given back, too: another process may use them. */
void uvt_check_clear_process_pending(struct uvt_check *check, struct process *process)
{
  size_t cursor = 0;
  const struct page *page;
  while (check && (page = uvt_id_map_next(&process->pending_pages, &cursor, NULL)))
    give_page_back(check, page->number);
  uvt_id_map_clear(&process->pending);
  uvt_id_map_clear(&process->pending_pages);
}

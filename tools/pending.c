/* SPDX-License-Identifier: MIT */
/*
 * Pages of 512 operations. A chain of operations lies in consecutive slots, so the pages that retiring it
 * walks through are read one after the other. Which page goes to the file is decided by the clock algorithm.
 */
#define _GNU_SOURCE /* O_TMPFILE, mkostemp */
#include "pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BITS = 9, PAGE_SLOTS = 1 << PAGE_BITS, RESIDENT_MIN = 4 };

struct page {
  struct uvt_pending_operation *slots; /* NULL: in the file, or empty */
  uint16_t used;
  uint16_t fresh; /* slots never given out begin here */
  uint16_t freed; /* head of the list of slots given back, plus one; linked through `children` */
  bool referenced;
  bool listed; /* in `partial` */
};

struct stack {
  uint32_t *items;
  size_t count, capacity;
};

struct uvt_pending {
  struct page *pages;
  size_t pages_count, pages_capacity;
  uint32_t *resident; /* page numbers */
  size_t resident_count, resident_max, hand;
  struct stack partial; /* pages that had a slot given back */
  struct stack empty;   /* pages without operations, to be used anew */
  uint32_t open;        /* where new operations go */
  int file;             /* -1: not needed yet */
  int status;
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

static int fail(struct uvt_pending *pending, int status)
{
  if (!pending->status)
    pending->status = status;
  return status;
}

/* ---- The file ---- */

static int open_unlinked(const char *folder)
{
  int file = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  char path[4096];
  if (file >= 0 || strlen(folder) + sizeof "/uvtree-XXXXXX" > sizeof path)
    return file;
  strcpy(path, folder); /* not every file system knows O_TMPFILE */
  strcat(path, "/uvtree-XXXXXX");
  file = mkostemp(path, O_CLOEXEC);
  if (file >= 0)
    unlink(path);
  return file;
}

static int open_file(struct uvt_pending *pending)
{
  /* /tmp is memory on many systems, which would defeat the purpose. */
  const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders && pending->file < 0; i++) {
    if (folders[i] && *folders[i])
      pending->file = open_unlinked(folders[i]);
  }
  return pending->file < 0 ? fail(pending, -errno) : 0;
}

static off_t page_offset(uint32_t number)
{
  return (off_t)number * PAGE_SLOTS * (off_t)sizeof(struct uvt_pending_operation);
}

static int write_page(struct uvt_pending *pending, uint32_t number)
{
  const char *data = (const char *)pending->pages[number].slots;
  size_t size = PAGE_SLOTS * sizeof(struct uvt_pending_operation);
  off_t offset = page_offset(number);
  if (pending->file < 0 && open_file(pending))
    return pending->status;
  while (size) {
    ssize_t written = pwrite(pending->file, data, size, offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return fail(pending, written < 0 ? -errno : -EIO);
    data += written;
    offset += written;
    size -= (size_t)written;
  }
  return 0;
}

static int read_page(struct uvt_pending *pending, uint32_t number)
{
  char *data = (char *)pending->pages[number].slots;
  size_t size = PAGE_SLOTS * sizeof(struct uvt_pending_operation);
  off_t offset = page_offset(number);
  while (size) {
    ssize_t got = pread(pending->file, data, size, offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return fail(pending, got < 0 ? -errno : -EIO);
    data += got;
    offset += got;
    size -= (size_t)got;
  }
  return 0;
}

/* ---- Residence ---- */

/* Frees the memory of one resident page, after writing it out, and returns the memory; NULL: failed. */
static struct uvt_pending_operation *evict(struct uvt_pending *pending)
{
  for (;;) {
    if (pending->hand >= pending->resident_count)
      pending->hand = 0;
    uint32_t number = pending->resident[pending->hand];
    struct page *page = &pending->pages[number];
    if (page->referenced || number == pending->open) {
      page->referenced = false;
      pending->hand++;
      continue;
    }
    if (write_page(pending, number))
      return NULL;
    struct uvt_pending_operation *slots = page->slots;
    page->slots = NULL;
    pending->resident[pending->hand] = pending->resident[--pending->resident_count];
    return slots;
  }
}

static int make_resident(struct uvt_pending *pending, uint32_t number)
{
  struct page *page = &pending->pages[number];
  page->slots = pending->resident_count < pending->resident_max
                    ? malloc(PAGE_SLOTS * sizeof(struct uvt_pending_operation))
                    : evict(pending);
  if (!page->slots)
    return fail(pending, -ENOMEM);
  page->referenced = true;
  pending->resident[pending->resident_count++] = number;
  return 0;
}

static void drop_residence(struct uvt_pending *pending, uint32_t number)
{
  struct page *page = &pending->pages[number];
  for (size_t i = 0; i < pending->resident_count; i++) {
    if (pending->resident[i] == number) {
      pending->resident[i] = pending->resident[--pending->resident_count];
      break;
    }
  }
  free(page->slots);
  page->slots = NULL;
}

static int add_page(struct uvt_pending *pending)
{
  if (pending->pages_count == pending->pages_capacity) {
    size_t capacity = pending->pages_capacity ? pending->pages_capacity * 2 : 64;
    struct page *pages = realloc(pending->pages, capacity * sizeof *pages);
    if (!pages)
      return fail(pending, -ENOMEM);
    pending->pages = pages;
    pending->pages_capacity = capacity;
  }
  pending->pages[pending->pages_count] = (struct page){0};
  return push(&pending->empty, (uint32_t)pending->pages_count++) ? fail(pending, -ENOMEM) : 0;
}

static bool has_room(const struct page *page)
{
  return page->slots && page->used < PAGE_SLOTS;
}

/* Only pages that are in memory: reading one back to fill its gaps would cost more than the gaps. */
static int choose_open(struct uvt_pending *pending)
{
  while (pending->partial.count) {
    uint32_t number = pending->partial.items[--pending->partial.count];
    pending->pages[number].listed = false;
    if (has_room(&pending->pages[number]) && pending->pages[number].used) {
      pending->open = number;
      return 0;
    }
  }
  if (!pending->empty.count && add_page(pending))
    return pending->status;
  uint32_t number = pending->empty.items[pending->empty.count - 1];
  pending->pages[number] = (struct page){0};
  if (make_resident(pending, number))
    return pending->status;
  pending->empty.count--;
  pending->open = number;
  return 0;
}

/* ---- The interface ---- */

struct uvt_pending *uvt_pending_create(uint64_t memory)
{
  struct uvt_pending *pending = calloc(1, sizeof *pending);
  if (!pending)
    return NULL;
  uint64_t pages = memory / (PAGE_SLOTS * sizeof(struct uvt_pending_operation));
  pending->resident_max =
      pages < RESIDENT_MIN ? RESIDENT_MIN : (size_t)(pages > UINT32_MAX ? UINT32_MAX : pages);
  pending->resident = malloc(pending->resident_max * sizeof *pending->resident);
  pending->file = -1;
  pending->open = UINT32_MAX;
  if (pending->resident)
    return pending;
  free(pending);
  return NULL;
}

void uvt_pending_destroy(struct uvt_pending *pending)
{
  if (!pending)
    return;
  for (size_t i = 0; i < pending->resident_count; i++)
    free(pending->pages[pending->resident[i]].slots);
  if (pending->file >= 0)
    close(pending->file);
  free(pending->pages);
  free(pending->resident);
  free(pending->partial.items);
  free(pending->empty.items);
  free(pending);
}

static uint16_t take_slot(struct page *page)
{
  page->used++;
  if (!page->freed)
    return page->fresh++;
  uint16_t slot = (uint16_t)(page->freed - 1);
  page->freed = (uint16_t)page->slots[slot].children;
  return slot;
}

uint64_t uvt_pending_add(struct uvt_pending *pending, uint64_t operation_id, uint64_t link_id,
                         uint64_t parent)
{
  if (pending->status)
    return 0;
  bool open = pending->open < pending->pages_count && has_room(&pending->pages[pending->open]);
  if (!open && choose_open(pending))
    return 0;
  struct page *page = &pending->pages[pending->open];
  uint16_t slot = take_slot(page);
  page->slots[slot] =
      (struct uvt_pending_operation){.operation_id = operation_id, .link_id = link_id, .parent = parent};
  page->referenced = true;
  pending->count++;
  return (((uint64_t)pending->open << PAGE_BITS) | slot) + 1;
}

struct uvt_pending_operation *uvt_pending_get(struct uvt_pending *pending, uint64_t slot)
{
  uint32_t number = (uint32_t)((slot - 1) >> PAGE_BITS);
  struct page *page = &pending->pages[number];
  if (!page->slots) {
    if (pending->status || make_resident(pending, number) || read_page(pending, number))
      return NULL;
  }
  page->referenced = true;
  return &page->slots[(slot - 1) & (PAGE_SLOTS - 1)];
}

void uvt_pending_remove(struct uvt_pending *pending, uint64_t slot)
{
  struct uvt_pending_operation *operation = uvt_pending_get(pending, slot);
  if (!operation)
    return;
  uint32_t number = (uint32_t)((slot - 1) >> PAGE_BITS);
  struct page *page = &pending->pages[number];
  operation->children = page->freed;
  page->freed = (uint16_t)(((slot - 1) & (PAGE_SLOTS - 1)) + 1);
  pending->count--;
  if (--page->used || number == pending->open) {
    if (!page->listed && number != pending->open && !push(&pending->partial, number))
      page->listed = true;
    return;
  }
  drop_residence(pending, number);
  if (push(&pending->empty, number))
    fail(pending, -ENOMEM);
}

int uvt_pending_status(const struct uvt_pending *pending)
{
  return pending->status;
}

uint64_t uvt_pending_count(const struct uvt_pending *pending)
{
  return pending->count;
}

/* SPDX-License-Identifier: MIT */
/*
 * Pages of memory by number, of which only so many are kept: beyond a limit those that were not used for long
 * (by the clock algorithm) go to an unlinked temporary file, and come back when they are asked for. One
 * thread at a time.
 */
#ifndef UVT_PAGED_H
#define UVT_PAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uvt_paged_page {
  char *data; /* NULL: in the file, or nothing */
  bool referenced;
};

struct uvt_paged {
  size_t page_size;
  struct uvt_paged_page *pages;
  size_t count, capacity;
  uint32_t *resident; /* numbers of those that are in memory */
  size_t resident_count, resident_max, hand;
  uint32_t pinned; /* stays in memory; UINT32_MAX: none */
  int file;        /* -1: not needed yet */
  int status;      /* 0, or the negative errno of the first thing that failed */
};

/* `memory`: bytes to keep. Returns 0 or -ENOMEM. */
int uvt_paged_init(struct uvt_paged *paged, size_t page_size, uint64_t memory);
void uvt_paged_clear(struct uvt_paged *paged);

/* A new page without memory, whose number is the next one. Returns 0 or the status. */
int uvt_paged_add(struct uvt_paged *paged);

/* Memory for a page that has none, with anything in it. NULL: see status. */
void *uvt_paged_make(struct uvt_paged *paged, uint32_t number);

/* The page's content is not needed any more. */
void uvt_paged_drop(struct uvt_paged *paged, uint32_t number);

/* For uvt_paged_get: back from the file. */
void *uvt_paged_fetch(struct uvt_paged *paged, uint32_t number);

/* A page that has been made; holds until the next call. NULL: see status. */
static inline void *uvt_paged_get(struct uvt_paged *paged, uint32_t number)
{
  struct uvt_paged_page *page = &paged->pages[number];
  if (!page->data)
    return uvt_paged_fetch(paged, number);
  page->referenced = true;
  return page->data;
}

#endif

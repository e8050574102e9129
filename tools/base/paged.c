/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_TMPFILE, mkostemp */
#include "paged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESIDENT_MIN = 4 };

static int fail(struct uvt_paged *paged, int status)
{
  if (!paged->status)
    paged->status = status;
  return paged->status;
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

static int open_file(struct uvt_paged *paged)
{
  /* /tmp is memory on many systems, which would defeat the purpose. */
  const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders && paged->file < 0; i++) {
    if (folders[i] && *folders[i])
      paged->file = open_unlinked(folders[i]);
  }
  return paged->file < 0 ? fail(paged, -errno) : 0;
}

/* The whole page, there or back. */
static int transfer(struct uvt_paged *paged, uint32_t number, bool out)
{
  char *data = paged->pages[number].data;
  off_t offset = (off_t)number * (off_t)paged->page_size;
  size_t size = paged->page_size;
  while (size) {
    ssize_t done = out ? pwrite(paged->file, data, size, offset) : pread(paged->file, data, size, offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return fail(paged, done < 0 ? -errno : -EIO);
    data += done;
    offset += done;
    size -= (size_t)done;
  }
  return 0;
}

/* ---- Residence ---- */

/* Frees the memory of one resident page, after writing it out, and returns the memory; NULL: failed. */
static char *evict(struct uvt_paged *paged)
{
  for (;;) {
    if (paged->hand >= paged->resident_count)
      paged->hand = 0;
    uint32_t number = paged->resident[paged->hand];
    struct uvt_paged_page *page = &paged->pages[number];
    if (page->referenced || number == paged->pinned) {
      page->referenced = false;
      paged->hand++;
      continue;
    }
    if ((paged->file < 0 && open_file(paged)) || transfer(paged, number, true))
      return NULL;
    char *data = page->data;
    page->data = NULL;
    paged->resident[paged->hand] = paged->resident[--paged->resident_count];
    return data;
  }
}

void *uvt_paged_make(struct uvt_paged *paged, uint32_t number)
{
  struct uvt_paged_page *page = &paged->pages[number];
  page->data = paged->resident_count < paged->resident_max ? malloc(paged->page_size) : evict(paged);
  if (!page->data) {
    fail(paged, -ENOMEM);
    return NULL;
  }
  page->referenced = true;
  paged->resident[paged->resident_count++] = number;
  return page->data;
}

void *uvt_paged_fetch(struct uvt_paged *paged, uint32_t number)
{
  if (paged->status || !uvt_paged_make(paged, number) || transfer(paged, number, false))
    return NULL;
  return paged->pages[number].data;
}

void uvt_paged_drop(struct uvt_paged *paged, uint32_t number)
{
  struct uvt_paged_page *page = &paged->pages[number];
  for (size_t i = 0; page->data && i < paged->resident_count; i++) {
    if (paged->resident[i] == number) {
      paged->resident[i] = paged->resident[--paged->resident_count];
      break;
    }
  }
  free(page->data);
  page->data = NULL;
}

/* ---- The interface ---- */

int uvt_paged_add(struct uvt_paged *paged)
{
  if (paged->count == paged->capacity) {
    size_t capacity = paged->capacity ? paged->capacity * 2 : 64;
    struct uvt_paged_page *pages = realloc(paged->pages, capacity * sizeof *pages);
    if (!pages)
      return fail(paged, -ENOMEM);
    paged->pages = pages;
    paged->capacity = capacity;
  }
  paged->pages[paged->count++] = (struct uvt_paged_page){0};
  return 0;
}

int uvt_paged_init(struct uvt_paged *paged, size_t page_size, uint64_t memory)
{
  uint64_t pages = memory / page_size;
  *paged = (struct uvt_paged){.page_size = page_size, .pinned = UINT32_MAX, .file = -1};
  paged->resident_max =
      pages < RESIDENT_MIN ? RESIDENT_MIN : (size_t)(pages > UINT32_MAX ? UINT32_MAX : pages);
  paged->resident = malloc(paged->resident_max * sizeof *paged->resident);
  return paged->resident ? 0 : -ENOMEM;
}

void uvt_paged_clear(struct uvt_paged *paged)
{
  for (size_t i = 0; i < paged->resident_count; i++)
    free(paged->pages[paged->resident[i]].data);
  if (paged->file >= 0)
    close(paged->file);
  free(paged->pages);
  free(paged->resident);
}

/* SPDX-License-Identifier: MIT */
#include "codemem.h"

#include "base/maps.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* A little less than 2 GiB: code may refer to bytes before or behind what it was asked to be near to. */
#define REACH 0x7fff0000UL
/* vm.mmap_min_addr as it commonly is; what is refused below is looked for above. */
#define LOWEST 0x10000UL
/* The end of user space with four-level page tables. */
#define HIGHEST 0x7ffffffff000UL

struct search {
  uintptr_t low;
  uintptr_t high;
  size_t size;
  uintptr_t floor;
  uintptr_t ceiling;
  struct uvt_codemem_places *places;
};

static uintptr_t page_size(void)
{
  return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static uintptr_t max_of(uintptr_t a, uintptr_t b)
{
  return a > b ? a : b;
}

static uintptr_t min_of(uintptr_t a, uintptr_t b)
{
  return a < b ? a : b;
}

/* Takes the highest place in the gap [start, end): gaps come in ascending order. */
static void consider_gap(const struct search *search, uintptr_t start, uintptr_t end)
{
  struct uvt_codemem_places *places = search->places;
  uintptr_t from = max_of(start, search->floor);
  uintptr_t to = min_of(end, search->ceiling);

  if (to <= from || to - from < search->size)
    return;
  if (to <= search->low)
    places->below = to - search->size;
  else if (from >= search->high && places->above == 0)
    places->above = to - search->size;
}

static int search_gaps(struct uvt_maps *maps, const struct search *search)
{
  struct uvt_mapping mapping;
  uintptr_t previous_end = 0;
  int result;

  while ((result = uvt_maps_next(maps, &mapping)) > 0) {
    consider_gap(search, previous_end, mapping.start);
    previous_end = mapping.end;
  }
  if (result == 0)
    consider_gap(search, previous_end, HIGHEST);
  return result;
}

int uvt_codemem_find(int maps_fd, uintptr_t low, uintptr_t high, size_t size,
                     struct uvt_codemem_places *places)
{
  uintptr_t page = page_size();
  struct search search = {.low = low, .high = high, .size = size, .places = places};
  struct uvt_maps maps;
  int result;

  search.floor = max_of(high > REACH ? (high - REACH + page - 1) & ~(page - 1) : 0, LOWEST);
  search.ceiling = min_of((low + REACH) & ~(page - 1), HIGHEST);
  places->below = 0;
  places->above = 0;
  uvt_maps_open_fd(&maps, maps_fd);
  result = search_gaps(&maps, &search);
  uvt_maps_close(&maps);
  return result;
}

/* Older kernels know no MAP_FIXED_NOREPLACE and take the address for a hint: what lies elsewhere is given
 * back. */
static void *map_at(uintptr_t address, size_t size)
{
  void *wanted = (void *)address;
  void *got;

  if (address == 0)
    return NULL;
  got = mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED)
    return NULL;
  if (got == wanted)
    return got;
  munmap(got, size);
  return NULL;
}

int uvt_codemem_map(struct uvt_codemem *memory, uintptr_t low, uintptr_t high, size_t size)
{
  struct uvt_codemem_places places;
  struct uvt_maps maps;
  uintptr_t page = page_size();
  int result = uvt_maps_open(&maps);

  if (result < 0)
    return result;
  memory->size = (size + page - 1) & ~(page - 1);
  result = uvt_codemem_find(maps.fd, low, high, memory->size, &places);
  if (result < 0)
    return result;
  memory->base = map_at(places.below, memory->size);
  if (!memory->base)
    memory->base = map_at(places.above, memory->size);
  return memory->base ? 0 : -ENOMEM;
}

int uvt_codemem_seal(struct uvt_codemem *memory)
{
  return mprotect(memory->base, memory->size, PROT_READ | PROT_EXEC) == 0 ? 0 : -errno;
}

void uvt_codemem_unmap(struct uvt_codemem *memory)
{
  munmap(memory->base, memory->size);
  memory->base = NULL;
}

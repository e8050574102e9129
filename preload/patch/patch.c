/* SPDX-License-Identifier: MIT */
/*
 * In three steps: plan everything (nothing is written), write the islands (memory of our own), divert the
 * entries. Only the last one touches the program, in a window that calls nobody: with all signals blocked, by
 * system calls made here, since libc's functions may be the program's own and lie on the very pages that are
 * not executable just then.
 *
 *   entry of the function                     its island, within 2 GiB
 *     53              push rbx                  ff 25 00 00 00 00   jmp [rip]
 *     48 83 ec 10     sub rsp, 16               xx xx ... xx        address of the stub
 *     48 89 fb        mov rbx, rdi            *original:
 *   becomes                                     53                  push rbx
 *     e9 xx xx xx xx  jmp island                48 83 ec 10         sub rsp, 16
 *     48 89 fb        mov rbx, rdi              e9 xx xx xx xx      jmp to the mov
 *
 * No register changes on either way. Islands have no unwind tables and need none: no call leaves its return
 * address there (relocate_x86.c), so that unwinders meet them only in a signal handler that interrupts one.
 */
#include "patch.h"

#include "base/maps.h"
#include "codemem.h"
#include "relocate_x86.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define JUMP_SIZE 5
#define KERNEL_SIGSET_SIZE 8

struct island {
  uint8_t to_stub[16];
  uint8_t original[UVT_RELOCATED_MAX];
};

struct entry {
  size_t displaced;
  uint8_t before[JUMP_SIZE];
  uint8_t after[JUMP_SIZE];
  void *original_before;
};

/* The pages of one mapping from the first to the last that is written: changed as one, they are one again
 * after. */
struct region {
  uintptr_t mapping; /* where the mapping starts */
  uintptr_t start;
  uintptr_t end;
  int protection;
};

struct plan {
  const struct uvt_patch *patches;
  size_t count;
  struct entry *entries;  /* one per patch */
  struct region *regions; /* at most one per patch */
  size_t region_count;
  size_t page_size;
  struct uvt_codemem islands;
  struct uvt_mapping mapping; /* that of the last target looked at: most share one */
  struct uvt_mapping own;     /* that of this code */
  char *why;
  size_t why_size;
};

/* What getdents64 fills in; libc has no name for it. */
struct directory_entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static int refuse(struct plan *plan, int error, const char *what, const char *reason)
{
  snprintf(plan->why, plan->why_size, "%s: %s", what, reason);
  return error;
}

/* ---- before anything: one thread only ---- */

static int count_names(const char *buffer, long filled)
{
  const struct directory_entry *entry;
  int count = 0;

  for (long at = 0; at < filled; at += entry->length) {
    entry = (const struct directory_entry *)(const void *)(buffer + at);
    count += entry->name[0] != '.';
  }
  return count;
}

/* opendir would allocate. One buffer is enough to tell one from many. */
static int count_threads(void)
{
  _Alignas(struct directory_entry) char buffer[512];
  int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  long filled;

  if (fd < 0)
    return -errno;
  filled = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
  if (filled < 0)
    filled = -errno;
  close(fd);
  return filled < 0 ? (int)filled : count_names(buffer, filled);
}

static int check_threads(struct plan *plan)
{
  int threads = count_threads();

  if (threads < 0)
    return refuse(plan, threads, "/proc/self/task", "cannot be read");
  if (threads != 1)
    return refuse(plan, -EBUSY, "the process", "already has more than one thread");
  return 0;
}

/* ---- plan ---- */

static struct uvt_function function_of(const struct uvt_patch *patch)
{
  return (struct uvt_function){
      .code = patch->target, .size = patch->size, .address = (uint64_t)(uintptr_t)patch->target};
}

static bool holds(const struct uvt_mapping *mapping, uintptr_t start, size_t size)
{
  return start >= mapping->start && start < mapping->end && size <= mapping->end - start;
}

/* The bytes will be read, and pages be written: first make sure that it is private, readable code. */
static int check_target(struct plan *plan, const struct uvt_patch *patch)
{
  uintptr_t start = (uintptr_t)patch->target;

  if (!holds(&plan->mapping, start, patch->size)) {
    int result = uvt_maps_find(start, &plan->mapping);
    if (result < 0)
      return refuse(plan, result, patch->symbol, "its mapping was not found");
  }
  if (!holds(&plan->mapping, start, patch->size))
    return refuse(plan, -EFAULT, patch->symbol, "reaches beyond its mapping");
  if ((plan->mapping.protection & (PROT_READ | PROT_EXEC)) != (PROT_READ | PROT_EXEC))
    return refuse(plan, -EACCES, patch->symbol, "lies in memory that is not readable code");
  if (plan->mapping.shared)
    return refuse(plan, -EACCES, patch->symbol, "lies in shared memory");
  if (plan->mapping.start == plan->own.start)
    return refuse(plan, -EINVAL, patch->symbol, "shares pages with the code that patches");
  return 0;
}

static int plan_entry(struct plan *plan, size_t index)
{
  const struct uvt_patch *patch = &plan->patches[index];
  struct entry *entry = &plan->entries[index];
  struct uvt_function function = function_of(patch);
  enum uvt_relocation relocation;
  int result = check_target(plan, patch);

  if (result < 0)
    return result;
  relocation = uvt_relocation_plan(&function, JUMP_SIZE, &entry->displaced);
  if (relocation != UVT_RELOCATION_OK)
    return refuse(plan, -ENOTSUP, patch->symbol, uvt_relocation_text(relocation));
  memcpy(entry->before, patch->target, JUMP_SIZE);
  entry->original_before = *patch->original;
  return 0;
}

static bool overlap(const struct plan *plan, size_t a, size_t b)
{
  uintptr_t start_a = (uintptr_t)plan->patches[a].target;
  uintptr_t start_b = (uintptr_t)plan->patches[b].target;

  return start_a < start_b + plan->entries[b].displaced && start_b < start_a + plan->entries[a].displaced;
}

/* Two names at one address (aliases, identical code folding), or a name in the middle of another's first
 * bytes. */
static int check_overlaps(struct plan *plan)
{
  for (size_t a = 0; a < plan->count; a++)
    for (size_t b = 0; b < a; b++)
      if (overlap(plan, a, b))
        return refuse(plan, -EEXIST, plan->patches[a].symbol, "shares its first bytes with another function");
  return 0;
}

static struct region *region_of_mapping(struct plan *plan)
{
  struct region *region;

  for (size_t i = 0; i < plan->region_count; i++)
    if (plan->regions[i].mapping == plan->mapping.start)
      return &plan->regions[i];
  region = &plan->regions[plan->region_count++];
  *region = (struct region){
      .mapping = plan->mapping.start, .start = UINTPTR_MAX, .protection = plan->mapping.protection};
  return region;
}

/* The jump may lie across the end of a page. */
static void extend_region(struct plan *plan, const struct uvt_patch *patch)
{
  struct region *region = region_of_mapping(plan);
  uintptr_t page_mask = ~(plan->page_size - 1);
  uintptr_t start = (uintptr_t)patch->target & page_mask;
  uintptr_t end = ((uintptr_t)patch->target + JUMP_SIZE + plan->page_size - 1) & page_mask;

  region->start = start < region->start ? start : region->start;
  region->end = end > region->end ? end : region->end;
}

static int plan_all(struct plan *plan)
{
  int result = uvt_maps_find((uintptr_t)&uvt_patch_apply, &plan->own);

  if (result < 0)
    return refuse(plan, result, "/proc/self/maps", "cannot be read");
  for (size_t i = 0; i < plan->count; i++) {
    result = plan_entry(plan, i);
    if (result < 0)
      return result;
    extend_region(plan, &plan->patches[i]);
  }
  return check_overlaps(plan);
}

/* ---- islands ---- */

static int map_islands(struct plan *plan)
{
  uintptr_t low = UINTPTR_MAX;
  uintptr_t high = 0;
  int result;

  for (size_t i = 0; i < plan->count; i++) {
    uintptr_t start = (uintptr_t)plan->patches[i].target;
    uintptr_t end = start + plan->patches[i].size;
    low = start < low ? start : low;
    high = end > high ? end : high;
  }
  result = uvt_codemem_map(&plan->islands, low, high, plan->count * sizeof(struct island));
  if (result < 0)
    return refuse(plan, result, "code memory", "none is free near the executable");
  return 0;
}

static struct island *island_of(const struct plan *plan, size_t index)
{
  return (struct island *)(void *)plan->islands.base + index;
}

/* e9 xx xx xx xx   jmp island */
static int encode_jump(struct entry *entry, uintptr_t from, uintptr_t to)
{
  int64_t distance = (int64_t)(to - (from + JUMP_SIZE));
  int32_t narrow = (int32_t)distance;

  entry->after[0] = 0xe9;
  memcpy(entry->after + 1, &narrow, sizeof(narrow));
  return narrow == distance ? 0 : -ERANGE;
}

/* ff 25 00 00 00 00   jmp [rip], and the address it reads */
static void write_far_jump(uint8_t *at, const void *to)
{
  memcpy(at, "\xff\x25\x00\x00\x00\x00", 6);
  memcpy(at + 6, &to, sizeof(to));
}

static int write_island(struct plan *plan, size_t index)
{
  const struct uvt_patch *patch = &plan->patches[index];
  struct entry *entry = &plan->entries[index];
  struct island *island = island_of(plan, index);
  struct uvt_function function = function_of(patch);
  enum uvt_relocation relocation;
  size_t written;

  memset(island, 0xcc, sizeof(*island)); /* int3: a stray jump shall not go unnoticed */
  write_far_jump(island->to_stub, patch->stub);
  relocation = uvt_relocation_write(&function, entry->displaced, (uint64_t)(uintptr_t)island->original,
                                    island->original, sizeof(island->original), &written);
  if (relocation != UVT_RELOCATION_OK)
    return refuse(plan, -ENOTSUP, patch->symbol, uvt_relocation_text(relocation));
  if (encode_jump(entry, (uintptr_t)patch->target, (uintptr_t)island->to_stub) < 0)
    return refuse(plan, -ERANGE, patch->symbol, "is out of reach of the code memory");
  return 0;
}

static int write_islands(struct plan *plan)
{
  int result;

  for (size_t i = 0; i < plan->count; i++) {
    result = write_island(plan, i);
    if (result < 0)
      return result;
  }
  result = uvt_codemem_seal(&plan->islands);
  if (result < 0)
    return refuse(plan, result, "code memory", "may not be made executable");
  return 0;
}

/* ---- the window: from here to close_window nothing outside this file is called ---- */

static long raw_syscall(long number, long a, long b, long c, long d)
{
  register long r10 __asm__("r10") = d;
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

static void change_signal_mask(const uint64_t *mask, uint64_t *before)
{
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)mask, (long)before, KERNEL_SIGSET_SIZE);
}

static int protect(const struct region *region, int protection)
{
  return (int)raw_syscall(SYS_mprotect, (long)region->start, (long)(region->end - region->start), protection,
                          0);
}

/* Gives the first `count` regions back what they were; the first error, if any. */
static int restore_regions(const struct plan *plan, size_t count)
{
  int first = 0;

  for (size_t i = 0; i < count; i++) {
    int result = protect(&plan->regions[i], plan->regions[i].protection);
    if (result < 0 && first == 0)
      first = result;
  }
  return first;
}

static int make_regions_writable(const struct plan *plan)
{
  for (size_t i = 0; i < plan->region_count; i++) {
    int result = protect(&plan->regions[i], PROT_READ | PROT_WRITE);
    if (result < 0) {
      restore_regions(plan, i);
      return result;
    }
  }
  return 0;
}

/* By hand: memcpy may be the program's. */
static void store(void *to, const uint8_t *bytes)
{
  volatile uint8_t *at = to;

  for (size_t i = 0; i < JUMP_SIZE; i++)
    at[i] = bytes[i];
}

static void divert(const struct plan *plan)
{
  for (size_t i = 0; i < plan->count; i++) {
    *plan->patches[i].original = island_of(plan, i)->original;
    store(plan->patches[i].target, plan->entries[i].after);
  }
}

static void undo(const struct plan *plan)
{
  for (size_t i = 0; i < plan->count; i++) {
    store(plan->patches[i].target, plan->entries[i].before);
    *plan->patches[i].original = plan->entries[i].original_before;
  }
}

/*
 * Once all is writable only their return to executable can fail; rehearse() has seen that the kernel
 * allows it. If it fails all the same, all of them are made writable again, which needs no such permission,
 * and tried once more as they were.
 */
static int divert_in_window(const struct plan *plan)
{
  int result = make_regions_writable(plan);

  if (result < 0)
    return result;
  divert(plan);
  result = restore_regions(plan, plan->region_count);
  if (result < 0 && make_regions_writable(plan) == 0) {
    undo(plan);
    restore_regions(plan, plan->region_count);
  }
  return result;
}

static int divert_all(struct plan *plan)
{
  const uint64_t all = UINT64_MAX;
  uint64_t before = 0;
  int result;

  change_signal_mask(&all, &before);
  result = divert_in_window(plan);
  change_signal_mask(&before, NULL);
  if (result < 0)
    return refuse(plan, result, "the executable", "its pages may not be written");
  return 0;
}

/* ---- rehearsal ---- */

static int write_and_execute(char *page, size_t size)
{
  volatile char *byte = page;

  if (mprotect(page, size, PROT_READ | PROT_WRITE) != 0)
    return -errno;
  *byte = *byte; /* the page is ours now, no longer the file's */
  return mprotect(page, size, PROT_READ | PROT_EXEC) == 0 ? 0 : -errno;
}

/*
 * Security modules may forbid to execute a file's page that was written (SELinux: execmod): better to know it
 * before the program's own pages are. Where the executable cannot be mapped again there is nothing to learn.
 */
static int rehearse(struct plan *plan)
{
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  char *page = MAP_FAILED;
  int result;

  if (fd < 0)
    return 0;
  page = mmap(NULL, plan->page_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  close(fd);
  if (page == MAP_FAILED)
    return 0;
  result = write_and_execute(page, plan->page_size);
  munmap(page, plan->page_size);
  if (result < 0)
    return refuse(plan, result, "the executable", "its pages may not be executed once written");
  return 0;
}

/* ---- */

static int apply(struct plan *plan)
{
  int result;

  result = plan_all(plan);
  if (result < 0)
    return result;
  result = map_islands(plan);
  if (result < 0)
    return result;
  result = write_islands(plan);
  if (result == 0)
    result = rehearse(plan);
  if (result == 0)
    result = divert_all(plan);
  if (result < 0)
    uvt_codemem_unmap(&plan->islands);
  return result;
}

/* Notes for the time of the call: malloc is the program's business. */
static int apply_with_notes(struct plan *plan)
{
  size_t size = plan->count * (sizeof(struct entry) + sizeof(struct region));
  void *notes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int result;

  if (notes == MAP_FAILED)
    return refuse(plan, -errno, "memory", "none for the plan");
  plan->entries = notes;
  plan->regions = (struct region *)(void *)(plan->entries + plan->count);
  result = apply(plan);
  munmap(notes, size);
  return result;
}

__attribute__((visibility("default"))) int uvt_patch_apply(const struct uvt_patch *patches, size_t count,
                                                           char *why, size_t why_size)
{
  struct plan plan = {.patches = patches, .count = count, .why = why, .why_size = why_size};
  int saved_errno = errno;
  int result;

  if (count == 0)
    return 0;
  plan.page_size = (size_t)sysconf(_SC_PAGESIZE);
  result = check_threads(&plan);
  if (result == 0)
    result = apply_with_notes(&plan);
  errno = saved_errno;
  return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Reads the live tree of a process as tracepoints/live.h says: finds the memfd among /proc/PID/fd, walks the
 * slots, and checks that every live registration leads to a root. Prints a line a registration: type, then
 * the types of the invocations above it ("~N" for N left out); last: "slots N invocations N registrations N
 * lost N".
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"
#include "schema.h"

static const char *const type_names[] = {"root",
#define NAME_FS(op, shape, object) "uv_fs_" #op,
#define NAME_STORE(function, ready, arg, value, text) #function,
#define NAME_TYPE(type, name, ready, arg, value, text) name,
                                         UVT_API(NAME_FS, NAME_STORE, NAME_TYPE, UVT_NONE)};

static const char *memory;
static size_t size;

static int open_live(const char *pid)
{
  char folder[64], path[512], target[256];
  snprintf(folder, sizeof folder, "/proc/%s/fd", pid);
  DIR *directory = opendir(folder);
  struct dirent *entry;
  while (directory && (entry = readdir(directory))) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    if (strncmp(target, "/memfd:" UVT_LIVE_NAME, strlen("/memfd:" UVT_LIVE_NAME)) == 0) {
      closedir(directory);
      return open(path, O_RDONLY | O_CLOEXEC);
    }
  }
  if (directory)
    closedir(directory);
  return -1;
}

/* A sound copy of a slot; 0 where it is free or changes all the time. */
static int read_slot(uint32_t number, union uvt_live_slot *copy)
{
  size_t offset = UVT_LIVE_HEADER_SIZE + (size_t)number * sizeof *copy;
  if (!number || offset + sizeof *copy > size)
    return 0;
  const union uvt_live_slot *slot = (const union uvt_live_slot *)(memory + offset);
  for (int attempt = 0; attempt < 100; attempt++) {
    uint64_t id = __atomic_load_n(&slot->any.id, __ATOMIC_ACQUIRE);
    if (!id)
      return 0;
    memcpy(copy, slot, sizeof *copy);
    if (__atomic_load_n(&slot->any.id, __ATOMIC_ACQUIRE) == id && copy->any.id == id)
      return 1;
  }
  return 0;
}

/* Types of the ancestors up to the root; 0 where the chain moved meanwhile. */
static int print_ancestors(uint32_t parent)
{
  union uvt_live_slot invocation;
  uint64_t below = UINT64_MAX;
  while (parent) {
    if (!read_slot(parent, &invocation) || invocation.any.kind != UVT_LIVE_INVOCATION ||
        invocation.any.id >= below)
      return 0;
    below = invocation.any.id;
    printf(" < %s", type_names[invocation.invocation.type]);
    if (invocation.invocation.gap)
      printf(" < ~%u", invocation.invocation.gap);
    parent = invocation.invocation.parent;
  }
  return 1;
}

int main(int argc, char **argv)
{
  struct stat status;
  int fd = argc == 2 ? open_live(argv[1]) : -1;
  if (fd < 0 || fstat(fd, &status) < 0) {
    fprintf(stderr, "live_reader: no live tree in process %s\n", argc == 2 ? argv[1] : "?");
    return 1;
  }
  size = (size_t)status.st_size;
  memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  const struct uvt_live_header *header = (const struct uvt_live_header *)memory;
  if (memory == MAP_FAILED || header->magic != UVT_LIVE_MAGIC || header->version != UVT_LIVE_VERSION ||
      header->slot_size != sizeof(union uvt_live_slot) || header->pid != atoi(argv[1])) {
    fprintf(stderr, "live_reader: not a live tree of this version\n");
    return 1;
  }
  unsigned registrations = 0, invocations = 0, broken = 0;
  for (uint32_t number = 1; number < header->slots; number++) {
    union uvt_live_slot slot;
    if (!read_slot(number, &slot))
      continue;
    if (slot.any.kind == UVT_LIVE_INVOCATION) {
      invocations++;
      continue;
    }
    registrations++;
    printf("%s", slot.registration.type < UVT_TYPE_COUNT ? type_names[slot.registration.type] : "?");
    if (!print_ancestors(slot.registration.parent))
      broken++;
    printf("\n");
  }
  printf("slots %u invocations %u registrations %u lost %llu broken %u\n", header->slots, invocations,
         registrations, (unsigned long long)header->lost, broken);
  return 0;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "images.h"

#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "recording/announce.h"

#define IMAGES_MAX 1024 /* further ones are told each time */
#define BUILD_ID_MAX 64
#define PAGE 4096

struct image {
  uintptr_t start, end; /* of the segment */
  uint64_t identity;    /* of the file */
  uint32_t told;        /* the recording epoch in which it was */
};

static struct image images[IMAGES_MAX];
static size_t images_count;

struct file {
  const struct link_map *map;
  const Elf64_Phdr *segments;
  size_t count;
};

/* The kernel tells where the executable's program headers are. Other files' begin their mapping with the ELF
 * header, in whose page they lie, wherever linkers make it. */
static bool find_segments(const struct dl_find_object *object, struct file *file)
{
  const Elf64_Ehdr *header = object->dlfo_map_start;
  if (!*file->map->l_name) {
    file->segments = (const Elf64_Phdr *)getauxval(AT_PHDR);
    file->count = getauxval(AT_PHNUM);
    return file->segments != NULL;
  }
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr) > PAGE)
    return false;
  file->segments = (const Elf64_Phdr *)((const char *)header + header->e_phoff);
  file->count = header->e_phnum;
  return true;
}

static bool find_file(uintptr_t address, struct file *file)
{
  struct dl_find_object object;
  if (_dl_find_object((void *)address, &object) != 0)
    return false;
  file->map = object.dlfo_link_map;
  return find_segments(&object, file);
}

static const Elf64_Phdr *find_segment(const struct file *file, uintptr_t address)
{
  for (size_t i = 0; i < file->count; i++) {
    const Elf64_Phdr *segment = &file->segments[i];
    if (segment->p_type == PT_LOAD && address - file->map->l_addr - segment->p_vaddr < segment->p_memsz)
      return segment;
  }
  return NULL;
}

static const uint8_t *build_id_in(const uint8_t *at, const uint8_t *end, size_t *size)
{
  while (at + sizeof(Elf64_Nhdr) <= end) {
    const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
    const uint8_t *name = at + sizeof *note, *content = name + ((note->n_namesz + 3u) & ~3u);
    at = content + ((note->n_descsz + 3u) & ~3u);
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) && at <= end) {
      *size = note->n_descsz;
      return content;
    }
  }
  return NULL;
}

static const uint8_t *find_build_id(const struct file *file, size_t *size)
{
  const uint8_t *found = NULL;
  for (size_t i = 0; i < file->count && !found; i++) {
    const Elf64_Phdr *segment = &file->segments[i];
    const uint8_t *at = (const uint8_t *)(file->map->l_addr + segment->p_vaddr);
    if (segment->p_type == PT_NOTE)
      found = build_id_in(at, at + segment->p_memsz, size);
  }
  return found;
}

static void write_hex(const uint8_t *bytes, size_t size, char *text)
{
  static const char digits[] = "0123456789abcdef";
  size = bytes ? size : 0;
  for (size_t i = 0; i < size && i < BUILD_ID_MAX; i++) {
    *text++ = digits[bytes[i] >> 4];
    *text++ = digits[bytes[i] & 15];
  }
  *text = '\0';
}

/* The executable has no name in the loader's list. */
static const char *path_of(const struct file *file, char *buffer, size_t size)
{
  if (*file->map->l_name)
    return file->map->l_name;
  ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
  buffer[length > 0 ? length : 0] = '\0';
  return buffer;
}

static void tell(const struct file *file, const Elf64_Phdr *segment, uintptr_t start, uintptr_t end)
{
  char path[PATH_MAX], build_id[2 * BUILD_ID_MAX + 1];
  size_t size = 0;
  const uint8_t *bytes = find_build_id(file, &size);
  write_hex(bytes, size, build_id);
  uvt_emit->image(&(struct uvt_rec_image){.process = uvt_process,
                                          .start = start,
                                          .size = end - start,
                                          .offset = segment->p_offset,
                                          .path = path_of(file, path, sizeof path),
                                          .build_id = build_id});
}

/* A number that two different files hardly share. */
static uint64_t identity_of(const struct file *file)
{
  size_t size = 0;
  const uint8_t *id = find_build_id(file, &size);
  uint64_t hash = (uintptr_t)file->map;
  for (size_t i = 0; id && i < size; i++)
    hash = (hash ^ id[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* Where it is remembered; what overlaps it is forgotten, as that has been unmapped (`changed`). NULL: no
 * room. */
static struct image *entry_for(uintptr_t start, uintptr_t end, bool *changed)
{
  struct image *unused = NULL;
  for (size_t i = 0; i < images_count; i++) {
    if (images[i].start == start && images[i].end == end)
      return &images[i];
    if (images[i].start < end && start < images[i].end) {
      images[i] = (struct image){0};
      *changed = true;
    }
    if (!images[i].end)
      unused = &images[i];
  }
  if (!unused && images_count < IMAGES_MAX)
    unused = &images[images_count++];
  if (unused)
    *unused = (struct image){start, end, 0, 0};
  return unused;
}

bool uvt_image_tell(uintptr_t address)
{
  struct file file;
  const Elf64_Phdr *segment = find_file(address, &file) ? find_segment(&file, address) : NULL;
  if (!segment)
    return false;
  uintptr_t start = file.map->l_addr + segment->p_vaddr, end = start + segment->p_memsz;
  uint64_t identity = identity_of(&file);
  bool changed = false;
  struct image *image = entry_for(start, end, &changed);
  changed |= image && image->identity && image->identity != identity;
  if (image && !changed && image->told == uvt_epoch)
    return false;
  if (image) {
    image->identity = identity;
    image->told = uvt_epoch;
  }
  tell(&file, segment, start, end);
  return changed;
}

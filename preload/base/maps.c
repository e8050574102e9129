/* SPDX-License-Identifier: MIT */
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int uvt_maps_open(struct uvt_maps *maps)
{
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

  uvt_maps_open_fd(maps, fd);
  return fd < 0 ? -errno : 0;
}

void uvt_maps_open_fd(struct uvt_maps *maps, int fd)
{
  maps->fd = fd;
  maps->at = 0;
  maps->filled = 0;
}

void uvt_maps_close(struct uvt_maps *maps)
{
  if (maps->fd >= 0)
    close(maps->fd);
  maps->fd = -1;
}

/* The next character, 0 at the end of the file, or a negative errno. */
static int next_char(struct uvt_maps *maps)
{
  ssize_t count;

  if (maps->at == maps->filled) {
    do
      count = read(maps->fd, maps->buffer, sizeof(maps->buffer));
    while (count < 0 && errno == EINTR);
    if (count <= 0)
      return count < 0 ? -errno : 0;
    maps->filled = (size_t)count;
    maps->at = 0;
  }
  return (unsigned char)maps->buffer[maps->at++];
}

static int hex_digit(int c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the character behind the number, or what next_char returned. */
static int next_address(struct uvt_maps *maps, uintptr_t *address)
{
  int c;

  *address = 0;
  while ((c = next_char(maps)) > 0 && hex_digit(c) >= 0)
    *address = *address << 4 | (uintptr_t)hex_digit(c);
  return c;
}

/* "r-xp" */
static int next_protection(struct uvt_maps *maps, struct uvt_mapping *mapping)
{
  char flags[4];
  int c;

  for (size_t i = 0; i < sizeof(flags); i++) {
    c = next_char(maps);
    if (c <= 0)
      return c;
    flags[i] = (char)c;
  }
  mapping->protection = (flags[0] == 'r' ? PROT_READ : 0) | (flags[1] == 'w' ? PROT_WRITE : 0) |
                        (flags[2] == 'x' ? PROT_EXEC : 0);
  mapping->shared = flags[3] == 's';
  return 1;
}

static int skip_line(struct uvt_maps *maps)
{
  int c;

  do
    c = next_char(maps);
  while (c > 0 && c != '\n');
  return c;
}

/* "0076f000 fe:00 11100813". Returns as next_address does. */
static int next_file(struct uvt_maps *maps, struct uvt_mapping *mapping)
{
  uintptr_t device;
  int c = next_char(maps);

  mapping->offset = 0;
  mapping->inode = 0;
  if (c == ' ')
    c = next_address(maps, &mapping->offset);
  if (c == ' ')
    c = next_address(maps, &device);
  if (c == ':')
    c = next_address(maps, &device);
  if (c == ' ')
    while ((c = next_char(maps)) >= '0' && c <= '9')
      mapping->inode = mapping->inode * 10 + (uint64_t)(c - '0');
  return c;
}

int uvt_maps_next(struct uvt_maps *maps, struct uvt_mapping *mapping)
{
  int c = next_address(maps, &mapping->start);

  if (c <= 0)
    return c;
  if (c != '-' || next_address(maps, &mapping->end) != ' ' || mapping->end <= mapping->start)
    return -EINVAL;
  c = next_protection(maps, mapping);
  if (c <= 0)
    return c < 0 ? c : -EINVAL;
  c = next_file(maps, mapping);
  if (c > 0 && c != '\n')
    c = skip_line(maps);
  return c < 0 ? c : 1;
}

int uvt_maps_find(uintptr_t address, struct uvt_mapping *mapping)
{
  struct uvt_maps maps;
  int result = uvt_maps_open(&maps);

  if (result < 0)
    return result;
  do
    result = uvt_maps_next(&maps, mapping);
  while (result > 0 && mapping->end <= address);
  uvt_maps_close(&maps);
  if (result < 0)
    return result;
  return result > 0 && mapping->start <= address ? 0 : -EFAULT;
}

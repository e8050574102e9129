/* SPDX-License-Identifier: MIT */
/*
 * The dynamic symbols of an ELF file whose names begin with uv_, with their bytes as they lie in the file.
 * The file's memory belongs to the image until image_close.
 */
#ifndef UVT_TEST_IMAGE_H
#define UVT_TEST_IMAGE_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

struct image_symbol {
  const char *name;
  bool defined;
  bool is_function;
  uint64_t address;
  uint64_t size;
  const uint8_t *code; /* NULL where the file holds none */
};

struct image {
  int fd;
  Elf *elf;
  struct image_symbol symbols[1024];
  size_t count;
};

/* false, with a line on standard error, for what is no 64-bit ELF file. */
bool image_open(struct image *image, const char *path);
void image_close(struct image *image);
const struct image_symbol *image_symbol(const struct image *image, const char *name);

/* What uv_version() returns in this file; 0: it defines none. */
int image_uv_version(const struct image *image);

#endif

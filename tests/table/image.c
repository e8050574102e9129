/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint8_t *code_at(Elf *elf, const GElf_Sym *symbol)
{
  Elf_Scn *section = symbol->st_shndx < SHN_LORESERVE ? elf_getscn(elf, symbol->st_shndx) : NULL;
  size_t file_size;
  const char *file = elf_rawfile(elf, &file_size);
  GElf_Shdr header;

  if (!section || !gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS)
    return NULL;
  uint64_t offset = header.sh_offset + (symbol->st_value - header.sh_addr);
  if (!file || offset > file_size || symbol->st_size > file_size - offset)
    return NULL;
  return (const uint8_t *)file + offset;
}

static void add_symbol(struct image *image, const GElf_Sym *symbol, const char *name)
{
  bool defined = symbol->st_shndx != SHN_UNDEF;

  if (!name || strncmp(name, "uv_", 3) != 0 ||
      image->count == sizeof(image->symbols) / sizeof(image->symbols[0]))
    return;
  image->symbols[image->count++] =
      (struct image_symbol){.name = name,
                            .defined = defined,
                            .is_function = GELF_ST_TYPE(symbol->st_info) == STT_FUNC,
                            .address = symbol->st_value,
                            .size = symbol->st_size,
                            .code = defined ? code_at(image->elf, symbol) : NULL};
}

static void read_symbols(struct image *image, Elf_Scn *section, const GElf_Shdr *header)
{
  Elf_Data *data = elf_getdata(section, NULL);
  GElf_Sym symbol;

  for (int i = 0; data && gelf_getsym(data, i, &symbol); i++)
    add_symbol(image, &symbol, elf_strptr(image->elf, header->sh_link, symbol.st_name));
}

bool image_open(struct image *image, const char *path)
{
  Elf_Scn *section = NULL;
  GElf_Shdr header;

  memset(image, 0, sizeof(*image));
  elf_version(EV_CURRENT);
  image->fd = open(path, O_RDONLY | O_CLOEXEC);
  image->elf = image->fd >= 0 ? elf_begin(image->fd, ELF_C_READ_MMAP, NULL) : NULL;
  if (!image->elf || gelf_getclass(image->elf) != ELFCLASS64) {
    fprintf(stderr, "%s: no ELF file: %s\n", path, elf_errmsg(-1));
    image_close(image);
    return false;
  }
  while ((section = elf_nextscn(image->elf, section)))
    if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNSYM)
      read_symbols(image, section, &header);
  return true;
}

void image_close(struct image *image)
{
  if (image->elf)
    elf_end(image->elf);
  if (image->fd >= 0)
    close(image->fd);
}

const struct image_symbol *image_symbol(const struct image *image, const char *name)
{
  for (size_t i = 0; i < image->count; i++)
    if (strcmp(image->symbols[i].name, name) == 0)
      return &image->symbols[i];
  return NULL;
}

/* b8 xx xx xx xx   mov eax, version; every compiler's first instruction but for endbr64 */
int image_uv_version(const struct image *image)
{
  const struct image_symbol *symbol = image_symbol(image, "uv_version");
  int version = 0;

  for (uint64_t i = 0; symbol && symbol->code && i + 5 <= symbol->size; i++)
    if (symbol->code[i] == 0xb8) {
      memcpy(&version, symbol->code + i + 1, sizeof(version));
      break;
    }
  return version;
}

/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/words.h"

/* What demangling a hostile name may cost grows faster than its length. */
enum { MANGLED_MAX = 2048, BUILD_ID_MAX = 64, SEGMENTS_MAX = 32 };

struct file {
  int descriptor;
  Elf *elf;
};

struct symbol {
  uint64_t address, size;
  const char *name; /* in the mapped file */
  uint8_t rank;     /* of several at one address the highest counts */
};

struct segment {
  uint64_t offset, size, address;
};

struct uvt_symbols {
  struct file binary, debug;
  struct segment segments[SEGMENTS_MAX];
  size_t segments_count;
  struct symbol *symbols; /* in order of address */
  size_t count;
};

/* Of libstdc++ (the C++ ABI): a name to be freed, or NULL. */
extern char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status);

/* ---- What could not be used ---- */

static struct {
  uint64_t count;
  char first[512];
} refused;

uint64_t uvt_symbols_refused(const char **first)
{
  *first = refused.first;
  return refused.count;
}

static void refuse(const char *path, const char *why)
{
  if (!refused.count++)
    uvt_words_put(refused.first, sizeof refused.first, "%.*s: %s", uvt_words_room(path, 400), path, why);
}

/* ---- Files ---- */

static void close_file(struct file *file)
{
  elf_end(file->elf);
  if (file->descriptor >= 0)
    close(file->descriptor);
  *file = (struct file){.descriptor = -1};
}

/* A path from a trace may name anything; only ordinary files are read. */
static bool open_file(struct file *file, const char *path)
{
  struct stat status;
  *file = (struct file){.descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file->descriptor < 0)
    return false;
  if (!fstat(file->descriptor, &status) && S_ISREG(status.st_mode) && elf_version(EV_CURRENT) != EV_NONE)
    file->elf = elf_begin(file->descriptor, ELF_C_READ_MMAP, NULL);
  if (file->elf && elf_kind(file->elf) == ELF_K_ELF)
    return true;
  close_file(file);
  return false;
}

static void put_hexadecimal(char *text, const unsigned char *bytes, size_t count)
{
  for (size_t i = 0; i < count; i++)
    sprintf(text + 2 * i, "%02x", bytes[i]);
  text[2 * count] = '\0';
}

static bool take_build_id(Elf_Data *notes, char text[2 * BUILD_ID_MAX + 1])
{
  GElf_Nhdr note;
  size_t name, value;
  for (size_t at = 0; notes && (at = gelf_getnote(notes, at, &note, &name, &value)) > 0;) {
    const char *bytes = notes->d_buf;
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 || memcmp(bytes + name, "GNU", 4) ||
        note.n_descsz > BUILD_ID_MAX)
      continue;
    put_hexadecimal(text, (const unsigned char *)bytes + value, note.n_descsz);
    return true;
  }
  return false;
}

/* "" where it has none. */
static void find_build_id(Elf *elf, char text[2 * BUILD_ID_MAX + 1])
{
  size_t count = 0;
  *text = '\0';
  elf_getphdrnum(elf, &count);
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_NOTE &&
        take_build_id(elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz,
                                           header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR),
                      text))
      return;
  }
}

/* ---- Functions ---- */

static uint8_t rank_of(const GElf_Sym *symbol)
{
  switch (GELF_ST_BIND(symbol->st_info)) {
  case STB_GLOBAL:
    return 2;
  case STB_WEAK:
    return 1;
  default:
    return 0;
  }
}

static bool is_function(const GElf_Sym *symbol)
{
  int type = GELF_ST_TYPE(symbol->st_info);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF && symbol->st_value;
}

static bool take_section(struct uvt_symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
  Elf_Data *data = elf_getdata(section, NULL);
  size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
  struct symbol *list = count ? malloc(count * sizeof *list) : NULL;
  size_t taken = 0;
  for (size_t i = 0; list && i < count; i++) {
    GElf_Sym symbol;
    const char *name;
    if (gelf_getsym(data, (int)i, &symbol) && is_function(&symbol) &&
        (name = elf_strptr(elf, header->sh_link, symbol.st_name)) && *name)
      list[taken++] = (struct symbol){symbol.st_value, symbol.st_size, name, rank_of(&symbol)};
  }
  if (!taken) {
    free(list);
    return false;
  }
  symbols->symbols = list;
  symbols->count = taken;
  return true;
}

static bool take_table(struct uvt_symbols *symbols, const struct file *file, uint32_t type)
{
  GElf_Shdr header;
  for (Elf_Scn *section = NULL; file->elf && (section = elf_nextscn(file->elf, section));) {
    if (gelf_getshdr(section, &header) && header.sh_type == type &&
        take_section(symbols, file->elf, section, &header))
      return true;
  }
  return false;
}

static int compare_symbols(const void *left, const void *right)
{
  const struct symbol *a = left, *b = right;
  if (a->address != b->address)
    return a->address < b->address ? -1 : 1;
  if (a->rank != b->rank)
    return a->rank - b->rank;
  return strcmp(b->name, a->name);
}

static void open_debug_file(struct uvt_symbols *symbols, const char *build_id)
{
  char path[2 * BUILD_ID_MAX + 64];
  char its[2 * BUILD_ID_MAX + 1];
  if (strlen(build_id) < 3)
    return;
  snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", build_id, build_id + 2);
  if (!open_file(&symbols->debug, path))
    return;
  find_build_id(symbols->debug.elf, its);
  if (strcmp(its, build_id))
    close_file(&symbols->debug);
}

static void load_symbols(struct uvt_symbols *symbols, const char *build_id)
{
  if (!take_table(symbols, &symbols->binary, SHT_SYMTAB)) {
    open_debug_file(symbols, build_id);
    if (!take_table(symbols, &symbols->debug, SHT_SYMTAB))
      take_table(symbols, &symbols->binary, SHT_DYNSYM);
  }
  if (symbols->count)
    qsort(symbols->symbols, symbols->count, sizeof *symbols->symbols, compare_symbols);
}

static void load_segments(struct uvt_symbols *symbols)
{
  size_t count = 0;
  elf_getphdrnum(symbols->binary.elf, &count);
  for (size_t i = 0; i < count && symbols->segments_count < SEGMENTS_MAX; i++) {
    GElf_Phdr header;
    if (gelf_getphdr(symbols->binary.elf, (int)i, &header) && header.p_type == PT_LOAD)
      symbols->segments[symbols->segments_count++] =
          (struct segment){header.p_offset, header.p_filesz, header.p_vaddr};
  }
}

/* ---- Opening, finding ---- */

struct uvt_symbols *uvt_symbols_open(const char *path, const char *build_id)
{
  char its[2 * BUILD_ID_MAX + 1];
  struct uvt_symbols *symbols = *path == '/' ? calloc(1, sizeof *symbols) : NULL;
  if (!symbols) /* "[vdso]" and the like are no files */
    return NULL;
  symbols->binary.descriptor = symbols->debug.descriptor = -1;
  if (!open_file(&symbols->binary, path)) {
    refuse(path, "no such binary here");
    uvt_symbols_close(symbols);
    return NULL;
  }
  find_build_id(symbols->binary.elf, its);
  if (*build_id && strcasecmp(its, build_id)) {
    refuse(path, "another build than the one recorded");
    uvt_symbols_close(symbols);
    return NULL;
  }
  load_segments(symbols);
  load_symbols(symbols, its);
  return symbols;
}

void uvt_symbols_close(struct uvt_symbols *symbols)
{
  if (!symbols)
    return;
  free(symbols->symbols);
  close_file(&symbols->binary);
  close_file(&symbols->debug);
  free(symbols);
}

static bool address_of(const struct uvt_symbols *symbols, uint64_t offset, uint64_t *address)
{
  for (size_t i = 0; i < symbols->segments_count; i++) {
    const struct segment *segment = &symbols->segments[i];
    if (offset >= segment->offset && offset - segment->offset < segment->size) {
      *address = offset - segment->offset + segment->address;
      return true;
    }
  }
  return false;
}

/* The last that begins at or before it. One of size 0 (assembler) reaches to the next. */
static const struct symbol *symbol_at(const struct uvt_symbols *symbols, uint64_t address)
{
  size_t low = 0, high = symbols->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (symbols->symbols[middle].address <= address)
      low = middle + 1;
    else
      high = middle;
  }
  const struct symbol *symbol = low ? &symbols->symbols[low - 1] : NULL;
  return symbol && (!symbol->size || address - symbol->address < symbol->size) ? symbol : NULL;
}

bool uvt_symbols_find(const struct uvt_symbols *symbols, uint64_t offset, char *text, size_t size)
{
  uint64_t address;
  /* A return address lies behind its call, which may be the last of the function. */
  if (!offset || !address_of(symbols, offset - 1, &address))
    return false;
  const struct symbol *symbol = symbol_at(symbols, address);
  if (!symbol)
    return false;
  bool mangled = !strncmp(symbol->name, "_Z", 2) && strnlen(symbol->name, MANGLED_MAX) < MANGLED_MAX;
  char *demangled = mangled ? __cxa_demangle(symbol->name, NULL, NULL, NULL) : NULL;
  const char *name = demangled ? demangled : symbol->name;
  size_t whole = demangled ? strlen(name) : strcspn(name, "@"); /* not "@@GLIBC_2.34" */
  char place[24];
  size_t length = (size_t)snprintf(place, sizeof place, "+0x%" PRIx64, address + 1 - symbol->address);
  size_t room = size > length ? size - length - 1 : 0;
  uvt_words_put(text, size, "%.*s%s", uvt_words_room(name, whole < room ? whole : room), name, place);
  free(demangled);
  return true;
}

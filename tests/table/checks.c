/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include "patch/relocate_x86.h"

#include <inttypes.h>
#include <string.h>

#define JUMP_SIZE 5
/* Where the code memory may lie: anywhere within reach; as far as that goes, and then some less. */
#define ISLAND_DISTANCE 0x40000000u

static size_t complain(FILE *out, const char *function, const char *what)
{
  fprintf(out, "%s: %s\n", function, what);
  return 1;
}

/* uv__ names are libuv's own (some builds export one). */
static bool is_public(const char *name)
{
  return strncmp(name, "uv__", 4) != 0;
}

static bool is_known(const struct table *table, const char *function)
{
  return table_row(table, function) || list_has(&table->without_callback, function) ||
         list_has(&table->not_traced, function);
}

static size_t count_name(const struct name_list *list, const char *name)
{
  size_t count = 0;

  for (size_t i = 0; i < list->count; i++)
    count += strcmp(list->names[i], name) == 0;
  return count;
}

static size_t check_list(const struct table *table, const struct name_list *list, FILE *out)
{
  size_t found = 0;

  for (size_t i = 0; i < list->count; i++) {
    const char *name = list->names[i];
    if (table_row(table, name))
      found += complain(out, name, "has a row in api.def and is in a list of those that need none");
    if (count_name(&table->without_callback, name) + count_name(&table->not_traced, name) > 1)
      found += complain(out, name, "is listed twice");
  }
  return found;
}

size_t check_lists(const struct table *table, FILE *out)
{
  return check_list(table, &table->without_callback, out) + check_list(table, &table->not_traced, out);
}

static size_t check_prototype(const struct table *table, const struct prototype *prototype, FILE *out)
{
  const char *function = prototype->function;
  const struct row *row = table_row(table, function);

  if (prototype->takes_callback && !row && !list_has(&table->not_traced, function))
    return complain(out, function, "takes a callback and has no row in api.def");
  if (row && row->is_fs != prototype->takes_fs_callback)
    return complain(out, function,
                    row->is_fs ? "is an FS row and takes no uv_fs_cb" : "takes a uv_fs_cb and is no FS row");
  if (!is_known(table, function))
    return complain(out, function, "is new: give it a row, or a line in without_callback.list");
  return 0;
}

static bool exists_in(const struct row *row, int version)
{
  return row->since <= version;
}

size_t check_header(const struct table *table, const struct header *header, FILE *out)
{
  size_t found = 0;

  for (size_t i = 0; i < header->count; i++)
    found += check_prototype(table, &header->prototypes[i], out);
  for (size_t i = 0; i < table->row_count; i++) {
    const struct row *row = &table->rows[i];
    if (exists_in(row, header->version) && !header_prototype(header, row->function))
      found += complain(out, row->function, "has a row in api.def and is not declared");
  }
  return found;
}

static size_t check_export(const struct image *image, const struct row *row, FILE *out)
{
  const struct image_symbol *symbol = image_symbol(image, row->function);

  if (!symbol || !symbol->defined)
    return complain(out, row->function, "has a row in api.def and is not exported");
  if (!symbol->is_function)
    return complain(out, row->function, "is exported and no function");
  if (symbol->size < JUMP_SIZE)
    return complain(out, row->function, "is too short for a jump");
  return 0;
}

static size_t check_addresses(const struct table *table, const struct image *image, FILE *out)
{
  size_t found = 0;

  for (size_t a = 0; a < table->row_count; a++)
    for (size_t b = 0; b < a; b++) {
      const struct image_symbol *symbol_a = image_symbol(image, table->rows[a].function);
      const struct image_symbol *symbol_b = image_symbol(image, table->rows[b].function);
      if (symbol_a && symbol_b && symbol_a->address == symbol_b->address)
        found += complain(out, symbol_a->name, "lies at the address of another row");
    }
  return found;
}

static size_t check_symbols_known(const struct table *table, const struct image *image, bool defined,
                                  FILE *out)
{
  size_t found = 0;

  for (size_t i = 0; i < image->count; i++) {
    const struct image_symbol *symbol = &image->symbols[i];
    if (symbol->defined == defined && is_public(symbol->name) && !is_known(table, symbol->name))
      found += complain(out, symbol->name, "is new: give it a row, or a line in without_callback.list");
  }
  return found;
}

size_t check_exports(const struct table *table, const struct image *image, FILE *out)
{
  int version = image_uv_version(image);
  size_t found = 0;

  if (version == 0)
    return complain(out, "uv_version", "does not tell the version of libuv");
  for (size_t i = 0; i < table->row_count; i++)
    if (exists_in(&table->rows[i], version))
      found += check_export(image, &table->rows[i], out);
  found += check_addresses(table, image, out);
  return found + check_symbols_known(table, image, true, out);
}

size_t check_imports(const struct table *table, const struct image *image, FILE *out)
{
  const struct image_symbol *run = image_symbol(image, "uv_run");

  if (!run || run->defined)
    return complain(out, "uv_run", "is not imported");
  return check_symbols_known(table, image, false, out);
}

static enum uvt_relocation plan_one(const struct image_symbol *symbol)
{
  struct uvt_function function = {.code = symbol->code, .size = symbol->size, .address = symbol->address};
  uint8_t out[UVT_RELOCATED_MAX];
  size_t displaced;
  size_t written;
  enum uvt_relocation result = uvt_relocation_plan(&function, JUMP_SIZE, &displaced);

  if (result == UVT_RELOCATION_OK)
    result = uvt_relocation_write(&function, displaced, symbol->address + ISLAND_DISTANCE, out, sizeof(out),
                                  &written);
  return result;
}

size_t check_plan(const struct table *table, const struct image *image, FILE *out)
{
  size_t found = 0;

  for (size_t i = 0; i < table->row_count; i++) {
    const struct image_symbol *symbol = image_symbol(image, table->rows[i].function);
    enum uvt_relocation result;

    if (!symbol || !symbol->defined) /* check_exports knows whether that is right */
      continue;
    if (!symbol->code) {
      found += complain(out, symbol->name, "has no bytes in the file");
      continue;
    }
    result = plan_one(symbol);
    if (result != UVT_RELOCATION_OK)
      found += complain(out, symbol->name, uvt_relocation_text(result));
  }
  return found;
}

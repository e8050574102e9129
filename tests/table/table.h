/* SPDX-License-Identifier: MIT */
/*
 * What uvtree knows of libuv's functions, as data for the checks here: the rows of api.def and the vetted
 * lists beside this file. Read-only once made; one thread.
 */
#ifndef UVT_TEST_TABLE_H
#define UVT_TEST_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* 1.46.2 is 0x012e02, as uv_version() has it. */
#define UV_VERSION_OF(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

struct row {
  const char *function;
  bool is_fs;
  int since; /* the libuv that introduced it; 0: 1.44 or older */
};

struct name_list {
  char (*names)[64];
  size_t count;
};

struct table {
  struct row rows[160];
  size_t row_count;
  struct name_list without_callback; /* vetted: take no callback, fire and cancel none */
  struct name_list not_traced;       /* take a callback and need no row; each with its reason */
};

/* Exits with a message where a list cannot be read. */
void table_load(struct table *table);
const struct row *table_row(const struct table *table, const char *function);
bool list_has(const struct name_list *list, const char *name);

/* The whole of a file, 0 at its end, for the caller to free; NULL and errno. */
char *read_file(const char *path);

#endif

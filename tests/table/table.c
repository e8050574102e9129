/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "api.def"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FS_ROW(op, shape, object) {.function = "uv_fs_" #op, .is_fs = true},
#define ROW(function_name, ...) {.function = #function_name},

static const struct row api_rows[] = {UVT_API(FS_ROW, ROW, UVT_NONE, ROW)};

char *read_file(const char *path)
{
  FILE *file = fopen(path, "r");
  char *text = NULL;
  size_t size = 0;

  if (!file)
    return NULL;
  if (getdelim(&text, &size, '\0', file) < 0 && text)
    text[0] = '\0';
  fclose(file);
  return text;
}

/* Lines of a name and a remark; # begins a comment. */
static char *read_list(const char *name)
{
  char path[4096];
  char *text;

  snprintf(path, sizeof(path), "%s/%s", UVT_TABLE_LISTS, name);
  text = read_file(path);
  if (!text) {
    perror(path);
    exit(1);
  }
  return text;
}

static void add_name(struct name_list *list, const char *name)
{
  list->names = realloc(list->names, (list->count + 1) * sizeof(*list->names));
  snprintf(list->names[list->count++], sizeof(*list->names), "%s", name);
}

static struct name_list load_names(const char *list_name)
{
  struct name_list list = {0};
  char *text = read_list(list_name);
  char *rest = text;
  char *line;
  char name[64];

  while ((line = strsep(&rest, "\n")))
    if (sscanf(line, "%63[a-z0-9_]", name) == 1)
      add_name(&list, name);
  free(text);
  return list;
}

static struct row *find_row(struct table *table, const char *function)
{
  for (size_t i = 0; i < table->row_count; i++)
    if (strcmp(table->rows[i].function, function) == 0)
      return &table->rows[i];
  return NULL;
}

/* since.list: function major.minor.patch */
static void load_since(struct table *table)
{
  char *text = read_list("since.list");
  char *rest = text;
  char *line;
  char name[64];
  int major, minor, patch;

  while ((line = strsep(&rest, "\n"))) {
    if (sscanf(line, "%63[a-z0-9_] %d.%d.%d", name, &major, &minor, &patch) != 4)
      continue;
    struct row *row = find_row(table, name);
    if (row)
      row->since = UV_VERSION_OF(major, minor, patch);
  }
  free(text);
}

void table_load(struct table *table)
{
  memset(table, 0, sizeof(*table));
  table->row_count = sizeof(api_rows) / sizeof(api_rows[0]);
  _Static_assert(sizeof(api_rows) <= sizeof(table->rows), "room for all rows");
  memcpy(table->rows, api_rows, sizeof(api_rows));
  load_since(table);
  table->without_callback = load_names("without_callback.list");
  table->not_traced = load_names("not_traced.list");
}

const struct row *table_row(const struct table *table, const char *function)
{
  for (size_t i = 0; i < table->row_count; i++)
    if (strcmp(table->rows[i].function, function) == 0)
      return &table->rows[i];
  return NULL;
}

bool list_has(const struct name_list *list, const char *name)
{
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->names[i], name) == 0)
      return true;
  return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * check_table lists | header FILE... | exports FILE | imports FILE | plan FILE
 *
 * Holds the table of libuv's functions against a uv.h (its files together: uv.h, uv/version.h) or an ELF
 * file. Exit status: 0 they agree, 1 they do not (each difference on standard error), 77 the file is not
 * there.
 */
#include "checks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

static struct table table;

static int report(size_t found, const char *what, const char *path, const char *counted, size_t count)
{
  if (found == 0)
    printf("%s: %s: %zu %s agree with the table\n", path, what, count, counted);
  return found == 0 ? 0 : 1;
}

static void append_file(char **text, const char *path)
{
  char *more = read_file(path);
  size_t size = *text ? strlen(*text) : 0;

  if (!more) {
    perror(path);
    exit(1);
  }
  *text = realloc(*text, size + strlen(more) + 1);
  strcpy(*text + size, more);
  free(more);
}

static int run_header(char **paths)
{
  static struct header header;
  char *text = NULL;

  for (char **path = paths; *path; path++)
    append_file(&text, *path);
  header_parse(text, &header);
  free(text);
  if (header.version == 0 || header.count < 200) {
    fprintf(stderr, "%s: no uv.h: version %#x, %zu functions\n", *paths, (unsigned)header.version,
            header.count);
    return 1;
  }
  return report(check_header(&table, &header, stderr), "header", *paths, "functions", header.count);
}

typedef size_t image_check(const struct table *, const struct image *, FILE *);

static int run_image(image_check *check, const char *what, const char *path)
{
  static struct image image;
  int result;

  if (!image_open(&image, path))
    return 1;
  result = report(check(&table, &image, stderr), what, path, "symbols", image.count);
  image_close(&image);
  return result;
}

static int skip_if_absent(char **paths)
{
  for (; *paths; paths++)
    if (access(*paths, R_OK) != 0) {
      fprintf(stderr, "skipped: there is no %s (scripts/node-builds fetches the Node builds)\n", *paths);
      return SKIPPED;
    }
  return 0;
}

static int usage(void)
{
  fputs("check_table lists | header FILE... | exports FILE | imports FILE | plan FILE\n", stderr);
  return 2;
}

int main(int argc, char **argv)
{
  table_load(&table);
  if (argc == 2 && strcmp(argv[1], "lists") == 0)
    return report(check_lists(&table, stderr), "lists", UVT_TABLE_LISTS, "rows", table.row_count);
  if (argc < 3)
    return usage();
  if (skip_if_absent(argv + 2))
    return SKIPPED;
  if (strcmp(argv[1], "header") == 0)
    return run_header(argv + 2);
  if (strcmp(argv[1], "exports") == 0)
    return run_image(check_exports, "exports", argv[2]);
  if (strcmp(argv[1], "imports") == 0)
    return run_image(check_imports, "imports", argv[2]);
  if (strcmp(argv[1], "plan") == 0)
    return run_image(check_plan, "plan", argv[2]);
  return usage();
}

/* SPDX-License-Identifier: MIT */
#include "text_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

enum { INDENT = 2, GAP = 2, FIRST_LEAST = 12 };

void uvt_table_add(struct uvt_table *table, const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  uvt_words_vput(text, sizeof text, format, arguments);
  va_end(arguments);
  uvt_words_clean(text, sizeof text, text, table->ascii);
  if (table->count == table->capacity) {
    size_t capacity = table->capacity ? table->capacity * 2 : 64;
    char **cells = realloc(table->cells, capacity * sizeof *cells);
    table->failed |= !cells;
    if (!cells)
      return;
    table->cells = cells;
    table->capacity = capacity;
  }
  char *cell = strdup(text);
  table->failed |= !cell;
  if (cell)
    table->cells[table->count++] = cell;
}

char *uvt_cut(char *text, size_t columns, bool ascii)
{
  const char *mark = ascii ? "..." : "\u2026";
  size_t most = columns - (ascii ? 3 : 1);
  size_t seen = 0;
  if (uvt_words_columns(text) <= columns)
    return text;
  char *end = text;
  for (; *end; end++) {
    seen += ((unsigned char)*end & 0xc0) != 0x80;
    if (seen > most)
      break;
  }
  /* Where what goes is shorter than the mark, more goes. */
  while (end > text && (strlen(end) < strlen(mark) || ((unsigned char)*end & 0xc0) == 0x80))
    end--;
  memcpy(end, mark, strlen(mark) + 1);
  return text;
}

static void measure(const struct uvt_table *table, size_t widths[UVT_TABLE_COLUMNS])
{
  size_t total = INDENT;
  for (size_t i = 0; i < table->count; i++) {
    size_t columns = uvt_words_columns(table->cells[i]);
    size_t *width = &widths[i % table->columns];
    *width = columns > *width ? columns : *width;
  }
  for (size_t i = 0; i < table->columns; i++)
    total += widths[i] + (i ? GAP : 0);
  if (total <= table->width)
    return;
  size_t over = total - table->width;
  widths[0] = widths[0] > over + FIRST_LEAST ? widths[0] - over : FIRST_LEAST;
}

static void print_row(const struct uvt_table *table, char **row, const size_t *widths, FILE *out)
{
  size_t last = table->columns - 1;
  while (last > 0 && !*row[last]) /* no spaces at the end of a line */
    last--;
  uvt_cut(row[0], widths[0], table->ascii);
  fprintf(out, "%*s", INDENT, "");
  for (size_t i = 0; i <= last; i++) {
    int space = (int)(widths[i] - uvt_words_columns(row[i]));
    bool left = i == 0 || table->left[i];
    if (left)
      fprintf(out, "%s%*s", row[i], i == last ? 0 : space, "");
    else
      fprintf(out, "%*s%s", space, "", row[i]);
    fputs(i == last ? "\n" : "  ", out);
  }
}

void uvt_table_print(struct uvt_table *table, FILE *out)
{
  size_t widths[UVT_TABLE_COLUMNS] = {0};
  measure(table, widths);
  for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
    print_row(table, table->cells + i, widths, out);
  for (size_t i = 0; i < table->count; i++)
    free(table->cells[i]);
  free(table->cells);
  table->cells = NULL;
  table->count = table->capacity = 0;
}

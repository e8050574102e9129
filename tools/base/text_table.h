/* SPDX-License-Identifier: MIT */
/*
 * Tables of text: columns as wide as what is in them, the first one cut so that lines keep to the terminal's
 * width. Cells are UTF-8 and safe to print (tree_words.h makes them so).
 */
#ifndef UVT_TEXT_TABLE_H
#define UVT_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { UVT_TABLE_COLUMNS = 16 };

struct uvt_table {
  size_t columns;
  unsigned width; /* of a line */
  bool ascii;
  bool left[UVT_TABLE_COLUMNS]; /* flush left; else right. The first column always is */
  char **cells;
  size_t count, capacity;
  bool failed; /* out of memory: rows are missing */
};

/* Cuts a text after so many columns (at least 4), with a mark where something is missing. Returns text. */
char *uvt_cut(char *text, size_t columns, bool ascii);

/* A cell more; rows are filled from the left. */
__attribute__((format(printf, 2, 3))) void uvt_table_add(struct uvt_table *table, const char *format, ...);

/* Prints all rows, each with two spaces before it, and empties the table. */
void uvt_table_print(struct uvt_table *table, FILE *out);

#endif

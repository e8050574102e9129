/* SPDX-License-Identifier: MIT */
/*
 * Holds the table against what libuv really has. Each check writes a line for every contradiction that it
 * finds and returns their number.
 */
#ifndef UVT_TEST_CHECKS_H
#define UVT_TEST_CHECKS_H

#include "header.h"
#include "image.h"
#include "table.h"

#include <stdio.h>

/* The lists against the rows: no function is in two of them, none twice in one. */
size_t check_lists(const struct table *table, FILE *out);

/* Every function that takes a callback has a row (or a reason), every row a function. */
size_t check_header(const struct table *table, const struct header *header, FILE *out);

/* A file that defines libuv: every row is an exported function that a jump fits into, every export is known.
 */
size_t check_exports(const struct table *table, const struct image *image, FILE *out);

/* A file that uses libuv: every uv_ function that it imports is known. */
size_t check_imports(const struct table *table, const struct image *image, FILE *out);

/* A file that defines libuv: every row's entry can be diverted. */
size_t check_plan(const struct table *table, const struct image *image, FILE *out);

#endif

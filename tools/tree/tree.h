/* SPDX-License-Identifier: MIT */
/*
 * The async call tree: the operations of a stream by link parent, per process. A sink that keeps the whole
 * tree (about 350 bytes an operation), then printed as text or JSON. One thread at a time.
 */
#ifndef UVT_TREE_H
#define UVT_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "stream/event.h"

struct uvt_tree;

/*
 * The moment that the tree is of: what all lines with a time up to it give. Where `index` is not 0
 * it is that at which this invocation begins; else `at`, where has_at; else the end.
 */
struct uvt_tree_moment {
  uint64_t index;
  uint64_t at;
  bool has_at;
};

struct uvt_tree_view {
  bool full;         /* no grouping of like siblings, no cutting of long texts */
  bool pending;      /* only what has yet to run or runs, and what it hangs from */
  bool never_run;    /* only what has not begun to execute: pending, or cancelled before */
  uint64_t min_time; /* only what took so many ns from Queued to the end of its callback, or has until now */
  const char
      *type; /* only operations of that type (a name, part of one, or a pattern with * and ?); NULL: all */
  uint64_t under; /* only what hangs from that invocation; 0: all */
  unsigned depth; /* levels shown (in JSON: generations of operations); 0: all */
  unsigned width; /* columns that lines are to keep to */
  bool ascii;     /* no characters beyond ASCII */
  bool colour;
};

struct uvt_tree *uvt_tree_create(const struct uvt_tree_moment *moment); /* NULL when out of memory */
void uvt_tree_destroy(struct uvt_tree *tree);

/* Its functions fail only when out of memory. The tree owns it. */
struct uvt_sink *uvt_tree_sink(struct uvt_tree *tree);

uint64_t uvt_tree_operations(const struct uvt_tree *tree);

enum uvt_tree_status {
  UVT_TREE_DONE,
  UVT_TREE_ERROR,     /* no such invocation, or no memory */
  UVT_TREE_AMBIGUOUS, /* several processes may have it: the error lists them */
};

/* After the sink's `end`. The error is set where not all was done. */
enum uvt_tree_status uvt_tree_print_text(struct uvt_tree *tree, const struct uvt_tree_view *view, FILE *out,
                                         struct uvt_error *error);
enum uvt_tree_status uvt_tree_print_json(struct uvt_tree *tree, const struct uvt_tree_view *view, FILE *out,
                                         struct uvt_error *error);

#endif

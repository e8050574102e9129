/* SPDX-License-Identifier: MIT */
/*
 * The async execution chain of an invocation: what linked it, what linked that, and so on to the root, and
 * how long each hop took. Made from the tree (tree.h) after the stream has ended.
 */
#ifndef UVT_PATH_H
#define UVT_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "tree.h"

struct uvt_path_view {
  unsigned width;
  unsigned depth; /* so many hops, and the root; 0: all */
  bool ascii;
};

/* Printing fails as that of the tree does. */
enum uvt_tree_status uvt_path_print_text(struct uvt_tree *tree, uint64_t index,
                                         const struct uvt_path_view *view, FILE *out,
                                         struct uvt_error *error);
enum uvt_tree_status uvt_path_print_json(struct uvt_tree *tree, uint64_t index, FILE *out,
                                         struct uvt_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The long stack of an invocation: its chain of origins (chain.h) hop by hop to the root, and below each hop
 * the stack where it was registered. And those of all failures. Made from the tree after the stream has
 * ended.
 */
#ifndef UVT_LONG_STACK_H
#define UVT_LONG_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "tree.h"

struct uvt_long_stack_view {
  uint64_t index; /* the invocation; 0: all that failed */
  bool failed;    /* what failed in it */
  bool full;      /* frames of the runtime one by one */
  bool json;
  unsigned width;
  bool ascii, colour;
};

enum uvt_tree_status uvt_long_stack_print(struct uvt_tree *tree, const struct uvt_long_stack_view *view,
                                          FILE *out, struct uvt_error *error);

/* How many stacks of the stream are not in the tree. */
uint64_t uvt_long_stack_left_out(const struct uvt_tree *tree);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The async execution chain of an operation, in the tree: from it hop by hop to its root. And how one hop is
 * shown, as text and as JSON.
 *
 * A chain of links goes from an operation to the one that registered it. A chain of origins differs where
 * that only made a place to send to: from a callback of uv_async_send, and from a message port's, it goes to
 * the invocation that sent, which may be another thread's. A chain of causes goes to the one that caused it.
 */
#ifndef UVT_CHAIN_H
#define UVT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json_out.h"
#include "tree_state.h"
#include "tree_words.h"

enum uvt_chain_kind { UVT_CHAIN_LINKS, UVT_CHAIN_ORIGINS, UVT_CHAIN_CAUSES };

/* How a chain goes on from an operation. */
enum uvt_chain_step {
  UVT_CHAIN_LINKED, /* to the one that registered it; or nowhere */
  UVT_CHAIN_SENT,   /* to the one that sent */
  UVT_CHAIN_WITHIN, /* to the libuv callback that it ran in */
  UVT_CHAIN_CAUSED, /* to the one that caused it, which is not the one that registered it */
};

/* Where a chain goes on from an operation; 0: nowhere. */
uint32_t uvt_chain_next(const struct uvt_tree *tree, uint32_t operation, enum uvt_chain_kind kind,
                        enum uvt_chain_step *step);

struct uvt_chain {
  const struct uvt_tree *tree;
  const struct uvt_tree_process *process;
  struct uvt_chain_link {
    uint32_t operation;
    enum uvt_chain_step step;
  } * links; /* from the operation to its root */
  size_t count;
};

/* From the invocation with that index. Where it is done, the chain is to be cleared. */
enum uvt_tree_status uvt_chain_find(const struct uvt_tree *tree, uint64_t index, enum uvt_chain_kind kind,
                                    struct uvt_chain *chain, struct uvt_error *error);
/* From an operation of the tree. */
enum uvt_tree_status uvt_chain_of(const struct uvt_tree *tree, uint32_t operation, enum uvt_chain_kind kind,
                                  struct uvt_chain *chain, struct uvt_error *error);
void uvt_chain_clear(struct uvt_chain *chain);

/* Finds out which request each operation belongs to; the chains that are shown after that say it. */
enum uvt_tree_status uvt_chain_find_requests(struct uvt_tree *tree, struct uvt_error *error);

/* One hop, from the parent to an operation. */
struct uvt_hop {
  const struct uvt_tree_operation *operation;
  const struct uvt_tree_registration *registration;
  const struct uvt_tree_operation *parent; /* of index 0: none */
  const struct uvt_tree_operation *causer; /* where it is not the parent; else NULL */
  uint64_t queued, ready; /* of a read, those of the allocation before it, where the wait is */
  uint64_t taken, done;   /* by the pool; UVT_TREE_NEVER: it had no part */
  uint64_t run;           /* the how-manieth of its registration */
};

struct uvt_hop uvt_chain_hop(const struct uvt_chain *chain, size_t i);

/* ---- As text ---- */

enum { UVT_CHAIN_INDENT = 8 }; /* columns of "#12345  " */

struct uvt_chain_printer {
  const struct uvt_chain *chain;
  FILE *out;
  unsigned width;
  bool ascii;
};

/* "process PID: command", where that is known. */
void uvt_chain_print_process(const struct uvt_chain_printer *printer);
/* A line that says what it is. */
void uvt_chain_print_name(const struct uvt_chain_printer *printer, size_t i);
/* Its times, and what else is to be said of it. */
void uvt_chain_print_times(const struct uvt_chain_printer *printer, size_t i);
/* Who caused it, where that is not the parent, and whether that belongs to another request. */
void uvt_chain_print_causer(const struct uvt_chain_printer *printer, size_t i);
/* Words with commas between them, indented, broken where the line ends. */
void uvt_chain_print_words(const struct uvt_chain_printer *printer, const struct uvt_words *words);
/* If the chain does not end at a root. */
void uvt_chain_print_unknown(const struct uvt_chain_printer *printer);

/* ---- As JSON ---- */

json_t *uvt_chain_hop_json(const struct uvt_chain *chain, size_t i);
void uvt_json_set_id(json_t *object, const char *key, uint64_t id); /* not where it is 0 */
void uvt_json_set_text(json_t *object, const char *key, const struct uvt_tree *tree, uint32_t text);

#endif

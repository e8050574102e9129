/* SPDX-License-Identifier: MIT */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#define NEVER UVT_TREE_NEVER

/* --- finding it --- */

static bool is_async(const struct uvt_tree *tree, uint32_t operation)
{
  const struct uvt_tree_registration *registration =
      uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration);
  return operation && !strcmp(uvt_tree_text(tree, registration->type), "uv_async_init");
}

/* Only what began before can be where something comes from, whatever the stream says. */
static bool began_before(const struct uvt_tree *tree, uint32_t earlier, uint32_t later)
{
  return earlier && uvt_tree_op(tree, earlier)->begun != NEVER &&
         uvt_tree_op(tree, earlier)->begun <= uvt_tree_op(tree, later)->begun;
}

/* The one that sent, where that is another than the one that made the place to send to. */
static uint32_t sender_of(const struct uvt_tree *tree, uint32_t operation)
{
  uint32_t causer = uvt_tree_op(tree, operation)->causer;
  uint32_t parent = uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->parent;
  return is_async(tree, operation) && causer != parent && began_before(tree, causer, operation) ? causer : 0;
}

static bool is_javascript(const struct uvt_tree *tree, uint32_t operation)
{
  return uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->js;
}

/* The async callback that handed a message to JavaScript: to a port, which is told of again and again. A
 * worker that ends hands over what is left within the callback that tells its end. */
static uint32_t carrier_of(const struct uvt_tree *tree, uint32_t operation)
{
  enum { NESTED_MAX = 16 };
  uint32_t within = uvt_tree_op(tree, operation)->within;
  if (!is_javascript(tree, operation) ||
      !uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->repeat)
    return 0;
  for (int i = 0; i < NESTED_MAX && within && is_javascript(tree, within); i++)
    within = uvt_tree_op(tree, within)->within;
  return began_before(tree, within, operation) && sender_of(tree, within) ? within : 0;
}

/* What runs a main script, where it is not just the thread's native root: a worker is told to by a message.
 */
static uint32_t runner_of(const struct uvt_tree *tree, uint32_t operation)
{
  uint32_t within = uvt_tree_op(tree, operation)->within;
  bool root = uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->root;
  bool native_root = uvt_tree_reg(tree, uvt_tree_op(tree, within)->registration)->root;
  return root && !native_root && began_before(tree, within, operation) ? within : 0;
}

static uint32_t causer_of(const struct uvt_tree *tree, uint32_t operation)
{
  uint32_t causer = uvt_tree_op(tree, operation)->causer;
  uint32_t parent = uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->parent;
  return causer != parent && began_before(tree, causer, operation) ? causer : 0;
}

enum uvt_tree_status uvt_chain_find_requests(struct uvt_tree *tree, struct uvt_error *error)
{
  if (!tree->requests && !(tree->requests = calloc(tree->operations.count + 1, sizeof *tree->requests))) {
    uvt_error_set(error, "out of memory");
    return UVT_TREE_ERROR;
  }
  /* What links comes before what it links. */
  for (uint32_t i = 1; i < tree->operations.count; i++) {
    const struct uvt_tree_operation *operation = uvt_tree_op(tree, i);
    uint32_t parent = uvt_tree_reg(tree, operation->registration)->parent;
    tree->requests[i] = operation->flags & UVT_TREE_SERVES ? i : parent < i ? tree->requests[parent] : 0;
  }
  return UVT_TREE_DONE;
}

uint32_t uvt_chain_next(const struct uvt_tree *tree, uint32_t operation, enum uvt_chain_kind kind,
                        enum uvt_chain_step *step)
{
  uint32_t next;
  *step = UVT_CHAIN_SENT;
  if (kind == UVT_CHAIN_ORIGINS && (next = sender_of(tree, operation)))
    return next;
  *step = UVT_CHAIN_WITHIN;
  if (kind == UVT_CHAIN_ORIGINS &&
      ((next = carrier_of(tree, operation)) || (next = runner_of(tree, operation))))
    return next;
  *step = UVT_CHAIN_CAUSED;
  if (kind == UVT_CHAIN_CAUSES && (next = causer_of(tree, operation)))
    return next;
  *step = UVT_CHAIN_LINKED;
  return uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->parent;
}

enum uvt_tree_status uvt_chain_of(const struct uvt_tree *tree, uint32_t operation, enum uvt_chain_kind kind,
                                  struct uvt_chain *chain, struct uvt_error *error)
{
  size_t capacity = 0;
  *chain = (struct uvt_chain){.tree = tree};
  chain->process =
      uvt_tree_proc(tree, uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->process);
  /* No chain is longer than there are operations, but one of a stream that contradicts itself. */
  while (operation && chain->count < tree->operations.count) {
    if (chain->count == capacity) {
      capacity = capacity ? 2 * capacity : 64;
      struct uvt_chain_link *links = realloc(chain->links, capacity * sizeof *links);
      if (!links) {
        uvt_chain_clear(chain);
        uvt_error_set(error, "out of memory");
        return UVT_TREE_ERROR;
      }
      chain->links = links;
    }
    struct uvt_chain_link *link = &chain->links[chain->count++];
    link->operation = operation;
    operation = uvt_chain_next(tree, operation, kind, &link->step);
  }
  return UVT_TREE_DONE;
}

enum uvt_tree_status uvt_chain_find(const struct uvt_tree *tree, uint64_t index, enum uvt_chain_kind kind,
                                    struct uvt_chain *chain, struct uvt_error *error)
{
  uint32_t operation;
  enum uvt_tree_status status = uvt_tree_find(tree, index, &operation, error);
  return status == UVT_TREE_DONE ? uvt_chain_of(tree, operation, kind, chain, error) : status;
}

void uvt_chain_clear(struct uvt_chain *chain)
{
  free(chain->links);
  *chain = (struct uvt_chain){0};
}

/* --- a hop --- */

static uint64_t run_number(const struct uvt_tree *tree, const struct uvt_tree_operation *operation)
{
  uint64_t number = 1;
  for (uint32_t i = operation->previous; i; i = uvt_tree_op(tree, i)->previous)
    number += !(uvt_tree_op(tree, i)->flags & UVT_TREE_ALLOC);
  return number;
}

struct uvt_hop uvt_chain_hop(const struct uvt_chain *chain, size_t i)
{
  const struct uvt_tree *tree = chain->tree;
  uint32_t index = chain->links[i].operation;
  const struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  const struct uvt_tree_operation *before = uvt_tree_op(tree, operation->previous);
  bool allocated = operation->previous && before->flags & UVT_TREE_ALLOC;
  bool causer_differs = operation->causer && operation->causer != registration->parent;
  return (struct uvt_hop){.operation = operation,
                          .registration = registration,
                          .parent = uvt_tree_op(tree, registration->parent),
                          .causer = causer_differs ? uvt_tree_op(tree, operation->causer) : NULL,
                          .queued = allocated ? before->queued : operation->queued,
                          .ready = allocated ? before->ready : operation->ready,
                          .taken = registration->pool_begun,
                          .done = registration->pool_ended,
                          .run = run_number(tree, operation)};
}

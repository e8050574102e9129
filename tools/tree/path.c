/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"

#define NEVER UVT_TREE_NEVER

/*
 * Where the time from the beginning of the chain's first invocation to the end of its last went: each instant
 * belongs to exactly one. `gap`: after the parent's end, while earlier runs of the same registration had
 * their turn (a read waits for its second piece of data only once it has got the first).
 */
struct totals {
  uint64_t ran, gap, waited, pool_wait, pool_work, delay, total;
};

static uint64_t span(uint64_t from, uint64_t to)
{
  return from != NEVER && to != NEVER && to > from ? to - from : 0;
}

/* uv_queue_work: the callback is what the pool works at. */
static bool is_work(const struct uvt_hop *hop)
{
  return hop->taken != NEVER && hop->taken == hop->operation->begun;
}

/* From its parent's beginning to its own. */
static void add_hop(struct totals *totals, const struct uvt_hop *hop)
{
  const struct uvt_tree_operation *operation = hop->operation;
  uint64_t parent_end = hop->parent->ended == NEVER ? hop->queued : hop->parent->ended;
  uint64_t left = hop->queued < parent_end ? hop->queued : parent_end;
  totals->ran += span(hop->parent->begun, left);
  totals->gap += span(left, hop->queued);
  if (is_work(hop)) {
    totals->pool_wait += span(hop->queued, operation->begun);
    return;
  }
  uint64_t ready = hop->ready == NEVER ? operation->begun : hop->ready;
  uint64_t taken = hop->taken != NEVER && hop->taken <= ready ? hop->taken : NEVER;
  uint64_t done = taken != NEVER && hop->done <= ready ? hop->done : ready;
  if (taken == NEVER) {
    totals->waited += span(hop->queued, ready);
  } else {
    totals->pool_wait += span(hop->queued, taken);
    totals->pool_work += span(taken, done);
    totals->waited += span(done, ready);
  }
  totals->delay += span(ready, operation->begun);
}

/* A parent that was unwound, or whose end was lost, may be told to be on its way still; time only goes on. */
static struct totals sum(const struct uvt_chain *chain)
{
  struct totals totals = {0};
  for (size_t i = 0; i + 1 < chain->count; i++) {
    struct uvt_hop hop = uvt_chain_hop(chain, i);
    add_hop(&totals, &hop);
  }
  struct uvt_hop last = uvt_chain_hop(chain, 0), root = uvt_chain_hop(chain, chain->count - 1);
  uint64_t end = last.operation->ended == NEVER ? uvt_tree_until(chain->tree, last.registration->process)
                                                : last.operation->ended;
  uint64_t ran = span(last.operation->begun, end);
  if (is_work(&last))
    totals.pool_work += ran;
  else
    totals.ran += ran;
  totals.total = span(root.operation->begun, end);
  return totals;
}

/* --- text --- */

static void print_hops(const struct uvt_chain_printer *printer, unsigned depth)
{
  const struct uvt_chain *chain = printer->chain;
  size_t shown = depth ? depth : chain->count;
  for (size_t i = 0; i < chain->count; i++) {
    if (i >= shown && i + 2 < chain->count) {
      size_t hidden = chain->count - 1 - i;
      fprintf(printer->out, "%*s%s %zu hops not shown (--depth)\n", UVT_CHAIN_INDENT, "",
              printer->ascii ? "..." : "\u2026", hidden);
      i += hidden;
    }
    uvt_chain_print_name(printer, i);
    uvt_chain_print_times(printer, i);
    uvt_chain_print_causer(printer, i);
  }
  uvt_chain_print_unknown(printer);
}

static void print_totals(const struct uvt_chain_printer *printer)
{
  struct totals totals = sum(printer->chain);
  const struct {
    const char *name;
    uint64_t ns;
  } parts[] = {{"ran", totals.ran},
               {"gap", totals.gap},
               {"waited", totals.waited},
               {"pool wait", totals.pool_wait},
               {"pool work", totals.pool_work},
               {"delay", totals.delay}};
  struct uvt_words words = {0};
  char text[32];
  size_t hops = printer->chain->count - 1;
  fprintf(printer->out, "\n%zu hop%s, %s", hops, hops == 1 ? "" : "s",
          uvt_words_duration(text, totals.total, printer->ascii));
  fputs(" from the first beginning to the last end:\n", printer->out);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (parts[i].ns)
      uvt_words_add(&words, UVT_STYLE_PLAIN, "%s %s", parts[i].name,
                    uvt_words_duration(text, parts[i].ns, printer->ascii));
  }
  uvt_chain_print_words(printer, &words);
}

/* The causes' way is another than that of the links where it takes another step anywhere. */
static bool is_other_way(const struct uvt_chain *causes)
{
  for (size_t i = 0; i < causes->count; i++) {
    if (causes->links[i].step == UVT_CHAIN_CAUSED)
      return true;
  }
  return false;
}

/* Each with what caused it, else with what registered it. */
static enum uvt_tree_status print_causes(struct uvt_chain_printer *printer, uint32_t operation,
                                         unsigned depth, struct uvt_error *error)
{
  struct uvt_chain causes;
  enum uvt_tree_status status =
      uvt_chain_of(printer->chain->tree, operation, UVT_CHAIN_CAUSES, &causes, error);
  if (status != UVT_TREE_DONE)
    return status;
  printer->chain = &causes;
  if (is_other_way(&causes)) {
    fputs("\nby what caused each:\n", printer->out);
    print_hops(printer, depth);
  }
  printer->chain = NULL;
  uvt_chain_clear(&causes);
  return UVT_TREE_DONE;
}

enum uvt_tree_status uvt_path_print_text(struct uvt_tree *tree, uint64_t index,
                                         const struct uvt_path_view *view, FILE *out, struct uvt_error *error)
{
  struct uvt_chain chain;
  enum uvt_tree_status status = uvt_chain_find_requests(tree, error);
  if (status == UVT_TREE_DONE)
    status = uvt_chain_find(tree, index, UVT_CHAIN_LINKS, &chain, error);
  if (status != UVT_TREE_DONE)
    return status;
  struct uvt_chain_printer printer = {
      .chain = &chain, .out = out, .width = view->width, .ascii = view->ascii};
  uvt_chain_print_process(&printer);
  print_hops(&printer, view->depth);
  print_totals(&printer);
  status = print_causes(&printer, chain.links[0].operation, view->depth, error);
  uvt_chain_clear(&chain);
  return status;
}

/* --- JSON --- */

static void set_totals(json_t *object, const struct totals *totals)
{
  uvt_json_set_number(object, "ran", totals->ran);
  uvt_json_set_number(object, "gap", totals->gap);
  uvt_json_set_number(object, "waited", totals->waited);
  uvt_json_set_number(object, "poolWait", totals->pool_wait);
  uvt_json_set_number(object, "poolWork", totals->pool_work);
  uvt_json_set_number(object, "delay", totals->delay);
}

static json_t *make_hop(const struct uvt_chain *chain, size_t i)
{
  struct uvt_hop hop = uvt_chain_hop(chain, i);
  json_t *object = uvt_chain_hop_json(chain, i);
  /* What the time since the parent's beginning went to, which the totals sum up. */
  struct totals since = {0};
  if (!hop.registration->root)
    add_hop(&since, &hop);
  json_t *spent = json_object();
  set_totals(spent, &since);
  json_object_set_new(object, "sinceParentBegan", spent);
  return object;
}

/* "causes", where its way is another. */
static enum uvt_tree_status set_causes(json_t *object, const struct uvt_tree *tree, uint32_t operation,
                                       struct uvt_error *error)
{
  static const char *const steps[] = {[UVT_CHAIN_LINKED] = "linked", [UVT_CHAIN_CAUSED] = "caused"};
  struct uvt_chain causes;
  enum uvt_tree_status status = uvt_chain_of(tree, operation, UVT_CHAIN_CAUSES, &causes, error);
  if (status != UVT_TREE_DONE)
    return status;
  json_t *hops = is_other_way(&causes) ? json_array() : NULL;
  for (size_t i = 0; hops && i < causes.count; i++) {
    json_t *hop = uvt_chain_hop_json(&causes, i);
    if (i + 1 < causes.count)
      json_object_set_new(hop, "via", json_string(steps[causes.links[i].step]));
    json_array_append_new(hops, hop);
  }
  if (hops)
    json_object_set_new(object, "causes", hops);
  uvt_chain_clear(&causes);
  return status;
}

enum uvt_tree_status uvt_path_print_json(struct uvt_tree *tree, uint64_t index, FILE *out,
                                         struct uvt_error *error)
{
  struct uvt_chain chain;
  enum uvt_tree_status status = uvt_chain_find_requests(tree, error);
  if (status == UVT_TREE_DONE)
    status = uvt_chain_find(tree, index, UVT_CHAIN_LINKS, &chain, error);
  if (status != UVT_TREE_DONE)
    return status;
  struct totals totals = sum(&chain);
  json_t *object = json_object();
  json_t *spent = json_object();
  json_t *hops = json_array();
  uvt_json_set_number(object, "executeID", index);
  uvt_json_set_id(object, "pid", chain.process->pid > 0 ? (uint64_t)chain.process->pid : 0);
  uvt_json_set_text(object, "command", tree, chain.process->title);
  uvt_json_set_number(object, "total", totals.total);
  set_totals(spent, &totals);
  json_object_set_new(object, "spent", spent);
  for (size_t i = 0; i < chain.count; i++)
    json_array_append_new(hops, make_hop(&chain, i));
  json_object_set_new(object, "hops", hops);
  status = set_causes(object, tree, chain.links[0].operation, error);
  if (status == UVT_TREE_DONE && json_dumpf(object, out, JSON_COMPACT) != 0) {
    uvt_error_set(error, "cannot write the path");
    status = UVT_TREE_ERROR;
  }
  fputc('\n', out);
  json_decref(object);
  uvt_chain_clear(&chain);
  return status;
}

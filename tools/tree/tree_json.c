/* SPDX-License-Identifier: MIT */
/*
 * The tree as JSON: {"time":..., "processes":[{..., "operations":[...]}]}. The operations lie in one list,
 * each with its parent's operationID, not inside each other: a tree may be deeper than any reader of JSON can
 * take.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "tree_state.h"
#include "tree_words.h"

#define NEVER UVT_TREE_NEVER

static void set(json_t *object, const char *key, json_t *value)
{
  json_object_set_new(object, key, value);
}

static void set_text(json_t *object, const char *key, const struct uvt_tree *tree, uint32_t text)
{
  char clean[1200];
  if (text)
    set(object, key, json_string(uvt_words_clean(clean, sizeof clean, uvt_tree_text(tree, text), false)));
}

static void set_time(json_t *object, const char *key, uint64_t time)
{
  if (time != NEVER)
    set(object, key, json_integer((json_int_t)time));
}

static void set_id(json_t *object, const char *key, uint64_t id)
{
  if (id)
    set(object, key, json_integer((json_int_t)id));
}

static void set_flag(json_t *object, const char *key, bool flag)
{
  if (flag)
    set(object, key, json_true());
}

static void add_registration(json_t *object, const struct uvt_tree *tree,
                             const struct uvt_tree_registration *registration)
{
  set_id(object, "linkID", registration->link);
  if (registration->root)
    set(object, "type", json_string("root"));
  else
    set_text(object, "type", tree, registration->type);
  set_text(object, "detail", tree, registration->detail);
  set_flag(object, "repeat", registration->repeat);
  set_time(object, "poolBegin", registration->pool_begun);
  set_time(object, "poolEnd", registration->pool_ended);
  set_time(object, "cancelled", registration->cancelled);
  set_text(object, "reason", tree, registration->reason);
}

static void add_invocation(json_t *object, const struct uvt_tree *tree,
                           const struct uvt_tree_operation *operation)
{
  set_id(object, "executeID", operation->execute);
  set_id(object, "causedBy", uvt_tree_op(tree, operation->causer)->execute);
  set_id(object, "within", uvt_tree_op(tree, operation->within)->execute);
  set_id(object, "tid", operation->tid);
  set_id(object, "coalesced", operation->coalesced);
  if (operation->value_name)
    set(object, uvt_tree_text(tree, operation->value_name), json_integer(operation->value));
  const char *error = uvt_tree_error(tree, operation);
  if (error)
    set(object, "error", json_string(error));
  set_id(object, "blocked", operation->blocked);
  set_id(object, "blockedCalls", operation->blocked_calls);
  set_text(object, "label", tree, operation->label);
  set_text(object, "failure", tree, operation->failure);
  set_flag(object, "failed", operation->flags & UVT_TREE_FAILED);
  set_flag(object, "unwound", operation->flags & UVT_TREE_UNWOUND);
  set_flag(object, "alloc", operation->flags & UVT_TREE_ALLOC);
}

static json_t *make_operation(const struct uvt_tree *tree, uint32_t index)
{
  const struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  const struct uvt_tree_operation *parent = uvt_tree_op(tree, registration->parent);
  json_t *object = json_object();
  set_id(object, "operationID", operation->id);
  set_id(object, "parent", parent->id);
  set_id(object, "parentExecuteID", parent->execute);
  add_registration(object, tree, registration);
  add_invocation(object, tree, operation);
  if (operation->state)
    set(object, "state", json_string(uvt_state_name((enum uvt_state)operation->state)));
  set_time(object, "queued", operation->queued);
  set_time(object, "ready", operation->ready);
  set_time(object, "begin", operation->begun);
  set_time(object, "end", operation->ended);
  set_time(object, "retired", operation->retired);
  return object;
}

static int print_process(const struct uvt_tree *tree, const struct uvt_tree_selection *selection,
                         uint32_t index, FILE *out)
{
  const struct uvt_tree_process *process = uvt_tree_proc(tree, index);
  json_t *object = json_object();
  set_id(object, "processID", process->id);
  set_id(object, "pid", process->pid > 0 ? (uint64_t)process->pid : 0);
  set_text(object, "command", tree, process->title);
  if (process->over)
    set_time(object, "ended", process->last_time);
  set_id(object, "losses", process->losses);
  fputs("{\"process\":", out);
  int status = uvt_json_print(object, out);
  fputs(",\"operations\":[", out);
  const char *separator = "\n";
  for (uint32_t i = 1; i < tree->operations.count && status == 0; i++) {
    if (!selection->operations[i] || uvt_tree_reg(tree, uvt_tree_op(tree, i)->registration)->process != index)
      continue;
    fputs(separator, out);
    status = uvt_json_print(make_operation(tree, i), out);
    separator = ",\n";
  }
  fputs("]}", out);
  return status;
}

/* Takes back what lies deeper than so many generations. Parents lie before their children. */
static bool cut_depth(const struct uvt_tree *tree, struct uvt_tree_selection *selection, unsigned depth)
{
  uint32_t *generations = calloc(tree->operations.count, sizeof *generations);
  if (!generations)
    return false;
  for (uint32_t i = 1; i < tree->operations.count; i++) {
    uint32_t parent = uvt_tree_reg(tree, uvt_tree_op(tree, i)->registration)->parent;
    generations[i] = (i == selection->top ? 0 : generations[parent]) + 1;
    selection->operations[i] = selection->operations[i] && generations[i] <= depth;
  }
  free(generations);
  return true;
}

enum uvt_tree_status uvt_tree_print_json(struct uvt_tree *tree, const struct uvt_tree_view *view, FILE *out,
                                         struct uvt_error *error)
{
  struct uvt_tree_selection selection;
  enum uvt_tree_status selected = uvt_tree_select(tree, view, &selection, error);
  if (selected != UVT_TREE_DONE)
    return selected;
  if (view->depth && !cut_depth(tree, &selection, view->depth)) {
    uvt_tree_selection_clear(&selection);
    uvt_error_set(error, "out of memory");
    return UVT_TREE_ERROR;
  }
  int status = 0;
  fprintf(out, "{\"time\":%" PRIu64 ",\"processes\":[", uvt_tree_now(tree));
  for (uint32_t i = 1; i < tree->processes.count && status == 0; i++) {
    fputs(i > 1 ? ",\n" : "\n", out);
    status = print_process(tree, &selection, i, out);
  }
  fputs("]}\n", out);
  uvt_tree_selection_clear(&selection);
  if (status != 0)
    uvt_error_set(error, "cannot write the tree");
  return status ? UVT_TREE_ERROR : UVT_TREE_DONE;
}

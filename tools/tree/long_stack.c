/* SPDX-License-Identifier: MIT */
#include "long_stack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_table.h"
#include "base/words.h"
#include "chain.h"

enum { FRAME_INDENT = UVT_CHAIN_INDENT + 2, LINE_MAX = 4 * UVT_FRAME_TEXT_MAX };

static uint32_t stack_of(const struct uvt_chain *chain, size_t i)
{
  return uvt_chain_hop(chain, i).registration->stack;
}

/* ---- Failures ---- */

static bool is_wanted(const struct uvt_tree *tree, const struct uvt_long_stack_view *view, uint32_t failure)
{
  return !view->index || uvt_tree_fail(tree, failure)->execute == view->index;
}

/* An index is one process's. */
static enum uvt_tree_status count_failures(const struct uvt_tree *tree,
                                           const struct uvt_long_stack_view *view, struct uvt_error *error)
{
  uint32_t operation;
  enum uvt_tree_status status =
      view->index ? uvt_tree_find(tree, view->index, &operation, error) : UVT_TREE_DONE;
  if (status != UVT_TREE_DONE)
    return status;
  for (uint32_t i = 1; i < tree->failures.count; i++) {
    if (is_wanted(tree, view, i))
      return UVT_TREE_DONE;
  }
  if (view->index)
    uvt_error_set(error, "invocation #%" PRIu64 " did not fail", view->index);
  else
    uvt_error_set(error, "nothing failed: no uncaught error, no unhandled rejection");
  return UVT_TREE_ERROR;
}

/* ---- Text ---- */

struct printer {
  struct uvt_chain_printer chain;
  const struct uvt_long_stack_view *view;
};

static const char *dim(const struct printer *printer)
{
  return printer->view->colour ? "\x1b[2m" : "";
}

static const char *bold(const struct printer *printer)
{
  return printer->view->colour ? "\x1b[1m" : "";
}

static const char *red(const struct printer *printer)
{
  return printer->view->colour ? "\x1b[31m" : "";
}

static const char *plain(const struct printer *printer)
{
  return printer->view->colour ? "\x1b[0m" : "";
}

/* Where the columns from the end of a clean text begin. */
static const char *last_columns(const char *text, size_t columns)
{
  while (uvt_words_columns(text) > columns) {
    do
      text++;
    while ((*text & 0xc0) == 0x80);
  }
  return text;
}

/* Of a frame that is too long what counts is the function and the end of the file's path, with the line. */
static void print_frame(const struct printer *printer, unsigned indent, const char *frame)
{
  char clean[LINE_MAX];
  FILE *out = printer->chain.out;
  unsigned room = printer->view->width - indent;
  uvt_words_clean(clean, sizeof clean, frame, printer->view->ascii);
  fprintf(out, "%*s", (int)indent, "");
  if (uvt_words_columns(clean) <= room) {
    fprintf(out, "%s\n", clean);
    return;
  }
  const char *mark = printer->view->ascii ? "..." : "\u2026";
  char *file = strstr(clean, " /");
  if (*clean == '/') {
    fprintf(out, "%s%s\n", mark, last_columns(clean, room - uvt_words_columns(mark)));
    return;
  }
  if (!file || strstr(clean, "+0x")) {
    fprintf(out, "%s\n", uvt_cut(clean, room, printer->view->ascii));
    return;
  }
  *file++ = '\0';
  uvt_cut(clean, room / 2, printer->view->ascii);
  size_t left = room - uvt_words_columns(clean) - 1;
  if (uvt_words_columns(file) <= left)
    fprintf(out, "%s %s\n", clean, file);
  else
    fprintf(out, "%s %s%s\n", clean, mark, last_columns(file, left - uvt_words_columns(mark)));
}

static void print_folded(const struct printer *printer, unsigned indent, size_t count)
{
  if (count)
    fprintf(printer->chain.out, "%*s%s%s %zu frame%s of the runtime%s\n", (int)indent, "", dim(printer),
            printer->view->ascii ? "..." : "\u2026", count, count == 1 ? "" : "s", plain(printer));
}

static void print_frames(const struct printer *printer, uint32_t stack)
{
  struct uvt_stack_store *stacks = printer->chain.chain->tree->stacks;
  size_t count = uvt_stack_length(stacks, stack), folded = 0;
  for (size_t i = 0; i < count; i++) {
    const char *frame = uvt_stack_frame(stacks, stack, i);
    if (!printer->view->full && uvt_frame_is_internal(frame))
      folded++;
    else
      print_frame(printer, FRAME_INDENT, frame);
  }
  print_folded(printer, FRAME_INDENT, folded);
}

/* How one gets from a hop to the next. */
static void print_step(const struct printer *printer, size_t i)
{
  const struct uvt_chain *chain = printer->chain.chain;
  if (i + 1 == chain->count)
    return;
  uint64_t next = uvt_tree_op(chain->tree, chain->links[i + 1].operation)->execute;
  uint32_t stack = chain->links[i].step == UVT_CHAIN_LINKED ? stack_of(chain, i) : 0;
  static const char *const words[] = {[UVT_CHAIN_LINKED] = "registered in",
                                      [UVT_CHAIN_SENT] = "sent from",
                                      [UVT_CHAIN_WITHIN] = "handed over in"};
  fprintf(printer->chain.out, "%*s%s%s #%" PRIu64 "%s%s\n", UVT_CHAIN_INDENT, "", dim(printer),
          words[chain->links[i].step], next, stack ? " at" : "", plain(printer));
  if (stack)
    print_frames(printer, stack);
}

static void print_chain(struct printer *printer, const struct uvt_chain *chain)
{
  printer->chain.chain = chain;
  for (size_t i = 0; i < chain->count; i++) {
    fputs(bold(printer), printer->chain.out);
    uvt_chain_print_name(&printer->chain, i);
    fputs(plain(printer), printer->chain.out);
    uvt_chain_print_times(&printer->chain, i);
    if (chain->links[i].step != UVT_CHAIN_SENT)
      uvt_chain_print_causer(&printer->chain, i);
    print_step(printer, i);
  }
  uvt_chain_print_unknown(&printer->chain);
}

/* A line of an error's own stack: "    at onStat (/app/x.js:27:13)". */
static bool is_line_of_runtime(const char *line)
{
  return strstr(line, "(node:") || strstr(line, "at node:") || strstr(line, "(<anonymous>)");
}

static void print_error(const struct printer *printer, const char *text)
{
  char line[LINE_MAX];
  size_t folded = 0;
  while (*text) {
    size_t length = strcspn(text, "\n");
    uvt_words_put(line, sizeof line, "%.*s", (int)(length < LINE_MAX ? length : LINE_MAX), text);
    text += length + (text[length] == '\n');
    if (!printer->view->full && is_line_of_runtime(line))
      folded++;
    else
      print_frame(printer, 0, line);
  }
  print_folded(printer, 4, folded);
}

static void print_failure(const struct printer *printer, const struct uvt_tree *tree,
                          const struct uvt_tree_failure *failure)
{
  fprintf(printer->chain.out, "%s#%" PRIu64 " failed%s%s\n", red(printer), failure->execute,
          failure->handled ? " (handled later)" : "", plain(printer));
  const char *stack = uvt_tree_text(tree, failure->stack);
  print_error(printer, *stack ? stack : uvt_tree_text(tree, failure->message));
  print_error(printer, uvt_tree_text(tree, failure->causes));
  fputc('\n', printer->chain.out);
}

static enum uvt_tree_status print_failed(struct printer *printer, struct uvt_tree *tree,
                                         struct uvt_error *error)
{
  bool first = true;
  for (uint32_t i = 1; i < tree->failures.count; i++) {
    const struct uvt_tree_failure *failure = uvt_tree_fail(tree, i);
    if (!is_wanted(tree, printer->view, i))
      continue;
    struct uvt_chain chain;
    enum uvt_tree_status status = uvt_chain_of(tree, failure->operation, UVT_CHAIN_ORIGINS, &chain, error);
    if (status != UVT_TREE_DONE)
      return status;
    if (!first)
      fputc('\n', printer->chain.out);
    first = false;
    chain.process = uvt_tree_proc(tree, failure->process);
    printer->chain.chain = &chain;
    uvt_chain_print_process(&printer->chain);
    print_failure(printer, tree, failure);
    print_chain(printer, &chain);
    printer->chain.chain = NULL;
    uvt_chain_clear(&chain);
  }
  return UVT_TREE_DONE;
}

static enum uvt_tree_status print_one(struct printer *printer, struct uvt_tree *tree, struct uvt_error *error)
{
  struct uvt_chain chain;
  enum uvt_tree_status status = uvt_chain_find(tree, printer->view->index, UVT_CHAIN_ORIGINS, &chain, error);
  if (status != UVT_TREE_DONE)
    return status;
  printer->chain.chain = &chain;
  uvt_chain_print_process(&printer->chain);
  print_chain(printer, &chain);
  printer->chain.chain = NULL;
  uvt_chain_clear(&chain);
  return UVT_TREE_DONE;
}

static enum uvt_tree_status print_text(struct uvt_tree *tree, const struct uvt_long_stack_view *view,
                                       FILE *out, struct uvt_error *error)
{
  struct printer printer = {.chain = {.out = out, .width = view->width, .ascii = view->ascii}, .view = view};
  enum uvt_tree_status status =
      view->failed ? print_failed(&printer, tree, error) : print_one(&printer, tree, error);
  if (status == UVT_TREE_DONE && !tree->stacks)
    fprintf(out, "\n%sThere are no stacks in it: uvtree record --stacks takes them.%s\n", dim(&printer),
            plain(&printer));
  return status;
}

/* ---- JSON ---- */

static json_t *make_stack(const struct uvt_tree *tree, uint32_t stack)
{
  json_t *list = json_array();
  size_t count = stack ? uvt_stack_length(tree->stacks, stack) : 0;
  for (size_t i = 0; i < count; i++) {
    char clean[LINE_MAX];
    json_array_append_new(list, json_string(uvt_words_clean(clean, sizeof clean,
                                                            uvt_stack_frame(tree->stacks, stack, i), false)));
  }
  return list;
}

static json_t *make_hops(const struct uvt_chain *chain)
{
  static const char *const words[] = {
      [UVT_CHAIN_LINKED] = "linked", [UVT_CHAIN_SENT] = "sent", [UVT_CHAIN_WITHIN] = "within"};
  json_t *hops = json_array();
  for (size_t i = 0; i < chain->count; i++) {
    json_t *hop = uvt_chain_hop_json(chain, i);
    uint32_t stack = stack_of(chain, i);
    if (i + 1 < chain->count)
      json_object_set_new(hop, "via", json_string(words[chain->links[i].step]));
    if (stack)
      json_object_set_new(hop, "stack", make_stack(chain->tree, stack));
    json_array_append_new(hops, hop);
  }
  return hops;
}

static void set_process(json_t *object, const struct uvt_tree *tree, const struct uvt_tree_process *process)
{
  uvt_json_set_id(object, "pid", process->pid > 0 ? (uint64_t)process->pid : 0);
  uvt_json_set_text(object, "command", tree, process->title);
}

/* Of several lines, each made safe for itself. */
static void set_lines(json_t *object, const char *key, const char *text)
{
  json_t *lines = json_array();
  while (*text) {
    char line[LINE_MAX], clean[LINE_MAX];
    size_t length = strcspn(text, "\n");
    uvt_words_put(line, sizeof line, "%.*s", (int)(length < LINE_MAX ? length : LINE_MAX), text);
    text += length + (text[length] == '\n');
    json_array_append_new(lines, json_string(uvt_words_clean(clean, sizeof clean, line, false)));
  }
  json_object_set_new(object, key, lines);
}

static enum uvt_tree_status make_failures(const struct uvt_tree *tree, const struct uvt_long_stack_view *view,
                                          json_t *object, struct uvt_error *error)
{
  json_t *list = json_array();
  enum uvt_tree_status status = UVT_TREE_DONE;
  for (uint32_t i = 1; i < tree->failures.count && status == UVT_TREE_DONE; i++) {
    const struct uvt_tree_failure *failure = uvt_tree_fail(tree, i);
    struct uvt_chain chain;
    if (!is_wanted(tree, view, i))
      continue;
    status = uvt_chain_of(tree, failure->operation, UVT_CHAIN_ORIGINS, &chain, error);
    json_t *one = json_object();
    uvt_json_set_id(one, "executeID", failure->execute);
    set_process(one, tree, uvt_tree_proc(tree, failure->process));
    uvt_json_set_text(one, "message", tree, failure->message);
    set_lines(one, "error", uvt_tree_text(tree, failure->stack));
    if (failure->causes)
      set_lines(one, "causes", uvt_tree_text(tree, failure->causes));
    json_object_set_new(one, "handled", json_boolean(failure->handled));
    json_object_set_new(one, "hops", make_hops(&chain));
    json_array_append_new(list, one);
    uvt_chain_clear(&chain);
  }
  json_object_set_new(object, "failures", list);
  return status;
}

static enum uvt_tree_status make_one(const struct uvt_tree *tree, const struct uvt_long_stack_view *view,
                                     json_t *object, struct uvt_error *error)
{
  struct uvt_chain chain;
  enum uvt_tree_status status = uvt_chain_find(tree, view->index, UVT_CHAIN_ORIGINS, &chain, error);
  if (status != UVT_TREE_DONE)
    return status;
  uvt_json_set_number(object, "executeID", view->index);
  set_process(object, tree, chain.process);
  json_object_set_new(object, "hops", make_hops(&chain));
  uvt_chain_clear(&chain);
  return status;
}

static enum uvt_tree_status print_json(struct uvt_tree *tree, const struct uvt_long_stack_view *view,
                                       FILE *out, struct uvt_error *error)
{
  json_t *object = json_object();
  enum uvt_tree_status status =
      view->failed ? make_failures(tree, view, object, error) : make_one(tree, view, object, error);
  json_object_set_new(object, "stacks", json_boolean(tree->stacks != NULL));
  if (status == UVT_TREE_DONE && json_dumpf(object, out, JSON_COMPACT) != 0) {
    uvt_error_set(error, "cannot write the stack");
    status = UVT_TREE_ERROR;
  }
  if (status == UVT_TREE_DONE)
    fputc('\n', out);
  json_decref(object);
  return status;
}

enum uvt_tree_status uvt_long_stack_print(struct uvt_tree *tree, const struct uvt_long_stack_view *view,
                                          FILE *out, struct uvt_error *error)
{
  enum uvt_tree_status status = view->failed ? count_failures(tree, view, error) : UVT_TREE_DONE;
  if (status != UVT_TREE_DONE)
    return status;
  return view->json ? print_json(tree, view, out, error) : print_text(tree, view, out, error);
}

uint64_t uvt_long_stack_left_out(const struct uvt_tree *tree)
{
  return tree->stacks_left_out;
}

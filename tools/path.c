/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "text_table.h"
#include "tree_state.h"
#include "tree_words.h"

#define NEVER UVT_TREE_NEVER

enum { NAME_COLUMNS = 8 }; /* of "#12345  " */

/*
 * Where the time from the beginning of the chain's first invocation to the end of its last went: each instant
 * belongs to exactly one. `gap`: after the parent's end, while earlier runs of the same registration had
 * their turn (a read waits for its second piece of data only once it has got the first).
 */
struct totals {
  uint64_t ran, gap, waited, pool_wait, pool_work, delay, total;
};

/* One hop, from the parent to an operation. */
struct hop {
  const struct uvt_tree_operation *operation;
  const struct uvt_tree_registration *registration;
  const struct uvt_tree_operation *parent; /* of index 0: none */
  const struct uvt_tree_operation *causer; /* where it is not the parent; else NULL */
  uint64_t queued, ready; /* of a read, those of the allocation before it, where the wait is */
  uint64_t taken, done;   /* by the pool; NEVER: it had no part */
  uint64_t run;           /* the how-manieth of its registration */
};

struct path {
  const struct uvt_tree *tree;
  const struct uvt_tree_process *process;
  uint32_t *operations; /* from the invocation to its root */
  size_t count;
};

/* --- finding it --- */

static uint32_t parent_of(const struct uvt_tree *tree, uint32_t operation)
{
  return uvt_tree_reg(tree, uvt_tree_op(tree, operation)->registration)->parent;
}

static enum uvt_tree_status find_path(const struct uvt_tree *tree, uint64_t index, struct path *path,
                                      struct uvt_error *error)
{
  *path = (struct path){.tree = tree};
  uint32_t first;
  enum uvt_tree_status status = uvt_tree_find(tree, index, &first, error);
  if (status != UVT_TREE_DONE)
    return status;
  path->process = uvt_tree_proc(tree, uvt_tree_reg(tree, uvt_tree_op(tree, first)->registration)->process);
  size_t count = 0;
  for (uint32_t i = first; i; i = parent_of(tree, i))
    count++;
  path->operations = malloc(count * sizeof *path->operations);
  if (!path->operations) {
    uvt_error_set(error, "out of memory");
    return UVT_TREE_ERROR;
  }
  for (uint32_t i = first; i; i = parent_of(tree, i))
    path->operations[path->count++] = i;
  return UVT_TREE_DONE;
}

/* --- measuring it --- */

static uint64_t run_number(const struct uvt_tree *tree, const struct uvt_tree_operation *operation)
{
  uint64_t number = 1;
  for (uint32_t i = operation->previous; i; i = uvt_tree_op(tree, i)->previous)
    number += !(uvt_tree_op(tree, i)->flags & UVT_TREE_ALLOC);
  return number;
}

static struct hop hop_of(const struct uvt_tree *tree, uint32_t index)
{
  const struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  const struct uvt_tree_operation *before = uvt_tree_op(tree, operation->previous);
  bool allocated = operation->previous && before->flags & UVT_TREE_ALLOC;
  bool causer_differs = operation->causer && operation->causer != registration->parent;
  return (struct hop){.operation = operation,
                      .registration = registration,
                      .parent = uvt_tree_op(tree, registration->parent),
                      .causer = causer_differs ? uvt_tree_op(tree, operation->causer) : NULL,
                      .queued = allocated ? before->queued : operation->queued,
                      .ready = allocated ? before->ready : operation->ready,
                      .taken = registration->pool_begun,
                      .done = registration->pool_ended,
                      .run = run_number(tree, operation)};
}

static uint64_t span(uint64_t from, uint64_t to)
{
  return from != NEVER && to != NEVER && to > from ? to - from : 0;
}

/* uv_queue_work: the callback is what the pool works at. */
static bool is_work(const struct hop *hop)
{
  return hop->taken != NEVER && hop->taken == hop->operation->begun;
}

/* From its parent's beginning to its own. */
static void add_hop(struct totals *totals, const struct hop *hop)
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

static uint64_t end_of(const struct path *path, const struct uvt_tree_operation *operation)
{
  return operation->ended == NEVER ? path->process->last_time : operation->ended;
}

/* A parent that was unwound, or whose end was lost, may be told to be on its way still; time only goes on. */
static struct totals sum(const struct path *path)
{
  struct totals totals = {0};
  const struct uvt_tree_operation *last = uvt_tree_op(path->tree, path->operations[0]);
  const struct uvt_tree_operation *root = uvt_tree_op(path->tree, path->operations[path->count - 1]);
  for (size_t i = 0; i + 1 < path->count; i++) {
    struct hop hop = hop_of(path->tree, path->operations[i]);
    add_hop(&totals, &hop);
  }
  struct hop first = hop_of(path->tree, path->operations[0]);
  uint64_t ran = span(last->begun, end_of(path, last));
  if (is_work(&first))
    totals.pool_work += ran;
  else
    totals.ran += ran;
  totals.total = span(root->begun, end_of(path, last));
  return totals;
}

/* --- text --- */

struct printer {
  const struct path *path;
  const struct uvt_path_view *view;
  FILE *out;
};

static void print_words(const struct printer *printer, const struct uvt_words *words)
{
  size_t column = 0;
  for (size_t i = 0; i < words->count; i++) {
    size_t length = uvt_words_columns(words->word[i].text);
    if (column && column + 2 + length + 1 > printer->view->width) {
      fputs(",\n", printer->out);
      column = 0;
    }
    column += (size_t)fprintf(printer->out, column ? ", " : "%*s", column ? 0 : NAME_COLUMNS, "");
    fputs(words->word[i].text, printer->out);
    column += length;
  }
  if (words->count)
    fputc('\n', printer->out);
}

static const char *duration(const struct printer *printer, char text[32], uint64_t ns)
{
  return uvt_words_duration(text, ns, printer->view->ascii);
}

/* "type detail", cut to that many columns. */
static void print_name(const struct printer *printer, const struct uvt_tree_registration *registration,
                       size_t columns)
{
  char name[512];
  char clean[512];
  bool ascii = printer->view->ascii;
  snprintf(name, sizeof name, "%s", uvt_tree_text(printer->path->tree, registration->type));
  uvt_append(name, sizeof name, " %s", uvt_tree_text(printer->path->tree, registration->detail));
  uvt_words_clean(clean, sizeof clean, name, ascii);
  fputs(uvt_cut(clean, columns, ascii), printer->out);
}

/* Where in its parent's life it was queued. */
static void say_queued(const struct printer *printer, const struct hop *hop, struct uvt_words *words)
{
  char text[32];
  uint64_t end = hop->parent->ended;
  if (hop->queued == NEVER || hop->parent->begun == NEVER || hop->queued < hop->parent->begun)
    return;
  if (end == NEVER || hop->queued <= end)
    uvt_words_add(words, UVT_STYLE_PLAIN, "queued %s into #%" PRIu64,
                  duration(printer, text, hop->queued - hop->parent->begun), hop->parent->execute);
  else
    uvt_words_add(words, UVT_STYLE_PLAIN, "queued %s after the end of #%" PRIu64,
                  duration(printer, text, hop->queued - end), hop->parent->execute);
}

static void say_hop(const struct printer *printer, const struct hop *hop, struct uvt_words *words)
{
  struct uvt_tree_operation operation = *hop->operation;
  char label[120];
  char text[32];
  operation.queued = hop->queued;
  operation.ready = hop->ready;
  operation.causer = 0; /* it has a line of its own */
  if (operation.label)
    uvt_words_add(words, UVT_STYLE_PLAIN, "%s",
                  uvt_words_clean(label, sizeof label, uvt_tree_text(printer->path->tree, operation.label),
                                  printer->view->ascii));
  uvt_words_add(words, UVT_STYLE_PLAIN, "at %s", duration(printer, text, operation.begun));
  uvt_words_value(words, printer->path->tree, &operation);
  if (hop->run > 1 && !hop->registration->root)
    uvt_words_add(words, UVT_STYLE_PLAIN, "run %" PRIu64 " of its registration", hop->run);
  if (!hop->registration->root)
    say_queued(printer, hop, words);
  uvt_words_times(words, printer->path->tree, &operation, printer->path->process->last_time,
                  printer->view->ascii);
  uvt_words_marks(words, printer->path->tree, &operation, printer->view->ascii);
}

static void print_causer(const struct printer *printer, const struct hop *hop)
{
  const struct uvt_tree *tree = printer->path->tree;
  char number[32];
  snprintf(number, sizeof number, "#%" PRIu64, hop->causer->execute);
  fprintf(printer->out, "%*scaused by %s ", NAME_COLUMNS, "", number);
  print_name(printer, uvt_tree_reg(tree, hop->causer->registration),
             printer->view->width - NAME_COLUMNS - strlen("caused by  ") - strlen(number));
  fputc('\n', printer->out);
}

static void print_hop(const struct printer *printer, uint32_t index)
{
  struct hop hop = hop_of(printer->path->tree, index);
  struct uvt_words words = {0};
  char number[32];
  snprintf(number, sizeof number, "#%" PRIu64, hop.operation->execute);
  fprintf(printer->out, "%-*s ", NAME_COLUMNS - 1, number);
  size_t used = strlen(number) + 1;
  print_name(printer, hop.registration,
             printer->view->width - (used > NAME_COLUMNS ? used : (size_t)NAME_COLUMNS));
  fputc('\n', printer->out);
  say_hop(printer, &hop, &words);
  print_words(printer, &words);
  if (hop.causer)
    print_causer(printer, &hop);
}

static void print_hops(const struct printer *printer)
{
  const struct path *path = printer->path;
  size_t shown = printer->view->depth ? printer->view->depth : path->count;
  for (size_t i = 0; i < path->count; i++) {
    if (i >= shown && i + 2 < path->count) {
      size_t hidden = path->count - 1 - i;
      fprintf(printer->out, "%*s%s %zu hops not shown (--depth)\n", NAME_COLUMNS, "",
              printer->view->ascii ? "..." : "\u2026", hidden);
      i += hidden;
    }
    print_hop(printer, path->operations[i]);
  }
  uint32_t root = path->operations[path->count - 1];
  if (!uvt_tree_reg(path->tree, uvt_tree_op(path->tree, root)->registration)->root)
    fprintf(printer->out, "%-*sunknown: lost, or from before the recording\n", NAME_COLUMNS, "?");
}

static void print_totals(const struct printer *printer)
{
  struct totals totals = sum(printer->path);
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
  fprintf(printer->out, "\n%zu hop%s, %s", printer->path->count - 1, printer->path->count == 2 ? "" : "s",
          duration(printer, text, totals.total));
  fputs(" from the first beginning to the last end:\n", printer->out);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (parts[i].ns)
      uvt_words_add(&words, UVT_STYLE_PLAIN, "%s %s", parts[i].name, duration(printer, text, parts[i].ns));
  }
  print_words(printer, &words);
}

static void print_process(const struct printer *printer)
{
  const struct path *path = printer->path;
  char title[512];
  char line[600];
  uvt_words_clean(title, sizeof title, uvt_tree_text(path->tree, path->process->title), printer->view->ascii);
  snprintf(line, sizeof line, "process %" PRId64 ": %s", path->process->pid, title);
  if (*title)
    fprintf(printer->out, "%s\n", uvt_cut(line, printer->view->width, printer->view->ascii));
}

enum uvt_tree_status uvt_path_print_text(struct uvt_tree *tree, uint64_t index,
                                         const struct uvt_path_view *view, FILE *out, struct uvt_error *error)
{
  struct path path;
  enum uvt_tree_status status = find_path(tree, index, &path, error);
  if (status != UVT_TREE_DONE)
    return status;
  struct printer printer = {.path = &path, .view = view, .out = out};
  print_process(&printer);
  print_hops(&printer);
  print_totals(&printer);
  free(path.operations);
  return UVT_TREE_DONE;
}

/* --- JSON --- */

static void set_number(json_t *object, const char *key, uint64_t number)
{
  json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_time(json_t *object, const char *key, uint64_t time)
{
  if (time != NEVER)
    set_number(object, key, time);
}

static void set_id(json_t *object, const char *key, uint64_t id)
{
  if (id)
    set_number(object, key, id);
}

static void set_text(json_t *object, const char *key, const struct uvt_tree *tree, uint32_t text)
{
  char clean[1200];
  if (text)
    json_object_set_new(object, key,
                        json_string(uvt_words_clean(clean, sizeof clean, uvt_tree_text(tree, text), false)));
}

static void set_type(json_t *object, const struct uvt_tree *tree,
                     const struct uvt_tree_registration *registration)
{
  if (registration->root)
    json_object_set_new(object, "type", json_string("root"));
  else
    set_text(object, "type", tree, registration->type);
  set_text(object, "detail", tree, registration->detail);
}

static void set_totals(json_t *object, const struct totals *totals)
{
  set_number(object, "ran", totals->ran);
  set_number(object, "gap", totals->gap);
  set_number(object, "waited", totals->waited);
  set_number(object, "poolWait", totals->pool_wait);
  set_number(object, "poolWork", totals->pool_work);
  set_number(object, "delay", totals->delay);
}

static json_t *make_causer(const struct uvt_tree *tree, const struct uvt_tree_operation *causer)
{
  json_t *object = json_object();
  set_id(object, "executeID", causer->execute);
  set_type(object, tree, uvt_tree_reg(tree, causer->registration));
  return object;
}

static json_t *make_hop(const struct path *path, uint32_t index)
{
  struct hop hop = hop_of(path->tree, index);
  json_t *object = json_object();
  set_id(object, "executeID", hop.operation->execute);
  set_id(object, "operationID", hop.operation->id);
  set_id(object, "linkID", hop.registration->link);
  set_type(object, path->tree, hop.registration);
  set_text(object, "label", path->tree, hop.operation->label);
  set_text(object, "failure", path->tree, hop.operation->failure);
  set_id(object, "tid", hop.operation->tid);
  if (!hop.registration->root)
    set_number(object, "run", hop.run);
  set_time(object, "queued", hop.queued);
  set_time(object, "ready", hop.ready);
  set_time(object, "poolBegin", hop.taken);
  set_time(object, "poolEnd", hop.done);
  set_time(object, "begin", hop.operation->begun);
  set_time(object, "end", hop.operation->ended);
  if (hop.causer)
    json_object_set_new(object, "causedBy", make_causer(path->tree, hop.causer));
  /* What the time since the parent's beginning went to, which the totals sum up. */
  struct totals since = {0};
  if (!hop.registration->root)
    add_hop(&since, &hop);
  json_t *spent = json_object();
  set_totals(spent, &since);
  json_object_set_new(object, "sinceParentBegan", spent);
  return object;
}

enum uvt_tree_status uvt_path_print_json(struct uvt_tree *tree, uint64_t index, FILE *out,
                                         struct uvt_error *error)
{
  struct path path;
  enum uvt_tree_status status = find_path(tree, index, &path, error);
  if (status != UVT_TREE_DONE)
    return status;
  struct totals totals = sum(&path);
  json_t *object = json_object();
  json_t *spent = json_object();
  json_t *hops = json_array();
  set_number(object, "executeID", index);
  set_id(object, "pid", path.process->pid > 0 ? (uint64_t)path.process->pid : 0);
  set_text(object, "command", tree, path.process->title);
  set_number(object, "total", totals.total);
  set_totals(spent, &totals);
  json_object_set_new(object, "spent", spent);
  for (size_t i = 0; i < path.count; i++)
    json_array_append_new(hops, make_hop(&path, path.operations[i]));
  json_object_set_new(object, "hops", hops);
  if (json_dumpf(object, out, JSON_COMPACT) != 0) {
    uvt_error_set(error, "cannot write the path");
    status = UVT_TREE_ERROR;
  }
  fputc('\n', out);
  json_decref(object);
  free(path.operations);
  return status;
}

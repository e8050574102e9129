/* SPDX-License-Identifier: MIT */
/*
 * The tree as text. Lines are made one by one while going down, with an explicit stack: a tree may be as deep
 * as it is long (timers that re-arm themselves). Like siblings, and long chains of like operations, are shown
 * once and counted.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tree_state.h"
#include "tree_words.h"

#define NEVER UVT_TREE_NEVER

enum {
  LIKE_LIMIT = 5,      /* so many like siblings are still all shown */
  LIKE_SHOWN = 3,      /* of more, so many */
  CHAIN_SHOWN = 3,     /* generations of a chain before the rest is counted */
  CHAIN_HIDDEN = 3,    /* at least so many, else all are shown */
  DEPTH_LIMIT = 100,   /* levels, where neither --depth nor --full says otherwise */
  TEXT_COLUMNS = 44,   /* kept for what a line says, however deep it is */
  NUMBERS_MAX = 100000 /* run times looked at for a median */
};

enum item_kind { ITEM_REGISTRATION, ITEM_OPERATION, ITEM_UNKNOWN, ITEM_NOTE };

/* One line to be, with what hangs below. */
struct item {
  enum item_kind kind;
  uint32_t index; /* registration, operation; process where its unknown parent is meant */
  char *note;     /* what it says; behind its end comes what it says of run times */
};

/* What hangs from one node. */
struct level {
  struct item *items;
  size_t count, capacity;
  size_t next;
  uint32_t type;  /* of the chain that led here */
  uint32_t chain; /* generations of it */
};

/* A label, made safe to print. */
struct words_text {
  char name[320];
  char detail[1100];
  char tail[128];
};

struct printer {
  const struct uvt_tree *tree;
  const struct uvt_tree_view *view;
  struct uvt_tree_selection selection;
  FILE *out;
  uint64_t *operation_hash;
  uint64_t *registration_hash;
  uint32_t *below; /* operations shown below each operation */
  struct level *levels;
  size_t depth, capacity;
  bool failed; /* out of memory */
};

/* --- glyphs, colours --- */

static const char *glyph(const struct printer *printer, const char *utf8, const char *ascii)
{
  return printer->view->ascii ? ascii : utf8;
}

#define TIMES(printer) glyph(printer, "\u00d7", "x")
#define ELLIPSIS(printer) glyph(printer, "\u2026", "...")

static const char *colour(const struct printer *printer, enum uvt_style style)
{
  static const char *const codes[] = {
      [UVT_STYLE_PLAIN] = "",
      [UVT_STYLE_DIM] = "\x1b[2m",
      [UVT_STYLE_STATE] = "\x1b[33m",
      [UVT_STYLE_BAD] = "\x1b[31m",
  };
  return printer->view->colour ? codes[style] : "";
}

static const char *bold(const struct printer *printer)
{
  return printer->view->colour ? "\x1b[1m" : "";
}

static const char *plain(const struct printer *printer)
{
  return printer->view->colour ? "\x1b[0m" : "";
}

/* --- run times of several operations --- */

struct numbers {
  uint64_t *values;
  size_t count, capacity;
  uint64_t total, longest;
  uint64_t longest_execute;
};

static void add_run(struct numbers *numbers, const struct uvt_tree_operation *operation)
{
  if (operation->begun == NEVER || operation->ended == NEVER || operation->ended < operation->begun)
    return;
  uint64_t ran = operation->ended - operation->begun;
  numbers->total += ran;
  if (ran >= numbers->longest) {
    numbers->longest = ran;
    numbers->longest_execute = operation->execute;
  }
  if (numbers->count == NUMBERS_MAX)
    return;
  if (numbers->count == numbers->capacity) {
    size_t capacity = numbers->capacity ? numbers->capacity * 2 : 64;
    uint64_t *values = realloc(numbers->values, capacity * sizeof *values);
    if (!values)
      return; /* the median is then that of the first ones */
    numbers->values = values;
    numbers->capacity = capacity;
  }
  numbers->values[numbers->count++] = ran;
}

static int compare_numbers(const void *left, const void *right)
{
  const uint64_t *a = left;
  const uint64_t *b = right;
  return (*a > *b) - (*a < *b);
}

static void describe_runs(const struct printer *printer, struct numbers *numbers, char *text, size_t size)
{
  char total[32];
  char median[32];
  char longest[32];
  bool ascii = printer->view->ascii;
  *text = '\0';
  if (!numbers->count)
    return;
  qsort(numbers->values, numbers->count, sizeof *numbers->values, compare_numbers);
  uint64_t middle = numbers->values[numbers->count / 2];
  uvt_words_duration(total, numbers->total, ascii);
  if (numbers->count == 1)
    snprintf(text, size, "ran %s", total);
  else
    snprintf(text, size, "ran %s (median %s, longest %s in #%" PRIu64 ")", total,
             uvt_words_duration(median, middle, ascii), uvt_words_duration(longest, numbers->longest, ascii),
             numbers->longest_execute);
}

/* --- what is alike --- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
  hash ^= value + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
  hash *= UINT64_C(0xff51afd7ed558ccd);
  return hash ^ (hash >> 33);
}

/* Adds a part to a hash of parts, but not the same one twice in a row: 3 reads are like 4 reads. */
static uint64_t mix_part(uint64_t hash, uint64_t *previous, uint64_t part)
{
  if (part == *previous)
    return hash;
  *previous = part;
  return mix(hash, part);
}

static bool is_shown(const struct printer *printer, uint32_t operation)
{
  return printer->selection.operations[operation];
}

/* Like means: of the same type, from the same place, with the same outcome (why it ended; in what state its
 * operations are, and those below). A stack is a place, too. */
static uint64_t hash_registration(const struct printer *printer, uint32_t index)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(printer->tree, index);
  uint64_t place = mix(mix(registration->type, registration->place), registration->stack);
  uint64_t hash =
      mix(mix(mix(place, registration->root), registration->cancelled != NEVER), registration->reason);
  uint64_t previous = 0;
  for (uint32_t i = registration->first; i; i = uvt_tree_op(printer->tree, i)->next) {
    if (is_shown(printer, i))
      hash = mix_part(hash, &previous, printer->operation_hash[i]);
  }
  return hash;
}

static uint64_t hash_operation(const struct printer *printer, uint32_t index)
{
  const struct uvt_tree_operation *operation = uvt_tree_op(printer->tree, index);
  bool error = operation->value_name && operation->value < 0;
  uint64_t hash = mix(mix(mix(operation->state, operation->flags), error), operation->label);
  uint64_t previous = 0;
  for (uint32_t i = operation->first_child; i; i = uvt_tree_reg(printer->tree, i)->next) {
    if (printer->selection.registrations[i])
      hash = mix_part(hash, &previous, printer->registration_hash[i]);
  }
  return hash;
}

/*
 * From the last operation to the first, so that children come before what they hang from. A registration's
 * hash is made when its first operation is reached: the others are done by then.
 */
static bool look_for_likeness(struct printer *printer)
{
  const struct uvt_tree *tree = printer->tree;
  printer->operation_hash = calloc(tree->operations.count, sizeof *printer->operation_hash);
  printer->registration_hash = calloc(tree->registrations.count, sizeof *printer->registration_hash);
  printer->below = calloc(tree->operations.count, sizeof *printer->below);
  if (!printer->operation_hash || !printer->registration_hash || !printer->below)
    return false;
  for (uint32_t i = 1; i < tree->registrations.count; i++) {
    if (!uvt_tree_reg(tree, i)->first)
      printer->registration_hash[i] = hash_registration(printer, i);
  }
  for (uint32_t i = tree->operations.count - 1; i > 0; i--) {
    uint32_t registration = uvt_tree_op(tree, i)->registration;
    uint32_t parent = uvt_tree_reg(tree, registration)->parent;
    printer->operation_hash[i] = hash_operation(printer, i);
    if (is_shown(printer, i) && parent)
      printer->below[parent] += 1 + printer->below[i];
    if (uvt_tree_reg(tree, registration)->first == i)
      printer->registration_hash[registration] = hash_registration(printer, registration);
  }
  return true;
}

/* --- items --- */

static struct item *add_item(struct printer *printer, struct level *level, enum item_kind kind,
                             uint32_t index)
{
  if (level->count == level->capacity) {
    size_t capacity = level->capacity ? level->capacity * 2 : 4;
    struct item *items = realloc(level->items, capacity * sizeof *items);
    if (!items) {
      printer->failed = true;
      return NULL;
    }
    level->items = items;
    level->capacity = capacity;
  }
  struct item *item = &level->items[level->count++];
  *item = (struct item){.kind = kind, .index = index};
  return item;
}

static void clear_level(struct level *level)
{
  for (size_t i = 0; i < level->count; i++)
    free(level->items[i].note);
  free(level->items);
  *level = (struct level){0};
}

static uint64_t item_hash(const struct printer *printer, const struct item *item)
{
  if (item->kind == ITEM_OPERATION)
    return printer->operation_hash[item->index] >> 1;
  if (item->kind == ITEM_REGISTRATION)
    return printer->registration_hash[item->index] >> 1;
  return UINT64_MAX >> 1;
}

/* Siblings that are alike. */
struct class
{
  uint64_t hash;
  size_t count, seen;
  size_t note; /* where in the list the rest is counted */
  struct numbers runs;
};

static void add_item_runs(const struct printer *printer, struct numbers *runs, const struct item *item)
{
  if (item->kind == ITEM_OPERATION) {
    add_run(runs, uvt_tree_op(printer->tree, item->index));
    return;
  }
  uint32_t index = uvt_tree_reg(printer->tree, item->index)->first;
  for (; index; index = uvt_tree_op(printer->tree, index)->next) {
    if (is_shown(printer, index))
      add_run(runs, uvt_tree_op(printer->tree, index));
  }
}

static char *make_note(const struct printer *printer, const char *text, struct numbers *runs)
{
  char times[160];
  describe_runs(printer, runs, times, sizeof times);
  char *note = malloc(strlen(text) + strlen(times) + 2);
  if (!note)
    return NULL;
  strcpy(note, text);
  strcpy(note + strlen(text) + 1, times);
  return note;
}

static void write_more(const struct printer *printer, struct item *item, struct class *class)
{
  char text[64];
  snprintf(text, sizeof text, "%s %zu more like this", ELLIPSIS(printer), class->count - LIKE_SHOWN);
  item->note = make_note(printer, text, &class->runs);
}

/* Every item's class; NULL when out of memory. */
static struct class *classify(const struct printer *printer, const struct level *level,
                              struct uvt_id_map *by_hash, uint32_t *class_of)
{
  struct class *classes = calloc(level->count + 1, sizeof *classes);
  for (size_t i = 0; classes && i < level->count; i++) {
    uint64_t hash = item_hash(printer, &level->items[i]);
    uint32_t known = (uint32_t)by_hash->count;
    uint32_t *place = uvt_id_map_add(by_hash, hash);
    if (!place) {
      free(classes);
      return NULL;
    }
    if (by_hash->count > known)
      *place = known;
    class_of[i] = *place;
    classes[*place].count++;
  }
  return classes;
}

/* Keeps the first of each class, and puts a note where the others would begin. */
static void fold(const struct printer *printer, struct level *level, struct class *classes,
                 const uint32_t *class_of)
{
  size_t kept = 0;
  for (size_t i = 0; i < level->count; i++) {
    struct class *class = &classes[class_of[i]];
    struct item item = level->items[i];
    class->seen++;
    if (class->count <= LIKE_LIMIT || class->seen <= LIKE_SHOWN) {
      level->items[kept++] = item;
      continue;
    }
    if (class->seen == LIKE_SHOWN + 1) {
      class->note = kept;
      level->items[kept++] = (struct item){.kind = ITEM_NOTE};
    }
    add_item_runs(printer, &class->runs, &item);
  }
  for (size_t i = 0; i < level->count && classes[i].count; i++) {
    if (classes[i].count > LIKE_LIMIT)
      write_more(printer, &level->items[classes[i].note], &classes[i]);
    free(classes[i].runs.values);
  }
  level->count = kept;
}

static void fold_like(struct printer *printer, struct level *level)
{
  if (printer->view->full || level->count <= LIKE_LIMIT)
    return;
  struct uvt_id_map by_hash;
  uvt_id_map_init(&by_hash, sizeof(uint32_t));
  uint32_t *class_of = calloc(level->count, sizeof *class_of);
  struct class *classes = class_of ? classify(printer, level, &by_hash, class_of) : NULL;
  if (classes)
    fold(printer, level, classes, class_of);
  else
    printer->failed = true;
  free(classes);
  free(class_of);
  uvt_id_map_clear(&by_hash);
}

/* --- registrations: one operation, or a group of them --- */

/* What a registration's operations come to, as far as they are shown. */
struct group {
  uint32_t ran;  /* executed; allocation callbacks not counted */
  uint32_t only; /* the one that ran, or if none did the last one */
  uint32_t last; /* the newest */
  struct numbers runs;
  int64_t bytes;
};

static void gather(const struct printer *printer, uint32_t index, struct group *group)
{
  *group = (struct group){0};
  const struct uvt_tree_registration *registration = uvt_tree_reg(printer->tree, index);
  for (uint32_t i = registration->first; i; i = uvt_tree_op(printer->tree, i)->next) {
    const struct uvt_tree_operation *operation = uvt_tree_op(printer->tree, i);
    if (!is_shown(printer, i))
      continue;
    group->last = i;
    bool ran = operation->begun != NEVER && !(operation->flags & UVT_TREE_ALLOC);
    if (ran && ++group->ran)
      add_run(&group->runs, operation);
    if (ran || !group->ran)
      group->only = i;
    if (ran && operation->value > 0 &&
        strcmp(uvt_tree_text(printer->tree, operation->value_name), "nread") == 0)
      group->bytes += operation->value;
  }
}

/* Is it told in one line, together with its only operation that ran? */
static bool is_single(const struct printer *printer, uint32_t index)
{
  uint32_t ran = 0;
  uint32_t children = 0;
  for (uint32_t i = uvt_tree_reg(printer->tree, index)->first; i; i = uvt_tree_op(printer->tree, i)->next) {
    const struct uvt_tree_operation *operation = uvt_tree_op(printer->tree, i);
    if (!is_shown(printer, i))
      continue;
    ran += operation->begun != NEVER && !(operation->flags & UVT_TREE_ALLOC);
    children += operation->flags & UVT_TREE_ALLOC && operation->first_child;
  }
  return ran <= 1 && !children;
}

static void add_children(struct printer *printer, struct level *level, uint32_t operation)
{
  for (uint32_t i = uvt_tree_op(printer->tree, operation)->first_child; i;
       i = uvt_tree_reg(printer->tree, i)->next) {
    if (printer->selection.registrations[i])
      add_item(printer, level, ITEM_REGISTRATION, i);
  }
}

static bool has_children(const struct printer *printer, uint32_t operation)
{
  for (uint32_t i = uvt_tree_op(printer->tree, operation)->first_child; i;
       i = uvt_tree_reg(printer->tree, i)->next) {
    if (printer->selection.registrations[i])
      return true;
  }
  return false;
}

/* The operations of a group that have something to tell: all with --full, else those with children or
 * trouble. */
static void add_members(struct printer *printer, struct level *level, uint32_t registration)
{
  for (uint32_t i = uvt_tree_reg(printer->tree, registration)->first; i;
       i = uvt_tree_op(printer->tree, i)->next) {
    const struct uvt_tree_operation *operation = uvt_tree_op(printer->tree, i);
    bool told = has_children(printer, i) || operation->flags & (UVT_TREE_FAILED | UVT_TREE_UNWOUND) ||
                operation->label || operation->state == UVT_STATE_Executing;
    if (is_shown(printer, i) && (told || printer->view->full))
      add_item(printer, level, ITEM_OPERATION, i);
  }
}

/* --- chains --- */

static bool is_leaf(const struct printer *printer, uint32_t registration)
{
  for (uint32_t i = uvt_tree_reg(printer->tree, registration)->first; i;
       i = uvt_tree_op(printer->tree, i)->next) {
    if (has_children(printer, i))
      return false;
  }
  return true;
}

/* Below an operation: the only registration of that type, where all others are leaves; else 0. */
static uint32_t next_generation(const struct printer *printer, uint32_t operation, uint32_t type)
{
  uint32_t next = 0;
  for (uint32_t i = uvt_tree_op(printer->tree, operation)->first_child; i;
       i = uvt_tree_reg(printer->tree, i)->next) {
    if (!printer->selection.registrations[i])
      continue;
    bool of_type = uvt_tree_reg(printer->tree, i)->type == type;
    if (of_type ? next != 0 : !is_leaf(printer, i))
      return 0;
    if (of_type)
      next = i;
  }
  return next;
}

/* The operation through which a chain goes on below a registration, 0: it does not. */
static uint32_t chain_operation(const struct printer *printer, uint32_t registration)
{
  const struct uvt_tree_registration *at = uvt_tree_reg(printer->tree, registration);
  return at->first && at->first == at->last && is_shown(printer, at->first) ? at->first : 0;
}

/* Goes down a chain to its last registration but one; counts what lies between. */
static uint32_t end_of_chain(const struct printer *printer, uint32_t from, uint32_t type, uint32_t *hidden,
                             struct numbers *runs)
{
  for (;;) {
    uint32_t operation = chain_operation(printer, from);
    uint32_t next = operation ? next_generation(printer, operation, type) : 0;
    if (!next)
      return from;
    add_run(runs, uvt_tree_op(printer->tree, operation));
    ++*hidden;
    from = next;
  }
}

static void hide_generations(struct printer *printer, struct level *level, size_t place)
{
  struct numbers runs = {0};
  uint32_t hidden = 0;
  uint32_t last = end_of_chain(printer, level->items[place].index, level->type, &hidden, &runs);
  if (hidden >= CHAIN_HIDDEN) {
    char text[96];
    snprintf(text, sizeof text, "%s %" PRIu32 " more generations of it, each linked by the last",
             ELLIPSIS(printer), hidden);
    level->items[place] = (struct item){.kind = ITEM_NOTE, .note = make_note(printer, text, &runs)};
    add_item(printer, level, ITEM_REGISTRATION, last);
    level->chain = 0;
  }
  free(runs.values);
}

/*
 * Timers that re-arm themselves, loops of reads: below an operation there is one of its type again, and
 * nothing else but leaves. What is between the first generations and the last is counted.
 */
static void fold_chain(struct printer *printer, struct level *level, const struct level *above,
                       uint32_t operation)
{
  uint32_t type = uvt_tree_reg(printer->tree, uvt_tree_op(printer->tree, operation)->registration)->type;
  uint32_t next = next_generation(printer, operation, type);
  if (!next)
    return;
  level->type = type;
  level->chain = above->type == type ? above->chain + 1 : 1;
  if (printer->view->full || level->chain < CHAIN_SHOWN)
    return;
  for (size_t i = 0; i < level->count; i++) {
    if (level->items[i].kind == ITEM_REGISTRATION && level->items[i].index == next) {
      hide_generations(printer, level, i);
      return;
    }
  }
}

static void list_below(struct printer *printer, const struct item *item, const struct level *above,
                       struct level *level)
{
  *level = (struct level){0};
  uint32_t operation = item->kind == ITEM_OPERATION ? item->index : 0;
  if (item->kind == ITEM_REGISTRATION && is_single(printer, item->index)) {
    struct group group;
    gather(printer, item->index, &group);
    free(group.runs.values);
    operation = group.only;
  } else if (item->kind == ITEM_REGISTRATION) {
    add_members(printer, level, item->index);
  } else if (item->kind == ITEM_UNKNOWN) {
    for (uint32_t i = uvt_tree_proc(printer->tree, item->index)->first_lost; i;
         i = uvt_tree_reg(printer->tree, i)->next) {
      if (printer->selection.registrations[i])
        add_item(printer, level, ITEM_REGISTRATION, i);
    }
  }
  if (operation) {
    add_children(printer, level, operation);
  }
  fold_like(printer, level);
  if (operation)
    fold_chain(printer, level, above, operation);
}

/* --- lines --- */

/* The allocation callback's operation just before is where the wait for data was: it is told with what it is
 * for. */
static struct uvt_tree_operation with_allocation(const struct printer *printer, uint32_t index)
{
  struct uvt_tree_operation operation = *uvt_tree_op(printer->tree, index);
  const struct uvt_tree_operation *allocation = uvt_tree_op(printer->tree, operation.previous);
  if (operation.previous && allocation->flags & UVT_TREE_ALLOC) {
    operation.queued = allocation->queued;
    operation.ready = allocation->ready;
  }
  return operation;
}

static void say_operation(const struct printer *printer, uint32_t index, struct uvt_words *words)
{
  struct uvt_tree_operation operation = with_allocation(printer, index);
  char label[100];
  if (operation.label)
    uvt_words_add(words, UVT_STYLE_PLAIN, "%s",
                  uvt_words_clean(label, sizeof label, uvt_tree_text(printer->tree, operation.label),
                                  printer->view->ascii));
  uvt_words_value(words, printer->tree, &operation);
  uvt_words_times(words, printer->tree, &operation, printer->view->ascii);
  uvt_words_marks(words, printer->tree, &operation, printer->view->ascii);
}

/* Each operation of a listening socket is a connection. */
static bool is_listening(const char *type)
{
  return strcmp(type, "uv_listen") == 0;
}

static void say_name(const struct printer *printer, uint32_t index, struct uvt_words *words)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(printer->tree, index);
  words->name = uvt_tree_text(printer->tree, registration->type);
  words->detail = uvt_tree_text(printer->tree, registration->detail);
}

static void say_single(const struct printer *printer, uint32_t index, const struct group *group,
                       struct uvt_words *words)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(printer->tree, index);
  const struct uvt_tree_operation *only = uvt_tree_op(printer->tree, group->only);
  if (only->execute)
    snprintf(words->tail, sizeof words->tail, "%s#%" PRIu64, is_listening(words->name) ? "connection " : "",
             only->execute);
  if (group->only)
    say_operation(printer, group->only, words);
  else if (registration->cancelled == NEVER && !registration->root)
    uvt_words_add(words, UVT_STYLE_STATE, "[Queued]");
  if (group->only && group->last != group->only)
    uvt_words_marks(words, printer->tree, uvt_tree_op(printer->tree, group->last), printer->view->ascii);
}

static void say_group(const struct printer *printer, uint32_t index, struct group *group,
                      struct uvt_words *words)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(printer->tree, index);
  const struct uvt_tree_operation *last = uvt_tree_op(printer->tree, group->last);
  char runs[160];
  snprintf(words->tail, sizeof words->tail, "%s%" PRIu32 "%s", TIMES(printer), group->ran,
           is_listening(words->name) ? " connections" : "");
  if (group->bytes)
    uvt_words_add(words, UVT_STYLE_PLAIN, "%" PRId64 " bytes", group->bytes);
  describe_runs(printer, &group->runs, runs, sizeof runs);
  if (*runs)
    uvt_words_add(words, UVT_STYLE_DIM, "%s", runs);
  if (last->begun == NEVER && last->retired == NEVER && !registration->root) {
    uvt_words_times(words, printer->tree, last, printer->view->ascii);
    uvt_words_marks(words, printer->tree, last, printer->view->ascii);
  }
}

static void say_registration(const struct printer *printer, uint32_t index, struct uvt_words *words)
{
  struct group group;
  say_name(printer, index, words);
  gather(printer, index, &group);
  if (is_single(printer, index))
    say_single(printer, index, &group, words);
  else
    say_group(printer, index, &group, words);
  uvt_words_end(words, printer->tree, uvt_tree_reg(printer->tree, index));
  free(group.runs.values);
}

static void say_member(const struct printer *printer, uint32_t index, struct uvt_words *words)
{
  const struct uvt_tree_operation *operation = uvt_tree_op(printer->tree, index);
  const char *type = uvt_tree_text(printer->tree, uvt_tree_reg(printer->tree, operation->registration)->type);
  char at[32];
  words->name = "";
  words->detail = "";
  if (index == printer->selection.top)
    say_name(printer, operation->registration, words);
  else if (operation->flags & UVT_TREE_ALLOC)
    words->name = "allocation";
  else if (is_listening(type) && operation->execute)
    words->name = "connection";
  if (operation->execute)
    snprintf(words->tail, sizeof words->tail, "#%" PRIu64, operation->execute);
  else
    snprintf(words->tail, sizeof words->tail, "next");
  if (operation->begun != NEVER)
    uvt_words_add(words, UVT_STYLE_DIM, "at %s",
                  uvt_words_duration(at, operation->begun, printer->view->ascii));
  say_operation(printer, index, words);
}

static void say_note(const struct printer *printer, const struct item *item, struct uvt_words *words)
{
  words->name = item->note ? item->note : ELLIPSIS(printer);
  const char *times = item->note ? item->note + strlen(item->note) + 1 : "";
  if (*times)
    uvt_words_add(words, UVT_STYLE_DIM, "%s", times);
}

static void say(const struct printer *printer, const struct item *item, struct uvt_words *words)
{
  *words = (struct uvt_words){.name = "", .detail = ""};
  if (item->kind == ITEM_REGISTRATION)
    say_registration(printer, item->index, words);
  else if (item->kind == ITEM_OPERATION)
    say_member(printer, item->index, words);
  else if (item->kind == ITEM_UNKNOWN)
    words->name = "unknown parent (lost, or from before the recording)";
  else
    say_note(printer, item, words);
}

/* --- printing --- */

/* Levels to the left that are not drawn, so that deep lines still have room: the level's number stands for
 * them. */
static size_t hidden_levels(const struct printer *printer)
{
  size_t drawn = printer->view->width > TEXT_COLUMNS + 15 ? (printer->view->width - TEXT_COLUMNS - 6) / 3 : 3;
  return printer->depth > drawn && !printer->view->full ? printer->depth - drawn : 0;
}

/* The bars to the left of a line, or of its continuation. Returns the columns taken. */
static size_t print_indent(const struct printer *printer, bool continued)
{
  size_t first = hidden_levels(printer);
  if (first && continued)
    fputs("      ", printer->out);
  else if (first)
    fprintf(printer->out, "%4zu: ", printer->depth);
  for (size_t i = first; i < printer->depth; i++) {
    const struct level *level = &printer->levels[i];
    bool more = level->next < level->count;
    if (i + 1 == printer->depth && !continued)
      fputs(more ? glyph(printer, "\u251c\u2500 ", "|- ") : glyph(printer, "\u2514\u2500 ", "`- "),
            printer->out);
    else
      fputs(more ? glyph(printer, "\u2502  ", "|  ") : "   ", printer->out);
  }
  return (first ? 6 : 0) + 3 * (printer->depth - first);
}

/* A text cut in its middle, where the least telling part of a path is. */
static void print_cut(const struct printer *printer, const char *text, size_t columns)
{
  size_t has = uvt_words_columns(text);
  size_t head = has <= columns ? has : columns / 3;
  size_t tail = has <= columns ? 0 : columns - head - uvt_words_columns(ELLIPSIS(printer));
  size_t column = 0;
  for (; *text; text++) {
    bool starts = ((unsigned char)*text & 0xc0) != 0x80;
    column += starts;
    if (column <= head || column > has - tail)
      fputc(*text, printer->out);
    else if (starts && column == head + 1)
      fputs(ELLIPSIS(printer), printer->out);
  }
}

/* NAME DETAIL TAIL, within `columns`. Returns the columns taken. */
static size_t print_label(const struct printer *printer, const struct words_text *text, size_t columns)
{
  size_t name = uvt_words_columns(text->name);
  size_t detail = uvt_words_columns(text->detail);
  size_t tail = uvt_words_columns(text->tail);
  size_t others = name + (name && (detail || tail)) + tail + (detail && tail);
  size_t room = columns > others + 12 ? columns - others : 12;
  if (printer->view->full || detail < room)
    room = detail;
  fprintf(printer->out, "%s%s%s%s", bold(printer), text->name, plain(printer),
          name && (detail || tail) ? " " : "");
  print_cut(printer, text->detail, room);
  fprintf(printer->out, "%s%s", detail && tail ? " " : "", text->tail);
  return others + room;
}

/* The words behind a label: on its line as far as they fit there, the others on lines of their own. */
static void print_words(const struct printer *printer, const struct uvt_words *words, size_t indent,
                        size_t column, bool has_below)
{
  size_t all = column;
  for (size_t i = 0; i < words->count; i++)
    all += 2 + uvt_words_columns(words->word[i].text);
  bool apart = all > printer->view->width;
  for (size_t i = 0; i < words->count; i++) {
    size_t columns = uvt_words_columns(words->word[i].text) + (i + 1 < words->count);
    bool breaks = apart && (i == 0 || column + 1 + columns > printer->view->width);
    if (breaks) {
      fputc('\n', printer->out);
      print_indent(printer, true);
      fputs(has_below ? glyph(printer, "\u2502    ", "|    ") : "     ", printer->out);
      column = indent + 5;
    } else {
      fputs(i ? " " : "  ", printer->out);
      column += i ? 1 : 2;
    }
    fprintf(printer->out, "%s%s%s%s", colour(printer, words->word[i].style), words->word[i].text,
            plain(printer), i + 1 < words->count ? "," : "");
    column += columns;
  }
}

static void print_line(const struct printer *printer, const struct uvt_words *words, bool has_below)
{
  struct words_text text;
  uvt_words_clean(text.name, sizeof text.name, words->name, printer->view->ascii);
  uvt_words_clean(text.detail, sizeof text.detail, words->detail, printer->view->ascii);
  uvt_words_clean(text.tail, sizeof text.tail, words->tail, printer->view->ascii);
  size_t indent = print_indent(printer, false);
  size_t width = printer->view->width;
  size_t label = print_label(printer, &text, width > indent ? width - indent : 0);
  print_words(printer, words, indent, indent + label, has_below);
  fputc('\n', printer->out);
}

/* --- going down --- */

/* Takes the level over. */
static void push_level(struct printer *printer, struct level *level)
{
  if (printer->depth == printer->capacity) {
    size_t capacity = printer->capacity ? printer->capacity * 2 : 32;
    struct level *levels = realloc(printer->levels, capacity * sizeof *levels);
    if (!levels) {
      printer->failed = true;
      clear_level(level);
      return;
    }
    printer->levels = levels;
    printer->capacity = capacity;
  }
  printer->levels[printer->depth++] = *level;
}

static uint64_t count_below(const struct printer *printer, const struct item *item)
{
  if (item->kind == ITEM_OPERATION)
    return printer->below[item->index];
  uint64_t below = 0;
  uint32_t index = item->kind == ITEM_REGISTRATION ? uvt_tree_reg(printer->tree, item->index)->first : 0;
  for (; index; index = uvt_tree_op(printer->tree, index)->next)
    below += is_shown(printer, index) ? printer->below[index] : 0;
  return below;
}

static bool is_deepest(const struct printer *printer)
{
  const struct uvt_tree_view *view = printer->view;
  if (view->depth)
    return printer->depth >= view->depth;
  return !view->full && printer->depth >= DEPTH_LIMIT;
}

static void print_item(struct printer *printer, const struct item *item)
{
  struct uvt_words words;
  struct level below = {0};
  say(printer, item, &words);
  if (!is_deepest(printer))
    list_below(printer, item, &printer->levels[printer->depth - 1], &below);
  else if (count_below(printer, item))
    uvt_words_add(&words, UVT_STYLE_STATE, "%" PRIu64 " operations below", count_below(printer, item));
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the levels are the printer's */
  print_line(printer, &words, below.count > 0);
  if (below.count)
    push_level(printer, &below);
  else
    clear_level(&below);
}

/* Prints all that hangs from that level, and takes it over. */
static void print_level(struct printer *printer, struct level *top)
{
  push_level(printer, top);
  while (printer->depth && !printer->failed) {
    struct level *level = &printer->levels[printer->depth - 1];
    if (level->next == level->count) {
      clear_level(level);
      printer->depth--;
      continue;
    }
    struct item item = level->items[level->next++];
    print_item(printer, &item);
  }
}

/* --- processes --- */

static void print_counts(const struct printer *printer, uint32_t index)
{
  const struct uvt_tree *tree = printer->tree;
  const struct uvt_tree_process *process = uvt_tree_proc(tree, index);
  uint64_t counts[UVT_STATE_Retired + 1] = {0};
  uint64_t operations = 0;
  for (uint32_t i = 1; i < tree->operations.count; i++) {
    if (uvt_tree_reg(tree, uvt_tree_op(tree, i)->registration)->process != index)
      continue;
    operations++;
    counts[uvt_tree_op(tree, i)->state]++;
  }
  char span[32];
  fprintf(printer->out, "%s  %" PRIu64 " operations in %s", colour(printer, UVT_STYLE_DIM), operations,
          uvt_words_duration(span, process->last_time - process->first_time, printer->view->ascii));
  const char *separator = ":";
  for (int state = UVT_STATE_Queued; state < UVT_STATE_Retired; state++) {
    if (!counts[state])
      continue;
    fprintf(printer->out, "%s %" PRIu64 " %s", separator, counts[state],
            uvt_state_name((enum uvt_state)state));
    separator = ",";
  }
  if (process->over)
    fprintf(printer->out, "; ended at %s",
            uvt_words_duration(span, process->last_time, printer->view->ascii));
  if (process->losses)
    fprintf(printer->out, "; events were lost %" PRIu64 " time%s", process->losses,
            process->losses == 1 ? "" : "s");
  fprintf(printer->out, "%s\n", plain(printer));
}

static void print_process(const struct printer *printer, uint32_t index)
{
  const struct uvt_tree_process *process = uvt_tree_proc(printer->tree, index);
  char title[512];
  char versions[256];
  uvt_words_clean(title, sizeof title, uvt_tree_text(printer->tree, process->title), printer->view->ascii);
  uvt_words_clean(versions, sizeof versions, uvt_tree_text(printer->tree, process->versions),
                  printer->view->ascii);
  fprintf(printer->out, "%sprocess", bold(printer));
  if (process->pid)
    fprintf(printer->out, " %" PRId64, process->pid);
  if (*title)
    fprintf(printer->out, ": %s", title);
  fprintf(printer->out, "%s\n", plain(printer));
  if (*versions)
    fprintf(printer->out, "%s %s%s\n", colour(printer, UVT_STYLE_DIM), versions + 1, plain(printer));
  print_counts(printer, index);
}

static void list_process(struct printer *printer, uint32_t index, struct level *level)
{
  const struct uvt_tree_process *process = uvt_tree_proc(printer->tree, index);
  bool lost = false;
  for (uint32_t i = process->first_root; i; i = uvt_tree_reg(printer->tree, i)->next) {
    if (printer->selection.registrations[i])
      add_item(printer, level, ITEM_REGISTRATION, i);
  }
  for (uint32_t i = process->first_lost; i && !lost; i = uvt_tree_reg(printer->tree, i)->next)
    lost = printer->selection.registrations[i];
  if (lost)
    add_item(printer, level, ITEM_UNKNOWN, index);
}

static void print_processes(struct printer *printer)
{
  const struct uvt_tree *tree = printer->tree;
  for (uint32_t i = 1; i < tree->processes.count && !printer->failed; i++) {
    struct level level = {0};
    uint32_t top = printer->selection.top;
    if (top && uvt_tree_reg(tree, uvt_tree_op(tree, top)->registration)->process != i)
      continue;
    if (top)
      add_item(printer, &level, ITEM_OPERATION, top);
    else
      list_process(printer, i, &level);
    print_process(printer, i);
    if (!level.count)
      fprintf(printer->out, "  none to show\n");
    print_level(printer, &level);
  }
}

static void print_legend(const struct printer *printer)
{
  fprintf(printer->out,
          "%s#N: index of an invocation; waited: Queued to Ready; delay: Ready to executing;\n"
          "operations without a [State] are Retired%s\n",
          colour(printer, UVT_STYLE_DIM), plain(printer));
}

enum uvt_tree_status uvt_tree_print_text(struct uvt_tree *tree, const struct uvt_tree_view *view, FILE *out,
                                         struct uvt_error *error)
{
  struct printer printer = {.tree = tree, .view = view, .out = out};
  enum uvt_tree_status status = uvt_tree_select(tree, view, &printer.selection, error);
  if (status != UVT_TREE_DONE)
    return status;
  if (look_for_likeness(&printer))
    print_processes(&printer);
  else
    printer.failed = true;
  if (!printer.failed && tree->processes.count > 1)
    print_legend(&printer);
  while (printer.depth)
    clear_level(&printer.levels[--printer.depth]);
  free(printer.levels);
  free(printer.operation_hash);
  free(printer.registration_hash);
  free(printer.below);
  uvt_tree_selection_clear(&printer.selection);
  if (!printer.failed)
    return UVT_TREE_DONE;
  uvt_error_set(error, "out of memory");
  return UVT_TREE_ERROR;
}

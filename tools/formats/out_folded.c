/* SPDX-License-Identifier: MIT */
#include "out_folded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "drawing.h"
#include "stream/describe.h"

enum {
  FRAME_MAX = 300,
  /* Generations that repeat are found up to so many frames long. */
  PERIOD_MAX = 16,
  /* The frames of process and thread are above every chain. */
  DEPTH_OF_THREAD = 2,
};

/* Nodes that are always there. */
enum { NODE_TOP, NODE_MORE };

struct node {
  const char *frame;
  uint32_t parent;
  uint32_t depth;
  uint32_t same_as; /* the node of an earlier generation that it repeats; NODE_TOP: none */
  uint64_t weight;
};

struct writer {
  struct uvt_drawing drawing;
  const struct uvt_output_options *options;
  struct node *nodes;
  uint32_t count, capacity;
  struct uvt_id_map children; /* parent and number of the frame: node */
  struct uvt_id_map frames;   /* address of a frame's text: its number */
};

/* ---- Nodes ---- */

/* A text that cannot be taken for two frames, nor for the end of a line. */
static const char *frame(struct writer *writer, const char *text)
{
  char clean[FRAME_MAX];
  uvt_words_clean(clean, sizeof clean, text, false);
  for (char *p = clean; *p; p++) {
    if (*p == ';')
      *p = ':';
  }
  return uvt_follow_name(&writer->drawing.follow, *clean ? clean : "(no name)");
}

static uint64_t frame_number(struct writer *writer, const char *text)
{
  uint64_t *number = uvt_id_map_add(&writer->frames, (uint64_t)(uintptr_t)text);
  if (!number) {
    writer->drawing.follow.status = -ENOMEM;
    return 0;
  }
  if (!*number)
    *number = writer->frames.count;
  return *number;
}

static uint32_t new_node(struct writer *writer, uint32_t parent, const char *text)
{
  if (writer->count == writer->capacity) {
    uint32_t capacity = writer->capacity ? writer->capacity * 2 : 256;
    struct node *nodes = realloc(writer->nodes, capacity * sizeof *nodes);
    if (!nodes) {
      writer->drawing.follow.status = -ENOMEM;
      return NODE_TOP;
    }
    writer->nodes = nodes;
    writer->capacity = capacity;
  }
  uint32_t depth = writer->count ? writer->nodes[parent].depth + 1 : 0;
  writer->nodes[writer->count] = (struct node){.frame = text, .parent = parent, .depth = depth};
  return writer->count++;
}

static uint32_t original(const struct writer *writer, uint32_t node)
{
  while (writer->nodes[node].same_as)
    node = writer->nodes[node].same_as;
  return node;
}

static uint32_t child(struct writer *writer, uint32_t parent, const char *text)
{
  parent = original(writer, parent);
  if (parent == NODE_MORE)
    return NODE_MORE;
  uint64_t key = (uint64_t)parent << 32 | frame_number(writer, text);
  const uint64_t *known = uvt_id_map_find(&writer->children, key);
  if (known)
    return original(writer, (uint32_t)*known);
  if (writer->count >= UVT_FOLDED_STACKS && !writer->drawing.ended)
    return NODE_MORE;
  uint32_t node = new_node(writer, parent, text);
  uint64_t *place = uvt_id_map_add(&writer->children, key);
  if (place)
    *place = node;
  else
    writer->drawing.follow.status = -ENOMEM;
  return node;
}

/* ---- Folding ---- */

static bool is_in_chain(const struct writer *writer, uint32_t node)
{
  return writer->nodes[node].depth > DEPTH_OF_THREAD;
}

/*
 * Where a frame under the node would be the last of a generation of that many frames that repeats the one
 * before it: the last node of that one before it, else NODE_TOP.
 */
static uint32_t repeated(const struct writer *writer, uint32_t node, const char *text, unsigned period)
{
  uint32_t earlier = node;
  for (unsigned i = 1; i < period && is_in_chain(writer, earlier); i++)
    earlier = writer->nodes[earlier].parent;
  uint32_t found = earlier;
  for (unsigned i = 0; i < period; i++) {
    if (!is_in_chain(writer, earlier) || writer->nodes[earlier].frame != text)
      return NODE_TOP;
    text = writer->nodes[node].frame;
    node = writer->nodes[node].parent;
    earlier = writer->nodes[earlier].parent;
  }
  return found;
}

/* The nodes of the second generation, of which the last is not there yet, stand for those of the first. */
static void unite(struct writer *writer, uint32_t node, uint32_t earlier, unsigned period)
{
  for (unsigned i = 1; i < period; i++) {
    earlier = writer->nodes[earlier].parent;
    writer->nodes[node].same_as = original(writer, earlier);
    node = writer->nodes[node].parent;
  }
}

/* Too deep to go on: the nearest place that has this frame already, or one for all that is deeper. */
static uint32_t fold_deep(struct writer *writer, uint32_t node, const char *text)
{
  for (uint32_t at = node; is_in_chain(writer, at); at = writer->nodes[at].parent) {
    if (writer->nodes[at].frame == text)
      return at;
  }
  const char *deeper = frame(writer, "(deeper)");
  return writer->nodes[node].frame == deeper ? node : child(writer, node, deeper);
}

static uint32_t next_in_chain(struct writer *writer, uint32_t node, const char *text)
{
  node = original(writer, node);
  unsigned length = writer->nodes[node].depth;
  for (unsigned period = 1; period <= PERIOD_MAX && period <= length; period++) {
    uint32_t found = repeated(writer, node, text, period);
    if (found) {
      unite(writer, node, found, period);
      return original(writer, found);
    }
  }
  return length >= UVT_FOLDED_DEPTH ? fold_deep(writer, node, text) : child(writer, node, text);
}

/* ---- From the stream ---- */

static uint32_t node_of_process(struct writer *writer, struct uvt_follow_process *process)
{
  if (!process->own)
    process->own = child(writer, NODE_TOP, frame(writer, "process"));
  return (uint32_t)process->own;
}

static uint32_t node_of_unknown(struct writer *writer, struct uvt_follow_process *process)
{
  return child(writer, node_of_process(writer, process), frame(writer, "unknown"));
}

static uint32_t node_of_run(struct writer *writer, const struct uvt_follow_run *run)
{
  struct uvt_follow_thread *thread = run->thread;
  if (run->registration && run->registration->own)
    return (uint32_t)run->registration->own;
  if (!run->root)
    return node_of_unknown(writer, thread->process);
  return child(writer, node_of_process(writer, thread->process),
               frame(writer, *thread->role ? thread->role : "thread"));
}

static void take_process(void *format, struct uvt_follow_process *process, const struct uvt_event *event)
{
  struct writer *writer = format;
  char title[FRAME_MAX - 40], name[FRAME_MAX];
  uvt_describe_process(title, sizeof title, event);
  uvt_words_put(name, sizeof name, "%s (%lld)", *title ? title : "process", (long long)process->pid);
  process->own = child(writer, NODE_TOP, frame(writer, name));
}

static void take_link(void *format, struct uvt_follow_registration *registration, struct uvt_follow_run *run,
                      const struct uvt_event *event)
{
  struct writer *writer = format;
  (void)event;
  uint32_t parent = run ? node_of_run(writer, run) : node_of_unknown(writer, registration->process);
  const char *name = registration->type;
  char text[FRAME_MAX];
  if (registration->function) {
    uvt_words_put(text, sizeof text, "%s %s", registration->type, registration->function);
    name = text;
  }
  registration->own = next_in_chain(writer, parent, frame(writer, name));
}

static void add(struct writer *writer, uint32_t node, uint64_t weight)
{
  writer->nodes[node].weight += weight;
}

static void add_last(struct writer *writer, uint32_t node, const char *last, uint64_t from, uint64_t to)
{
  if (to > from)
    add(writer, child(writer, node, frame(writer, last)), to - from);
}

/* ---- Waiting ---- */

static void add_pool(struct writer *writer, const struct uvt_follow_registration *registration, uint32_t node,
                     uint64_t begun)
{
  add_last(writer, node, "(pool wait)", registration->queued, registration->pool_begun);
  if (!registration->pool_ended) /* the invocation is the work */
    return;
  add_last(writer, node, "(pool work)", registration->pool_begun, registration->pool_ended);
  add_last(writer, node, "(delay)", registration->pool_ended, begun);
}

static void take_begin(void *format, struct uvt_follow_run *run, const struct uvt_event *event)
{
  struct writer *writer = format;
  const struct uvt_follow_registration *registration = run->registration;
  if (writer->options->weight != UVT_WEIGHT_WAIT || run->kind != UVT_FOLLOW_INVOCATION || !registration)
    return;
  const struct uvt_follow_operation *operation = run->operation;
  uint32_t node = node_of_run(writer, run);
  uint64_t queued = operation ? operation->queued : registration->queued;
  if (registration->pool_begun) {
    add_pool(writer, registration, node, event->time);
  } else if (operation && operation->ready != UINT64_MAX) {
    uint64_t ready = operation->ready > queued ? operation->ready : queued;
    add_last(writer, node, "(outside)", queued, ready);
    add_last(writer, node, "(delay)", ready, event->time);
  } else {
    add_last(writer, node, "(waiting)", queued, event->time);
  }
}

/* ---- Running ---- */

/* When its end was lost nobody knows how long it ran; nor how long a thread that runs no loop slept. */
static bool is_known_to_run(const struct uvt_follow_run *run, enum uvt_follow_end how)
{
  static const char thread[] = "uv_thread_create";
  return run->kind == UVT_FOLLOW_INVOCATION && how != UVT_FOLLOW_CLOSED &&
         (run->inner || !run->registration || strncmp(run->registration->type, thread, sizeof thread - 1));
}

static void take_end_of_run(void *format, struct uvt_follow_run *run, const struct uvt_event *event,
                            enum uvt_follow_end how)
{
  struct writer *writer = format;
  (void)event;
  if (writer->options->weight != UVT_WEIGHT_RUN || !is_known_to_run(run, how))
    return;
  uint64_t other = run->inner + run->own; /* own: what it was blocked for */
  uint64_t total = run->ended - run->begun;
  add(writer, node_of_run(writer, run), total > other ? total - other : 0);
}

static void take_other(void *format, struct uvt_follow_process *process, struct uvt_follow_run *run,
                       const struct uvt_event *event)
{
  struct writer *writer = format;
  (void)process;
  int64_t duration = uvt_follow_number(event, "duration");
  if (event->kind != UVT_EV_blocking || !run || duration <= 0 || writer->options->weight != UVT_WEIGHT_RUN)
    return;
  char text[FRAME_MAX];
  uvt_words_put(text, sizeof text, "%s (blocking)", uvt_event_string(event, "type"));
  add_last(writer, node_of_run(writer, run), text, 0, (uint64_t)duration);
  run->own += (uint64_t)duration;
}

/* ---- Uniting what repeats ---- */

/*
 * Gives the weight of nodes that stand for others, and of all below them, to those others. A node is greater
 * than its parent and than what it stands for, so that both are done before it.
 */
static int unite_all(struct writer *writer)
{
  uint32_t count = writer->count;
  uint32_t *places = malloc(count * sizeof *places);
  if (!places)
    return -ENOMEM;
  for (uint32_t i = 0; i < count; i++) {
    const struct node *node = &writer->nodes[i];
    places[i] = i;
    if (node->same_as)
      places[i] = places[node->same_as];
    else if (i > NODE_MORE && places[node->parent] != node->parent)
      places[i] = child(writer, places[node->parent], node->frame);
    if (places[i] < i)
      places[i] = places[places[i]];
    if (places[i] == i)
      continue;
    writer->nodes[places[i]].weight += writer->nodes[i].weight;
    writer->nodes[i].weight = 0;
  }
  free(places);
  return 0;
}

/* ---- Writing ---- */

static const struct node *sorted_nodes; /* qsort has no argument for its comparison */

static int by_parent_and_text(const void *a, const void *b)
{
  const struct node *first = &sorted_nodes[*(const uint32_t *)a];
  const struct node *second = &sorted_nodes[*(const uint32_t *)b];
  if (first->parent != second->parent)
    return first->parent < second->parent ? -1 : 1;
  return strcmp(first->frame, second->frame);
}

static void write_path(struct writer *writer, uint32_t node)
{
  uint32_t path[UVT_FOLDED_DEPTH + 8];
  unsigned length = 0;
  for (; node != NODE_TOP; node = writer->nodes[node].parent)
    path[length++] = node;
  while (length--) {
    const char *text = writer->nodes[path[length]].frame;
    size_t size = strlen(text);
    char *p = uvt_put(uvt_out_room(&writer->drawing.out, size + 1), text, size);
    *p++ = length ? ';' : ' ';
    uvt_out_advance(&writer->drawing.out, p);
  }
}

static void write_node(struct writer *writer, uint32_t node)
{
  if (!writer->nodes[node].weight)
    return;
  write_path(writer, node);
  char *p = uvt_put_unsigned(uvt_out_room(&writer->drawing.out, FRAME_MAX), writer->nodes[node].weight);
  *p++ = '\n';
  uvt_out_advance(&writer->drawing.out, p);
}

/*
 * From the top down, the children of each in order of their text. `sorted` has all nodes by parent and text,
 * `first` where the children of each begin in it, and, one further, where they end.
 */
static void write_sorted(struct writer *writer, const uint32_t *sorted, const uint32_t *first)
{
  uint32_t at[UVT_FOLDED_DEPTH + 8]; /* the next child to visit, of each node from the top down */
  uint32_t nodes[UVT_FOLDED_DEPTH + 8] = {NODE_TOP};
  unsigned depth = 0;
  at[0] = first[NODE_TOP];
  for (;;) {
    uint32_t node = nodes[depth];
    if (at[depth] < first[node + 1]) {
      node = sorted[at[depth]++];
      write_node(writer, node);
      nodes[++depth] = node;
      at[depth] = first[node];
    } else if (depth-- == 0) {
      return;
    }
  }
}

static int write_all(struct writer *writer)
{
  uint32_t count = writer->count;
  uint32_t *sorted = malloc(count * sizeof *sorted);
  uint32_t *first = malloc((count + 1) * sizeof *first);
  if (sorted && first) {
    /* The top is nobody's child. */
    for (uint32_t i = 1; i < count; i++)
      sorted[i - 1] = i;
    sorted_nodes = writer->nodes;
    qsort(sorted, count - 1, sizeof *sorted, by_parent_and_text);
    for (uint32_t node = 0, i = 0; node <= count; node++) {
      while (i < count - 1 && writer->nodes[sorted[i]].parent < node)
        i++;
      first[node] = i;
    }
    write_sorted(writer, sorted, first);
  }
  int status = sorted && first ? 0 : -ENOMEM;
  free(sorted);
  free(first);
  return status;
}

/* ---- The sink ---- */

static int finish(struct uvt_drawing *drawing)
{
  struct writer *writer = (struct writer *)drawing;
  int status = unite_all(writer);
  return status ? status : write_all(writer);
}

static void destroy(struct uvt_sink *sink)
{
  struct writer *writer = (struct writer *)sink;
  uvt_drawing_clear(&writer->drawing);
  uvt_id_map_clear(&writer->children);
  uvt_id_map_clear(&writer->frames);
  free(writer->nodes);
  free(writer);
}

static struct uvt_sink *create(int file)
{
  static const struct uvt_output_options defaults;
  static const struct uvt_follow_handlers handlers = {.process = take_process,
                                                      .link = take_link,
                                                      .begin = take_begin,
                                                      .end = take_end_of_run,
                                                      .event = take_other};
  struct writer *writer = calloc(1, sizeof *writer);
  if (!writer)
    return NULL;
  writer->options = &defaults;
  uvt_id_map_init(&writer->children, sizeof(uint64_t));
  uvt_id_map_init(&writer->frames, sizeof(uint64_t));
  bool open = uvt_drawing_init(&writer->drawing, file, &handlers, finish);
  new_node(writer, NODE_TOP, "");
  new_node(writer, NODE_TOP, "(more)");
  if (open && writer->count == 2)
    return &writer->drawing.sink;
  if (open)
    uvt_drawing_clear(&writer->drawing);
  free(writer->nodes);
  free(writer);
  return NULL;
}

static void configure(struct uvt_sink *sink, const struct uvt_output_options *options)
{
  ((struct writer *)sink)->options = options;
}

const struct uvt_output_format uvt_output_folded = {
    .name = "folded",
    .summary = "collapsed async stacks for speedscope and flamegraph.pl",
    .create = create,
    .destroy = destroy,
    .configure = configure,
};

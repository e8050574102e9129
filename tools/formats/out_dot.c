/* SPDX-License-Identifier: MIT */
#include "out_dot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/say.h"
#include "base/words.h"
#include "drawing.h"
#include "stream/describe.h"

enum { LABEL_MAX = 200, DETAIL_MAX = 80, FIRST_PID_ROOM = 24 };

/* One operation, or what stands for the parents that are not known. Numbers of nodes count from 1. */
struct node {
  char *label;       /* what it is and what it works on */
  const char *error; /* its callback was given; NULL: none */
  uint64_t operation, execute;
  uint64_t run_time;
  uint32_t process; /* its number */
  enum uvt_state state;
  bool js, unknown, failed;
};

/* At the process's number. */
struct cluster {
  char *title;
  uint32_t unknown;        /* node for parents that are not known */
  struct uvt_id_map nodes; /* by operation ID */
};

struct edge {
  uint32_t from, to;
  bool cause;
};

struct writer {
  struct uvt_drawing drawing;
  const struct uvt_output_options *options;
  struct node *nodes;
  uint32_t nodes_count, nodes_capacity;
  struct edge *edges;
  size_t edges_count, edges_capacity;
  struct cluster *clusters;
  size_t clusters_count;
  uint64_t operations; /* drawn or not */
};

/* ---- What is kept ---- */

static void *grown(struct writer *writer, void *items, size_t count, size_t *capacity, size_t size)
{
  if (count < *capacity)
    return items;
  size_t more = *capacity ? *capacity * 2 : 64;
  void *new_items = realloc(items, more * size);
  if (!new_items) {
    writer->drawing.follow.status = -ENOMEM;
    return NULL;
  }
  *capacity = more;
  return new_items;
}

static struct cluster *cluster_of(struct writer *writer, const struct uvt_follow_process *process)
{
  while (writer->clusters_count < process->number) {
    struct cluster *clusters = realloc(writer->clusters, (writer->clusters_count + 1) * sizeof *clusters);
    if (!clusters) {
      writer->drawing.follow.status = -ENOMEM;
      return NULL;
    }
    writer->clusters = clusters;
    struct cluster *cluster = &clusters[writer->clusters_count++];
    *cluster = (struct cluster){0};
    uvt_id_map_init(&cluster->nodes, sizeof(uint64_t));
  }
  return &writer->clusters[process->number - 1];
}

static uint32_t add_node(struct writer *writer, const struct uvt_follow_process *process, const char *label)
{
  size_t capacity = writer->nodes_capacity;
  struct node *nodes = grown(writer, writer->nodes, writer->nodes_count, &capacity, sizeof *nodes);
  char *copy = strdup(label);
  if (nodes) {
    writer->nodes = nodes;
    writer->nodes_capacity = (uint32_t)capacity;
  }
  if (!nodes || !copy) {
    free(copy);
    writer->drawing.follow.status = -ENOMEM;
    return 0;
  }
  nodes[writer->nodes_count] = (struct node){.label = copy, .process = (uint32_t)process->number};
  return ++writer->nodes_count;
}

static uint64_t limit_of(const struct writer *writer)
{
  uint64_t limit = writer->options->limit ? writer->options->limit : UVT_DOT_LIMIT;
  return limit < UINT32_MAX / 4 ? limit : UINT32_MAX / 4;
}

/* 0: there are enough. */
static uint32_t add_operation(struct writer *writer, const struct uvt_follow_process *process,
                              const char *label)
{
  return ++writer->operations > limit_of(writer) ? 0 : add_node(writer, process, label);
}

static void add_edge(struct writer *writer, uint32_t from, uint32_t to, bool cause)
{
  if (!from || !to)
    return;
  struct edge *edges =
      grown(writer, writer->edges, writer->edges_count, &writer->edges_capacity, sizeof *edges);
  if (!edges)
    return;
  writer->edges = edges;
  edges[writer->edges_count++] = (struct edge){.from = from, .to = to, .cause = cause};
}

/* A parent that the stream does not have. */
static uint32_t unknown_of(struct writer *writer, const struct uvt_follow_process *process)
{
  struct cluster *cluster = cluster_of(writer, process);
  if (cluster && !cluster->unknown) {
    cluster->unknown = add_node(writer, process, "unknown");
    if (cluster->unknown)
      writer->nodes[cluster->unknown - 1].unknown = true;
  }
  return cluster ? cluster->unknown : 0;
}

static struct node *node_at(struct writer *writer, uint64_t number)
{
  return number ? &writer->nodes[number - 1] : NULL;
}

static struct node *node_of_operation(struct writer *writer, const struct uvt_follow_process *process,
                                      uint64_t operation)
{
  const struct cluster *cluster = cluster_of(writer, process);
  const uint64_t *number = cluster && operation ? uvt_id_map_find(&cluster->nodes, operation) : NULL;
  return number ? node_at(writer, *number) : NULL;
}

/* ---- Words ---- */

static void put(struct writer *writer, const char *text)
{
  size_t length = strlen(text);
  uvt_out_advance(&writer->drawing.out, uvt_put(uvt_out_room(&writer->drawing.out, length), text, length));
}

static void put_number(struct writer *writer, uint64_t number)
{
  uvt_out_advance(&writer->drawing.out,
                  uvt_put_unsigned(uvt_out_room(&writer->drawing.out, FIRST_PID_ROOM), number));
}

/* Inside a quoted string of the language, where Graphviz also looks for HTML's entities. */
static void put_escaped(struct writer *writer, const char *text)
{
  char clean[512];
  for (const char *p = uvt_words_clean(clean, sizeof clean, text, false); *p; p++) {
    char plain[2] = {*p, '\0'};
    put(writer, *p == '"' ? "\\\"" : *p == '\\' ? "\\\\" : *p == '&' ? "&amp;" : plain);
  }
}

/* ---- From the stream ---- */

static void take_process(void *format, struct uvt_follow_process *process, const struct uvt_event *event)
{
  struct writer *writer = format;
  char title[256];
  struct cluster *cluster = cluster_of(writer, process);
  if (!cluster || cluster->title)
    return;
  size_t length = (size_t)snprintf(title, sizeof title, "%lld: ", (long long)process->pid);
  uvt_describe_process(title + length, sizeof title - length, event);
  cluster->title = strdup(title);
  if (!cluster->title)
    writer->drawing.follow.status = -ENOMEM;
}

static void take_link(void *format, struct uvt_follow_registration *registration, struct uvt_follow_run *run,
                      const struct uvt_event *event)
{
  struct writer *writer = format;
  char detail[DETAIL_MAX];
  uvt_describe_link(detail, sizeof detail, event);
  registration->text = *detail ? strdup(detail) : NULL;
  if (!run && writer->operations < limit_of(writer))
    registration->own = unknown_of(writer, registration->process);
  else if (run)
    registration->own = run->own;
}

/* Returns the node of an operation of the registration. */
static uint32_t draw(struct writer *writer, const struct uvt_follow_process *process,
                     const struct uvt_follow_registration *registration)
{
  char label[LABEL_MAX];
  const char *detail = registration && registration->text ? registration->text : "";
  uvt_words_put(label, sizeof label, "%s%s%s%s%s", registration ? registration->type : "unknown",
                registration && registration->function ? " " : "",
                registration && registration->function ? registration->function : "", *detail ? "\n" : "",
                detail);
  uint32_t number = add_operation(writer, process, label);
  if (!number)
    return 0;
  writer->nodes[number - 1].js = registration && registration->js;
  add_edge(writer, registration ? (uint32_t)registration->own : unknown_of(writer, process), number, false);
  return number;
}

static void remember_operation(struct writer *writer, const struct uvt_follow_process *process,
                               uint32_t number, uint64_t operation)
{
  struct cluster *cluster = number && operation ? cluster_of(writer, process) : NULL;
  if (!cluster)
    return;
  writer->nodes[number - 1].operation = operation;
  uint64_t *place = uvt_id_map_add(&cluster->nodes, operation);
  if (place)
    *place = number;
  else
    writer->drawing.follow.status = -ENOMEM;
}

static void take_operation(void *format, struct uvt_follow_operation *operation)
{
  struct writer *writer = format;
  uint32_t number = draw(writer, operation->process, operation->registration);
  operation->own = number;
  if (!number)
    return;
  writer->nodes[number - 1].state = UVT_STATE_Queued;
  remember_operation(writer, operation->process, number, operation->id);
}

static uint32_t draw_root(struct writer *writer, const struct uvt_follow_run *run)
{
  char label[LABEL_MAX];
  const struct uvt_follow_thread *thread = run->thread;
  uvt_words_put(label, sizeof label, "%s thread %lld", *thread->role ? thread->role : "root of",
                (long long)thread->tid);
  return add_operation(writer, thread->process, label);
}

static void take_begin(void *format, struct uvt_follow_run *run, const struct uvt_event *event)
{
  struct writer *writer = format;
  const struct uvt_follow_process *process = run->thread->process;
  if (run->kind != UVT_FOLLOW_INVOCATION)
    return;
  if (run->operation) {
    run->own = run->operation->own;
  } else {
    run->own = run->root ? draw_root(writer, run) : draw(writer, process, run->registration);
    remember_operation(writer, process, (uint32_t)run->own, event->operationID);
  }
  struct node *node = node_at(writer, run->own);
  if (!node)
    return;
  node->execute = run->execute_id;
  node->error = uvt_event_error(event);
  node->state = UVT_STATE_Executing;
  uint64_t last = run->registration ? run->registration->at.own : 0;
  for (size_t i = 0; run->registration && i < run->causes_count; i++) {
    if (run->causes[i].own != run->registration->at.own && run->causes[i].own != last)
      add_edge(writer, (uint32_t)run->causes[i].own, (uint32_t)run->own, true);
    last = run->causes[i].own; /* many sends of one invocation are one edge */
  }
}

static void take_end_of_run(void *format, struct uvt_follow_run *run, const struct uvt_event *event,
                            enum uvt_follow_end how)
{
  struct writer *writer = format;
  struct node *node = node_at(writer, run->own);
  (void)event;
  if (!node || how == UVT_FOLLOW_OPEN)
    return;
  node->run_time = run->ended - run->begun;
  if (!run->thread->process->has_operations)
    node->state = UVT_STATE_NONE;
}

/* States come after the follower has done with an operation, too. */
static void take_other(void *format, struct uvt_follow_process *process, struct uvt_follow_run *run,
                       const struct uvt_event *event)
{
  struct writer *writer = format;
  struct node *node = NULL;
  if (event->kind == UVT_EV_state && process)
    node = node_of_operation(writer, process, event->operationID);
  if (node && event->state > node->state)
    node->state = event->state;
  if (event->kind == UVT_EV_failedCallback && run && run->own)
    node_at(writer, run->own)->failed = true;
}

/* ---- Writing ---- */

/* Told apart by more than colour: what waits is dashed, what runs is bold. */
static const char *style_of(const struct node *node)
{
  if (node->failed)
    return ", color=\"#b2182b\", fillcolor=\"#fddbc7\", penwidth=2";
  if (node->unknown)
    return ", style=\"dashed\"";
  switch (node->state) {
  case UVT_STATE_Queued:
    return ", style=\"rounded,filled,dashed\", fillcolor=\"#ffffff\"";
  case UVT_STATE_Ready:
    return ", style=\"rounded,filled,dashed\", fillcolor=\"#fff3c4\"";
  case UVT_STATE_Executing:
    return ", penwidth=2, fillcolor=\"#d9f0d3\"";
  case UVT_STATE_ChildrenPending:
    return ", fillcolor=\"#dbe9f6\"";
  default:
    return "";
  }
}

static void write_node(struct writer *writer, uint32_t number)
{
  const struct node *node = &writer->nodes[number - 1];
  char words[64];
  put(writer, "    n");
  put_number(writer, number);
  put(writer, " [label=\"");
  const char *line = node->label;
  for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
    char first[LABEL_MAX];
    uvt_words_put(first, sizeof first, "%.*s", (int)(end - line), line);
    put_escaped(writer, first);
    put(writer, "\\n");
  }
  put_escaped(writer, line);
  if (node->execute) {
    put(writer, "\\n#");
    put_number(writer, node->execute);
    if (node->run_time) {
      put(writer, ", ran ");
      put_escaped(writer, uvt_words_duration(words, node->run_time, false));
    }
  }
  if (node->error) {
    put(writer, "\\n");
    put(writer, node->error);
  }
  if (node->state && (node->state != UVT_STATE_Retired || !node->execute)) {
    put(writer, "\\n");
    put(writer, node->state == UVT_STATE_Retired ? "never ran" : uvt_state_name(node->state));
  }
  put(writer, "\"");
  put(writer, style_of(node));
  put(writer, node->js ? ", shape=ellipse];\n" : "];\n");
}

static void write_cluster(struct writer *writer, uint32_t process)
{
  const struct cluster *cluster = &writer->clusters[process - 1];
  put(writer, "  subgraph cluster_");
  put_number(writer, process);
  put(writer, " {\n    label=\"");
  put_escaped(writer, cluster->title ? cluster->title : "process");
  put(writer, "\";\n");
  for (uint32_t i = 1; i <= writer->nodes_count; i++) {
    if (writer->nodes[i - 1].process == process)
      write_node(writer, i);
  }
  put(writer, "  }\n");
}

static void write_edge(struct writer *writer, const struct edge *edge)
{
  put(writer, "  n");
  put_number(writer, edge->from);
  put(writer, " -> n");
  put_number(writer, edge->to);
  put(writer, edge->cause ? " [style=dashed, color=\"#762a83\", constraint=false, tooltip=\"cause\"];\n"
                          : " [tooltip=\"link\"];\n");
}

/* How many are not drawn: in the graph, and for who waits for it. */
static void write_note(struct writer *writer)
{
  uint64_t limit = limit_of(writer);
  if (writer->operations <= limit)
    return;
  uint64_t missing = writer->operations - limit;
  put(writer, "  note [shape=note, style=filled, fillcolor=\"#fff3c4\", label=\"the first ");
  put_number(writer, limit);
  put(writer, " operations; ");
  put_number(writer, missing);
  put(writer, " more are not drawn (--limit)\"];\n");
  uvt_say("convert",
          "the first %" PRIu64 " of %" PRIu64 " operations are drawn; --limit draws more, "
          "--from, --to and --pid others",
          limit, writer->operations);
}

static void write_all(struct writer *writer)
{
  put(writer, "digraph uvtree {\n"
              "  rankdir=LR;\n"
              "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f2f2f2\", fontname=\"sans-serif\", "
              "fontsize=10];\n"
              "  edge [arrowsize=0.6];\n");
  for (uint32_t i = 1; i <= writer->clusters_count; i++)
    write_cluster(writer, i);
  for (size_t i = 0; i < writer->edges_count; i++)
    write_edge(writer, &writer->edges[i]);
  write_note(writer);
  put(writer, "}\n");
}

/* ---- The sink ---- */

static int finish(struct uvt_drawing *drawing)
{
  write_all((struct writer *)drawing);
  return 0;
}

static void destroy(struct uvt_sink *sink)
{
  struct writer *writer = (struct writer *)sink;
  uvt_drawing_clear(&writer->drawing);
  for (uint32_t i = 0; i < writer->nodes_count; i++)
    free(writer->nodes[i].label);
  for (size_t i = 0; i < writer->clusters_count; i++) {
    free(writer->clusters[i].title);
    uvt_id_map_clear(&writer->clusters[i].nodes);
  }
  free(writer->nodes);
  free(writer->edges);
  free(writer->clusters);
  free(writer);
}

static struct uvt_sink *create(int file)
{
  static const struct uvt_output_options defaults;
  static const struct uvt_follow_handlers handlers = {.process = take_process,
                                                      .link = take_link,
                                                      .operation = take_operation,
                                                      .begin = take_begin,
                                                      .end = take_end_of_run,
                                                      .event = take_other};
  struct writer *writer = calloc(1, sizeof *writer);
  if (!writer)
    return NULL;
  if (!uvt_drawing_init(&writer->drawing, file, &handlers, finish)) {
    free(writer);
    return NULL;
  }
  writer->options = &defaults;
  return &writer->drawing.sink;
}

static void configure(struct uvt_sink *sink, const struct uvt_output_options *options)
{
  ((struct writer *)sink)->options = options;
}

const struct uvt_output_format uvt_output_dot = {
    .name = "dot",
    .summary = "the async call graph for Graphviz",
    .create = create,
    .destroy = destroy,
    .configure = configure,
};

/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out_file.h"
#include "costs/requests.h"
#include "stream/describe.h"
#include "stream/follow.h"
#include "tree/chain.h"
#include "tree/tree_state.h"
#include "tree/tree_words.h"

#define NEVER UVT_TREE_NEVER

enum { NUMBER_ROOM = 32, TEXT_MAX = 1200, REQUESTS_MOST = 200000 };

/* Halves of the bundled page (page_template.S); empty where uvtree was built without npm. */
extern const char uvt_page_before[], uvt_page_after[];
extern const uint64_t uvt_page_before_size, uvt_page_after_size;

/* A thread; 0 is none. */
struct track {
  uint32_t process;
  int64_t tid;
  char *role, *name;
};

/* A poll of a loop, or work of a pool's thread for a registration. */
struct span {
  uint32_t track;
  uint32_t registration; /* 0: a poll, or unknown */
  uint64_t begin, end;
};

struct spans {
  struct span *items;
  size_t count, capacity;
};

struct loss {
  uint64_t time, count;
};

struct uvt_page {
  struct uvt_sink sink;
  struct uvt_tree *tree;
  struct uvt_out_file out;
  struct track *tracks;
  size_t tracks_count, tracks_capacity;
  struct uvt_id_map track_numbers;
  struct uvt_id_map open; /* by track: begin of the poll or work there, and what for */
  struct spans polls, pool;
  struct loss *losses;
  size_t losses_count, losses_capacity;
  uint32_t *texts; /* places in the tree, in the order in which the page has them */
  size_t texts_count, texts_capacity;
  struct uvt_id_map text_numbers;
  uint32_t *stacks; /* numbers in the tree's store, likewise */
  size_t stacks_count, stacks_capacity;
  struct uvt_id_map stack_numbers;
  const char **frames; /* the store's texts, likewise */
  size_t frames_count, frames_capacity;
  struct uvt_id_map frame_numbers;
  struct uvt_requests *costs;
  struct uvt_request **requests;
  size_t requests_count, requests_capacity;
  int status;
};

struct open_span {
  uint64_t begin;
  uint32_t registration;
  bool open;
};

/* ---- What is kept ---- */

static void *one_more(struct uvt_page *page, void *items, size_t *count, size_t *capacity, size_t size)
{
  if (*count == *capacity) {
    size_t more = *capacity ? *capacity * 2 : 64;
    void *new_items = realloc(items, more * size);
    if (!new_items) {
      page->status = -ENOMEM;
      return NULL;
    }
    items = new_items;
    *capacity = more;
  }
  memset((char *)items + *count * size, 0, size);
  ++*count;
  return items;
}

static struct track *add_track(struct uvt_page *page)
{
  struct track *tracks =
      one_more(page, page->tracks, &page->tracks_count, &page->tracks_capacity, sizeof *tracks);
  if (!tracks)
    return NULL;
  page->tracks = tracks;
  return &tracks[page->tracks_count - 1];
}

/* The number of the thread's track; 0: out of memory, or no thread. */
static uint32_t track_of(struct uvt_page *page, uint32_t process, int64_t tid)
{
  uint64_t *number = uvt_id_map_add(&page->track_numbers, (uint64_t)process << 32 | (uint32_t)tid);
  if (!number) {
    page->status = -ENOMEM;
    return 0;
  }
  if (*number)
    return (uint32_t)*number;
  *number = page->tracks_count;
  struct track *track = add_track(page);
  if (!track)
    return 0;
  track->process = process;
  track->tid = tid;
  return (uint32_t)(page->tracks_count - 1);
}

static uint32_t process_of(const struct uvt_page *page, const struct uvt_event *event)
{
  uint64_t id = event->processID ? event->processID : (uint64_t)event->pid;
  const uint32_t *index = uvt_id_map_find(&page->tree->process_ids, id + 1);
  return index ? *index : 1;
}

static uint32_t registration_of(const struct uvt_page *page, uint32_t process, uint64_t link)
{
  const uint32_t *index = link ? uvt_id_map_find(&uvt_tree_proc(page->tree, process)->links, link) : NULL;
  return index ? *index : 0;
}

static void take_thread(struct uvt_page *page, uint32_t process, const struct uvt_event *event)
{
  uint32_t number = track_of(page, process, event->tid);
  if (!number || page->tracks[number].role)
    return;
  page->tracks[number].role = strdup(uvt_event_string(event, "role"));
  page->tracks[number].name = strdup(uvt_event_string(event, "name"));
}

static void end_span(struct uvt_page *page, struct spans *spans, uint32_t track, struct open_span *open,
                     uint64_t time)
{
  if (!open || !open->open)
    return;
  open->open = false;
  struct span *items = one_more(page, spans->items, &spans->count, &spans->capacity, sizeof *items);
  if (!items)
    return;
  spans->items = items;
  items[spans->count - 1] =
      (struct span){.track = track, .registration = open->registration, .begin = open->begin, .end = time};
}

static void take_span(struct uvt_page *page, uint32_t process, const struct uvt_event *event)
{
  bool polls = event->kind == UVT_EV_pollBegin || event->kind == UVT_EV_pollEnd;
  bool begins = event->kind == UVT_EV_pollBegin || event->kind == UVT_EV_poolBegin;
  uint32_t track = track_of(page, process, event->tid);
  struct open_span *open = track ? uvt_id_map_add(&page->open, (uint64_t)track * 2 + polls) : NULL;
  if (!open) {
    page->status = -ENOMEM;
    return;
  }
  end_span(page, polls ? &page->polls : &page->pool, track, open, event->time);
  if (begins)
    *open = (struct open_span){.begin = event->time,
                               .registration = polls ? 0 : registration_of(page, process, event->linkID),
                               .open = true};
}

static void take_loss(struct uvt_page *page, const struct uvt_event *event)
{
  struct loss *losses =
      one_more(page, page->losses, &page->losses_count, &page->losses_capacity, sizeof *losses);
  if (!losses)
    return;
  page->losses = losses;
  losses[page->losses_count - 1] = (struct loss){.time = event->time, .count = event->count};
}

static int take_request(void *user, struct uvt_request *request)
{
  struct uvt_page *page = user;
  struct uvt_request **requests =
      !request->client && page->requests_count < REQUESTS_MOST
          ? one_more(page, page->requests, &page->requests_count, &page->requests_capacity, sizeof *requests)
          : NULL;
  if (requests) {
    page->requests = requests;
    requests[page->requests_count - 1] = request;
  } else {
    uvt_request_free(request);
  }
  return page->status;
}

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct uvt_page *page = (struct uvt_page *)sink;
  struct uvt_sink *tree = uvt_tree_sink(page->tree);
  struct uvt_sink *costs = uvt_requests_sink(page->costs);
  int status = tree->event(tree, event);
  if (!status)
    status = costs->event(costs, event);
  if (status)
    return status;
  switch (event->kind) {
  case UVT_EV_thread:
    take_thread(page, process_of(page, event), event);
    break;
  case UVT_EV_pollBegin:
  case UVT_EV_pollEnd:
  case UVT_EV_poolBegin:
  case UVT_EV_poolEnd:
    take_span(page, process_of(page, event), event);
    break;
  case UVT_EV_lost:
    take_loss(page, event);
    break;
  default:
    break;
  }
  return page->status;
}

static int by_begin(const void *a, const void *b)
{
  const struct span *first = a, *second = b;
  return first->begin < second->begin ? -1 : first->begin > second->begin;
}

static int take_end(struct uvt_sink *sink)
{
  struct uvt_page *page = (struct uvt_page *)sink;
  struct uvt_sink *tree = uvt_tree_sink(page->tree);
  for (uint32_t track = 1; track < page->tracks_count; track++) {
    for (uint64_t polls = 0; polls < 2; polls++)
      end_span(page, polls ? &page->polls : &page->pool, track,
               uvt_id_map_find(&page->open, (uint64_t)track * 2 + polls),
               uvt_tree_until(page->tree, page->tracks[track].process));
  }
  if (page->polls.count)
    qsort(page->polls.items, page->polls.count, sizeof *page->polls.items, by_begin);
  if (page->pool.count)
    qsort(page->pool.items, page->pool.count, sizeof *page->pool.items, by_begin);
  struct uvt_sink *costs = uvt_requests_sink(page->costs);
  int status = tree->end(tree);
  if (!status)
    status = costs->end(costs);
  return status ? status : page->status;
}

/* ---- Writing ---- */

static void put_bytes(struct uvt_page *page, const char *bytes, size_t size)
{
  while (size) {
    size_t part = size < UVT_OUT_BUFFER / 2 ? size : UVT_OUT_BUFFER / 2;
    uvt_out_advance(&page->out, uvt_put(uvt_out_room(&page->out, part), bytes, part));
    bytes += part;
    size -= part;
  }
}

static void put(struct uvt_page *page, const char *text)
{
  put_bytes(page, text, strlen(text));
}

static void put_number(struct uvt_page *page, int64_t number)
{
  uvt_out_advance(&page->out, uvt_put_signed(uvt_out_room(&page->out, NUMBER_ROOM), number));
}

/* A JSON string that holds no "<": nothing in it can end the element it stands in. */
static void put_text(struct uvt_page *page, const char *text)
{
  char clean[TEXT_MAX];
  uvt_words_clean(clean, sizeof clean, text ? text : "", false);
  char *p = uvt_out_room(&page->out, 6 * TEXT_MAX);
  *p++ = '"';
  for (const char *from = clean; *from; from++) {
    if (*from == '<') {
      p = UVT_PUT(p, "\\u003c");
      continue;
    }
    if (*from == '"' || *from == '\\')
      *p++ = '\\';
    *p++ = *from;
  }
  *p++ = '"';
  uvt_out_advance(&page->out, p);
}

/* The text's number in the page; 0 is "". */
static uint64_t text_number(struct uvt_page *page, uint32_t text)
{
  if (!text)
    return 0;
  uint64_t *number = uvt_id_map_add(&page->text_numbers, text);
  if (!number) {
    page->status = -ENOMEM;
    return 0;
  }
  if (*number)
    return *number;
  uint32_t *texts = one_more(page, page->texts, &page->texts_count, &page->texts_capacity, sizeof *texts);
  if (!texts)
    return 0;
  page->texts = texts;
  texts[page->texts_count - 1] = text;
  *number = page->texts_count;
  return *number;
}

static void write_texts(struct uvt_page *page)
{
  put(page, ",\n\"texts\":[\"\"");
  for (size_t i = 0; i < page->texts_count; i++) {
    put(page, ",");
    put_text(page, uvt_tree_text(page->tree, page->texts[i]));
  }
  put(page, "]");
}

static void write_processes(struct uvt_page *page)
{
  const struct uvt_tree *tree = page->tree;
  put(page, "\"title\":");
  put_text(page, tree->processes.count > 1 ? uvt_tree_text(tree, uvt_tree_proc(tree, 1)->title) : "");
  put(page, ",\"end\":");
  put_number(page, (int64_t)tree->last_time);
  put(page, ",\n\"processes\":[");
  for (uint32_t i = 1; i < tree->processes.count; i++) {
    char title[TEXT_MAX];
    const struct uvt_tree_process *process = uvt_tree_proc(tree, i);
    uvt_words_put(title, sizeof title, "process %lld %s", (long long)process->pid,
                  uvt_tree_text(tree, process->title));
    put(page, i > 1 ? ",{\"title\":" : "{\"title\":");
    put_text(page, title);
    put(page, ",\"versions\":");
    put_text(page, uvt_tree_text(tree, process->versions));
    put(page, ",\"end\":");
    put_number(page, (int64_t)uvt_tree_until(tree, i));
    put(page, "}");
  }
  put(page, "]");
}

static void write_tracks(struct uvt_page *page)
{
  put(page, ",\n\"tracks\":[{\"name\":\"\",\"role\":\"\",\"process\":0}");
  for (size_t i = 1; i < page->tracks_count; i++) {
    const struct track *track = &page->tracks[i];
    char name[TEXT_MAX];
    const char *role = track->role && *track->role ? track->role : "thread";
    uvt_words_put(name, sizeof name, "%s %s %lld", role, track->name ? track->name : "",
                  (long long)track->tid);
    put(page, ",{\"name\":");
    put_text(page, name);
    put(page, ",\"role\":");
    put_text(page, role);
    put(page, ",\"process\":");
    put_number(page, (int64_t)track->process - 1);
    put(page, "}");
  }
  put(page, "]");
}

/* ---- Columns ---- */

/* The time from which the others of an operation are counted. */
static uint64_t base_of(const struct uvt_tree_operation *operation)
{
  if (operation->queued != NEVER)
    return operation->queued;
  return operation->begun != NEVER ? operation->begun : 0;
}

static int64_t since_base(const struct uvt_tree_operation *operation, uint64_t time)
{
  uint64_t base = base_of(operation);
  if (time == NEVER)
    return 0;
  return time > base ? (int64_t)(time - base) + 1 : 1;
}

enum column {
  COLUMN_BASE,
  COLUMN_TYPE,
  COLUMN_DETAIL,
  COLUMN_PARENT,
  COLUMN_CAUSE,
  COLUMN_WITHIN,
  COLUMN_EXECUTE,
  COLUMN_TRACK,
  COLUMN_PROCESS,
  COLUMN_STATE,
  COLUMN_REGISTRATION,
  COLUMN_QUEUED,
  COLUMN_READY,
  COLUMN_BEGUN,
  COLUMN_ENDED,
  COLUMNS
};

static int64_t cell(struct uvt_page *page, enum column column, uint32_t index)
{
  const struct uvt_tree *tree = page->tree;
  const struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  switch (column) {
  case COLUMN_BASE:
    return (int64_t)(base_of(operation) - base_of(uvt_tree_op(tree, index ? index - 1 : 0)));
  case COLUMN_TYPE:
    return (int64_t)text_number(page, registration->type);
  case COLUMN_DETAIL:
    return (int64_t)text_number(page, registration->detail);
  case COLUMN_PARENT:
    return registration->parent;
  case COLUMN_CAUSE:
    return operation->causer == registration->parent ? 0 : operation->causer;
  case COLUMN_WITHIN:
    return operation->within;
  case COLUMN_EXECUTE:
    return (int64_t)operation->execute;
  case COLUMN_TRACK:
    return operation->execute ? track_of(page, registration->process, operation->tid) : 0;
  case COLUMN_PROCESS:
    return registration->process ? registration->process - 1 : 0;
  case COLUMN_STATE:
    return operation->state;
  case COLUMN_REGISTRATION:
    return operation->registration;
  case COLUMN_QUEUED:
    return since_base(operation, operation->queued);
  case COLUMN_READY:
    return since_base(operation, operation->ready);
  case COLUMN_BEGUN:
    return since_base(operation, operation->begun);
  default:
    return since_base(operation, operation->ended);
  }
}

static void write_column(struct uvt_page *page, enum column column, const char *name)
{
  put(page, column ? ",\n\"" : "\n\"");
  put(page, name);
  put(page, "\":[0");
  for (uint32_t i = 1; i < page->tree->operations.count; i++) {
    put(page, ",");
    put_number(page, cell(page, column, i));
  }
  put(page, "]");
}

/* Pairs of operation and value, of those that have one. */
static void write_sparse(struct uvt_page *page, const char *name,
                         uint64_t (*value_of)(struct uvt_page *page,
                                              const struct uvt_tree_operation *operation))
{
  const char *separator = "";
  put(page, ",\n\"");
  put(page, name);
  put(page, "\":[");
  for (uint32_t i = 1; i < page->tree->operations.count; i++) {
    uint64_t value = value_of(page, uvt_tree_op(page->tree, i));
    if (!value)
      continue;
    put(page, separator);
    put_number(page, i);
    put(page, ",");
    put_number(page, (int64_t)value);
    separator = ",";
  }
  put(page, "]");
}

static uint64_t label_of(struct uvt_page *page, const struct uvt_tree_operation *operation)
{
  return text_number(page, operation->label);
}

static uint64_t failure_of(struct uvt_page *page, const struct uvt_tree_operation *operation)
{
  return text_number(page, operation->failure);
}

static uint64_t blocked_of(struct uvt_page *page, const struct uvt_tree_operation *operation)
{
  (void)page;
  return operation->blocked;
}

/* Why its registration ended: told of the last operation. */
static uint64_t reason_of(struct uvt_page *page, const struct uvt_tree_operation *operation)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(page->tree, operation->registration);
  return operation->next ? 0 : text_number(page, registration->reason);
}

/* What callbacks were given, in words, by operation; and which of them are errors. */
static void write_results(struct uvt_page *page)
{
  const char *separator = "";
  put(page, ",\n\"results\":[");
  for (uint32_t i = 1; i < page->tree->operations.count; i++) {
    const struct uvt_tree_operation *operation = uvt_tree_op(page->tree, i);
    struct uvt_words words = {0};
    uvt_words_value(&words, page->tree, operation);
    if (!words.count)
      continue;
    put(page, separator);
    put_number(page, uvt_tree_error(page->tree, operation) ? -(int64_t)i : (int64_t)i);
    put(page, ",");
    put_text(page, words.word[0].text);
    separator = ",";
  }
  put(page, "]");
}

/* Where it was registered, by the number of the stack; told of each of its operations. */
static uint64_t stack_of(struct uvt_page *page, const struct uvt_tree_operation *operation)
{
  uint32_t stack = uvt_tree_reg(page->tree, operation->registration)->stack;
  uint64_t *number = stack ? uvt_id_map_add(&page->stack_numbers, stack) : NULL;
  if (stack && !number)
    page->status = -ENOMEM;
  if (!number || *number)
    return number ? *number : 0;
  uint32_t *stacks =
      one_more(page, page->stacks, &page->stacks_count, &page->stacks_capacity, sizeof *stacks);
  if (!stacks)
    return 0;
  page->stacks = stacks;
  stacks[page->stacks_count - 1] = stack;
  return *number = page->stacks_count;
}

/* Where its long stack goes on, where that is not its parent. */
static uint64_t origin_of(struct uvt_page *page, const struct uvt_tree_operation *operation)
{
  enum uvt_chain_step step;
  uint32_t index = (uint32_t)(operation - uvt_tree_op(page->tree, 0));
  uint32_t origin = uvt_chain_next(page->tree, index, UVT_CHAIN_ORIGINS, &step);
  return step == UVT_CHAIN_LINKED ? 0 : origin;
}

/* A frame's text is kept at one place; the number that it has in the page. */
static uint64_t frame_number(struct uvt_page *page, const char *frame)
{
  uint64_t *number = uvt_id_map_add(&page->frame_numbers, (uintptr_t)frame);
  if (!number) {
    page->status = -ENOMEM;
    return 0;
  }
  if (*number)
    return *number - 1;
  const char **frames =
      one_more(page, page->frames, &page->frames_count, &page->frames_capacity, sizeof *frames);
  if (!frames)
    return 0;
  page->frames = frames;
  frames[page->frames_count - 1] = frame;
  *number = page->frames_count;
  return *number - 1;
}

/* With a mark before each: whose it is. */
static void write_frames(struct uvt_page *page)
{
  put(page, ",\n\"frames\":[");
  for (size_t i = 0; i < page->frames_count; i++) {
    char text[UVT_FRAME_TEXT_MAX + 1];
    uvt_words_put(text, sizeof text, "%c%s", uvt_frame_is_internal(page->frames[i]) ? '-' : '+',
                  page->frames[i]);
    put(page, i ? ",\n" : "\n");
    put_text(page, text);
  }
  put(page, "]");
}

static void write_stacks(struct uvt_page *page)
{
  put(page, ",\n\"stacks\":[[]");
  for (size_t i = 0; i < page->stacks_count; i++) {
    put(page, ",\n[");
    for (size_t frame = 0; frame < uvt_stack_length(page->tree->stacks, page->stacks[i]); frame++) {
      put(page, frame ? "," : "");
      put_number(page,
                 (int64_t)frame_number(page, uvt_stack_frame(page->tree->stacks, page->stacks[i], frame)));
    }
    put(page, "]");
  }
  put(page, "]");
  write_frames(page);
}

static void write_operations(struct uvt_page *page)
{
  static const char *const names[COLUMNS] = {"base",         "type",    "detail", "parent",  "cause",
                                             "within",       "execute", "track",  "process", "state",
                                             "registration", "queued",  "ready",  "begun",   "ended"};
  put(page, ",\n\"operations\":{");
  for (int column = 0; column < COLUMNS; column++)
    write_column(page, (enum column)column, names[column]);
  write_sparse(page, "label", label_of);
  write_sparse(page, "failure", failure_of);
  write_sparse(page, "blocked", blocked_of);
  write_sparse(page, "reason", reason_of);
  write_sparse(page, "stack", stack_of);
  write_sparse(page, "origin", origin_of);
  put(page, "}");
}

/* ---- Polls and the pool ---- */

enum part { PART_TRACK, PART_OPERATION, PART_BEGIN, PART_LENGTH };

static void write_part(struct uvt_page *page, const struct spans *spans, enum part part, const char *name)
{
  put(page, name);
  for (size_t i = 0; i < spans->count; i++) {
    const struct span *span = &spans->items[i];
    int64_t value = span->track;
    if (part == PART_OPERATION)
      value = uvt_tree_reg(page->tree, span->registration)->first;
    else if (part == PART_BEGIN)
      value = (int64_t)(span->begin - (i ? span[-1].begin : 0));
    else if (part == PART_LENGTH)
      value = (int64_t)(span->end - span->begin);
    if (i)
      put(page, ",");
    put_number(page, value);
  }
  put(page, "]");
}

static void write_spans(struct uvt_page *page, const char *name, const struct spans *spans)
{
  put(page, name);
  write_part(page, spans, PART_TRACK, "\"track\":[");
  write_part(page, spans, PART_OPERATION, ",\"operation\":[");
  write_part(page, spans, PART_BEGIN, ",\"begin\":[");
  write_part(page, spans, PART_LENGTH, ",\"length\":[");
  put(page, "}");
}

static void write_losses(struct uvt_page *page)
{
  put(page, ",\n\"lost\":[");
  for (size_t i = 0; i < page->losses_count; i++) {
    put(page, i ? ",[" : "[");
    put_number(page, (int64_t)page->losses[i].time);
    put(page, ",");
    put_number(page, page->losses[i].count == UINT64_MAX ? 0 : (int64_t)page->losses[i].count);
    put(page, "]");
  }
  put(page, "]");
}

/* ---- Requests ---- */

/* The operation that has the invocation, in the process with that pid; 0: none. */
static uint32_t operation_of(const struct uvt_page *page, int64_t pid, uint64_t execute)
{
  const struct uvt_tree *tree = page->tree;
  for (uint32_t i = 1; i < tree->processes.count && execute; i++) {
    const struct uvt_tree_process *process = uvt_tree_proc(tree, i);
    const uint32_t *index = process->pid == pid ? uvt_id_map_find(&process->executes, execute) : NULL;
    if (index)
      return *index;
  }
  return 0;
}

static void put_field(struct uvt_page *page, const char *name, uint64_t number)
{
  put(page, name);
  put_number(page, (int64_t)number);
}

static void write_request(struct uvt_page *page, const struct uvt_request *request)
{
  char status[UVT_REQUEST_STATUS_SIZE];
  put_field(page, "{\"operation\":", operation_of(page, request->pid, request->execute));
  put(page, ",\"name\":");
  put_text(page, request->name);
  put_field(page, ",\"status\":", (uint64_t)request->status);
  put(page, ",\"outcome\":");
  put_text(page, uvt_request_status(request, status));
  put(page, request->outcome == UVT_REQUEST_FINISHED ? ",\"finished\":true" : "");
  put(page, request->failed ? ",\"failed\":true" : "");
  put_field(page, ",\"begun\":", request->begun);
  put_field(page, ",\"wall\":", request->wall);
  put_field(page, ",\"running\":", request->parts[UVT_SPENT_RUNNING]);
  put_field(page, ",\"ready\":", request->parts[UVT_SPENT_READY]);
  put_field(page, ",\"poolWork\":", request->parts[UVT_SPENT_POOL_WORK]);
  put_field(page, ",\"poolWait\":", request->parts[UVT_SPENT_POOL_WAIT]);
  put_field(page, ",\"outside\":", request->parts[UVT_SPENT_OUTSIDE]);
  put_field(page, ",\"operations\":", request->operations);
  put_field(page, ",\"in\":", request->received);
  put_field(page, ",\"out\":", request->sent);
  put(page, ",\"path\":[");
  for (size_t i = 0; i < request->path_count; i++)
    put_field(page, i ? "," : "", operation_of(page, request->pid, request->path[i].execute));
  put(page, "]}");
}

static void write_requests(struct uvt_page *page)
{
  put(page, ",\n\"requests\":[");
  for (size_t i = 0; i < page->requests_count; i++) {
    put(page, i ? ",\n" : "\n");
    write_request(page, page->requests[i]);
  }
  put(page, "]");
}

int uvt_page_write(struct uvt_page *page, int file)
{
  int status = uvt_out_open(&page->out, file);
  if (status)
    return status;
  put_bytes(page, uvt_page_before, uvt_page_before_size);
  put(page, "{");
  write_processes(page);
  write_operations(page);
  write_tracks(page); /* after the operations, which may have threads that nothing else told of */
  write_spans(page, ",\n\"polls\":{", &page->polls);
  write_spans(page, ",\n\"pool\":{", &page->pool);
  write_losses(page);
  write_results(page);
  write_requests(page);
  write_stacks(page);
  write_texts(page);
  put(page, "}");
  put_bytes(page, uvt_page_after, uvt_page_after_size);
  status = uvt_out_flush(&page->out);
  uvt_out_close(&page->out);
  return page->status ? page->status : status;
}

/* ---- Life ---- */

bool uvt_page_is_there(void)
{
  return uvt_page_before_size;
}

struct uvt_sink *uvt_page_sink(struct uvt_page *page)
{
  return &page->sink;
}

struct uvt_page *uvt_page_create(void)
{
  struct uvt_page *page = calloc(1, sizeof *page);
  if (!page)
    return NULL;
  page->tree = uvt_tree_create(&(struct uvt_tree_moment){0});
  page->sink = (struct uvt_sink){.event = take_event, .end = take_end};
  uvt_id_map_init(&page->track_numbers, sizeof(uint64_t));
  uvt_id_map_init(&page->open, sizeof(struct open_span));
  uvt_id_map_init(&page->text_numbers, sizeof(uint64_t));
  uvt_id_map_init(&page->stack_numbers, sizeof(uint64_t));
  uvt_id_map_init(&page->frame_numbers, sizeof(uint64_t));
  page->costs = uvt_requests_create(take_request, page);
  if (page->tree && page->costs && add_track(page))
    return page;
  uvt_page_destroy(page);
  return NULL;
}

void uvt_page_destroy(struct uvt_page *page)
{
  if (!page)
    return;
  uvt_tree_destroy(page->tree);
  uvt_requests_destroy(page->costs);
  for (size_t i = 0; i < page->requests_count; i++)
    uvt_request_free(page->requests[i]);
  free(page->requests);
  for (size_t i = 0; i < page->tracks_count; i++) {
    free(page->tracks[i].role);
    free(page->tracks[i].name);
  }
  uvt_id_map_clear(&page->track_numbers);
  uvt_id_map_clear(&page->open);
  uvt_id_map_clear(&page->text_numbers);
  uvt_id_map_clear(&page->stack_numbers);
  uvt_id_map_clear(&page->frame_numbers);
  free(page->tracks);
  free(page->polls.items);
  free(page->pool.items);
  free(page->losses);
  free(page->texts);
  free(page->stacks);
  free(page->frames);
  free(page);
}

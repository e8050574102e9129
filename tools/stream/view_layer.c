/* SPDX-License-Identifier: MIT */
#include "view_layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/id_map.h"
#include "base/id_set.h"
#include "pending.h"

#define DEFAULT_MEMORY (UINT64_C(16) << 20)

struct link {
  uint64_t linker; /* the shown invocation that stands for the one that linked it */
  uint64_t parent; /* slot of that invocation's operation; 0: not known */
  uint32_t queued; /* operations that were not begun yet */
  bool hidden;
  bool js;
  bool by_root; /* its linker is a root, or a main script */
};

struct operation {
  uint64_t link_id; /* 0: a root */
  uint64_t linker;
  uint64_t parent;
  bool hidden;
};

struct invocation {
  uint64_t shown; /* itself, or what stands for it; 0: its thread's root */
  int64_t tid;
  uint64_t within; /* the innermost shown one around it */
  uint64_t operation, link_id;
  uint64_t parent;   /* slot of the operation that linked it */
  uint64_t children; /* slot of its own operation; 0: none yet */
};

/* Hidden invocations that have ended: a failure may be reported of them yet. */
enum { ENDED_MAX = 1024 };
struct ended {
  uint64_t execute_id, shown;
};

struct process {
  struct uvt_id_map links, operations, invocations, causes; /* causes: cause to link */
  struct uvt_id_map roots;                                  /* by thread: the last root shown */
  struct ended *ended;                                      /* ring of ENDED_MAX, made when needed */
  size_t ended_next;
  struct uvt_id_set ended_hidden; /* of all that were hidden and have ended */
  uint64_t root;                  /* the first root shown */
};

struct layer_view {
  struct uvt_sink sink;
  enum uvt_shown part;
  int (*give)(void *context, const struct uvt_event *event);
  void *context;
  int status;
  bool has_operations;         /* the stream has operation lines */
  uint64_t first_process;      /* of lines without processID */
  struct uvt_id_map processes; /* values: struct process */
  struct uvt_pending *pending;
  struct uvt_event root_operation; /* held back until its root is known to be shown */
  struct uvt_event copy, made;
};

static void fail(struct layer_view *view, int status)
{
  if (status && !view->status)
    view->status = status;
}

static void give(struct layer_view *view, const struct uvt_event *event)
{
  if (!view->status)
    fail(view, view->give(view->context, event));
}

/* The value of that ID, made where it is new; NULL: out of memory. */
static void *add(struct layer_view *view, struct uvt_id_map *map, uint64_t id)
{
  void *value = uvt_id_map_add(map, id);
  if (!value)
    fail(view, -ENOMEM);
  return value;
}

static uint64_t process_id(struct layer_view *view, const struct uvt_event *event)
{
  if (!view->first_process)
    view->first_process = event->processID;
  return event->processID ? event->processID : view->first_process;
}

static struct process *find_process(struct layer_view *view, const struct uvt_event *event)
{
  uint64_t id = process_id(view, event);
  struct process *process = uvt_id_map_find(&view->processes, id);
  if (process)
    return process;
  process = add(view, &view->processes, id);
  if (!process)
    return NULL;
  uvt_id_map_init(&process->links, sizeof(struct link));
  uvt_id_map_init(&process->operations, sizeof(struct operation));
  uvt_id_map_init(&process->invocations, sizeof(struct invocation));
  uvt_id_map_init(&process->causes, sizeof(uint64_t));
  uvt_id_map_init(&process->roots, sizeof(uint64_t));
  uvt_id_set_init(&process->ended_hidden);
  return process;
}

static const char *string_of(const struct uvt_event *event, const char *key)
{
  const struct uvt_datum *datum = uvt_event_datum(event, key);
  return datum && datum->type == UVT_DATUM_STRING ? datum->string : NULL;
}

/* "name file:line" or "file:line", and the file is one of Node's. */
static bool is_nodes(const char *place)
{
  const char *blank = place ? strrchr(place, ' ') : NULL;
  return place && !strncmp(blank ? blank + 1 : place, "node:", 5);
}

static bool is_programs(const struct uvt_event *link)
{
  const char *layer = string_of(link, "layer");
  if (!layer || strcmp(layer, "js") != 0)
    return true;
  return !uvt_event_datum(link, "internal") && !is_nodes(string_of(link, "function")) &&
         !is_nodes(string_of(link, "at"));
}

static bool is_hidden_layer(const struct layer_view *view, const struct uvt_event *link)
{
  if (view->part == UVT_SHOWN_USER)
    return !is_programs(link);
  const char *layer = string_of(link, "layer");
  return layer && strcmp(layer, view->part == UVT_SHOWN_JS ? "js" : "uv") != 0;
}

static bool is_hidden_link(const struct process *process, uint64_t link_id)
{
  const struct link *link = uvt_id_map_find(&process->links, link_id);
  return link && link->hidden;
}

/* The root shown of a thread, else of the process. */
static uint64_t root_of(const struct process *process, int64_t tid)
{
  const uint64_t *root = uvt_id_map_find(&process->roots, (uint64_t)tid);
  return root ? *root : process->root;
}

static void remember_ended(struct layer_view *view, struct process *process, uint64_t execute_id,
                           uint64_t shown_id)
{
  if (!process->ended)
    process->ended = calloc(ENDED_MAX, sizeof *process->ended);
  if (!process->ended)
    fail(view, -ENOMEM);
  else
    process->ended[process->ended_next++ % ENDED_MAX] = (struct ended){execute_id, shown_id};
  if (uvt_id_set_add(&process->ended_hidden, execute_id) < 0)
    fail(view, -ENOMEM);
}

static uint64_t shown_for_ended(const struct process *process, uint64_t execute_id)
{
  for (size_t i = 0; process->ended && i < ENDED_MAX; i++) {
    if (process->ended[i].execute_id == execute_id)
      return process->ended[i].shown;
  }
  /* Too long ago to know more than that it is not shown. */
  return uvt_id_set_has(&process->ended_hidden, execute_id) ? process->root : execute_id;
}

/* The shown invocation that stands for one; itself where nothing is known of it, 0: a root that is not known
 * yet. */
static uint64_t stand_for(const struct process *process, uint64_t execute_id)
{
  const struct invocation *invocation = uvt_id_map_find(&process->invocations, execute_id);
  if (!invocation)
    return shown_for_ended(process, execute_id);
  return invocation->shown ? invocation->shown : root_of(process, invocation->tid);
}

static uint64_t shown(const struct process *process, uint64_t execute_id)
{
  uint64_t stands_for = stand_for(process, execute_id);
  return stands_for ? stands_for : execute_id; /* its main script was lost */
}

static void give_remapped(struct layer_view *view, const struct process *process,
                          const struct uvt_event *event)
{
  uint64_t execute_id = shown(process, event->executeID);
  if (execute_id == event->executeID) {
    give(view, event);
    return;
  }
  view->copy = *event;
  view->copy.executeID = execute_id;
  give(view, &view->copy);
}

static bool is_root(const struct process *process, uint64_t execute_id)
{
  const struct invocation *invocation = uvt_id_map_find(&process->invocations, execute_id);
  return !execute_id || (invocation && !invocation->link_id);
}

/*
 * A request is named where it is: what it begins in may be hidden. Then one that comes in has its name on
 * what that is nested in, the read that brought it, and one that goes out on what registered that. A root has
 * done neither.
 */
static void give_label(struct layer_view *view, const struct process *process, const struct uvt_event *event)
{
  const struct invocation *invocation = uvt_id_map_find(&process->invocations, event->executeID);
  const char *kind = string_of(event, "kind");
  uint64_t execute_id = shown(process, event->executeID);
  bool outgoing = kind && !strcmp(kind, "http.client.request");
  bool incoming = kind && !strcmp(kind, "http.server.request");
  if (execute_id == event->executeID || !invocation || (!outgoing && !incoming)) {
    give_remapped(view, process, event);
    return;
  }
  const struct link *link = outgoing ? uvt_id_map_find(&process->links, invocation->link_id) : NULL;
  view->copy = *event;
  view->copy.executeID = outgoing && link ? link->linker : execute_id;
  if (outgoing ? link && !link->by_root : !is_root(process, execute_id))
    give(view, &view->copy);
}

/* ---- States ---- */

static void give_state(struct layer_view *view, const struct uvt_event *cause, uint64_t operation,
                       uint64_t link_id, enum uvt_state state)
{
  view->made = (struct uvt_event){.kind = UVT_EV_state,
                                  .state = state,
                                  .time = cause->time,
                                  .processID = cause->processID,
                                  .pid = cause->pid,
                                  .operationID = operation,
                                  .linkID = link_id};
  give(view, &view->made);
}

static void retire(struct layer_view *view, const struct uvt_event *cause, uint64_t operation,
                   uint64_t link_id, uint64_t slot)
{
  give_state(view, cause, operation, link_id, UVT_STATE_Retired);
  while (slot) {
    struct uvt_pending_operation *parent = uvt_pending_get(view->pending, slot);
    if (!parent || !parent->children || --parent->children || !parent->flags)
      return;
    struct uvt_pending_operation over = *parent;
    uvt_pending_remove(view->pending, slot);
    give_state(view, cause, over.operation_id, over.link_id, UVT_STATE_Retired);
    slot = over.parent;
  }
}

/* The slot of an open invocation's operation, for a child; 0: it is not open. */
static uint64_t slot_of(struct layer_view *view, struct process *process, uint64_t execute_id)
{
  struct invocation *invocation = uvt_id_map_find(&process->invocations, execute_id);
  if (!invocation || !invocation->operation)
    return 0;
  if (!invocation->children)
    invocation->children =
        uvt_pending_add(view->pending, invocation->operation, invocation->link_id, invocation->parent);
  return invocation->children;
}

static void take_operation(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  struct link *link = uvt_id_map_find(&process->links, event->linkID);
  struct operation *operation = add(view, &process->operations, event->operationID);
  view->has_operations = true;
  if (link)
    link->queued++;
  if (!operation)
    return;
  *operation = (struct operation){.link_id = event->linkID,
                                  .linker = link ? link->linker : 0,
                                  .parent = link ? link->parent : 0,
                                  .hidden = link && link->hidden};
  if (operation->hidden)
    return;
  if (view->part != UVT_SHOWN_USER && !event->linkID) {
    view->root_operation = *event;
    operation->hidden = true; /* until it is seen whether it is a main script's */
    return;
  }
  struct uvt_pending_operation *parent =
      operation->parent ? uvt_pending_get(view->pending, operation->parent) : NULL;
  if (parent)
    parent->children++;
  give(view, event);
}

static void take_state(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  const struct operation *found = uvt_id_map_find(&process->operations, event->operationID);
  if (event->state == UVT_STATE_ChildrenPending || (event->state == UVT_STATE_Retired && !found))
    return; /* found anew when it ended */
  if (!found || !found->hidden) {
    if (event->state != UVT_STATE_Retired)
      give(view, event);
    else
      retire(view, event, event->operationID, event->linkID, found->parent);
  }
  if (event->state == UVT_STATE_Executing || event->state == UVT_STATE_Retired)
    uvt_id_map_remove(&process->operations, event->operationID);
}

/* ---- Registrations ---- */

static void take_link(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  struct link *link = add(view, &process->links, event->linkID);
  if (!link)
    return;
  const char *layer = string_of(event, "layer");
  link->hidden = is_hidden_layer(view, event);
  link->js = layer && !strcmp(layer, "js");
  link->linker = stand_for(process, event->executeID);
  link->by_root = is_root(process, link->linker);
  if (link->hidden)
    return;
  link->parent = slot_of(view, process, link->linker);
  give_remapped(view, process, event);
}

static void take_cause(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  if (!view->has_operations) {
    uint64_t *link_id = add(view, &process->causes, event->causeID);
    if (link_id)
      *link_id = event->linkID;
  }
  if (!is_hidden_link(process, event->linkID))
    give_remapped(view, process, event);
}

/* It ends by itself, sooner or later: of JavaScript's registrations, the program does not do that. */
static bool is_closing(const struct layer_view *view, const struct process *process,
                       const struct uvt_event *cancel)
{
  const struct link *link = uvt_id_map_find(&process->links, cancel->linkID);
  const char *reason = string_of(cancel, "reason");
  return view->part == UVT_SHOWN_USER && link && link->js && reason && !strcmp(reason, "closed");
}

static void take_cancel(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  if (!is_hidden_link(process, event->linkID) && !is_closing(view, process, event))
    give_remapped(view, process, event);
  uvt_id_map_remove(&process->links, event->linkID);
}

/* ---- Invocations ---- */

/* The operation that begins to execute, from its line or, in a stream without those, from its cause. */
static struct operation operation_of(const struct process *process, const struct uvt_event *event)
{
  const struct operation *known =
      event->operationID ? uvt_id_map_find(&process->operations, event->operationID) : NULL;
  if (known)
    return *known;
  const uint64_t *link_id = event->causeID ? uvt_id_map_find(&process->causes, event->causeID) : NULL;
  const struct link *link = link_id ? uvt_id_map_find(&process->links, *link_id) : NULL;
  if (!link)
    return (struct operation){0};
  return (struct operation){.link_id = *link_id, .linker = link->linker, .hidden = link->hidden};
}

static uint64_t shown_around(const struct process *process, uint64_t within)
{
  const struct invocation *around = uvt_id_map_find(&process->invocations, within);
  if (!around)
    return within;
  return around->shown == within ? within : around->within;
}

/* Of JavaScript the main script is the root, and of libuv the native one. */
static bool is_hidden_root(const struct layer_view *view, const struct uvt_event *event)
{
  const char *type = string_of(event, "type");
  bool is_main = type && !strcmp(type, "main");
  return view->part == UVT_SHOWN_JS ? !is_main : view->part == UVT_SHOWN_UV && is_main;
}

static void show_root(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  struct operation *operation =
      event->operationID ? uvt_id_map_find(&process->operations, event->operationID) : NULL;
  if (operation)
    operation->hidden = false;
  if (event->operationID && view->root_operation.operationID == event->operationID)
    give(view, &view->root_operation);
}

static uint64_t stand_in(const struct layer_view *view, const struct operation *operation, uint64_t within)
{
  switch (view->part) {
  case UVT_SHOWN_JS:
    return operation->linker;
  case UVT_SHOWN_USER:
    return within ? within : operation->linker;
  default:
    return within;
  }
}

static void note_root(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  uint64_t *root = add(view, &process->roots, (uint64_t)event->tid);
  if (root)
    *root = event->executeID;
  if (!process->root)
    process->root = event->executeID;
}

static void take_up(struct process *process, uint64_t link_id)
{
  struct link *link = link_id ? uvt_id_map_find(&process->links, link_id) : NULL;
  if (link && link->queued)
    link->queued--;
}

/* A registration without a further operation is not mentioned after its last invocation. */
static void forget_link(const struct layer_view *view, struct process *process, uint64_t link_id)
{
  const struct link *link = link_id ? uvt_id_map_find(&process->links, link_id) : NULL;
  if (link && view->has_operations && !link->queued)
    uvt_id_map_remove(&process->links, link_id);
}

static void take_execute_begin(struct layer_view *view, struct process *process,
                               const struct uvt_event *event)
{
  struct operation operation = operation_of(process, event);
  uint64_t within = event->within ? shown_around(process, event->within) : 0;
  struct invocation *invocation = add(view, &process->invocations, event->executeID);
  if (!invocation)
    return;
  *invocation = (struct invocation){
      .within = within, .shown = event->executeID, .link_id = operation.link_id, .tid = event->tid};
  take_up(process, operation.link_id);
  bool is_root = !event->causeID && !operation.link_id;
  if (is_root && !is_hidden_root(view, event))
    show_root(view, process, event);
  else if (is_root || operation.hidden) {
    invocation->shown = stand_in(view, &operation, within);
    return;
  }
  invocation->operation = event->operationID;
  invocation->parent = operation.parent;
  if (is_root)
    note_root(view, process, event);
  view->copy = *event;
  view->copy.within = within;
  give(view, &view->copy);
}

static void end_operation(struct layer_view *view, const struct uvt_event *event,
                          const struct invocation *invocation)
{
  struct uvt_pending_operation *own =
      invocation->children ? uvt_pending_get(view->pending, invocation->children) : NULL;
  if (own && own->children) {
    own->flags |= UVT_PENDING_EXECUTED;
    give_state(view, event, invocation->operation, invocation->link_id, UVT_STATE_ChildrenPending);
    return;
  }
  if (own)
    uvt_pending_remove(view->pending, invocation->children);
  retire(view, event, invocation->operation, invocation->link_id, invocation->parent);
}

static void take_execute_end(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  const struct invocation *found = uvt_id_map_find(&process->invocations, event->executeID);
  if (!found) {
    give(view, event);
    return;
  }
  struct invocation invocation = *found;
  if (invocation.shown != event->executeID)
    remember_ended(view, process, event->executeID, shown(process, event->executeID));
  uvt_id_map_remove(&process->invocations, event->executeID);
  forget_link(view, process, invocation.link_id);
  if (invocation.shown != event->executeID)
    return;
  give(view, event);
  if (invocation.operation && view->has_operations)
    end_operation(view, event, &invocation);
}

static void take_external_cause(struct layer_view *view, struct process *process,
                                const struct uvt_event *event)
{
  struct operation operation = operation_of(process, event);
  if (!operation.hidden)
    give(view, event);
}

/* Kept where it held up what is shown: what stands for another thread's invocation, by its link, was not. */
static void take_blocking(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  uint64_t execute_id = shown(process, event->executeID);
  const struct invocation *open = uvt_id_map_find(&process->invocations, execute_id);
  const struct invocation *blocked = uvt_id_map_find(&process->invocations, event->executeID);
  bool elsewhere = open && blocked && open->tid != blocked->tid;
  if (open ? open->shown == execute_id && !elsewhere : execute_id == event->executeID)
    give_remapped(view, process, event);
}

/* So that a reader knows what it has: in these views lines may mention an invocation that has ended. */
static void give_with_view(struct layer_view *view, const struct uvt_event *event)
{
  static const char *const names[] = {
      [UVT_SHOWN_UV] = "uv", [UVT_SHOWN_JS] = "js", [UVT_SHOWN_USER] = "user"};
  const char *before = string_of(event, "view"); /* of a layer, where this is the users' part of that */
  const char *name = !before ? names[view->part] : strcmp(before, "js") ? "user uv" : "user js";
  size_t place = 0;
  while (place < event->data_count && strcmp(event->data[place].key, "view"))
    place++;
  view->copy = *event;
  if (place < UVT_DATA_MAX) {
    view->copy.data[place] = (struct uvt_datum){.key = "view", .type = UVT_DATUM_STRING, .string = name};
    view->copy.data_count += place == event->data_count;
  }
  give(view, &view->copy);
}

static void take(struct layer_view *view, struct process *process, const struct uvt_event *event)
{
  switch (event->kind) {
  case UVT_EV_operation:
    take_operation(view, process, event);
    return;
  case UVT_EV_state:
    take_state(view, process, event);
    return;
  case UVT_EV_link:
    take_link(view, process, event);
    return;
  case UVT_EV_cause:
    take_cause(view, process, event);
    return;
  case UVT_EV_cancel:
    take_cancel(view, process, event);
    return;
  case UVT_EV_executeBegin:
    take_execute_begin(view, process, event);
    return;
  case UVT_EV_executeEnd:
    take_execute_end(view, process, event);
    return;
  case UVT_EV_externalCause:
    take_external_cause(view, process, event);
    return;
  case UVT_EV_process:
    give_with_view(view, event);
    return;
  case UVT_EV_lost:
    if (event->count == UINT64_MAX) /* maybe the process event with all that came before */
      give_with_view(view, event);
    else
      give(view, event);
    return;
  case UVT_EV_blocking:
    take_blocking(view, process, event);
    return;
  case UVT_EV_poolBegin:
  case UVT_EV_poolEnd:
    if (view->part != UVT_SHOWN_JS) /* the pool is libuv's */
      give(view, event);
    return;
  case UVT_EV_failedCallback:
  case UVT_EV_handled:
    give_remapped(view, process, event);
    return;
  case UVT_EV_label:
    give_label(view, process, event);
    return;
  default:
    give(view, event);
    return;
  }
}

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct layer_view *view = (struct layer_view *)sink;
  struct process *process = find_process(view, event);
  if (process)
    take(view, process, event);
  fail(view, uvt_pending_status(view->pending));
  return view->status;
}

struct uvt_sink *uvt_view_layer_create(enum uvt_shown part, uint64_t memory,
                                       int (*give_function)(void *context, const struct uvt_event *event),
                                       void *context)
{
  struct layer_view *view = calloc(1, sizeof *view);
  if (!view)
    return NULL;
  view->sink = (struct uvt_sink){.event = take_event};
  view->part = part;
  view->give = give_function;
  view->context = context;
  view->pending = uvt_pending_create(memory ? memory : DEFAULT_MEMORY);
  uvt_id_map_init(&view->processes, sizeof(struct process));
  if (view->pending)
    return &view->sink;
  free(view);
  return NULL;
}

void uvt_view_layer_destroy(struct uvt_sink *sink)
{
  struct layer_view *view = (struct layer_view *)sink;
  if (!view)
    return;
  size_t cursor = 0;
  for (struct process *process; (process = uvt_id_map_next(&view->processes, &cursor, NULL));) {
    uvt_id_map_clear(&process->links);
    uvt_id_map_clear(&process->operations);
    uvt_id_map_clear(&process->invocations);
    uvt_id_map_clear(&process->causes);
    uvt_id_map_clear(&process->roots);
    uvt_id_set_clear(&process->ended_hidden);
    free(process->ended);
  }
  uvt_id_map_clear(&view->processes);
  uvt_pending_destroy(view->pending);
  free(view);
}

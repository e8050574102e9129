/* SPDX-License-Identifier: MIT */
/* Builds the tree from a stream, and selects what is shown. tree_text.c and tree_json.c print it. */
#define _GNU_SOURCE
#include "tree.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "stream/describe.h"
#include "stream/uv_errors.h"
#include "tree_state.h"
#include "tree_words.h"

#define NEVER UVT_TREE_NEVER
#define FILES_REMEMBERED 65536 /* descriptors whose path is kept: those beyond are not looked up */

/* --- texts --- */

static bool reserve_text(struct uvt_tree *tree, size_t length)
{
  if (tree->texts_size + length < tree->texts_capacity)
    return true;
  size_t capacity = (tree->texts_capacity + length) * 2;
  char *texts = capacity < UINT32_MAX ? realloc(tree->texts, capacity) : NULL;
  if (!texts) {
    tree->status = -ENOMEM;
    return false;
  }
  tree->texts = texts;
  tree->texts_capacity = capacity;
  return true;
}

/* Keeps a text, once however often it comes. 0: the empty one. */
static uint32_t keep_text(struct uvt_tree *tree, const char *text)
{
  if (!text || !*text)
    return 0;
  uint64_t hash = uvt_hash_text(0, text);
  uint32_t *place = uvt_id_map_find(&tree->text_hashes, hash);
  if (place && strcmp(tree->texts + *place, text) == 0)
    return *place;
  size_t length = strlen(text) + 1;
  if (!reserve_text(tree, length))
    return 0;
  uint32_t offset = (uint32_t)tree->texts_size;
  memcpy(tree->texts + offset, text, length);
  tree->texts_size += length;
  place = uvt_id_map_add(&tree->text_hashes, hash);
  if (place)
    *place = offset;
  else
    tree->status = -ENOMEM;
  return offset;
}

/* --- arrays --- */

static uint32_t append(struct uvt_tree *tree, struct uvt_tree_array *array, size_t size)
{
  if (array->count == array->capacity) {
    uint32_t capacity = array->capacity ? array->capacity + array->capacity / 2 : 64;
    void *items = capacity > array->capacity ? realloc(array->items, capacity * size) : NULL;
    if (!items) {
      tree->status = -ENOMEM;
      return 0;
    }
    array->items = items;
    array->capacity = capacity;
  }
  memset((char *)array->items + array->count * size, 0, size);
  return array->count++;
}

static uint32_t find_index(const struct uvt_id_map *map, uint64_t id)
{
  const uint32_t *index = id ? uvt_id_map_find(map, id) : NULL;
  return index ? *index : 0;
}

static void set_index(struct uvt_tree *tree, struct uvt_id_map *map, uint64_t id, uint32_t index)
{
  uint32_t *place = id ? uvt_id_map_add(map, id) : NULL;
  if (place)
    *place = index;
  else if (id)
    tree->status = -ENOMEM;
}

/* Hangs a registration from an operation, or from the process: among its roots, or from the unknown. */
static void hang(struct uvt_tree *tree, uint32_t index)
{
  struct uvt_tree_registration *registration = uvt_tree_reg(tree, index);
  struct uvt_tree_process *process = uvt_tree_proc(tree, registration->process);
  uint32_t *first = registration->root ? &process->first_root : &process->first_lost;
  uint32_t *last = registration->root ? &process->last_root : &process->last_lost;
  if (registration->parent) {
    first = &uvt_tree_op(tree, registration->parent)->first_child;
    last = &uvt_tree_op(tree, registration->parent)->last_child;
  }
  if (*last)
    uvt_tree_reg(tree, *last)->next = index;
  else
    *first = index;
  *last = index;
}

static uint32_t add_registration(struct uvt_tree *tree, uint32_t process, uint32_t parent, bool root)
{
  uint32_t index = append(tree, &tree->registrations, sizeof(struct uvt_tree_registration));
  if (!index)
    return 0;
  struct uvt_tree_registration *registration = uvt_tree_reg(tree, index);
  registration->linked = registration->cancelled = NEVER;
  registration->pool_begun = registration->pool_ended = NEVER;
  registration->process = process;
  registration->parent = parent;
  registration->root = root;
  hang(tree, index);
  return index;
}

static uint32_t add_operation(struct uvt_tree *tree, uint32_t registration_index)
{
  uint32_t index = append(tree, &tree->operations, sizeof(struct uvt_tree_operation));
  if (!index)
    return 0;
  struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  operation->queued = operation->ready = operation->begun = operation->ended = operation->retired = NEVER;
  operation->registration = registration_index;
  struct uvt_tree_registration *registration = uvt_tree_reg(tree, registration_index);
  operation->previous = registration->last;
  if (registration->last)
    uvt_tree_op(tree, registration->last)->next = index;
  else
    registration->first = index;
  registration->last = index;
  registration->count++;
  return index;
}

/* --- processes --- */

static uint32_t add_process(struct uvt_tree *tree, uint64_t id, int64_t pid)
{
  uint32_t index = append(tree, &tree->processes, sizeof(struct uvt_tree_process));
  if (!index)
    return 0;
  struct uvt_tree_process *process = uvt_tree_proc(tree, index);
  struct uvt_id_map *const maps[] = {&process->links, &process->operations, &process->executes,
                                     &process->threads, &process->files};
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
    uvt_id_map_init(maps[i], sizeof(uint32_t));
  uvt_id_map_init(&process->causes, sizeof(uint64_t));
  process->id = id;
  process->pid = pid;
  process->stateless = true;
  return index;
}

/* IDs are stored plus one: 0 is the process of a stream that names none. */
static uint32_t process_of(struct uvt_tree *tree, const struct uvt_event *event)
{
  uint64_t id = event->processID ? event->processID : (uint64_t)event->pid;
  if (!id && tree->processes.count == 2)
    return 1;
  uint32_t index = find_index(&tree->process_ids, id + 1);
  if (index)
    return index;
  index = add_process(tree, id, event->pid);
  if (index) {
    uvt_tree_proc(tree, index)->first_time = event->time;
    set_index(tree, &tree->process_ids, id + 1, index);
  }
  return index;
}

static void name_process(struct uvt_tree *tree, uint32_t index, const struct uvt_event *event)
{
  char title[512];
  uvt_describe_process(title, sizeof title, event);
  char versions[256] = "";
  uvt_append(versions, sizeof versions, ", Node %s", uvt_event_string(event, "node"));
  uvt_append(versions, sizeof versions, ", libuv %s", uvt_event_string(event, "libuv"));
  uvt_append(versions, sizeof versions, ", %s", uvt_event_string(event, "route"));
  uvt_append(versions, sizeof versions, ", on %s", uvt_event_string(event, "host"));
  uint32_t title_text = keep_text(tree, title);
  uint32_t versions_text = keep_text(tree, versions);
  uint32_t host = keep_text(tree, uvt_event_string(event, "host"));
  uvt_tree_proc(tree, index)->title = title_text;
  uvt_tree_proc(tree, index)->versions = versions_text;
  uvt_tree_proc(tree, index)->host = host;
}

/* All root invocations of a thread are shown together, as if of one registration. */
static uint32_t thread_of(struct uvt_tree *tree, uint32_t process, int64_t tid)
{
  uint64_t key = (uint64_t)(uint32_t)tid + 1;
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->threads, key);
  if (index)
    return index;
  index = add_registration(tree, process, 0, true);
  if (!index)
    return 0;
  char name[64];
  snprintf(name, sizeof name, tid ? "thread %" PRId64 : "thread", tid);
  uint32_t text = keep_text(tree, name);
  uvt_tree_reg(tree, index)->type = text;
  set_index(tree, &uvt_tree_proc(tree, process)->threads, key, index);
  return index;
}

static void on_thread(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uint32_t index = thread_of(tree, process, event->tid);
  if (!index)
    return;
  char name[96];
  const char *role = uvt_event_string(event, "role");
  uvt_words_put(name, sizeof name, "%.*s%sthread %" PRId64, uvt_words_room(role, 60), role, *role ? " " : "",
                event->tid);
  uint32_t type = keep_text(tree, name);
  uint32_t detail = keep_text(tree, uvt_event_string(event, "name"));
  uvt_tree_reg(tree, index)->type = type;
  uvt_tree_reg(tree, index)->detail = detail;
}

/* --- registrations --- */

/* The paths of descriptors, as far as their opening was seen: a read of "fd 22" says little. */
static void remember_file(struct uvt_tree *tree, uint32_t process, int64_t fd, uint32_t path)
{
  struct uvt_id_map *files = &uvt_tree_proc(tree, process)->files;
  if (fd >= 0 && path && files->count < FILES_REMEMBERED)
    set_index(tree, files, (uint64_t)fd + 1, path);
}

static bool is_type(const struct uvt_tree *tree, uint32_t registration, const char *type)
{
  return strcmp(uvt_tree_text(tree, uvt_tree_reg(tree, registration)->type), type) == 0;
}

/* As uvt_describe_link, and the path of a descriptor where that is known. */
static uint32_t describe(struct uvt_tree *tree, uint32_t process, uint32_t index,
                         const struct uvt_event *event)
{
  char text[1024];
  uvt_describe_link(text, sizeof text, event);
  int64_t fd;
  if (uvt_event_number(event, "fd", &fd) && fd >= 0 &&
      strncmp(uvt_tree_text(tree, uvt_tree_reg(tree, index)->type), "uv_fs_", 6) == 0) {
    uint32_t path = find_index(&uvt_tree_proc(tree, process)->files, (uint64_t)fd + 1);
    if (path)
      uvt_append(text, sizeof text, ", %s", uvt_tree_text(tree, path));
    if (is_type(tree, index, "uv_fs_close"))
      uvt_id_map_remove(&uvt_tree_proc(tree, process)->files, (uint64_t)fd + 1);
  }
  return keep_text(tree, text);
}

/* All stacks of a stream are in one store. */
static uint32_t keep_stack(struct uvt_tree *tree, const struct uvt_event *event)
{
  struct uvt_stack_store *stacks = NULL;
  uint32_t stack = uvt_event_stack(event, &stacks);
  tree->stacks_left_out +=
      !stack && (uvt_event_datum(event, "stack") || uvt_event_is_set(event, "stackLost"));
  if (stack && !tree->stacks)
    tree->stacks = uvt_stack_store_hold(stacks);
  return stack;
}

static void on_link(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uint32_t parent = find_index(&uvt_tree_proc(tree, process)->executes, event->executeID);
  uint32_t index = add_registration(tree, process, parent, false);
  if (!index)
    return;
  set_index(tree, &uvt_tree_proc(tree, process)->links, event->linkID, index);
  uint32_t type =
      keep_text(tree, *uvt_event_string(event, "type") ? uvt_event_string(event, "type") : "unknown");
  struct uvt_tree_registration *registration = uvt_tree_reg(tree, index);
  registration->type = type;
  registration->link = event->linkID;
  registration->linked = event->time;
  registration->repeat = uvt_event_is_set(event, "repeat");
  registration->js = !strcmp(uvt_event_string(event, "layer"), "js");
  registration->stack = keep_stack(tree, event);
  uint32_t detail = describe(tree, process, index, event);
  uint32_t place = keep_text(tree, *uvt_event_string(event, "function") ? uvt_event_string(event, "function")
                                                                        : uvt_event_string(event, "at"));
  uvt_tree_reg(tree, index)->detail = detail;
  uvt_tree_reg(tree, index)->place = place;
}

/* What a process linked before it forked is in the parent's events. */
static uint32_t inherited_registration(const struct uvt_tree *tree, uint32_t process, uint64_t link)
{
  /* A parent was seen before its child, so this ends. */
  for (process = uvt_tree_proc(tree, process)->forked_from; process;
       process = uvt_tree_proc(tree, process)->forked_from) {
    uint32_t index = find_index(&uvt_tree_proc(tree, process)->links, link);
    if (index)
      return index;
  }
  return 0;
}

/* The registration with that ID, made where its link is not in the stream: it then hangs from the unknown. */
static uint32_t registration_of(struct uvt_tree *tree, uint32_t process, uint64_t link)
{
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->links, link);
  if (index)
    return index;
  index = add_registration(tree, process, 0, false);
  if (!index)
    return 0;
  uint32_t inherited = inherited_registration(tree, process, link);
  uint32_t type = inherited ? uvt_tree_reg(tree, inherited)->type : keep_text(tree, "unknown");
  uvt_tree_reg(tree, index)->type = type;
  uvt_tree_reg(tree, index)->detail = uvt_tree_reg(tree, inherited)->detail;
  uvt_tree_reg(tree, index)->link = link;
  set_index(tree, &uvt_tree_proc(tree, process)->links, link, index);
  return index;
}

/* Causes are kept as the operation that caused; in a stream without states also which registration they
 * enable. */
static void on_cause(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uint64_t *cause =
      event->causeID ? uvt_id_map_add(&uvt_tree_proc(tree, process)->causes, event->causeID) : NULL;
  if (!event->causeID)
    return;
  if (!cause) {
    tree->status = -ENOMEM;
    return;
  }
  uint32_t causer = find_index(&uvt_tree_proc(tree, process)->executes, event->executeID);
  uint32_t registration = find_index(&uvt_tree_proc(tree, process)->links, event->linkID);
  *cause = (uint64_t)causer << 32 | registration;
}

static void find_cause(const struct uvt_tree *tree, uint32_t process, uint64_t id, uint32_t *causer,
                       uint32_t *registration)
{
  const uint64_t *cause = id ? uvt_id_map_find(&uvt_tree_proc(tree, process)->causes, id) : NULL;
  *causer = cause ? (uint32_t)(*cause >> 32) : 0;
  *registration = cause ? (uint32_t)*cause : 0;
}

static void on_cancel(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->links, event->linkID);
  if (!index)
    return;
  int64_t status;
  char reason[96] = "";
  uvt_append(reason, sizeof reason, "%s", uvt_event_string(event, "reason"));
  if (uvt_event_number(event, "status", &status) && status < 0) {
    const char *name = uvt_uv_error(status);
    char number[32];
    snprintf(number, sizeof number, "%" PRId64, status);
    uvt_append(reason, sizeof reason, " %s", name ? name : number);
  }
  uint32_t text = keep_text(tree, reason);
  uvt_tree_reg(tree, index)->cancelled = event->time;
  uvt_tree_reg(tree, index)->reason = text;
}

static void on_pool(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->links, event->linkID);
  if (!index)
    return;
  struct uvt_tree_registration *registration = uvt_tree_reg(tree, index);
  if (event->kind == UVT_EV_poolEnd)
    registration->pool_ended = event->time;
  else
    registration->pool_begun = event->time;
}

/* --- operations --- */

static uint32_t new_operation(struct uvt_tree *tree, uint32_t process, uint32_t registration, uint64_t id)
{
  uint32_t index = registration ? add_operation(tree, registration) : 0;
  if (!index)
    return 0;
  uvt_tree_op(tree, index)->id = id;
  set_index(tree, &uvt_tree_proc(tree, process)->operations, id, index);
  return index;
}

static void on_operation(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uvt_tree_proc(tree, process)->stateless = false;
  /* A root's thread is told by its executeBegin, which makes the operation. */
  if (event->linkID && !find_index(&uvt_tree_proc(tree, process)->operations, event->operationID))
    new_operation(tree, process, registration_of(tree, process, event->linkID), event->operationID);
}

static void set_state(struct uvt_tree_operation *operation, enum uvt_state state, uint64_t time)
{
  /* Of a root its Executing line may come before the executeBegin that tells its thread: states never go
   * back. */
  if (state > operation->state)
    operation->state = (uint8_t)state;
  if (state == UVT_STATE_Queued)
    operation->queued = time;
  if (state == UVT_STATE_Ready)
    operation->ready = time;
  if (state == UVT_STATE_Retired)
    operation->retired = time;
}

static void on_state(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uvt_tree_proc(tree, process)->stateless = false;
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->operations, event->operationID);
  if (!index && event->linkID)
    index = new_operation(tree, process, registration_of(tree, process, event->linkID), event->operationID);
  if (index)
    set_state(uvt_tree_op(tree, index), event->state, event->time);
}

/* The operation that an invocation belongs to, where the stream has not introduced it. */
static uint32_t operation_begun(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event,
                                uint32_t registration)
{
  if (!event->causeID && !registration)
    return new_operation(tree, process, thread_of(tree, process, event->tid), event->operationID);
  if (!registration) {
    registration = add_registration(tree, process, 0, false);
    if (!registration)
      return 0;
    uint32_t type = keep_text(tree, "unknown");
    uvt_tree_reg(tree, registration)->type = type;
  }
  return new_operation(tree, process, registration, event->operationID);
}

static void take_value(struct uvt_tree *tree, struct uvt_tree_operation *operation,
                       const struct uvt_event *event)
{
  static const char *const names[] = {"nread", "result", "status", "exit_status", "events", "signum"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (uvt_event_number(event, names[i], &operation->value)) {
      operation->value_name = keep_text(tree, names[i]);
      return;
    }
  }
}

static void on_execute_begin(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  uint32_t causer;
  uint32_t registration;
  find_cause(tree, process, event->causeID, &causer, &registration);
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->operations, event->operationID);
  if (!index)
    index = operation_begun(tree, process, event, registration);
  if (!index)
    return;
  struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  operation->execute = event->executeID;
  operation->begun = event->time;
  operation->causer = causer;
  operation->within = find_index(&uvt_tree_proc(tree, process)->executes, event->within);
  operation->tid = (uint32_t)event->tid;
  operation->coalesced = (uint32_t)event->coalesced_count;
  if (operation->queued == NEVER && uvt_tree_proc(tree, process)->stateless)
    operation->queued = uvt_tree_reg(tree, operation->registration)->linked;
  if (uvt_event_is_set(event, "alloc"))
    operation->flags |= UVT_TREE_ALLOC;
  set_state(operation, UVT_STATE_Executing, event->time);
  take_value(tree, operation, event);
  set_index(tree, &uvt_tree_proc(tree, process)->executes, event->executeID, index);
  if (is_type(tree, operation->registration, "uv_fs_open"))
    remember_file(tree, process, uvt_tree_op(tree, index)->value,
                  uvt_tree_reg(tree, uvt_tree_op(tree, index)->registration)->detail);
}

static struct uvt_tree_operation *invoked(struct uvt_tree *tree, uint32_t process,
                                          const struct uvt_event *event)
{
  uint32_t index = find_index(&uvt_tree_proc(tree, process)->executes, event->executeID);
  return index ? uvt_tree_op(tree, index) : NULL;
}

static void on_execute_end(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  struct uvt_tree_operation *operation = invoked(tree, process, event);
  if (!operation)
    return;
  operation->ended = event->time;
  if (uvt_event_is_set(event, "unwound"))
    operation->flags |= UVT_TREE_UNWOUND;
  if (uvt_tree_proc(tree, process)->stateless)
    set_state(operation, UVT_STATE_Retired, event->time);
}

static void on_blocking(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  struct uvt_tree_operation *operation = invoked(tree, process, event);
  int64_t number;
  if (operation) {
    operation->blocked_calls++;
    if (uvt_event_number(event, "duration", &number) && number > 0)
      operation->blocked += (uint64_t)number;
  }
  if (strcmp(uvt_event_string(event, "type"), "uv_fs_open") == 0 &&
      uvt_event_number(event, "result", &number))
    remember_file(tree, process, number, keep_text(tree, uvt_event_string(event, "path")));
}

/* Of one that has several, each is shown, as far as there is room. */
static void add_label(struct uvt_tree *tree, struct uvt_tree_operation *operation, const char *what,
                      const char *name)
{
  char label[256];
  uvt_words_put(label, sizeof label, "%s%s%s%s", uvt_tree_text(tree, operation->label),
                operation->label ? ", " : "", what, name);
  operation->label = keep_text(tree, label);
}

static void on_label(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  const char *kind = uvt_event_string(event, "kind");
  const char *name = *uvt_event_string(event, "name") ? uvt_event_string(event, "name") : kind;
  bool incoming = strcmp(kind, "http.server.request") == 0;
  bool outgoing = strcmp(kind, "http.client.request") == 0;
  struct uvt_tree_operation *operation = invoked(tree, process, event);
  /* What comes later of a request is told where that happens to be noticed. */
  if (!operation || (strncmp(kind, "http.", strlen("http.")) == 0 && !incoming && !outgoing))
    return;
  add_label(tree, operation, outgoing ? "requests " : "", name);
  if (incoming)
    operation->flags |= UVT_TREE_SERVES;
}

static void on_failed(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  struct uvt_tree_operation *operation = invoked(tree, process, event);
  uint32_t message = keep_text(tree, uvt_event_string(event, "message"));
  uint32_t stack = keep_text(tree, uvt_event_string(event, "stack"));
  uint32_t causes = keep_text(tree, uvt_event_string(event, "causes"));
  uint32_t index = append(tree, &tree->failures, sizeof(struct uvt_tree_failure));
  if (index)
    *uvt_tree_fail(tree, index) = (struct uvt_tree_failure){
        .execute = event->executeID,
        .operation = find_index(&uvt_tree_proc(tree, process)->executes, event->executeID),
        .process = process,
        .message = message,
        .stack = stack,
        .causes = causes};
  if (!operation)
    return;
  operation->flags |= UVT_TREE_FAILED;
  operation->failure = message;
}

/* All that the invocation has rejected so far: the stream does not say which. */
static void on_handled(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  for (uint32_t i = 1; i < tree->failures.count; i++) {
    struct uvt_tree_failure *failure = uvt_tree_fail(tree, i);
    failure->handled |= failure->process == process && failure->execute == event->executeID;
  }
}

/* The pid is another's now. */
static void end_namesakes(struct uvt_tree *tree, uint32_t process)
{
  const struct uvt_tree_process *newer = uvt_tree_proc(tree, process);
  for (uint32_t i = 1; i < process; i++) {
    struct uvt_tree_process *older = uvt_tree_proc(tree, i);
    older->over |= older->pid && older->pid == newer->pid && older->host == newer->host;
  }
}

static void on_process_end(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  (void)event;
  uvt_tree_proc(tree, process)->over = true;
}

static void on_process(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  int64_t parent = 0;
  name_process(tree, process, event);
  end_namesakes(tree, process);
  if (strcmp(uvt_event_string(event, "how"), "fork") != 0 ||
      !uvt_event_number(event, "parent.processID", &parent))
    return;
  uint32_t index = parent > 0 ? find_index(&tree->process_ids, (uint64_t)parent + 1) : 0;
  if (index < process)
    uvt_tree_proc(tree, process)->forked_from = index;
}

static void on_lost(struct uvt_tree *tree, uint32_t process, const struct uvt_event *event)
{
  (void)event;
  uvt_tree_proc(tree, process)->losses++;
}

/* --- the sink --- */

static void (*const handlers[UVT_EV_COUNT])(struct uvt_tree *tree, uint32_t process,
                                            const struct uvt_event *event) = {
    [UVT_EV_process] = on_process,
    [UVT_EV_processEnd] = on_process_end,
    [UVT_EV_thread] = on_thread,
    [UVT_EV_executeBegin] = on_execute_begin,
    [UVT_EV_executeEnd] = on_execute_end,
    [UVT_EV_link] = on_link,
    [UVT_EV_cause] = on_cause,
    [UVT_EV_cancel] = on_cancel,
    [UVT_EV_failedCallback] = on_failed,
    [UVT_EV_handled] = on_handled,
    [UVT_EV_operation] = on_operation,
    [UVT_EV_state] = on_state,
    [UVT_EV_poolBegin] = on_pool,
    [UVT_EV_poolEnd] = on_pool,
    [UVT_EV_blocking] = on_blocking,
    [UVT_EV_label] = on_label,
    [UVT_EV_lost] = on_lost,
};

/* A loss of the whole stream belongs to no process: it is told of the first. */
static bool names_process(const struct uvt_tree *tree, const struct uvt_event *event)
{
  return event->kind != UVT_EV_lost || event->processID || event->pid || tree->processes.count > 1;
}

/* An index is one process's: that there are others must be noticed even where they come after the moment. */
static bool is_after_moment(struct uvt_tree *tree, const struct uvt_event *event)
{
  struct uvt_tree_moment *moment = &tree->moment;
  if (moment->index && !tree->reached && event->kind == UVT_EV_executeBegin &&
      event->executeID == moment->index) {
    moment->has_at = tree->reached = true;
    moment->at = event->time;
  }
  if (!moment->has_at || event->time <= moment->at)
    return false;
  uint32_t process = moment->index ? process_of(tree, event) : 0;
  if (process && event->kind == UVT_EV_process)
    name_process(tree, process, event);
  return true;
}

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct uvt_tree *tree = (struct uvt_tree *)sink;
  if (event->kind >= UVT_EV_unknown || !names_process(tree, event) || is_after_moment(tree, event))
    return tree->status;
  uint32_t process = process_of(tree, event);
  if (!process)
    return tree->status;
  if (event->time > tree->last_time)
    tree->last_time = event->time;
  if (event->time > uvt_tree_proc(tree, process)->last_time)
    uvt_tree_proc(tree, process)->last_time = event->time;
  if (handlers[event->kind])
    handlers[event->kind](tree, process, event);
  return tree->status;
}

/* All that was only needed to build the tree. */
static void forget_ids(struct uvt_tree *tree)
{
  for (uint32_t i = 1; i < tree->processes.count; i++) {
    struct uvt_tree_process *process = uvt_tree_proc(tree, i);
    uvt_id_map_clear(&process->links);
    uvt_id_map_clear(&process->operations);
    uvt_id_map_clear(&process->causes);
    uvt_id_map_clear(&process->threads);
    uvt_id_map_clear(&process->files);
  }
  uvt_id_map_clear(&tree->text_hashes);
  free(tree->requests);
}

static int take_end(struct uvt_sink *sink)
{
  forget_ids((struct uvt_tree *)sink);
  return 0;
}

struct uvt_tree *uvt_tree_create(const struct uvt_tree_moment *moment)
{
  struct uvt_tree *tree = calloc(1, sizeof *tree);
  if (!tree)
    return NULL;
  tree->sink = (struct uvt_sink){.event = take_event, .end = take_end};
  tree->moment = *moment;
  uvt_id_map_init(&tree->text_hashes, sizeof(uint32_t));
  uvt_id_map_init(&tree->process_ids, sizeof(uint32_t));
  /* Index 0 of each array, and text 0, stand for none. */
  append(tree, &tree->operations, sizeof(struct uvt_tree_operation));
  append(tree, &tree->registrations, sizeof(struct uvt_tree_registration));
  append(tree, &tree->processes, sizeof(struct uvt_tree_process));
  append(tree, &tree->failures, sizeof(struct uvt_tree_failure));
  if (reserve_text(tree, 1))
    tree->texts[tree->texts_size++] = '\0';
  if (tree->status == 0)
    return tree;
  uvt_tree_destroy(tree);
  return NULL;
}

void uvt_tree_destroy(struct uvt_tree *tree)
{
  if (!tree)
    return;
  forget_ids(tree);
  for (uint32_t i = 1; i < tree->processes.count; i++)
    uvt_id_map_clear(&uvt_tree_proc(tree, i)->executes);
  uvt_id_map_clear(&tree->process_ids);
  free(tree->operations.items);
  free(tree->registrations.items);
  free(tree->processes.items);
  free(tree->failures.items);
  uvt_stack_store_release(tree->stacks);
  free(tree->texts);
  free(tree);
}

struct uvt_sink *uvt_tree_sink(struct uvt_tree *tree)
{
  return &tree->sink;
}

uint64_t uvt_tree_operations(const struct uvt_tree *tree)
{
  return tree->operations.count - 1;
}

/* --- selection --- */

static bool matches_type(const char *type, const char *wanted)
{
  if (strpbrk(wanted, "*?["))
    return fnmatch(wanted, type, 0) == 0;
  return strstr(type, wanted) != NULL;
}

static bool is_long_enough(const struct uvt_tree *tree, const struct uvt_tree_view *view, uint32_t process,
                           uint64_t from, uint64_t to)
{
  uint64_t end = to == NEVER ? uvt_tree_until(tree, process) : to;
  return !view->min_time || (from != NEVER && end > from && end - from >= view->min_time);
}

static bool is_wanted(const struct uvt_tree *tree, const struct uvt_tree_view *view, uint32_t index)
{
  const struct uvt_tree_operation *operation = uvt_tree_op(tree, index);
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  bool runs = operation->state == UVT_STATE_Queued || operation->state == UVT_STATE_Ready ||
              operation->state == UVT_STATE_Executing;
  uint64_t from = operation->queued != NEVER ? operation->queued : operation->begun;
  uint64_t to = operation->begun == NEVER ? operation->retired : operation->ended;
  if ((view->pending && !runs) || (view->never_run && operation->begun != NEVER))
    return false;
  return is_long_enough(tree, view, registration->process, from, to) &&
         (!view->type || matches_type(uvt_tree_text(tree, registration->type), view->type));
}

/* What is wanted is shown, and so is all that it hangs from, up to `top`. */
static void show(const struct uvt_tree *tree, struct uvt_tree_selection *selection, uint32_t index)
{
  while (index && !selection->operations[index]) {
    selection->operations[index] = true;
    uint32_t registration = uvt_tree_op(tree, index)->registration;
    selection->registrations[registration] = true;
    index = uvt_tree_reg(tree, registration)->parent;
  }
}

/* A registration without any operation: only in a stream without states. */
static bool is_wanted_alone(const struct uvt_tree *tree, const struct uvt_tree_view *view, uint32_t index)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, index);
  if (registration->first || registration->root)
    return false;
  if (view->pending && registration->cancelled != NEVER)
    return false;
  if (!is_long_enough(tree, view, registration->process, registration->linked, registration->cancelled))
    return false;
  return !view->type || matches_type(uvt_tree_text(tree, registration->type), view->type);
}

/* Do invocations of the same index in different pids hide behind it? */
static bool is_ambiguous(const struct uvt_tree *tree)
{
  for (uint32_t i = 2; i < tree->processes.count; i++) {
    if (uvt_tree_proc(tree, i)->pid != uvt_tree_proc(tree, 1)->pid)
      return true;
  }
  return false;
}

static void list_processes(const struct uvt_tree *tree, uint64_t index, struct uvt_error *error)
{
  char list[360] = "";
  for (uint32_t i = 1; i < tree->processes.count; i++) {
    const struct uvt_tree_process *process = uvt_tree_proc(tree, i);
    char title[48];
    char one[96];
    uvt_words_clean(title, sizeof title, uvt_tree_text(tree, process->title), true);
    uvt_words_put(one, sizeof one, *title ? "%" PRId64 " %.40s" : "%" PRId64, process->pid, title);
    uvt_append(list, sizeof list, *list ? ", %s" : "%s", one);
  }
  uvt_error_set(error, "several processes may have invocation #%" PRIu64 ": say which with --pid (%s)", index,
                list);
}

enum uvt_tree_status uvt_tree_find(const struct uvt_tree *tree, uint64_t index, uint32_t *operation,
                                   struct uvt_error *error)
{
  *operation = 0;
  if (is_ambiguous(tree)) {
    list_processes(tree, index, error);
    return UVT_TREE_AMBIGUOUS;
  }
  for (uint32_t i = 1; i < tree->processes.count && !*operation; i++)
    *operation = find_index(&uvt_tree_proc(tree, i)->executes, index);
  if (*operation)
    return UVT_TREE_DONE;
  uvt_error_set(error, "there is no invocation #%" PRIu64, index);
  return UVT_TREE_ERROR;
}

/* Only what hangs from `top` stays: children lie behind it in the array, so one pass forward is enough. */
static void keep_below(const struct uvt_tree *tree, struct uvt_tree_selection *selection)
{
  for (uint32_t i = 1; i < tree->operations.count; i++) {
    uint32_t parent = uvt_tree_reg(tree, uvt_tree_op(tree, i)->registration)->parent;
    bool below = i == selection->top || (i > selection->top && parent && selection->operations[parent]);
    selection->operations[i] = selection->operations[i] && below;
  }
}

/* What the moment and `under` name must be there, and be one process's. */
static enum uvt_tree_status find_named(const struct uvt_tree *tree, const struct uvt_tree_view *view,
                                       struct uvt_tree_selection *selection, struct uvt_error *error)
{
  uint32_t moment;
  enum uvt_tree_status status = UVT_TREE_DONE;
  if (tree->moment.index)
    status = uvt_tree_find(tree, tree->moment.index, &moment, error);
  if (view->under && status == UVT_TREE_DONE)
    status = uvt_tree_find(tree, view->under, &selection->top, error);
  return status;
}

static void select_all(const struct uvt_tree *tree, const struct uvt_tree_view *view,
                       struct uvt_tree_selection *selection)
{
  for (uint32_t i = 1; i < tree->operations.count; i++) {
    if (is_wanted(tree, view, i))
      show(tree, selection, i);
  }
  for (uint32_t i = 1; i < tree->registrations.count; i++) {
    if (!is_wanted_alone(tree, view, i))
      continue;
    selection->registrations[i] = true;
    show(tree, selection, uvt_tree_reg(tree, i)->parent);
  }
  if (selection->top)
    keep_below(tree, selection);
}

enum uvt_tree_status uvt_tree_select(const struct uvt_tree *tree, const struct uvt_tree_view *view,
                                     struct uvt_tree_selection *selection, struct uvt_error *error)
{
  *selection = (struct uvt_tree_selection){0};
  enum uvt_tree_status status = find_named(tree, view, selection, error);
  if (status != UVT_TREE_DONE)
    return status;
  selection->operations = calloc(tree->operations.count, sizeof(bool));
  selection->registrations = calloc(tree->registrations.count, sizeof(bool));
  if (selection->operations && selection->registrations) {
    select_all(tree, view, selection);
    return UVT_TREE_DONE;
  }
  uvt_error_set(error, "out of memory");
  uvt_tree_selection_clear(selection);
  return UVT_TREE_ERROR;
}

void uvt_tree_selection_clear(struct uvt_tree_selection *selection)
{
  free(selection->operations);
  free(selection->registrations);
  *selection = (struct uvt_tree_selection){0};
}

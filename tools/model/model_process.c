/* SPDX-License-Identifier: MIT */
/* Processes: who they are, from which they were forked, their threads and loops; what was lost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"
#include "stream/types.h"

enum { ARGUMENTS_MAX = 4096 };

/* ---- Finding ---- */

static uint32_t host_index(struct uvt_model *model, const char *host)
{
  if (host == model->last_host)
    return model->last_host_index;
  size_t i = 0;
  while (i < model->hosts_count && strcmp(model->hosts[i], host))
    i++;
  if (i == model->hosts_count) {
    char **hosts = realloc(model->hosts, (i + 1) * sizeof *hosts);
    if (hosts)
      model->hosts = hosts;
    if (!hosts || !(hosts[i] = strdup(host))) {
      uvt_model_fail(model, -ENOMEM);
      return 0;
    }
    model->hosts_count++;
  }
  model->last_host = host; /* the source's, whose names stay where they are */
  return model->last_host_index = (uint32_t)i;
}

static struct uvt_process *new_process(struct uvt_model *model, uint32_t key, uint32_t host)
{
  struct uvt_process *process = calloc(1, sizeof *process);
  if (!process) {
    uvt_model_fail(model, -ENOMEM);
    return NULL;
  }
  process->key = key;
  process->host = host;
  uvt_id_map_init(&process->registrations, sizeof(void *));
  uvt_id_map_init(&process->invocations, sizeof(void *));
  uvt_id_map_init(&process->threads, sizeof(void *));
  uvt_id_map_init(&process->loops, 1);
  uvt_id_map_init(&process->texts, sizeof(void *));
  uvt_id_map_init(&process->child_pipes, sizeof(struct uvt_child_pipe));
  return process;
}

static struct uvt_process *create_process(struct uvt_model *model, uint32_t key, uint32_t host)
{
  struct uvt_process *process = new_process(model, key, host);
  if (process)
    uvt_map_put(model, &model->processes, (uint64_t)host << 32 | key, process);
  return process;
}

/* One that ran already when a recording made its session has not said who it is; unless records were lost:
 * then it may have in those. */
static bool is_stranger(struct uvt_model *model, const struct uvt_process *process,
                        const struct uvt_record *record)
{
  if (record->kind == UVT_RECORD_process)
    return !uvt_family_has(&model->family, process->host, record);
  return record->own_session && !model->family.everybody && !model->losses.count && !model->losses.unknown;
}

static void leave_out(struct uvt_model *model, struct uvt_process *process)
{
  process->stranger = true;
  model->strangers++;
}

/* Its first record. Without its process record, its beginning is not in the trace: a lost of unknown count.
 */
static void meet(struct uvt_model *model, struct uvt_process *process, const struct uvt_record *record)
{
  if (is_stranger(model, process, record)) {
    leave_out(model, process);
    return;
  }
  process->processID = ++model->process_ids;
  if (record->kind != UVT_RECORD_process)
    uvt_model_lost(model, process, UINT64_MAX, 0, model->now);
}

struct uvt_process *uvt_model_process(struct uvt_model *model, const struct uvt_record *record, uint32_t key)
{
  uint32_t host = host_index(model, record->host ? record->host : "");
  struct uvt_process *process = model->last_process;
  if (process && process->key == key && process->host == host && !process->stranger)
    return process;
  process = uvt_map_get(&model->processes, (uint64_t)host << 32 | key);
  if (!process) {
    process = create_process(model, key, host);
    if (process)
      meet(model, process, record);
  } else if (process->stranger && record->kind == UVT_RECORD_process &&
             !is_stranger(model, process, record)) {
    process->stranger = false;
    model->strangers--;
    meet(model, process, record);
  }
  model->last_process = process;
  return process;
}

/* ---- The end of a process ---- */

static void clear_process(struct uvt_model *model, struct uvt_process *process)
{
  size_t cursor = 0;
  for (void **value; (value = uvt_id_map_next(&process->registrations, &cursor, NULL));) {
    struct uvt_registration *registration = *value;
    free(registration->untaken);
    registration->next_free = model->free_registrations;
    model->free_registrations = registration;
  }
  cursor = 0;
  for (void **value; (value = uvt_id_map_next(&process->invocations, &cursor, NULL));) {
    struct uvt_invocation *invocation = *value;
    invocation->next_free = model->free_invocations;
    model->free_invocations = invocation;
  }
  cursor = 0;
  for (void **value; (value = uvt_id_map_next(&process->threads, &cursor, NULL));) {
    struct uvt_thread *thread = *value;
    free(thread->stack);
    free(thread);
  }
  uvt_id_map_clear(&process->registrations);
  uvt_id_map_clear(&process->invocations);
  uvt_id_map_clear(&process->threads);
  uvt_id_map_clear(&process->loops);
  uvt_id_map_clear(&process->child_pipes);
  uvt_texts_clear(process);
  uvt_stacks_clear(model, process);
  for (size_t i = 0; i < UVT_DETAILS_MAX; i++) {
    free(process->details[i].text);
    process->details[i].text = NULL;
  }
  free(process->children);
  process->children = NULL;
}

static void forget_fork(struct uvt_model *model, struct uvt_fork *fork)
{
  if (fork->then)
    uvt_process_destroy(model, fork->then);
  fork->then = NULL;
}

void uvt_process_destroy(struct uvt_model *model, struct uvt_process *process)
{
  for (size_t i = 0; i < UVT_FORKS_MAX; i++)
    forget_fork(model, &process->forks[i]);
  clear_process(model, process);
  free(process);
}

/* What it left open stays open in the stream. Of the process itself only who it was is kept. */
static void end_process(struct uvt_model *model, struct uvt_process *process)
{
  uvt_operations_forget(model, process);
  clear_process(model, process);
  process->ended = true;
}

/* ---- Fork ---- */

static void inherit_registration(struct uvt_model *model, struct uvt_process *child,
                                 const struct uvt_registration *original)
{
  struct uvt_registration *copy = uvt_registration_new(model, child, original->link_id);
  if (!copy)
    return;
  uint64_t *untaken = NULL;
  if (original->untaken_count) {
    untaken = malloc(original->untaken_count * sizeof *untaken);
    if (!untaken) {
      uvt_model_fail(model, -ENOMEM);
      return;
    }
    memcpy(untaken, original->untaken, original->untaken_count * sizeof *untaken);
  }
  *copy = *original;
  copy->untaken = untaken;
  copy->untaken_capacity = original->untaken_count;
  copy->parent = 0;
  copy->next_free = NULL;
}

static void inherit_invocations(struct uvt_model *model, struct uvt_process *child,
                                const struct uvt_thread *original)
{
  struct uvt_thread *thread = uvt_thread_of(model, child, (int32_t)child->pid);
  for (uint32_t i = 0; thread && i < original->depth; i++) {
    const struct uvt_invocation *open = original->stack[i];
    struct uvt_invocation *copy = open ? uvt_invocation_new(model, child, open->execute_id) : NULL;
    if (copy) {
      copy->link_id = open->link_id;
      copy->operation = open->operation;
      copy->type = open->type;
    }
    uvt_thread_push(model, thread, copy);
  }
}

/*
 * A forked child has what its parent had, under the same IDs and in the same states; its own numbers go on
 * from the parent's, so that an ID of the child's is never one that it inherited. Ancestors that had executed
 * are the parent's to retire. Only the thread that forked lives on.
 */
static void inherit(struct uvt_model *model, struct uvt_process *child, const struct uvt_process *parent,
                    uint64_t execute_id)
{
  child->causes = parent->causes;
  child->operations = parent->operations;
  size_t cursor = 0;
  for (void **value; (value = uvt_id_map_next(&parent->registrations, &cursor, NULL));)
    inherit_registration(model, child, *value);
  struct uvt_invocation *forking = uvt_map_get(&parent->invocations, execute_id);
  if (forking && forking->thread)
    inherit_invocations(model, child, forking->thread);
}

/* The parent goes on at once: what it had is kept for a child, which may be long in recording something. */
void uvt_model_fork(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_fork *record)
{
  if (process->registrations.count > UVT_FORK_REGISTRATIONS_MAX)
    return;
  struct uvt_process *then = new_process(model, process->key, process->host);
  if (!then)
    return;
  struct uvt_fork *fork = &process->forks[process->forks_next++ % UVT_FORKS_MAX];
  forget_fork(model, fork);
  *fork = (struct uvt_fork){record->fork, then};
  then->pid = record->tid;
  inherit(model, then, process, record->execute_id);
}

/* NULL: there is none that is known. */
static struct uvt_fork *find_fork(struct uvt_process *parent, uint32_t number)
{
  for (size_t i = 0; number && i < UVT_FORKS_MAX; i++) {
    if (parent->forks[i].then && parent->forks[i].number == number)
      return &parent->forks[i];
  }
  return NULL;
}

static void inherit_from(struct uvt_model *model, struct uvt_process *child, struct uvt_process *parent,
                         const struct uvt_rec_process *record)
{
  struct uvt_fork *fork = find_fork(parent, record->fork);
  inherit(model, child, fork ? fork->then : parent, record->parent_execute);
  if (fork)
    forget_fork(model, fork);
}

/* Nothing of it was recorded before its process record, as must be. */
static bool is_blank(const struct uvt_process *process)
{
  return !process->causes && !process->operations && !process->registrations.count &&
         !process->invocations.count;
}

/* ---- The process record ---- */

struct parent {
  struct uvt_process *process;
  uint64_t execute_id;
};

static struct parent find_parent(struct uvt_model *model, struct uvt_process *process,
                                 const struct uvt_rec_process *record)
{
  struct parent parent = {0};
  if (record->parent) {
    parent.process = uvt_map_get(&model->processes, (uint64_t)process->host << 32 | record->parent);
    parent.execute_id = record->parent_execute;
  } else {
    parent.process = uvt_model_find_pid(model, process->host, record->parent_pid, process);
    if (parent.process && !parent.process->ended)
      parent.execute_id = uvt_model_take_child(parent.process, record->pid);
  }
  if (parent.process == process)
    parent.process = NULL;
  return parent;
}

/* Cuts argv at its separators into `arguments`, within a copy. Returns how many. */
static size_t split_arguments(char *copy, const char **arguments)
{
  size_t count = 0;
  while (copy && count < ARGUMENTS_MAX) {
    arguments[count++] = copy;
    copy = strchr(copy, UVT_ARGV_SEPARATOR);
    if (copy)
      *copy++ = '\0';
  }
  return count;
}

static void add_identity(struct uvt_model *model, struct uvt_event *event, const struct uvt_process *process,
                         const struct uvt_rec_process *record, bool is_exec)
{
  static const char *const hows[] = {[UVT_how_start] = "start",
                                     [UVT_how_fork] = "fork",
                                     [UVT_how_announce] = "announce",
                                     [UVT_how_again] = "announce"};
  const char *how = record->how < sizeof hows / sizeof *hows ? hows[record->how] : "unknown";
  uvt_event_add_string(event, "origin", model->origin_text);
  uvt_event_add_int(event, "format", UVT_STREAM_FORMAT);
  uvt_event_add_string(event, "host", process->host < model->hosts_count ? model->hosts[process->host] : "");
  uvt_event_add_int(event, "startTime", (int64_t)record->start_time);
  uvt_event_add_string(event, "how", is_exec ? "exec" : how);
}

static void emit_process(struct uvt_model *model, const struct uvt_process *process,
                         const struct uvt_rec_process *record, struct parent parent, bool is_exec)
{
  static const char *const routes[] = {
      [UVT_route_interposed] = "interposed", [UVT_route_patched] = "patched"};
  const char *arguments[ARGUMENTS_MAX];
  char *copy = strdup(record->argv ? record->argv : "");
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_process, process);
  add_identity(model, event, process, record, is_exec);
  uvt_event_add_int(event, "parentPid", record->parent_pid);
  /* Dotted keys are members of one object in the stream. */
  if (parent.process)
    uvt_event_add_int(event, "parent.processID", (int64_t)parent.process->processID);
  if (parent.process && parent.execute_id)
    uvt_event_add_int(event, "parent.executeID", (int64_t)parent.execute_id);
  uvt_event_add_string(event, "route",
                       record->route < sizeof routes / sizeof *routes ? routes[record->route] : "unknown");
  uvt_event_add_string(event, "libuv", record->uv_version);
  if (record->node_version && *record->node_version)
    uvt_event_add_string(event, "node", record->node_version);
  if (record->without && *record->without)
    uvt_event_add_string(event, "without", record->without);
  uvt_event_add_string(event, "exe", record->exe);
  event->data[event->data_count++] = (struct uvt_datum){.key = "argv",
                                                        .type = UVT_DATUM_STRINGS,
                                                        .number = (int64_t)split_arguments(copy, arguments),
                                                        .list = arguments};
  uvt_event_add_int(event, "window", record->window);
  uvt_model_emit(model);
  free(copy);
}

static bool has_known_schema(struct uvt_model *model, const struct uvt_rec_process *record)
{
  if (record->schema <= UVT_SCHEMA_VERSION)
    return true;
  uvt_error_set(
      model->error,
      "process %d was recorded with version %u of the trace's schema; this program reads up to version %d",
      record->pid, record->schema, UVT_SCHEMA_VERSION);
  uvt_model_fail(model, -EPROTO);
  return false;
}

/* Recorded again, since recording was switched off in between: what happened then is not in the trace. */
static void resume(struct uvt_model *model, struct uvt_process *process)
{
  uvt_model_lost(model, process, UINT64_MAX, process->last_time, model->now);
  process->lost_until = model->now;
}

void uvt_model_process_record(struct uvt_model *model, struct uvt_process *process,
                              const struct uvt_record *record)
{
  const struct uvt_rec_process *data = &record->process;
  if (!has_known_schema(model, data))
    return;
  process->has_clock =
      data->monotonic <= INT64_MAX &&
      !__builtin_sub_overflow((int64_t)model->now, (int64_t)data->monotonic, &process->monotonic_offset);
  if (process->introduced) {
    if (data->how != UVT_how_again)
      resume(model, process);
    return;
  }
  if (is_stranger(model, process, record)) {
    leave_out(model, process);
    return;
  }
  process->pid = data->pid;
  process->start_time = data->start_time;
  struct uvt_process *earlier = uvt_model_find_pid(model, process->host, data->pid, process);
  bool is_exec = earlier && earlier->start_time == data->start_time && data->how == UVT_how_start;
  struct parent parent = find_parent(model, process, data);
  process->introduced = true;
  process->lost_until = model->now;
  if (data->how == UVT_how_fork && parent.process && parent.process != earlier && is_blank(process))
    inherit_from(model, process, parent.process, data);
  if (earlier && !earlier->ended)
    end_process(model, earlier);
  emit_process(model, process, data, parent, is_exec);
  if (data->how == UVT_how_announce || data->how == UVT_how_again)
    uvt_model_lost(model, process, UINT64_MAX, 0, model->now);
}

/* ---- Losses ---- */

void uvt_model_lost(struct uvt_model *model, struct uvt_process *process, uint64_t count, uint64_t from,
                    uint64_t to)
{
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_lost, process);
  event->count = count;
  event->from = from;
  event->to = to;
  uvt_model_emit(model);
  if (count == UINT64_MAX)
    model->losses.unknown = true;
  else
    model->losses.count += count;
}

/* ---- Threads and loops ---- */

void uvt_model_thread(struct uvt_model *model, struct uvt_process *process,
                      const struct uvt_rec_thread *record)
{
  static const char *const roles[] = {
#define ROLE_NAME(enumeration, name) [UVT_##enumeration##_##name] = #name,
      UVT_ENUM_role(ROLE_NAME)
#undef ROLE_NAME
  };
  struct uvt_thread *thread = uvt_thread_of(model, process, record->tid);
  if (!thread || thread->described == record->role + 1)
    return; /* described again when recording was switched on again */
  thread->described = record->role + 1;
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_thread, process);
  event->tid = record->tid;
  uvt_event_add_string(event, "role",
                       record->role < sizeof roles / sizeof *roles ? roles[record->role] : "unknown");
  if (record->name && *record->name)
    uvt_event_add_string(event, "name", record->name);
  uvt_model_emit(model);
}

void uvt_model_loop(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_loop *record)
{
  if (uvt_id_map_find(&process->loops, record->loop_id))
    return; /* described again when recording was switched on again */
  if (!uvt_id_map_add(&process->loops, record->loop_id)) {
    uvt_model_fail(model, -ENOMEM);
    return;
  }
  struct uvt_event *event = uvt_model_begin_event(model, UVT_EV_loop, process);
  event->loopID = record->loop_id;
  event->tid = record->tid;
  if (record->name && *record->name)
    uvt_event_add_string(event, "name", record->name);
  uvt_model_emit(model);
}

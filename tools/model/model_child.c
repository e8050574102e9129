/* SPDX-License-Identifier: MIT */
/* What processes know of each other, by pid: children, the pipes to them, and that they ended. */
#include <errno.h>
#include <stdlib.h>

#include "model_state.h"

struct uvt_process *uvt_model_find_pid(struct uvt_model *model, uint32_t host, int64_t pid,
                                       const struct uvt_process *except)
{
  struct uvt_process *found = NULL;
  size_t cursor = 0;
  for (void **value; (value = uvt_id_map_next(&model->processes, &cursor, NULL));) {
    struct uvt_process *process = *value;
    if (process != except && process->introduced && process->pid == pid && process->host == host &&
        (!found || process->processID > found->processID))
      found = process;
  }
  return found;
}

/* Told once, by the process itself or else by who was told that it exited. */
static void tell_end(struct uvt_model *model, struct uvt_process *process)
{
  if (process->over)
    return;
  process->over = true;
  uvt_model_begin_event(model, UVT_EV_processEnd, process);
  uvt_model_emit(model);
}

void uvt_model_process_end(struct uvt_model *model, struct uvt_process *process,
                           const struct uvt_rec_process_end *record)
{
  (void)record;
  tell_end(model, process);
}

void uvt_model_child(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_child *record)
{
  if (!process->children)
    process->children = calloc(UVT_CHILDREN_MAX, sizeof *process->children);
  if (!process->children) {
    uvt_model_fail(model, -ENOMEM);
    return;
  }
  uvt_family_add(&model->family, process->host, record->pid);
  process->children[process->children_next++ % UVT_CHILDREN_MAX] =
      (struct uvt_child){.pid = record->pid, .execute_id = record->execute_id, .link_id = record->link_id};
}

/* NULL: not known (any more). */
static struct uvt_child *child_of(const struct uvt_process *process, uint64_t link_id)
{
  for (size_t i = 0; process->children && i < UVT_CHILDREN_MAX; i++) {
    struct uvt_child *child = &process->children[i];
    if (child->pid && child->link_id == link_id)
      return child;
  }
  return NULL;
}

uint64_t uvt_model_take_child(struct uvt_process *process, int32_t pid)
{
  for (size_t i = 0; process->children && i < UVT_CHILDREN_MAX; i++) {
    struct uvt_child *child = &process->children[i];
    if (child->execute_id && child->pid == pid) {
      uint64_t execute_id = child->execute_id;
      child->execute_id = 0;
      return execute_id;
    }
  }
  return 0;
}

void uvt_model_child_pipe(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_child_pipe *record)
{
  if (!record->pid) {
    uvt_id_map_remove(&process->child_pipes, record->fd);
    return;
  }
  struct uvt_child_pipe *pipe = uvt_id_map_add(&process->child_pipes, record->fd);
  if (pipe)
    *pipe = (struct uvt_child_pipe){record->pid, record->number, record->ipc};
  else
    uvt_model_fail(model, -ENOMEM);
}

void uvt_event_add_child_pipe(struct uvt_event *event, const struct uvt_process *process, int64_t fd)
{
  static const char *const names[] = {"stdin", "stdout", "stderr"};
  const struct uvt_child_pipe *pipe = fd >= 0 ? uvt_id_map_find(&process->child_pipes, (uint64_t)fd) : NULL;
  if (!pipe)
    return;
  uvt_event_add_int(event, "child", pipe->pid);
  if (pipe->ipc)
    uvt_event_add_string(event, "pipe", "ipc");
  else if (pipe->number < sizeof names / sizeof *names)
    uvt_event_add_string(event, "pipe", names[pipe->number]);
  else
    uvt_event_add_int(event, "pipe", pipe->number);
}

void uvt_model_child_exited(struct uvt_model *model, const struct uvt_process *process, uint64_t link_id)
{
  const struct uvt_child *child = child_of(process, link_id);
  struct uvt_process *exited = child ? uvt_model_find_pid(model, process->host, child->pid, process) : NULL;
  if (exited && !exited->ended)
    tell_end(model, exited);
}

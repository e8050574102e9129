/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "code_map.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "recording/announce.h"

#define INTERPRETER "Builtin:InterpreterEntryTrampoline"
#define NAME_MAX_LENGTH 1024

struct code {
  uintptr_t start, end;
  const void *owner;
  struct code *next, *previous; /* in the list of all, the oldest first */
  uint32_t told;                /* the recording epoch in which it was; 0: never */
  bool is_interpreter;
  bool used; /* it was in a stack since it was last passed over */
  char name[];
};

uint64_t uvt_code_generation;
struct uvt_code_frame uvt_code_frame = {-32, -40}; /* the same from V8 10 to 14 */

pthread_mutex_t uvt_code_lock = UVT_LOCK_FREE;
static void *tree; /* search.h */
static struct code all = {.next = &all, .previous = &all};
static size_t count;

/* Pieces never overlap in the tree: what overlaps is what is looked for. */
static int compare(const void *a, const void *b)
{
  const struct code *left = a, *right = b;
  return left->end <= right->start ? -1 : left->start >= right->end ? 1 : 0;
}

static struct code *find(uintptr_t start, uintptr_t end)
{
  struct code key = {.start = start, .end = end};
  struct code **found = tfind(&key, &tree, compare);
  return found ? *found : NULL;
}

static void unlink_code(struct code *code)
{
  tdelete(code, &tree, compare);
  code->next->previous = code->previous;
  code->previous->next = code->next;
  count--;
  if (code->told)
    __atomic_add_fetch(&uvt_code_generation, 1, __ATOMIC_RELEASE);
}

static void clear(uintptr_t start, uintptr_t end)
{
  struct code *code;
  while ((code = find(start, end))) {
    unlink_code(code);
    free(code);
  }
}

static void append(struct code *code)
{
  code->next = &all;
  code->previous = all.previous;
  all.previous->next = code;
  all.previous = code;
}

/* The oldest that was not used; those that were get another round. */
static void forget_oldest(void)
{
  struct code *code = all.next;
  while (code->used) {
    code->used = false;
    code->next->previous = &all;
    all.next = code->next;
    append(code);
    code = all.next;
  }
  unlink_code(code);
  free(code);
}

/* False: no memory, and it is freed. */
static bool link_code(struct code *code)
{
  clear(code->start, code->end);
  if (!tsearch(code, &tree, compare)) {
    free(code);
    return false;
  }
  append(code);
  count++;
  return true;
}

void uvt_code_add(const void *owner, uintptr_t start, size_t size, const char *name, size_t length)
{
  if (length > NAME_MAX_LENGTH)
    length = NAME_MAX_LENGTH;
  struct code *code = malloc(sizeof *code + length + 1);
  if (!code)
    return;
  *code = (struct code){.start = start, .end = start + (size ? size : 1), .owner = owner};
  memcpy(code->name, name, length);
  code->name[length] = '\0';
  code->is_interpreter = !strncmp(code->name, INTERPRETER, sizeof INTERPRETER - 1);
  pthread_mutex_lock(&uvt_code_lock);
  if (count >= UVT_CODE_MAX)
    forget_oldest();
  link_code(code);
  pthread_mutex_unlock(&uvt_code_lock);
}

void uvt_code_move(uintptr_t from, uintptr_t to)
{
  pthread_mutex_lock(&uvt_code_lock);
  struct code *code = find(from, from + 1);
  if (code && code->start == from && from != to) {
    unlink_code(code);
    code->end += to - from;
    code->start = to;
    code->told = 0;
    link_code(code);
  }
  pthread_mutex_unlock(&uvt_code_lock);
}

void uvt_code_remove(uintptr_t start)
{
  pthread_mutex_lock(&uvt_code_lock);
  clear(start, start + 1);
  pthread_mutex_unlock(&uvt_code_lock);
}

void uvt_code_forget(const void *owner)
{
  pthread_mutex_lock(&uvt_code_lock);
  for (struct code *code = all.next, *next; code != &all; code = next) {
    next = code->next;
    if (code->owner == owner) {
      unlink_code(code);
      free(code);
    }
  }
  pthread_mutex_unlock(&uvt_code_lock);
}

/* Entries that are added meanwhile come behind the last of now. */
void uvt_code_copy(const void *owner, uintptr_t start, uintptr_t end, uintptr_t distance)
{
  pthread_mutex_lock(&uvt_code_lock);
  for (struct code *code = all.next, *last = all.previous, *done = NULL; done != last && code != &all;
       done = code, code = code->next) {
    if (code->start < start || code->end > end || code->owner != owner)
      continue;
    size_t size = sizeof *code + strlen(code->name) + 1;
    struct code *copy = malloc(size);
    if (!copy)
      break;
    memcpy(copy, code, size);
    copy->start += distance;
    copy->end += distance;
    copy->told = 0;
    link_code(copy);
  }
  pthread_mutex_unlock(&uvt_code_lock);
}

enum uvt_code_kind uvt_code_kind(uintptr_t address)
{
  if (!__atomic_load_n(&count, __ATOMIC_RELAXED) || !uvt_lock(&uvt_code_lock))
    return UVT_CODE_NONE;
  const struct code *code = find(address, address + 1);
  enum uvt_code_kind kind = !code                  ? UVT_CODE_NONE
                            : code->is_interpreter ? UVT_CODE_INTERPRETER
                                                   : UVT_CODE_MADE;
  pthread_mutex_unlock(&uvt_code_lock);
  return kind;
}

bool uvt_code_tell(uintptr_t address)
{
  if (!__atomic_load_n(&count, __ATOMIC_RELAXED) || !uvt_lock(&uvt_code_lock))
    return false;
  struct code *code = find(address, address + 1);
  if (code)
    code->used = true;
  if (code && code->told != uvt_epoch) {
    code->told = uvt_epoch;
    uvt_emit->code(&(struct uvt_rec_code){.process = uvt_process,
                                          .address = code->start,
                                          .size = (uint32_t)(code->end - code->start),
                                          .name = code->name});
  }
  pthread_mutex_unlock(&uvt_code_lock);
  return code != NULL;
}

void uvt_code_lose(void)
{
  tree = NULL;
  all.next = all.previous = &all;
  count = 0;
}

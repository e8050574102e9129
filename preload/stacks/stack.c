/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "code_map.h"
#include "images.h"
#include "js_code.h"
#include "recording/announce.h"
#include "recording/js_text.h"
#include "stack_walk.h"

#define PROBES 8 /* places that a stack may be remembered at */
#define LIST_MAX 4096

bool uvt_stacks_on;

/* Readers take no lock: `hash` is 0 while the rest changes. */
struct told {
  uint64_t hash;
  uint32_t number;
  uint32_t epoch; /* the recording in which it was told */
};

static struct {
  uint32_t every;      /* one in so many, 1: all */
  char list[LIST_MAX]; /* ",type,type," ; "": all types */
  bool types[UVT_TYPE_COUNT];
  uint8_t *js_types; /* by number: enum js_type */
} wanted;

static struct told *table; /* UVT_STACKS_MAX */
static uint32_t last_number;
pthread_mutex_t uvt_stacks_lock = UVT_LOCK_FREE; /* of what follows a stack that is not known */

static __thread uint32_t until_next __attribute__((tls_model("initial-exec"))); /* links to pass over */
static __thread uint32_t random_state __attribute__((tls_model("initial-exec")));

/* ---- What is wanted ---- */

static const char *const type_names[UVT_TYPE_COUNT] = {
#define NAME_FS(op, shape, object) [UVT_TYPE_uv_fs_##op] = "uv_fs_" #op,
#define NAME_STORE(function, ready, arg, value, text) [UVT_TYPE_##function] = #function,
#define NAME_TYPE(type, name, ready, arg, value, text) [UVT_TYPE_##type] = name,
    UVT_API(NAME_FS, NAME_STORE, NAME_TYPE, UVT_NONE)};

static bool in_list(const char *type)
{
  char item[256];
  size_t length = strlen(type);
  if (!*wanted.list)
    return true;
  if (length + 3 > sizeof item)
    return false;
  item[0] = ',';
  memcpy(item + 1, type, length);
  memcpy(item + 1 + length, ",", 2);
  return strstr(wanted.list, item) != NULL;
}

/* "all", "1/N" or "type,type". False: none of them. */
static bool read_wanted(const char *text)
{
  size_t length = text ? strlen(text) : 0;
  wanted.every = 1;
  if (!length || length + 3 > LIST_MAX)
    return false;
  if (strcmp(text, "all") == 0)
    return true;
  if (strncmp(text, "1/", 2) == 0) {
    char *end;
    unsigned long every = strtoul(text + 2, &end, 10);
    wanted.every = (uint32_t)every;
    return !*end && every > 0 && every <= INT32_MAX;
  }
  wanted.list[0] = ',';
  memcpy(wanted.list + 1, text, length);
  memcpy(wanted.list + 1 + length, ",", 2);
  return true;
}

void uvt_stacks_init(const char *text)
{
  int saved = errno;
  if (text && read_wanted(text)) {
    size_t size = UVT_STACKS_MAX * sizeof *table;
    char *memory =
        mmap(NULL, size + UVT_JS_TEXTS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED && uvt_unwind_init((const void *)uvt_stacks_init) == 0) {
      table = (struct told *)memory;
      wanted.js_types = (uint8_t *)memory + size;
      uvt_stacks_on = true;
    }
  }
  for (int type = 0; type < UVT_TYPE_COUNT; type++)
    wanted.types[type] = type_names[type] && in_list(type_names[type]);
  if (text && !uvt_stacks_on)
    uvt_log("no stacks: UVTREE_STACKS is not understood, or no memory");
  errno = saved;
}

/* Whether this is one of those to be taken: in the mean one in `every`, at distances that no rhythm of the
 * program follows. */
static bool is_turn(void)
{
  if (wanted.every == 1)
    return true;
  if (until_next) {
    until_next--;
    return false;
  }
  if (!random_state)
    random_state = (uint32_t)uvt_thread.tid * 2654435761u | 1;
  random_state = random_state * 1664525u + 1013904223u;
  until_next = (uint32_t)((uint64_t)random_state * (2 * (uint64_t)wanted.every - 1) >> 32);
  return true;
}

/* ---- Telling ---- */

static struct told *find(uint64_t hash)
{
  for (uint32_t probe = 0; probe < PROBES; probe++) {
    struct told *told = &table[(hash + probe) % UVT_STACKS_MAX];
    if (__atomic_load_n(&told->hash, __ATOMIC_ACQUIRE) == hash)
      return told;
  }
  return NULL;
}

/* Where to remember it: an unused place, or in turn one of those that are used. */
static struct told *place_for(uint64_t hash)
{
  for (uint32_t probe = 0; probe < PROBES; probe++) {
    struct told *told = &table[(hash + probe) % UVT_STACKS_MAX];
    if (!told->hash) /* NOLINT(clang-analyzer-core.NullDereference): without a table nothing is wanted */
      return told;
  }
  return &table[(hash + last_number % PROBES) % UVT_STACKS_MAX];
}

static void remember(uint64_t hash, uint32_t number)
{
  struct told *told = find(hash);
  if (!told)
    told = place_for(hash);
  __atomic_store_n(&told->hash, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&told->number, number, __ATOMIC_RELEASE);
  __atomic_store_n(&told->epoch, uvt_epoch, __ATOMIC_RELEASE);
  __atomic_store_n(&told->hash, hash, __ATOMIC_RELEASE);
}

static void tell(const struct uvt_walk *walk, uint32_t number)
{
  bool changed = false;
  uvt_buffer_flush(&uvt_thread); /* so that what names it has a later time than it */
  for (uint32_t i = 0; i < walk->count; i++)
    if (!uvt_code_tell(walk->frames[i] - 1))
      changed |= uvt_image_tell(walk->frames[i] - 1);
  if (changed) {
    uvt_unwind_forget();
    __atomic_add_fetch(&uvt_code_generation, 1, __ATOMIC_RELEASE);
  }
  uvt_emit->stack(&(struct uvt_rec_stack){
      .process = uvt_process, .stack = number, .frames = {walk->frames, walk->count}});
}

/* A stack's number where it has been told in this recording, else 0. */
static uint32_t known_number(uint64_t hash)
{
  struct told *told = find(hash);
  if (!told)
    return 0;
  uint32_t number = __atomic_load_n(&told->number, __ATOMIC_ACQUIRE);
  uint32_t epoch = __atomic_load_n(&told->epoch, __ATOMIC_ACQUIRE);
  bool same = __atomic_load_n(&told->hash, __ATOMIC_ACQUIRE) == hash;
  return same && epoch == uvt_epoch ? number : 0;
}

static __attribute__((noinline)) uint32_t tell_new(const struct uvt_walk *walk, uint64_t hash)
{
  int saved = errno;
  uint32_t number = 0;
  if (uvt_lock(&uvt_stacks_lock)) {
    number = known_number(hash); /* another thread was faster */
    if (!number) {
      number = ++last_number ? last_number : ++last_number;
      tell(walk, number);
      remember(hash, number);
    }
    pthread_mutex_unlock(&uvt_stacks_lock);
  }
  errno = saved;
  return number;
}

/* ---- Taking ---- */

static __attribute__((noinline)) uint32_t take(bool may_ask)
{
  struct uvt_walk walk;
  uvt_unwind(uvt_registers_here(), &walk);
  if (walk.has_bare && may_ask && uvt_js_code_ask())
    uvt_unwind(uvt_registers_here(), &walk);
  if (!walk.count)
    return 0;
  uint64_t hash = walk.hash ^ __atomic_load_n(&uvt_code_generation, __ATOMIC_ACQUIRE) << 32;
  hash += !hash; /* 0 means an unused place */
  uint32_t number = known_number(hash);
  return number ? number : tell_new(&walk, hash);
}

/* V8 may be collecting garbage where objects of its give up what they stand for: it is not asked anything
 * then. */
static bool may_be_collecting(enum uvt_type type)
{
  return type == UVT_TYPE_uv_close || type == UVT_TYPE_uv_fs_close || type == UVT_TYPE_uv_fs_closedir;
}

uint32_t uvt_stack_take(enum uvt_type type)
{
  return wanted.types[type] && is_turn() ? take(!may_be_collecting(type)) : 0;
}

enum js_type { JS_TYPE_NEW, JS_TYPE_WANTED, JS_TYPE_UNWANTED };

static bool js_wanted(uint32_t type)
{
  if (!*wanted.list)
    return true;
  if (type >= UVT_JS_TEXTS)
    return false;
  if (wanted.js_types[type] == JS_TYPE_NEW) {
    const char *name = uvt_js_text_of(type);
    wanted.js_types[type] = name && in_list(name) ? JS_TYPE_WANTED : JS_TYPE_UNWANTED;
  }
  return wanted.js_types[type] == JS_TYPE_WANTED;
}

uint32_t uvt_js_stack_take(uint32_t type)
{
  return js_wanted(type) && is_turn() ? take(true) : 0;
}

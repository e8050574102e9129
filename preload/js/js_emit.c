/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_emit.h"

#include <dlfcn.h>

#include "base/log.h"
#include "base/thread.h"
#include "js.h"
#include "schema.h"

/* Node's names, by which a Node that is a library calls them. */
#define EMIT_INIT                                                                                \
  "_ZN4node9AsyncWrap13EmitAsyncInitEPNS_11EnvironmentEN2v85LocalINS3_6ObjectEEENS4_INS3_6Strin" \
  "gEEEdd"
#define EMIT_BEFORE "_ZN4node9AsyncWrap10EmitBeforeEPNS_11EnvironmentEd"
#define EMIT_AFTER "_ZN4node9AsyncWrap9EmitAfterEPNS_11EnvironmentEd"
#define SP ((uintptr_t)__builtin_frame_address(0))
#define KINDS 64 /* more are left to the agent */

typedef void emit(void *environment, double async_id);
/* v8::Local<> is a pointer to the tagged value. */
typedef void emit_made(void *environment, const uintptr_t *resource, const uintptr_t *type, double async_id,
                       double trigger_async_id);

static emit_made emit_init;
static emit emit_before, emit_after;
/* The names: what they lead to in this object itself is the executable's, where that has them. */
#define EXPORT(shape, function, symbol) \
  shape exported_##function __asm__(symbol) __attribute__((visibility("default"), alias(#function)))
EXPORT(emit_made, emit_init, EMIT_INIT);
EXPORT(emit, emit_before, EMIT_BEFORE);
EXPORT(emit, emit_after, EMIT_AFTER);

static __thread struct {
  const void *environment; /* NULL: the agent hears for itself */
  unsigned what;           /* UVT_JS_HEAR_* */
  struct uvt_js_tables tables;
  unsigned long made, begun; /* of what was heard */
  size_t kind_count, last_kind;
  struct uvt_js_kind kinds[KINDS];
} heard __attribute__((tls_model("initial-exec")));

static void *real_init, *real_before, *real_after; /* NULL: not patched */

bool uvt_js_emit_prepare(const void *environment, const struct uvt_js_tables *tables)
{
  if (!environment || (!real_before && dlsym(RTLD_DEFAULT, EMIT_BEFORE) != (void *)emit_before))
    return false;
  heard.tables = *tables;
  heard.environment = environment;
  return true;
}

void uvt_js_emit_leave(void)
{
  if (heard.environment)
    uvt_log("of Node heard natively: %lu made, %lu callbacks", heard.made, heard.begun);
  heard.made = heard.begun = 0;
  heard.environment = NULL;
  heard.what = 0;
  heard.kind_count = heard.last_kind = 0;
}

void uvt_js_emit_hear(unsigned what)
{
  heard.what = what;
}

void uvt_js_emit_kind(const struct uvt_js_kind *kind)
{
  if (heard.kind_count < KINDS)
    heard.kinds[heard.kind_count++] = *kind;
}

static inline bool hears(const void *environment, unsigned what)
{
  return heard.environment == environment && heard.what & what;
}

/* Node has one string for each type; the same come several times in a row. */
static const struct uvt_js_kind *find_kind(uintptr_t type)
{
  if (heard.last_kind < heard.kind_count && *heard.kinds[heard.last_kind].type == type)
    return &heard.kinds[heard.last_kind];
  for (size_t i = 0; i < heard.kind_count; i++)
    if (*heard.kinds[i].type == type) {
      heard.last_kind = i;
      return &heard.kinds[i];
    }
  return NULL;
}

/* As onInit() of agent/registrations.js. False: left to it, as where its place in the table is not free. */
static bool init(const uintptr_t *type, double id, uintptr_t sp)
{
  struct uvt_js_tables *tables = &heard.tables;
  const struct uvt_js_kind *kind = find_kind(*type);
  if (!kind)
    return false;
  struct uvt_js_table *table = kind->once ? &tables->once : &tables->more;
  uint32_t at = (uint32_t)(uint64_t)id & table->mask;
  if (table->ids[at] != 0)
    return false;
  uint8_t flags = kind->once ? UVT_LINK_CAUSED : UVT_LINK_CAUSED | UVT_LINK_REPEAT;
  struct uvt_thread *thread = uvt_thread_enter(sp);
  table->links[at] = (double)uvt_js_link_made(thread, kind->text, flags);
  uvt_thread_leave(thread);
  table->kinds[at] = kind->number;
  if (kind->once)
    tables->begun[at] = 0;
  else
    tables->open[at] = tables->state[at] = 0;
  table->ids[at] = id;
  heard.made++;
  return true;
}

static bool find(const struct uvt_js_table *table, double id, uint32_t *at)
{
  *at = (uint32_t)(uint64_t)id & table->mask;
  return table->ids[*at] == id;
}

static void begin(double link, uint8_t flags, uintptr_t sp)
{
  struct uvt_thread *thread = uvt_thread_enter(sp);
  uvt_js_invocation_begin(thread, (uint64_t)link, flags);
  uvt_thread_leave(thread);
}

static void end(double link, uintptr_t sp)
{
  struct uvt_thread *thread = uvt_thread_enter(sp);
  uvt_js_invocation_end(thread, (uint64_t)link);
  uvt_thread_leave(thread);
}

/* As onBefore() of agent/callbacks.js. False: not in the tables. */
static bool before(double id, uintptr_t sp)
{
  struct uvt_js_tables *tables = &heard.tables;
  uint32_t at;
  if (find(&tables->more, id, &at)) {
    tables->open[at]++;
    heard.begun++;
    begin(tables->more.links[at], UVT_BEGIN_MORE, sp);
    return true;
  }
  if (find(&tables->once, id, &at)) {
    tables->begun[at] = 1;
    heard.begun++;
    begin(tables->once.links[at], 0, sp);
    return true;
  }
  return false;
}

/* As onAfter(). */
static bool after(double id, uintptr_t sp)
{
  struct uvt_js_tables *tables = &heard.tables;
  uint32_t at;
  if (find(&tables->more, id, &at)) {
    if (--tables->open[at] == 0 && tables->state[at] & UVT_JS_DESTROYED)
      tables->more.ids[at] = 0;
    end(tables->more.links[at], sp);
    return true;
  }
  if (find(&tables->once, id, &at)) {
    tables->once.ids[at] = 0;
    end(tables->once.links[at], sp);
    return true;
  }
  return false;
}

static void emit_init(void *environment, const uintptr_t *resource, const uintptr_t *type, double id,
                      double trigger_id)
{
  if (hears(environment, UVT_JS_HEAR_INIT) && init(type, id, SP))
    return;
  emit_made *real = uvt_node_real(&real_init, EMIT_INIT);
  if (!real)
    return;
  struct uvt_js_exception exception = {NULL, NULL};
  if (heard.environment == environment)
    exception = uvt_js_set_aside();
  real(environment, resource, type, id, trigger_id);
  uvt_js_put_back(exception);
}

static void call_real(void **place, const char *symbol, void *environment, double id)
{
  emit *real = uvt_node_real(place, symbol);
  if (real)
    real(environment, id);
}

static void emit_before(void *environment, double id)
{
  if (!hears(environment, UVT_JS_HEAR_CALLBACKS) || !before(id, SP))
    call_real(&real_before, EMIT_BEFORE, environment, id);
}

static void emit_after(void *environment, double id)
{
  if (!hears(environment, UVT_JS_HEAR_CALLBACKS) || !after(id, SP))
    call_real(&real_after, EMIT_AFTER, environment, id);
}

const struct uvt_node_function uvt_js_emit_functions[UVT_JS_EMIT_FUNCTIONS] = {
    {EMIT_INIT, (void (*)(void))emit_init, &real_init, false},
    {EMIT_BEFORE, (void (*)(void))emit_before, &real_before, false},
    {EMIT_AFTER, (void (*)(void))emit_after, &real_after, false}};

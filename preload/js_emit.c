/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_emit.h"

#include <dlfcn.h>

#include "schema.h"
#include "thread.h"

/* Node's names, by which a Node that is a library calls them. */
#define EMIT_BEFORE "_ZN4node9AsyncWrap10EmitBeforeEPNS_11EnvironmentEd"
#define EMIT_AFTER "_ZN4node9AsyncWrap9EmitAfterEPNS_11EnvironmentEd"
#define SP ((uintptr_t)__builtin_frame_address(0))

typedef void emit(void *environment, double async_id);

static emit emit_before, emit_after;
/* The names: what they lead to in this object itself is the executable's, where that has them. */
#define EXPORT(function, symbol) \
  emit exported_##function __asm__(symbol) __attribute__((visibility("default"), alias(#function)))
EXPORT(emit_before, EMIT_BEFORE);
EXPORT(emit_after, EMIT_AFTER);

static __thread struct {
  const void *environment; /* NULL: the agent hears for itself */
  struct uvt_js_tables tables;
} heard __attribute__((tls_model("initial-exec")));

static void *real_before, *real_after; /* NULL: not patched */

bool uvt_js_emit_hear(const void *environment, const struct uvt_js_tables *tables)
{
  if (!environment || (!real_before && dlsym(RTLD_DEFAULT, EMIT_BEFORE) != (void *)emit_before))
    return false;
  heard.tables = *tables;
  heard.environment = environment;
  return true;
}

void uvt_js_emit_leave(void)
{
  heard.environment = NULL;
}

static bool find(const struct uvt_js_table *table, double id, uint32_t *at)
{
  *at = (uint32_t)(uint64_t)id & table->mask;
  return table->ids[*at] == id;
}

/* As onBefore() of agent.js. False: not in the tables. */
static bool before(double id, uintptr_t sp)
{
  struct uvt_js_tables *tables = &heard.tables;
  uint32_t at;
  if (find(&tables->more, id, &at)) {
    tables->open[at]++;
    uvt_js_invocation_begin(uvt_thread_enter(sp), (uint64_t)tables->more.links[at], UVT_BEGIN_MORE);
    return true;
  }
  if (find(&tables->once, id, &at)) {
    tables->begun[at] = 1;
    uvt_js_invocation_begin(uvt_thread_enter(sp), (uint64_t)tables->once.links[at], 0);
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
    tables->open[at]--;
    uvt_js_invocation_end(uvt_thread_enter(sp), (uint64_t)tables->more.links[at]);
    return true;
  }
  if (find(&tables->once, id, &at)) {
    tables->once.ids[at] = 0;
    uvt_js_invocation_end(uvt_thread_enter(sp), (uint64_t)tables->once.links[at]);
    return true;
  }
  return false;
}

static void call_real(void **real, const char *symbol, void *environment, double id)
{
  if (!*real)
    *real = dlsym(RTLD_NEXT, symbol);
  if (*real)
    ((emit *)*real)(environment, id);
}

static void emit_before(void *environment, double id)
{
  if (heard.environment != environment || !before(id, SP))
    call_real(&real_before, EMIT_BEFORE, environment, id);
}

static void emit_after(void *environment, double id)
{
  if (heard.environment != environment || !after(id, SP))
    call_real(&real_after, EMIT_AFTER, environment, id);
}

const struct uvt_node_function uvt_node_functions[UVT_NODE_FUNCTIONS] = {
    {EMIT_BEFORE, emit_before, &real_before}, {EMIT_AFTER, emit_after, &real_after}};

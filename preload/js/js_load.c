/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_load.h"

#include <stddef.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "base/node_api_min.h"
#include "base/v8_parts.h"
#include "js.h"
#include "js_function.h"
#include "js_hidden.h"

/* Node's names, by which a Node that is a library calls them. */
#define EXECUTE "_ZN4node5Realm19ExecuteBootstrapperEPKc"
#define COMPILE "_ZN4node8builtins13BuiltinLoader16LookupAndCompileEN2v85LocalINS2_7ContextEEEPKcPNS_5RealmE"
#define COMPILE_24                                                                               \
  "_ZN4node8builtins13BuiltinLoader16LookupAndCompileEN2v85LocalINS2_7ContextEEEPKNS0_13Builtin" \
  "SourceEPNS_5RealmE"
#define MAIN_SCRIPTS "internal/main/"
#define SNAPSHOT_BUILDER "internal/main/mksnapshot" /* what it makes must hold nothing of ours */
#define NODE_API 8                                  /* version */

/* Runs one of Node's scripts; -> its result, NULL where it threw. */
typedef napi_value execute(void *realm, const char *id);
/* Makes a function of one of Node's scripts, which it is given by its ID, from Node 24 on by its source; up
 * to Node 18 there is no loader, and one argument less. */
typedef napi_value compile(void *loader, void *context, const void *script, void *realm);

static execute execute_script;
static compile compile_script, compile_script_24;
extern execute exported_execute __asm__(EXECUTE)
    __attribute__((visibility("default"), alias("execute_script")));
extern compile exported_compile __asm__(COMPILE)
    __attribute__((visibility("default"), alias("compile_script")));

extern compile exported_compile_24 __asm__(COMPILE_24)
    __attribute__((visibility("default"), alias("compile_script_24")));

static void *real_execute, *real_compile, *real_compile_24; /* NULL: not patched */

/* js_source.S */
extern const char uvt_js_source[] __attribute__((visibility("hidden")));
extern const size_t uvt_js_source_length __attribute__((visibility("hidden")));
extern const char uvt_js_hidden[] __attribute__((visibility("hidden")));
extern const size_t uvt_js_hidden_length __attribute__((visibility("hidden")));

static __thread struct {
  const char *script; /* Node's, that is to run */
  napi_env env;
  napi_ref agent; /* the function that is to run in place of Node's script; NULL: none */
} loading __attribute__((tls_model("initial-exec")));

bool uvt_js_asked(void)
{
  const char *layer = uvt_env.layer;
  return layer && (strcmp(layer, "all") == 0 || strcmp(layer, "always") == 0);
}

/* Runs a script under a name of its own: by the origin of a function that has none, in which that is put. */
static napi_value run_script(napi_env env, napi_value native, const char *text, size_t length, bool hidden)
{
  struct v8_script_origin origin = {{0}};
  void *context = v8_current_context(v8_isolate_current());
  napi_value source, function, name;
  if (napi_create_string_latin1(env, text, length, &source) ||
      napi_get_named_property(env, native, "main", &function) ||
      napi_create_string_latin1(env, UVT_JS_AGENT, NAPI_AUTO_LENGTH, &name))
    return NULL;
  origin = v8_function_origin(function);
  *uvt_js_origin_name(&origin) = name;
  napi_value script = v8_script_compile(context, source, &origin);
  if (script && hidden)
    uvt_js_hide(script, source, name);
  return script ? v8_script_run(script, context) : NULL;
}

/* The agent's source is a function that takes the native side and returns what Node is to call. */
static bool make_agent(napi_env env, napi_value native, napi_ref *agent)
{
  napi_value hidden, outer, inner, undefined;
  return (hidden = run_script(env, native, uvt_js_hidden, uvt_js_hidden_length, true)) &&
         !napi_set_named_property(env, native, "hidden", hidden) &&
         (outer = run_script(env, native, uvt_js_source, uvt_js_source_length, false)) &&
         !napi_get_undefined(env, &undefined) &&
         !napi_call_function(env, undefined, outer, 1, &native, &inner) &&
         !napi_create_reference(env, inner, 1, agent);
}

static napi_value attach(napi_env env, napi_value native)
{
  napi_value script;
  if (!uvt_js_attach(env, native))
    return native;
  loading.env = env;
  if (!napi_create_string_latin1(env, loading.script, NAPI_AUTO_LENGTH, &script))
    napi_set_named_property(env, native, "script", script);
  if (!make_agent(env, native, &loading.agent)) {
    napi_value ignored;
    uvt_log("no JavaScript layer: the agent cannot be compiled");
    napi_get_and_clear_last_exception(env, &ignored);
  }
  return native;
}

/* On the thread of an environment that is about to run its main script. True: the agent is to run now. */
static bool load_agent(const char *id)
{
  loading.script = id;
  if (!v8_isolate_current || !v8_current_context || !v8_object_new || !v8_function_origin ||
      !v8_script_compile || !v8_script_run || !node_register_module || !napi_call_function) {
    uvt_log("no JavaScript layer: this Node lacks what loads it");
    return false;
  }
  void *isolate = v8_isolate_current();
  napi_value native = v8_object_new(isolate);
  node_register_module(native, native, v8_current_context(isolate), attach, NODE_API);
  return loading.agent != NULL;
}

static bool is_main_script(const char *id)
{
  return strncmp(id, MAIN_SCRIPTS, strlen(MAIN_SCRIPTS)) == 0 && strcmp(id, SNAPSHOT_BUILDER) != 0;
}

/*
 * Node runs its main script twice, as far as it knows: the first time it is given the agent in its place.
 * Should it not have asked what to run, that was the main script itself.
 */
static napi_value execute_script(void *realm, const char *id)
{
  execute *real = (execute *)uvt_node_real(&real_execute, EXECUTE);
  if (!real)
    return NULL;
  if (uvt_js_asked() && uvt_v8_has(UVT_V8_js) && is_main_script(id) && load_agent(id)) {
    napi_value result = real(realm, id);
    if (loading.agent) {
      uvt_log("no JavaScript layer: Node does not ask what its main script is");
      napi_delete_reference(loading.env, loading.agent);
      loading.agent = NULL;
      return result;
    }
  }
  return real(realm, id);
}

static napi_value take_agent(void)
{
  napi_value agent = NULL;
  napi_get_reference_value(loading.env, loading.agent, &agent);
  napi_delete_reference(loading.env, loading.agent);
  loading.agent = NULL;
  return agent;
}

static napi_value compile_or_take(void **place, const char *symbol, void *loader, void *context,
                                  const void *script, void *realm)
{
  napi_value agent = loading.agent ? take_agent() : NULL;
  compile *real = agent ? NULL : (compile *)uvt_node_real(place, symbol);
  return real ? real(loader, context, script, realm) : agent;
}

static napi_value compile_script(void *loader, void *context, const void *script, void *realm)
{
  return compile_or_take(&real_compile, COMPILE, loader, context, script, realm);
}

static napi_value compile_script_24(void *loader, void *context, const void *script, void *realm)
{
  return compile_or_take(&real_compile_24, COMPILE_24, loader, context, script, realm);
}

const struct uvt_node_function uvt_js_load_functions[UVT_JS_LOAD_FUNCTIONS] = {
    {EXECUTE, (void (*)(void))execute_script, &real_execute, false},
    {COMPILE, (void (*)(void))compile_script, &real_compile, false},
    {COMPILE_24, (void (*)(void))compile_script_24, &real_compile_24, true}};

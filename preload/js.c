/* SPDX-License-Identifier: MIT */
/* What agent.js calls. Its functions take numbers, but for texts, which it interns once. */
#define _GNU_SOURCE
#include "js.h"

#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "arena.h"
#include "entry.h"
#include "env.h"
#include "js_function.h"
#include "js_text.h"
#include "log.h"
#include "node_api_min.h"
#include "registration.h"
#include "stack.h"
#include "thread.h"

#define ARGUMENTS 4
#define HOLD 0x80 /* with link's flags: hold the record back, it may turn out to be none */

/* Of the environment that runs on this thread; there is never more than one that has an agent. */
struct js {
  napi_env env; /* NULL: none, or it has ended */
  const void *loop;
  uint32_t main_depth; /* of the main script's invocation; 0: not open */
  napi_ref on_reject;  /* the agent's function; it also gets told when to tell (tell_rejected) */
  struct uvt_rec_js_link held;
  uint32_t held_stack; /* where it was made */
};

static __thread struct js js __attribute__((tls_model("initial-exec")));

/* ---- Arguments and results ---- */

struct call {
  struct uvt_thread *thread;
  size_t count;
  napi_value arguments[ARGUMENTS];
};

static struct call take_call(napi_env env, napi_callback_info info, uintptr_t sp)
{
  struct call call = {.thread = uvt_thread_enter(sp), .count = ARGUMENTS};
  napi_get_cb_info(env, info, &call.count, call.arguments, NULL, NULL);
  if (call.thread->js_held)
    uvt_js_flush(call.thread);
  return call;
}
#define TAKE_CALL(env, info) take_call(env, info, (uintptr_t)__builtin_frame_address(0))

static double as_double(napi_env env, const struct call *call, size_t index)
{
  double value = 0;
  napi_get_value_double(env, call->arguments[index], &value);
  return value;
}

static uint64_t as_id(napi_env env, const struct call *call, size_t index)
{
  return (uint64_t)as_double(env, call, index);
}

static uint32_t as_number(napi_env env, const struct call *call, size_t index)
{
  uint32_t value = 0;
  napi_get_value_uint32(env, call->arguments[index], &value);
  return value;
}

/* The text, cut to the size, NUL-terminated; its length. */
static size_t as_text(napi_env env, const struct call *call, size_t index, char *buffer, size_t size)
{
  size_t length = 0;
  buffer[0] = '\0';
  napi_get_value_string_utf8(env, call->arguments[index], buffer, size, &length);
  return length;
}

static napi_value id_value(napi_env env, uint64_t id)
{
  napi_value value = NULL;
  napi_create_double(env, (double)id, &value);
  return value;
}

static napi_value number_value(napi_env env, uint32_t number)
{
  napi_value value = NULL;
  napi_create_uint32(env, number, &value);
  return value;
}

/* ---- Registrations ---- */

static void record_link(struct uvt_thread *thread, const struct uvt_rec_js_link *link)
{
  if (!uvt_recording(thread))
    return;
  uvt_js_text_tell(link->type);
  uvt_js_text_tell(link->function);
  uvt_stack_link(link->link_id, js.held_stack);
  uvt_emit->js_link(link);
}

void uvt_js_flush(struct uvt_thread *thread)
{
  thread->js_held = 0;
  js.held.process = uvt_process;
  record_link(thread, &js.held);
}

/* link(type, function, flags): the link ID */
static napi_value js_link(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  uint32_t flags = as_number(env, &call, 2);
  js.held = (struct uvt_rec_js_link){.process = uvt_process,
                                     .execute_id = uvt_current(call.thread),
                                     .link_id = uvt_next_link_id(call.thread),
                                     .type = as_number(env, &call, 0),
                                     .function = as_number(env, &call, 1),
                                     .flags = (uint8_t)(flags & ~HOLD)};
  js.held_stack = uvt_recording(call.thread) ? uvt_js_stack(js.held.type) : 0;
  if (flags & HOLD)
    call.thread->js_held = 1;
  else
    record_link(call.thread, &js.held);
  return id_value(env, js.held.link_id);
}

/* drop(): what is held back was no registration. */
static napi_value js_drop(napi_env env, napi_callback_info info)
{
  (void)env, (void)info;
  uvt_thread.js_held = 0;
  return NULL;
}

/* cause(link) */
static napi_value js_cause(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  uvt_cause(call.thread, as_id(env, &call, 0), 0);
  return NULL;
}

/* cancel(link, reason) */
static napi_value js_cancel(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  uvt_cancel_link(call.thread, as_id(env, &call, 0), (enum uvt_reason)as_number(env, &call, 1), 0);
  return NULL;
}

/* ---- Invocations ---- */

static uint32_t begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags)
{
  struct uvt_frame *below = uvt_current_frame(thread);
  uvt_invocation_hold(below->slot);
  struct uvt_claim claim = {.link_id = link_id, .parent = below->slot};
  uint32_t depth = uvt_invocation_begin(thread, &claim, below->sp, 0, flags);
  if (depth)
    thread->frames[depth].is_js = true;
  return depth;
}

/* begin(link, flags) */
static napi_value js_begin(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  begin(call.thread, as_id(env, &call, 0), (uint8_t)as_number(env, &call, 1));
  return NULL;
}

/* end(link): of its topmost invocation that was not ended already, above the nearest native one. */
static napi_value js_end(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  uint64_t link_id = as_id(env, &call, 0);
  struct uvt_thread *thread = call.thread;
  for (uint32_t depth = thread->depth; depth && thread->frames[depth].is_js; depth--)
    if (thread->frames[depth].link_id == link_id) {
      uvt_invocation_end(thread, depth);
      break;
    }
  return NULL;
}

/* main(): the main script begins. */
static napi_value js_main(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  js.main_depth = begin(call.thread, 0, UVT_BEGIN_MAIN);
  return NULL;
}

static void end_main(struct uvt_thread *thread)
{
  uint32_t depth = js.main_depth;
  js.main_depth = 0;
  if (depth && depth <= thread->depth && thread->frames[depth].is_js && !thread->frames[depth].link_id)
    uvt_invocation_end(thread, depth);
}

/* mainEnd() */
static napi_value js_main_end(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  end_main(call.thread);
  return NULL;
}

void uvt_js_loop_runs(struct uvt_thread *thread, const void *loop)
{
  if (!js.env || js.loop != loop)
    return;
  if (thread->js_held)
    uvt_js_flush(thread);
  end_main(thread);
  if (thread->js_rejected)
    uvt_js_tell_rejected(thread);
}

/* current(): the current invocation's index */
static napi_value js_current(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  return id_value(env, uvt_current(call.thread));
}

/* ---- Failures, labels, life cycle ---- */

#define MESSAGE_MAX 1024
#define STACK_MAX 8192

/* failed(invocation or 0: the current one, message, stack) */
static napi_value js_failed(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  uint64_t execute_id = as_id(env, &call, 0);
  char message[MESSAGE_MAX], stack[STACK_MAX];
  as_text(env, &call, 1, message, sizeof message);
  as_text(env, &call, 2, stack, sizeof stack);
  if (!execute_id)
    execute_id = uvt_current(call.thread);
  if (uvt_recording(call.thread))
    uvt_emit->failed(&(struct uvt_rec_failed){uvt_process, execute_id, message, stack});
  return NULL;
}

/* handled(invocation) */
static napi_value js_handled(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  if (uvt_recording(call.thread))
    uvt_emit->handled(&(struct uvt_rec_handled){uvt_process, as_id(env, &call, 0)});
  return NULL;
}

/* label(id, status, kind, name) of the current invocation */
static napi_value js_label(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  char kind[64], name[MESSAGE_MAX];
  as_text(env, &call, 2, kind, sizeof kind);
  as_text(env, &call, 3, name, sizeof name);
  if (uvt_recording(call.thread))
    uvt_emit->label(&(struct uvt_rec_label){.process = uvt_process,
                                            .execute_id = uvt_current(call.thread),
                                            .id = as_id(env, &call, 0),
                                            .status = (int32_t)as_double(env, &call, 1),
                                            .kind = kind,
                                            .name = name});
  return NULL;
}

/* promise(id, life) */
static napi_value js_promise(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  if (uvt_recording(call.thread))
    uvt_emit->promise(&(struct uvt_rec_promise){.process = uvt_process,
                                                .execute_id = uvt_current(call.thread),
                                                .promise = as_id(env, &call, 0),
                                                .life = (uint8_t)as_number(env, &call, 1)});
  return NULL;
}

/* ---- Promises that were rejected ---- */

static void call_on_reject(size_t argc, const napi_value *argv)
{
  napi_env env = js.env;
  napi_value function, undefined;
  if (napi_get_reference_value(env, js.on_reject, &function) || !function ||
      napi_get_undefined(env, &undefined))
    return;
  if (napi_call_function(env, undefined, function, argc, argv, NULL)) {
    napi_value ignored;
    napi_get_and_clear_last_exception(env, &ignored);
  }
}

/* V8's, in place of Node's, which it calls: promise rejected with no handler, handler added later. */
static void rejected(struct v8_promise_reject message)
{
  napi_handle_scope scope;
  if (js.env && message.event <= V8_HANDLER_ADDED && !napi_open_handle_scope(js.env, &scope)) {
    napi_value event = number_value(js.env, (uint32_t)message.event), undefined = NULL;
    napi_get_undefined(js.env, &undefined);
    call_on_reject(3, (napi_value[]){event, message.promise, message.value ? message.value : undefined});
    napi_close_handle_scope(js.env, scope);
    if (message.event == V8_REJECTED_UNHANDLED)
      uvt_thread.js_rejected = 1;
  }
  node_promise_reject_callback(message);
}

void uvt_js_tell_rejected(struct uvt_thread *thread)
{
  napi_handle_scope scope;
  thread->js_rejected = 0;
  if (!js.env || napi_open_handle_scope(js.env, &scope))
    return;
  call_on_reject(0, NULL);
  napi_close_handle_scope(js.env, scope);
}

/* onReject(function): called with (event, promise, value), and with nothing when it is time to tell what
 * stayed. */
static napi_value js_on_reject(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (!isolate || !v8_set_promise_reject_callback || !node_promise_reject_callback)
    uvt_log("unhandled rejections cannot be followed in this Node");
  else if (!napi_create_reference(env, call.arguments[0], 1, &js.on_reject))
    v8_set_promise_reject_callback(isolate, rejected);
  return NULL;
}

/* state(promise): 0 pending, 1 fulfilled, 2 rejected, 3 cannot be known */
static napi_value js_state(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  return number_value(env, v8_promise_state ? (uint32_t)v8_promise_state(call.arguments[0]) : 3);
}

/* ---- The trampoline ---- */

/*
 * noTrampoline(): where hooks are enabled, Node calls callbacks through a JavaScript function of its own,
 * which shows in the stack of every error. Without it Node calls the hooks natively. It is unset by calling
 * what sets it without an argument; that is a function for JavaScript, so one is made of it.
 */
static napi_value js_no_trampoline(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  v8_function_new *make = v8_function_new_14 ? v8_function_new_14 : v8_function_new_13;
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  (void)call;
  if (!isolate || !v8_current_context || !make || !node_set_callback_trampoline) {
    uvt_log("stacks of errors show Node's callbackTrampoline");
    return NULL;
  }
  napi_value unset = make(v8_current_context(isolate), node_set_callback_trampoline, NULL, 0, 0, 0),
             undefined;
  if (unset && !napi_get_undefined(env, &undefined))
    napi_call_function(env, undefined, unset, 0, NULL, NULL);
  return NULL;
}

/* ---- Texts ---- */

/* text(string): its number */
static napi_value js_text(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  char text[MESSAGE_MAX];
  size_t length = as_text(env, &call, 0, text, sizeof text);
  return number_value(env, uvt_js_text(text, length));
}

/* function(f): number of "name file:line"; 0 where it has none */
static napi_value js_function(napi_env env, napi_callback_info info)
{
  size_t count = 1;
  napi_value function = NULL;
  napi_get_cb_info(env, info, &count, &function, NULL, NULL);
  return number_value(env, uvt_js_function(env, function));
}

/* log(string) */
static napi_value js_log(napi_env env, napi_callback_info info)
{
  struct call call = TAKE_CALL(env, info);
  char text[MESSAGE_MAX];
  as_text(env, &call, 0, text, sizeof text);
  uvt_log("agent: %s", text);
  return NULL;
}

/* ---- The module ---- */

static const struct {
  const char *name;
  napi_callback function;
} functions[] = {
    {"link", js_link},       {"drop", js_drop},          {"cause", js_cause},
    {"cancel", js_cancel},   {"begin", js_begin},        {"end", js_end},
    {"main", js_main},       {"mainEnd", js_main_end},   {"current", js_current},
    {"failed", js_failed},   {"handled", js_handled},    {"label", js_label},
    {"promise", js_promise}, {"onReject", js_on_reject}, {"state", js_state},
    {"text", js_text},       {"function", js_function},  {"noTrampoline", js_no_trampoline},
    {"log", js_log},
};

static void environment_ends(void *unused)
{
  (void)unused;
  js = (struct js){0};
  uvt_js_functions_forget();
  uvt_thread.js_held = 0;
  uvt_thread.js_rejected = 0;
}

/* Called by process.dlopen. What it returns lacks `link` where nothing is to be followed. */
__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports);
napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
  struct uv_loop_s *loop = NULL;
  if (!__atomic_load_n(&uvt_started, __ATOMIC_ACQUIRE))
    uvt_start();
  if (!uvt_gate || js.env || napi_get_uv_event_loop(env, &loop))
    return exports;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (!napi_create_function(env, functions[i].name, strlen(functions[i].name), functions[i].function, NULL,
                              &function))
      napi_set_named_property(env, exports, functions[i].name, function);
  }
  uint32_t options = (uvt_env.listeners ? 1 : 0) | (uvt_env.promises ? 2 : 0) | (uvt_env.locations ? 4 : 0);
  napi_set_named_property(env, exports, "options", number_value(env, options));
  /* Hooks cost the program something: none, unless somebody records. */
  bool follow = strcmp(uvt_env.layer, "always") == 0 ||
                uvt_recording(uvt_thread_enter((uintptr_t)__builtin_frame_address(0)));
  napi_set_named_property(env, exports, "follow", number_value(env, follow));
  js = (struct js){.env = env, .loop = loop};
  napi_add_env_cleanup_hook(env, environment_ends, NULL);
  return exports;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the agent (agent/native.js) calls. What it calls often takes numbers and gives numbers in an array
 * that both see, because passing them as arguments would cost more than all the rest; see `operations` below.
 */
#define _GNU_SOURCE
#include "js.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "base/node_api_min.h"
#include "base/thread.h"
#include "base/v8_parts.h"
#include "calls/registration.h"
#include "hooks/entry.h"
#include "js_emit.h"
#include "js_failed.h"
#include "js_frames.h"
#include "js_function.h"
#include "js_hidden.h"
#include "js_place.h"
#include "live/arena.h"
#include "recording/announce.h"
#include "recording/buffer.h"
#include "recording/js_text.h"
#include "recording/put.h"
#include "stacks/stack.h"

#define ARGUMENTS 9
#define VALUES 5      /* of the array */
#define OTHER_THREW 4 /* the index of what says that a promise hook of the program's has */
#define SP ((uintptr_t)__builtin_frame_address(0))

/* fast: the frame of a fast call; 0: it is none */
typedef void operation(struct uvt_thread *thread, double *values, uintptr_t fast);

/* Of the environment that runs on this thread; there is never more than one that has an agent. */
struct js {
  napi_env env; /* NULL: none, or it has ended */
  const void *loop;
  uint32_t main_depth;       /* of the main script's invocation; 0: not open */
  napi_ref on_reject;        /* the agent's function; it also gets told when to tell (tell_rejected) */
  napi_ref on_failed;        /* the agent's function */
  napi_ref nothing;          /* a native function that does nothing (uvt_js_set_aside) */
  const uintptr_t *returned; /* a handle of the exception that is to be pending again; NULL: none */
  double *values;            /* the array's */
  operation *again;          /* what could not be done in a fast call */
  const void *environment;   /* Node's own; NULL: not known */
  int64_t timers_begin;      /* where Node's timers count from, ms on CLOCK_MONOTONIC; 0: not known (yet) */
};

static __thread struct js js __attribute__((tls_model("initial-exec")));

napi_env uvt_js_env(void)
{
  return js.env;
}

bool uvt_js_other_has_thrown(void)
{
  bool thrown = js.env && js.values[OTHER_THREW] != 0;
  if (thrown)
    js.values[OTHER_THREW] = 0;
  return thrown;
}

/* ---- Arguments and results ---- */

struct call {
  struct uvt_thread *thread; /* in our own code as long as this lives */
  size_t count;
  napi_value arguments[ARGUMENTS];
};

static struct call take_call(napi_env env, napi_callback_info info, uintptr_t sp)
{
  struct call call = {.thread = uvt_thread_enter(sp), .count = ARGUMENTS};
  napi_get_cb_info(env, info, &call.count, call.arguments, NULL, NULL);
  return call;
}
#define TAKE_CALL(name, env, info) \
  struct call name __attribute__((cleanup(leave_call))) = take_call(env, info, SP)

static void leave_call(struct call *call)
{
  uvt_thread_leave(call->thread);
}

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

/* The text, cut to the size, NUL-terminated; its length. */
static size_t as_text(napi_env env, const struct call *call, size_t index, char *buffer, size_t size)
{
  size_t length = 0;
  buffer[0] = '\0';
  napi_get_value_string_utf8(env, call->arguments[index], buffer, size, &length);
  return length;
}

static napi_value number_value(napi_env env, uint32_t number)
{
  napi_value value = NULL;
  napi_create_uint32(env, number, &value);
  return value;
}

enum answer { NO, YES, UNKNOWN /* then it has to be asked otherwise */ };

/* ---- Operations: arguments and results in the array ---- */

static operation do_link, do_hold, do_timer;

/* The current invocation registers something. `hold`: as of uvt_put_js_link(). -> the link ID */
static uint64_t put_link(struct uvt_thread *thread, uint32_t type, uint32_t function, uint8_t flags,
                         bool hold)
{
  uint64_t execute_id = uvt_current(thread), link_id = uvt_next_link_id(thread);
  if (!uvt_recording(thread))
    return link_id;
  uvt_js_text_tell(thread, type);
  uvt_js_text_tell(thread, function);
  uvt_put_js_link(thread, execute_id, link_id, type, function, flags, uvt_js_stack(type), hold);
  return link_id;
}

/* In place of a function: what made it is to be found. As in agent.js. */
#define PLACE_OF_CALLER (-1)
#define PLACE_THROUGH_NODE (-2)

/* A function's number, or that of a place (js_place.h), which may have to be asked for again. */
static uint32_t function_or_place(struct uvt_thread *thread, double value, uintptr_t fast)
{
  if (__builtin_expect(value >= 0, 1))
    return (uint32_t)value;
  return uvt_recording(thread) ? uvt_js_place(js.env, fast, value == PLACE_THROUGH_NODE) : 0;
}

uint64_t uvt_js_link_made(struct uvt_thread *thread, uint32_t type, uint8_t flags)
{
  double place = uvt_env.locations ? PLACE_THROUGH_NODE : 0;
  return put_link(thread, type, function_or_place(thread, place, 0), flags, false);
}

/* link: type, function, flags -> the link ID; negative: nothing was done, `again` is to be called */
static inline void link(struct uvt_thread *thread, double *values, uintptr_t fast, bool hold)
{
  uint32_t function = function_or_place(thread, values[1], fast);
  if (__builtin_expect(function == UVT_JS_PLACE_ASK, 0)) {
    values[0] = -values[0];
    js.again = hold ? do_hold : do_link;
    return;
  }
  values[0] = (double)put_link(thread, (uint32_t)values[0], function, (uint8_t)values[2], hold);
}

static void do_link(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  link(thread, values, fast, false);
}

/* The same of what may turn out to be no registration: then drop follows at once. */
static void do_hold(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  link(thread, values, fast, true);
}

/* drop: link. Where it has been written, or the program's own hooks came in between, it is cancelled. */
static void do_drop(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  uint64_t link_id = (uint64_t)values[0];
  if (!uvt_buffer_drop(thread, UVT_BATCH_js_link, link_id))
    uvt_record_cancel(thread, link_id, UVT_reason_cancelled, 0);
}

/* ---- Timers ---- */

/* Node's timers count from a moment of their own on. To be asked where Node itself is about to bring the
 * loop's clock up to date: when a timer is made. */
static void find_timers_begin(void)
{
  double now = 0;
  if (!uv_now || !js.environment)
    return;
  if (node_now_20)
    now = (double)node_now_20(js.environment);
  else if (!node_now_18 || napi_get_value_double(js.env, node_now_18(js.environment), &now))
    return;
  js.timers_begin = (int64_t)uv_now(js.loop) - (int64_t)now;
}

/* Of what Node has made sure that it is a number of ms, but the program can change. */
static int64_t as_ms(double value)
{
  return value > 0 && value < (double)(INT64_C(1) << 53) ? (int64_t)value : 0;
}

/* timer: type, function, flags, timeout -> as link */
static void do_timer(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  uint32_t type = (uint32_t)values[0], function = function_or_place(thread, values[1], fast);
  if (__builtin_expect(function == UVT_JS_PLACE_ASK, 0)) {
    values[0] = -values[0];
    js.again = do_timer;
    return;
  }
  uint64_t execute_id = uvt_current(thread), link_id = uvt_next_link_id(thread);
  values[0] = (double)link_id;
  if (!uvt_recording(thread))
    return;
  if (__builtin_expect(!js.timers_begin, 0))
    find_timers_begin();
  uvt_js_text_tell(thread, type);
  uvt_js_text_tell(thread, function);
  uvt_put_js_timer(thread, execute_id, link_id, type, function, (uint8_t)values[2],
                   (uint32_t)as_ms(values[3]), uvt_js_stack(type));
}

/* cause: link */
static void do_cause(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  uvt_cause(thread, (uint64_t)values[0], 0);
}

/* cancel: link, reason */
static void do_cancel(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  uvt_record_cancel(thread, (uint64_t)values[0], (enum uvt_reason)values[1], 0);
}

/* begin: link, flags. With BEGIN_DUE, which is ours: also when the timer was put into Node's list, and its
 * timeout */
static void do_begin(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  enum { BEGIN_DUE = 0x10 };
  uint8_t flags = (uint8_t)values[1];
  if (!(flags & BEGIN_DUE)) {
    uvt_js_invocation_begin(thread, (uint64_t)values[0], flags);
    return;
  }
  int64_t due = js.timers_begin ? js.timers_begin + as_ms(values[2]) + as_ms(values[3]) : 0;
  uvt_js_timer_begin(thread, (uint64_t)values[0], flags & ~BEGIN_DUE, due);
}

/* end: link */
static void do_end(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  uvt_js_invocation_end(thread, (uint64_t)values[0]);
}

/* finish: link -> NO where it is not the current one. As end, but it may turn out to have thrown: then resume
 * follows at once */
static void do_finish(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  values[0] = uvt_js_invocation_finish(thread, (uint64_t)values[0]) ? YES : NO;
}

/* resume: link -> the invocation's index, 0 where it was not the last to finish */
static void do_resume(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  values[0] = (double)uvt_js_invocation_resume(thread, (uint64_t)values[0]);
}

/* current: -> the current invocation's index */
static void do_current(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  values[0] = (double)uvt_current(thread);
}

/* promise: number, life */
static void do_promise(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  uint64_t execute_id = uvt_current(thread);
  if (uvt_recording(thread))
    uvt_put_promise(thread, execute_id, (uint64_t)values[0], (enum uvt_life)values[1]);
}

/* missed: something that was to be recorded */
static void do_missed(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)thread, (void)values, (void)fast;
  uvt_count_lost(1);
}

/* label: number, status, kind, name; of the current invocation */
static void do_label(struct uvt_thread *thread, double *values, uintptr_t fast)
{
  (void)fast;
  uint64_t execute_id = uvt_current(thread);
  if (!uvt_recording(thread))
    return;
  uint32_t kind = (uint32_t)values[2], name = (uint32_t)values[3];
  uvt_js_text_tell(thread, kind);
  uvt_js_text_tell(thread, name);
  uvt_put_js_label(thread, execute_id, (uint32_t)values[0], (int32_t)values[1], kind, name);
}

/* X(operation) */
#define OPERATIONS(X) \
  X(link)             \
  X(timer)            \
  X(hold)             \
  X(drop) X(cause) X(cancel) X(begin) X(end) X(finish) X(resume) X(current) X(promise) X(label) X(missed)

static inline __attribute__((always_inline)) void operate(operation *done, uintptr_t sp, uintptr_t fast)
{
  struct uvt_thread *thread = uvt_thread_enter(sp);
  done(thread, js.values, fast);
  uvt_thread_leave(thread);
}

/* Each as V8 calls a function that was made by its own means (from optimised code, and else), and as Node-API
 * does. */
#define OPERATION(name)                                                         \
  static void fast_##name(napi_value unused, napi_value unused_too)             \
  {                                                                             \
    (void)unused, (void)unused_too;                                             \
    operate(do_##name, SP, SP);                                                 \
  }                                                                             \
  static void v8_##name(const void *unused)                                     \
  {                                                                             \
    (void)unused;                                                               \
    operate(do_##name, SP, 0);                                                  \
  }                                                                             \
  static napi_value napi_##name(napi_env unused, napi_callback_info unused_too) \
  {                                                                             \
    (void)unused, (void)unused_too;                                             \
    operate(do_##name, SP, 0);                                                  \
    return NULL;                                                                \
  }
OPERATIONS(OPERATION)

/* again(): that operation which could not be done in a fast call */
static napi_value js_again(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  js.values[0] = -js.values[0];
  js.again(call.thread, js.values, 0);
  return NULL;
}

/* ---- Questions: about a value, the answer in the array ---- */

static enum answer ask_settled(napi_value promise)
{
  if (!v8_promise_state)
    return UNKNOWN;
  return v8_promise_state(promise) != 0 ? YES : NO;
}

/* Does its function stand in a script? Not so one that is bound or native. */
static enum answer ask_scripted(napi_value function)
{
  if (!v8_function_script)
    return UNKNOWN;
  return v8_function_script(function) > 0 ? YES : NO;
}

/* X(question) */
#define QUESTIONS(X) X(settled) X(scripted)

/* The first argument as V8 hands it to the second of the same three. From V8 14 on it is not known where it
 * lies, but there optimised code calls the first. */
static enum answer answer(enum answer (*ask)(napi_value), const struct v8_call *call)
{
  return uvt_v8_major() < 14 && call->count > 0 ? ask(call->first) : UNKNOWN;
}

#define QUESTION(name)                                                 \
  static void fast_##name(napi_value unused, napi_value value)         \
  {                                                                    \
    (void)unused;                                                      \
    js.values[0] = ask_##name(value);                                  \
  }                                                                    \
  static void v8_##name(const void *info)                              \
  {                                                                    \
    js.values[0] = answer(ask_##name, info);                           \
  }                                                                    \
  static napi_value napi_##name(napi_env env, napi_callback_info info) \
  {                                                                    \
    TAKE_CALL(call, env, info);                                        \
    js.values[0] = ask_##name(call.arguments[0]);                      \
    return NULL;                                                       \
  }
QUESTIONS(QUESTION)

static const uint8_t fast_values_13[] = V8_FAST_VALUES_13, fast_values_14[] = V8_FAST_VALUES_14;

static const struct v8_fast_info *fast_info(int v8_major, bool takes_value)
{
  static const struct v8_fast_info infos[2][2] = {
      {{.count = 1, .types = fast_values_13}, {.count = 2, .types = fast_values_13}},
      {{.count = 1, .types = fast_values_14}, {.count = 2, .types = fast_values_14}}};
  return &infos[v8_major >= 14][takes_value];
}

static const struct called {
  const char *name;
  v8_function_callback *v8;
  napi_callback napi;
  void (*fast)(napi_value, napi_value);
  bool takes_value;
} called[] = {
#define OPERATION_ROW(name) {#name, v8_##name, napi_##name, fast_##name, false},
#define QUESTION_ROW(name) {#name, v8_##name, napi_##name, fast_##name, true},
    OPERATIONS(OPERATION_ROW) QUESTIONS(QUESTION_ROW)};

/* ---- The main script ---- */

/* main(): the main script begins. */
static napi_value js_main(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  js.main_depth = uvt_js_invocation_begin(call.thread, 0, UVT_BEGIN_MAIN);
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
  TAKE_CALL(call, env, info);
  end_main(call.thread);
  return NULL;
}

void uvt_js_loop_runs(struct uvt_thread *thread, const void *loop)
{
  if (!js.env || js.loop != loop)
    return;
  end_main(thread);
  if (thread->js_rejected)
    uvt_js_tell_rejected(thread);
}

/* ---- Failures, labels, life cycle ---- */

#define MESSAGE_MAX 1024
#define STACK_MAX 8192
#define CAUSES_MAX 4096 /* so that all of a failure fits into a buffer of 16 KiB */

/* failed(invocation or 0: the current one, message, stack, causes) */
static napi_value js_failed(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  uint64_t execute_id = as_id(env, &call, 0);
  char message[MESSAGE_MAX], stack[STACK_MAX], causes[CAUSES_MAX];
  as_text(env, &call, 1, message, sizeof message);
  as_text(env, &call, 2, stack, sizeof stack);
  as_text(env, &call, 3, causes, sizeof causes);
  if (!execute_id)
    execute_id = uvt_current(call.thread);
  if (uvt_recording_alone(call.thread))
    uvt_emit->failed(&(struct uvt_rec_failed){uvt_process, execute_id, message, stack, causes});
  return NULL;
}

/* handled(invocation) */
static napi_value js_handled(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  if (uvt_recording_alone(call.thread))
    uvt_emit->handled(&(struct uvt_rec_handled){uvt_process, as_id(env, &call, 0)});
  return NULL;
}

/* labelText(number, status, kind, name): label, where there is no number left for the name */
static napi_value js_label_text(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  char kind[64], name[MESSAGE_MAX];
  as_text(env, &call, 2, kind, sizeof kind);
  as_text(env, &call, 3, name, sizeof name);
  if (uvt_recording_alone(call.thread))
    uvt_emit->label(&(struct uvt_rec_label){.process = uvt_process,
                                            .execute_id = uvt_current(call.thread),
                                            .id = as_id(env, &call, 0),
                                            .status = (int32_t)as_double(env, &call, 1),
                                            .kind = kind,
                                            .name = name});
  return NULL;
}

/* ---- The program's exception ---- */

/* A handle that stays, with what is in that of a value; NULL: not in this version of V8. */
static const uintptr_t *keep_handle(const uintptr_t *value)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (!isolate)
    return NULL;
  return v8_globalize_12   ? v8_globalize_12(isolate, *value)
         : v8_globalize_11 ? v8_globalize_11(isolate, value)
                           : NULL;
}

static napi_value js_nothing(napi_env unused, napi_callback_info unused_too)
{
  (void)unused, (void)unused_too;
  return NULL;
}

static bool make_nothing(napi_env env)
{
  napi_value function;
  return !napi_create_function(env, NULL, 0, js_nothing, NULL, &function) &&
         !napi_create_reference(env, function, 1, &js.nothing);
}

/* A native function that returns with an exception pending has thrown it: so that is how it is had. */
static napi_value take_exception(napi_env env)
{
  bool pending = false;
  napi_value function, undefined, exception = NULL;
  if (napi_get_reference_value(env, js.nothing, &function) || napi_get_undefined(env, &undefined))
    return NULL;
  napi_call_function(env, undefined, function, 0, NULL, NULL);
  if (!napi_is_exception_pending(env, &pending) && pending)
    napi_get_and_clear_last_exception(env, &exception);
  return exception;
}

struct uvt_js_exception uvt_js_set_aside(void)
{
  struct uvt_js_exception exception = {NULL, NULL};
  napi_handle_scope scope;
  if (!js.env || !v8_isolate_current || !v8_throw ||
      (v8_has_exception && !v8_has_exception(v8_isolate_current())) || napi_open_handle_scope(js.env, &scope))
    return exception;
  exception.value = take_exception(js.env);
  if (exception.value)
    exception.scope = scope;
  else
    napi_close_handle_scope(js.env, scope);
  return exception;
}

void uvt_js_put_back(struct uvt_js_exception exception)
{
  if (!exception.value)
    return;
  v8_throw(v8_isolate_current(), exception.value);
  napi_close_handle_scope(js.env, exception.scope);
}

/* V8 calls it at the next function that is entered: what is thrown then meets the program where it would have
 * without us, at the first native function that it calls. */
static void throw_again(void *isolate, void *unused)
{
  (void)unused;
  const uintptr_t *returned = js.returned;
  js.returned = NULL;
  if (returned)
    v8_throw(isolate, (napi_value)returned);
}

/* returned(exception): the program's, which was pending and was thrown by a function of ours. Its handle
 * stays: hardly any program goes on after such an error. */
static napi_value js_returned(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (!isolate || !v8_throw || !v8_request_interrupt || js.returned)
    return NULL;
  js.returned = keep_handle((const uintptr_t *)call.arguments[0]);
  if (js.returned)
    v8_request_interrupt(isolate, throw_again, NULL);
  return NULL;
}

/* ---- Promises that were rejected ---- */

static void call_agent(napi_ref reference, size_t argc, const napi_value *argv)
{
  napi_env env = js.env;
  napi_value function, undefined;
  if (!reference || napi_get_reference_value(env, reference, &function) || !function ||
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
  struct uvt_js_exception exception = uvt_js_set_aside();
  if (js.env && message.event <= V8_HANDLER_ADDED && !napi_open_handle_scope(js.env, &scope)) {
    napi_value event = number_value(js.env, (uint32_t)message.event), undefined = NULL;
    napi_get_undefined(js.env, &undefined);
    call_agent(js.on_reject, 3,
               (napi_value[]){event, message.promise, message.value ? message.value : undefined});
    napi_close_handle_scope(js.env, scope);
    if (message.event == V8_REJECTED_UNHANDLED)
      uvt_thread.js_rejected = 1;
  }
  uvt_js_put_back(exception);
  node_promise_reject_callback(message);
}

void uvt_js_tell_rejected(struct uvt_thread *thread)
{
  napi_handle_scope scope;
  thread->js_rejected = 0;
  if (!js.env || napi_open_handle_scope(js.env, &scope))
    return;
  call_agent(js.on_reject, 0, NULL);
  napi_close_handle_scope(js.env, scope);
}

/* onReject(function): called with (event, promise, value), and with nothing when it is time to tell what
 * stayed. */
static napi_value js_on_reject(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (!isolate || !v8_set_promise_reject_callback || !node_promise_reject_callback)
    uvt_log("unhandled rejections cannot be followed in this Node");
  else if (!napi_create_reference(env, call.arguments[0], 1, &js.on_reject))
    v8_set_promise_reject_callback(isolate, rejected);
  return NULL;
}

/* ---- Errors that nothing caught ---- */

void uvt_js_tell_failed(napi_value error, bool from_promise)
{
  napi_handle_scope scope;
  if (!js.env || napi_open_handle_scope(js.env, &scope))
    return;
  call_agent(js.on_failed, 2, (napi_value[]){number_value(js.env, from_promise ? 2 : 1), error});
  napi_close_handle_scope(js.env, scope);
}

void uvt_js_tell_failed_over(void)
{
  napi_handle_scope scope;
  if (!js.env || napi_open_handle_scope(js.env, &scope))
    return;
  call_agent(js.on_failed, 1, (napi_value[]){number_value(js.env, 0)});
  napi_close_handle_scope(js.env, scope);
}

/* onFailed(function): called with (1, or 2: of a promise; error), and with 0 when Node is done with that. */
static napi_value js_on_failed(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  if (!uvt_js_failed_heard())
    uvt_log("uncaught errors cannot be followed in this Node");
  else
    napi_create_reference(env, call.arguments[0], 1, &js.on_failed);
  return NULL;
}

/* state(promise): 0 pending, 1 fulfilled, 2 rejected, 3 cannot be known */
static napi_value js_state(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  return number_value(env, v8_promise_state ? (uint32_t)v8_promise_state(call.arguments[0]) : 3);
}

static v8_function_new *v8_maker(void)
{
  return v8_function_new_14 ? v8_function_new_14 : v8_function_new_13;
}

/* ---- Node's own callbacks ---- */

/* A typed array's elements. */
static void *elements(napi_env env, const struct call *call, size_t index, size_t *length)
{
  void *data = NULL;
  napi_get_typedarray_info(env, call->arguments[index], NULL, length, &data, NULL, NULL);
  return data;
}

/* tables(ids, links, kinds, begun of what runs once; ids, links, kinds, open, state of what may run again):
 * what Node makes and calls back can be heard here, and the agent's hooks need not be called for those in
 * these arrays. -> 1, or 0 where it cannot. */
static napi_value js_tables(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  size_t once = 0, more = 0;
  struct uvt_js_tables tables;
  tables.once.ids = elements(env, &call, 0, &once);
  tables.once.links = elements(env, &call, 1, NULL);
  tables.once.kinds = elements(env, &call, 2, NULL);
  tables.begun = elements(env, &call, 3, NULL);
  tables.more.ids = elements(env, &call, 4, &more);
  tables.more.links = elements(env, &call, 5, NULL);
  tables.more.kinds = elements(env, &call, 6, NULL);
  tables.open = elements(env, &call, 7, NULL);
  tables.state = elements(env, &call, 8, NULL);
  tables.once.mask = (uint32_t)once - 1;
  tables.more.mask = (uint32_t)more - 1;
  return number_value(env, uvt_js_emit_prepare(js.environment, &tables));
}

/* hear(what): UVT_JS_HEAR_* */
static napi_value js_hear(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  uvt_js_emit_hear((unsigned)as_double(env, &call, 0));
  return NULL;
}

/* kind(type, its text, number, 1: runs once) */
static napi_value js_kind(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  const uintptr_t *type = keep_handle((const uintptr_t *)call.arguments[0]);
  if (type)
    uvt_js_emit_kind(&(struct uvt_js_kind){type, (uint32_t)as_double(env, &call, 1),
                                           (uint16_t)as_double(env, &call, 2),
                                           as_double(env, &call, 3) != 0});
  return NULL;
}

/* ---- Texts ---- */

/* text(string): its number */
static napi_value js_text(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  char text[MESSAGE_MAX];
  size_t length = as_text(env, &call, 0, text, sizeof text);
  return number_value(env, uvt_js_text(text, length));
}

/* function(f): number of "name file:line", negative for one of Node's own; 0 where it has none */
static napi_value js_function(napi_env env, napi_callback_info info)
{
  size_t count = 1;
  napi_value function = NULL;
  napi_get_cb_info(env, info, &count, &function, NULL, NULL);
  napi_value number = NULL;
  napi_create_double(env, uvt_js_function(env, function), &number);
  return number;
}

/* learn(the function that calls it): how V8's frames lie (js_frames.h) */
static napi_value js_learn(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  uvt_js_frames_learn(call.arguments[0]);
  return NULL;
}

/* places(the function that calls it): they are found by frames from now on */
static napi_value js_places(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  uvt_js_places_start(call.arguments[0]);
  return NULL;
}

/* The frame of the first argument, a function that is under way near; 0: it is not, or nobody knows. */
static uintptr_t frame_of(const struct call *call)
{
  return uvt_js_frames_known() ? uvt_js_frame_of(v8_isolate_current(), *(uintptr_t *)call->arguments[0]) : 0;
}

/* calledOn(function that is under way): what it was called on, or undefined */
static napi_value js_called_on(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  uintptr_t fp = frame_of(&call);
  return fp ? (napi_value)((uintptr_t *)fp + UVT_FRAME_RECEIVER) : NULL;
}

/* calledByV8(function): 1 if it is under way, called by V8 itself, or nobody knows; 0: else */
static napi_value js_called_by_v8(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
  uintptr_t fp = frame_of(&call);
  return number_value(env, fp ? uvt_js_frame_by_v8(fp) : !uvt_js_frames_known());
}

/* log(string) */
static napi_value js_log(napi_env env, napi_callback_info info)
{
  TAKE_CALL(call, env, info);
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
    {"main", js_main},
    {"mainEnd", js_main_end},
    {"failed", js_failed},
    {"handled", js_handled},
    {"labelText", js_label_text},
    {"onReject", js_on_reject},
    {"onFailed", js_on_failed},
    {"returned", js_returned},
    {"state", js_state},
    {"text", js_text},
    {"function", js_function},
    {"learn", js_learn},
    {"places", js_places},
    {"calledOn", js_called_on},
    {"calledByV8", js_called_by_v8},
    {"again", js_again},
    {"tables", js_tables},
    {"hear", js_hear},
    {"kind", js_kind},
    {"log", js_log},
};

static void export_function(napi_env env, napi_value exports, const char *name, napi_callback callback)
{
  napi_value function;
  if (!napi_create_function(env, name, strlen(name), callback, NULL, &function))
    napi_set_named_property(env, exports, name, function);
}

/* NULL: not in this version of V8. */
static napi_value make_by_v8(void *isolate, const struct called *made)
{
  void *context = v8_current_context(isolate);
  if (v8_template_new && v8_template_function && uvt_v8_has(UVT_V8_calls)) {
    struct v8_fast_function fast = {made->fast, fast_info(uvt_v8_major(), made->takes_value)};
    void *function_template = v8_template_new(isolate, made->v8, NULL, NULL, 0, V8_THROW, 0, &fast, 0, 0, 0);
    return function_template ? v8_template_function(function_template, context) : NULL;
  }
  v8_function_new *make = made->takes_value ? NULL : v8_maker();
  return make ? make(context, made->v8, NULL, 0, 0, 0) : NULL;
}

/* By V8's own means where they are known: Node-API would do more at each call than what is called. */
static void export_called(napi_env env, napi_value exports, const struct called *made)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  napi_value function = isolate && v8_current_context ? make_by_v8(isolate, made) : NULL;
  if (function)
    napi_set_named_property(env, exports, made->name, function);
  else
    export_function(env, exports, made->name, made->napi);
}

static bool export_values(napi_env env, napi_value exports)
{
  napi_value buffer;
  napi_ref kept;
  return !napi_create_arraybuffer(env, VALUES * sizeof *js.values, (void **)&js.values, &buffer) &&
         !napi_create_reference(env, buffer, 1, &kept) &&
         !napi_set_named_property(env, exports, "values", buffer);
}

/* Node's of this thread; NULL: not in this version. */
static const void *find_environment(void)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  return isolate && v8_current_context && node_environment ? node_environment(v8_current_context(isolate))
                                                           : NULL;
}

/* Hooks cost the program something: none, unless somebody records. */
static bool is_wanted(struct uvt_thread *thread)
{
  return strcmp(uvt_env.layer, "always") == 0 || uvt_recording(thread);
}

static void environment_ends(void *unused)
{
  (void)unused;
  js = (struct js){0};
  uvt_js_emit_leave();
  uvt_js_functions_forget();
  uvt_js_hidden_forget();
  uvt_js_places_forget();
  uvt_js_frames_forget();
  uvt_thread.js_rejected = 0;
}

bool uvt_js_attach(napi_env env, napi_value exports)
{
  struct uv_loop_s *loop = NULL;
  if (!__atomic_load_n(&uvt_started, __ATOMIC_ACQUIRE))
    uvt_start();
  if (!uvt_gate || js.env || napi_get_uv_event_loop(env, &loop))
    return false;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  bool wanted = is_wanted(thread);
  uvt_thread_leave(thread);
  if (!wanted || !export_values(env, exports) || !make_nothing(env))
    return false;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    export_function(env, exports, functions[i].name, functions[i].function);
  for (size_t i = 0; i < sizeof called / sizeof *called; i++)
    export_called(env, exports, &called[i]);
  uint32_t options = (uvt_env.listeners ? 1 : 0) | (uvt_env.promises ? 2 : 0) | (uvt_env.locations ? 4 : 0);
  napi_set_named_property(env, exports, "options", number_value(env, options));
  js.env = env;
  js.loop = loop;
  js.environment = find_environment();
  napi_add_env_cleanup_hook(env, environment_ends, NULL);
  return true;
}

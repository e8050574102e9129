/* SPDX-License-Identifier: MIT */
/*
 * The few functions that we use of Node-API, whose ABI is stable (Node-API versions 1 to 4), and of V8's C++
 * API, by their mangled names. Declared here so that no Node headers are needed. All are weak: the object
 * also loads into programs without them. Those of Node-API are there whenever the agent
 * is (js_load.c looks); V8's may be absent (NULL).
 *
 * An napi_value is V8's Local: the address of a slot that holds the object. A C++ member function takes it as
 * `this`.
 */
#ifndef UVT_NODE_API_MIN_H
#define UVT_NODE_API_MIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_ref__ *napi_ref;
typedef struct napi_handle_scope__ *napi_handle_scope;
typedef struct napi_callback_info__ *napi_callback_info;
typedef int napi_status; /* 0: done */
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);
struct uv_loop_s;

#define NAPI_AUTO_LENGTH SIZE_MAX
#define UVT_WEAK __attribute__((weak, visibility("default")))

UVT_WEAK napi_status napi_create_function(napi_env env, const char *name, size_t length,
                                          napi_callback callback, void *data, napi_value *result);
UVT_WEAK napi_status napi_set_named_property(napi_env env, napi_value object, const char *name,
                                             napi_value value);
UVT_WEAK napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv,
                                      napi_value *self, void **data);
UVT_WEAK napi_status napi_get_value_double(napi_env env, napi_value value, double *result);
UVT_WEAK napi_status napi_get_value_uint32(napi_env env, napi_value value, uint32_t *result);
UVT_WEAK napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char *buffer, size_t size,
                                                size_t *length);
UVT_WEAK napi_status napi_create_double(napi_env env, double value, napi_value *result);
UVT_WEAK napi_status napi_create_uint32(napi_env env, uint32_t value, napi_value *result);
UVT_WEAK napi_status napi_create_arraybuffer(napi_env env, size_t size, void **data, napi_value *result);
UVT_WEAK napi_status napi_get_typedarray_info(napi_env env, napi_value array, int *type, size_t *length,
                                              void **data, napi_value *buffer, size_t *offset);
UVT_WEAK napi_status napi_create_string_latin1(napi_env env, const char *text, size_t length,
                                               napi_value *result);
UVT_WEAK napi_status napi_create_reference(napi_env env, napi_value value, uint32_t count, napi_ref *result);
UVT_WEAK napi_status napi_get_named_property(napi_env env, napi_value object, const char *name,
                                             napi_value *result);
UVT_WEAK napi_status napi_delete_reference(napi_env env, napi_ref reference);
UVT_WEAK napi_status napi_get_reference_value(napi_env env, napi_ref reference, napi_value *result);
UVT_WEAK napi_status napi_open_handle_scope(napi_env env, napi_handle_scope *result);
UVT_WEAK napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope);
UVT_WEAK napi_status napi_get_undefined(napi_env env, napi_value *result);
UVT_WEAK napi_status napi_call_function(napi_env env, napi_value self, napi_value function, size_t argc,
                                        const napi_value *argv, napi_value *result);
UVT_WEAK napi_status napi_is_exception_pending(napi_env env, bool *result);
UVT_WEAK napi_status napi_get_and_clear_last_exception(napi_env env, napi_value *result);
UVT_WEAK napi_status napi_add_env_cleanup_hook(napi_env env, void (*hook)(void *), void *data);
UVT_WEAK napi_status napi_get_uv_event_loop(napi_env env, struct uv_loop_s **loop);

/* v8::Isolate::GetCurrent() */
UVT_WEAK void *v8_isolate_current(void) __asm__("_ZN2v87Isolate10GetCurrentEv");

/* v8::Isolate::ThrowException(), v8::Isolate::HasPendingException() (from V8 13 on) */
UVT_WEAK napi_value
v8_throw(void *isolate, napi_value value) __asm__("_ZN2v87Isolate14ThrowExceptionENS_5LocalINS_5ValueEEE");
UVT_WEAK void v8_request_interrupt(void *isolate, void (*callback)(void *isolate, void *data),
                                   void *data) __asm__("_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_");
UVT_WEAK bool v8_has_exception(void *isolate) __asm__("_ZN2v87Isolate19HasPendingExceptionEv");

/* v8::JitCodeEvent; names are not NUL-terminated. */
enum v8_jit_event_type { V8_CODE_ADDED, V8_CODE_MOVED, V8_CODE_REMOVED };
struct v8_jit_event {
  int type; /* enum v8_jit_event_type, or one of those that tell of lines */
  int code_type;
  void *start;
  size_t length;
  napi_value script;
  void *user_data, *wasm_source;
  union {
    struct {
      const char *text;
      size_t length;
    } name;
    void *new_start; /* moved */
    struct {
      size_t offset, position;
      int kind;
    } line;
  };
  void *isolate;
};
typedef void v8_jit_event_handler(const struct v8_jit_event *event);
#define V8_JIT_EXISTING 1 /* also what is there already */
/* v8::Isolate::SetJitCodeEventHandler(): one per isolate, NULL: none. It is called on whatever thread
 * compiles or moves. */
UVT_WEAK void v8_set_jit_event_handler(void *isolate, int options, v8_jit_event_handler *handler) __asm__(
    "_ZN2v87Isolate22SetJitCodeEventHandlerENS_19JitCodeEventOptionsEPFvPKNS_12JitCodeEventEE");
/* Of V8's frames, for debuggers: where they keep the bytecode that runs, from the frame pointer. */
UVT_WEAK extern const int v8_fp_bytecode_array __asm__("v8dbg_off_fp_bytecode_array");
UVT_WEAK extern const int v8_fp_bytecode_offset __asm__("v8dbg_off_fp_bytecode_offset");

#define V8_COLLECTS_OLD 4 /* v8::GCType: mark, sweep, compact */
/* v8::Isolate::AddGCPrologueCallback(): called on the isolate's thread before each collection of those types
 */
UVT_WEAK void v8_before_collections(
    void *isolate, void (*callback)(void *isolate, int type, int flags),
    int types) __asm__("_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEES2_");

/* v8::Isolate::InContext(): JavaScript is running or about to */
UVT_WEAK bool v8_in_context(void *isolate) __asm__("_ZN2v87Isolate9InContextEv");

/* A function that V8 calls with const v8::FunctionCallbackInfo &. */
typedef void v8_function_callback(const void *info);
/* v8::FunctionCallbackInfo, up to V8 13. */
struct v8_call {
  void *implicit;
  napi_value first; /* argument */
  int count;
};

/* v8::Object::New() */
UVT_WEAK napi_value v8_object_new(void *isolate) __asm__("_ZN2v86Object3NewEPNS_7IsolateE");
/* napi_module_register_by_symbol(): makes an environment of Node-API, and calls in it */
UVT_WEAK void
node_register_module(napi_value exports, napi_value module, void *context,
                     napi_value (*attach)(napi_env env, napi_value exports),
                     int version) __asm__("_Z30napi_module_register_by_symbolN2v85LocalINS_6ObjectEEENS0_INS_"
                                          "5ValueEEENS0_INS_7ContextEEEPFP12napi_value__P10napi_env__S8_Ei");

/* v8::Isolate::GetCurrentContext(), v8::Function::New() up to V8 13 and from then on */
UVT_WEAK void *v8_current_context(void *isolate) __asm__("_ZN2v87Isolate17GetCurrentContextEv");
typedef napi_value v8_function_new(void *context, v8_function_callback *callback, void *data, int length,
                                   int constructor_behavior, int side_effect);
UVT_WEAK v8_function_new v8_function_new_13 __asm__(
    "_ZN2v88Function3NewENS_5LocalINS_7ContextEEEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS1_IS5_"
    "EEiNS_19ConstructorBehaviorENS_14SideEffectTypeE");
UVT_WEAK v8_function_new v8_function_new_14 __asm__(
    "_ZN2v88Function3NewENS_5LocalINS_7ContextEEEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS1_INS_"
    "4DataEEEiNS_19ConstructorBehaviorENS_14SideEffectTypeE");
/*
 * A function that V8's optimised code calls as C calls, without leaving JavaScript (v8-fast-api-calls.h): it
 * gets the receiver and at most one value, and returns nothing. It must not make, move or throw anything.
 * These two structs are so laid out from V8 11 to 14.
 */
struct v8_fast_info {
  uint32_t result; /* void, 0 */
  uint32_t count;  /* of arguments, the receiver among them */
  const uint8_t *types;
};
struct v8_fast_function {
  void (*function)(napi_value receiver, napi_value value);
  const struct v8_fast_info *info;
};
#define V8_THROW 0       /* v8::ConstructorBehavior::kThrow */
#define V8_FAST_VALUE 10 /* v8::CTypeInfo::Type::kV8Value */
/* v8::CTypeInfo: up to V8 13 the type, two bytes; then the type, one byte */
#define V8_FAST_VALUES_13                    \
  {                                          \
    V8_FAST_VALUE, 0, 0, V8_FAST_VALUE, 0, 0 \
  }
#define V8_FAST_VALUES_14              \
  {                                    \
    V8_FAST_VALUE, 0, V8_FAST_VALUE, 0 \
  }
/* v8::V8::GetVersion(), v8::FunctionTemplate::New(), v8::FunctionTemplate::GetFunction() */
UVT_WEAK const char *v8_version(void) __asm__("_ZN2v82V810GetVersionEv");
UVT_WEAK void *
v8_template_new(void *isolate, v8_function_callback *callback, void *data, void *signature, int length,
                int constructor_behavior, int side_effect, const struct v8_fast_function *fast,
                uint16_t instance_type, uint16_t receiver_first,
                uint16_t receiver_last) __asm__("_ZN2v816FunctionTemplate3NewEPNS_7IsolateEPFvRKNS_"
                                                "20FunctionCallbackInfoINS_5ValueEEEENS_5LocalIS4_EENSA_INS_"
                                                "9SignatureEEEiNS_19ConstructorBehaviorENS_"
                                                "14SideEffectTypeEPKNS_9CFunctionEttt");
UVT_WEAK napi_value v8_template_function(void *function_template, void *context) __asm__(
    "_ZN2v816FunctionTemplate11GetFunctionENS_5LocalINS_7ContextEEE");
/* node::GetCurrentEnvironment() */
UVT_WEAK const void *
node_environment(void *context) __asm__("_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE");

/* node::Environment::GetNow(), from Node 20 on as a number: what Node's timers count by, ms of the loop's
 * clock from some moment on. Brings the loop's clock up to date. */
UVT_WEAK uint64_t node_now_20(const void *environment) __asm__("_ZN4node11Environment12GetNowUint64Ev");
UVT_WEAK napi_value node_now_18(const void *environment) __asm__("_ZN4node11Environment6GetNowEv");
/* libuv's, in the executable or not */
UVT_WEAK uint64_t uv_now(const void *loop);

/* v8::api_internal::GlobalizeReference(): a handle that stays, and is kept up to date. Up to V8 11 it takes a
 * handle, then what is in one. */
UVT_WEAK uintptr_t *v8_globalize_11(void *isolate, const uintptr_t *handle) __asm__(
    "_ZN2v812api_internal18GlobalizeReferenceEPNS_8internal7IsolateEPm");
UVT_WEAK uintptr_t *
v8_globalize_12(void *isolate,
                uintptr_t value) __asm__("_ZN2v812api_internal18GlobalizeReferenceEPNS_8internal7IsolateEm");

/* v8::Message::Get(), GetScriptResourceName() */
UVT_WEAK napi_value v8_message_text(napi_value message) __asm__("_ZNK2v87Message3GetEv");

/* v8::Promise::State(): 0 pending, 1 fulfilled, 2 rejected */
UVT_WEAK int v8_promise_state(napi_value promise) __asm__("_ZN2v87Promise5StateEv");

/* v8::Function, ints -1 where unknown, counted from 0 */
UVT_WEAK int v8_function_script(napi_value function) __asm__("_ZNK2v88Function8ScriptIdEv");
UVT_WEAK int v8_function_line(napi_value function) __asm__("_ZNK2v88Function19GetScriptLineNumberEv");
UVT_WEAK int v8_function_column(napi_value function) __asm__("_ZNK2v88Function21GetScriptColumnNumberEv");
UVT_WEAK napi_value v8_function_name(napi_value function) __asm__("_ZNK2v88Function12GetDebugNameEv");

/* v8::StackTrace::CurrentStackTrace(), GetFrameCount(), GetFrame() */
#define V8_STACK_DETAILED 0x7f
UVT_WEAK napi_value v8_stack_now(void *isolate, int limit, int options) __asm__(
    "_ZN2v810StackTrace17CurrentStackTraceEPNS_7IsolateEiNS0_17StackTraceOptionsE");
UVT_WEAK int v8_stack_count(napi_value stack) __asm__("_ZNK2v810StackTrace13GetFrameCountEv");
UVT_WEAK napi_value v8_stack_frame(napi_value stack, void *isolate,
                                   uint32_t index) __asm__("_ZNK2v810StackTrace8GetFrameEPNS_7IsolateEj");
/* v8::StackFrame; lines and columns are counted from 0 */
struct v8_location {
  int line, column;
};
UVT_WEAK napi_value
v8_frame_script(napi_value frame) __asm__("_ZNK2v810StackFrame24GetScriptNameOrSourceURLEv");
UVT_WEAK struct v8_location v8_frame_location(napi_value frame) __asm__("_ZNK2v810StackFrame11GetLocationEv");
UVT_WEAK bool v8_frame_is_constructor(napi_value frame) __asm__("_ZNK2v810StackFrame13IsConstructorEv");

/* v8::ScriptOrigin: returned through memory; larger than any version's. The script's name is its first
 * member, up to V8 12 after the isolate. */
struct v8_script_origin {
  void *words[16];
};
UVT_WEAK struct v8_script_origin
v8_function_origin(napi_value function) __asm__("_ZNK2v88Function15GetScriptOriginEv");

/* v8::PromiseRejectMessage, passed by value in memory. */
struct v8_promise_reject {
  napi_value promise;
  int event; /* enum v8_promise_reject_event */
  napi_value value;
};
enum v8_promise_reject_event {
  V8_REJECTED_UNHANDLED,
  V8_HANDLER_ADDED,
  V8_REJECTED_AGAIN,
  V8_RESOLVED_AGAIN
};
/* v8::Script::Compile(), Run() */
UVT_WEAK napi_value
v8_script_compile(void *context, napi_value source, struct v8_script_origin *origin) __asm__(
    "_ZN2v86Script7CompileENS_5LocalINS_7ContextEEENS1_INS_6StringEEEPNS_12ScriptOriginE");
UVT_WEAK napi_value v8_script_run(napi_value script,
                                  void *context) __asm__("_ZN2v86Script3RunENS_5LocalINS_7ContextEEE");

typedef void v8_promise_reject_callback(struct v8_promise_reject message);
UVT_WEAK void v8_set_promise_reject_callback(void *isolate, v8_promise_reject_callback *callback) __asm__(
    "_ZN2v87Isolate24SetPromiseRejectCallbackEPFvNS_20PromiseRejectMessageEE");
/* node::PromiseRejectCallback, which Node sets */
UVT_WEAK v8_promise_reject_callback
    node_promise_reject_callback __asm__("_ZN4node21PromiseRejectCallbackEN2v820PromiseRejectMessageE");

#endif

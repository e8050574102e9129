/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_overflow.h"

#include <string.h>

#include "base/node_api_min.h"
#include "js.h"
#include "recording/announce.h"

/* Node's name, by which a Node that is a library calls it: V8's message listener. */
#define LISTENER "_ZN4node6errors25PerIsolateMessageListenerEN2v85LocalINS1_7MessageEEENS2_INS1_5ValueEEE"
#define OVERFLOW "Uncaught RangeError: Maximum call stack size exceeded"

typedef void listener(napi_value message, napi_value error);

static listener on_message;
extern listener exported_listener __asm__(LISTENER)
    __attribute__((visibility("default"), alias("on_message")));

static void *real_listener; /* NULL: not patched */

static bool is_text(napi_env env, napi_value value, const char *expected)
{
  char text[64] = "";
  size_t length;
  return value && !napi_get_value_string_utf8(env, value, text, sizeof text, &length) &&
         strcmp(text, expected) == 0;
}

/* Is JavaScript running that will go on? So it is where V8 calls promise hooks. */
static bool is_running(void)
{
  napi_value stack = v8_stack_now(v8_isolate_current(), 1, V8_STACK_DETAILED);
  return stack && v8_stack_count(stack) > 0;
}

/* Did a hook of ours find no room to begin in? So it is unless one of the program's has thrown. */
static bool is_ours(napi_value message)
{
  napi_env env = uvt_js_env();
  napi_handle_scope scope;
  if (!env || uvt_js_other_has_thrown() || !v8_message_text || !v8_stack_now || !v8_stack_count ||
      napi_open_handle_scope(env, &scope))
    return false;
  bool ours = is_text(env, v8_message_text(message), OVERFLOW) && is_running();
  napi_close_handle_scope(env, scope);
  return ours;
}

static void on_message(napi_value message, napi_value error)
{
  listener *real = is_ours(message) ? NULL : (listener *)uvt_node_real(&real_listener, LISTENER);
  if (real)
    real(message, error);
  else
    uvt_count_lost(1);
}

const struct uvt_node_function uvt_js_overflow_functions[UVT_JS_OVERFLOW_FUNCTIONS] = {
    {LISTENER, (void (*)(void))on_message, &real_listener, false}};

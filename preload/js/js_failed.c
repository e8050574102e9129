/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_failed.h"

#include <dlfcn.h>

#include "base/node_api_min.h"
#include "js.h"

/* Node's name, by which a Node that is a library calls it. */
#define TRIGGER                                                                                  \
  "_ZN4node6errors24TriggerUncaughtExceptionEPN2v87IsolateENS1_5LocalINS1_5ValueEEENS4_INS1_7Me" \
  "ssageEEEb"

typedef void trigger(void *isolate, napi_value error, napi_value message, bool from_promise);

static trigger on_failed;
extern trigger exported_trigger __asm__(TRIGGER) __attribute__((visibility("default"), alias("on_failed")));

static void *real_trigger; /* NULL: not patched */

bool uvt_js_failed_heard(void)
{
  return real_trigger || dlsym(RTLD_DEFAULT, TRIGGER) == (void *)on_failed;
}

static void on_failed(void *isolate, napi_value error, napi_value message, bool from_promise)
{
  trigger *real = (trigger *)uvt_node_real(&real_trigger, TRIGGER);
  uvt_js_tell_failed(error, from_promise);
  if (real)
    real(isolate, error, message, from_promise);
  uvt_js_tell_failed_over();
}

const struct uvt_node_function uvt_js_failed_functions[UVT_JS_FAILED_FUNCTIONS] = {
    {TRIGGER, (void (*)(void))on_failed, &real_trigger, false}};

/* SPDX-License-Identifier: MIT */
#include "js_code.h"

#include <stdbool.h>
#include <stddef.h>

#include "code_map.h"
#include "log.h"
#include "node_api_min.h"
#include "unwind.h"

static __thread struct {
  bool asked, asking;
} thread __attribute__((tls_model("initial-exec")));

/* On any thread, V8's own that collect garbage among them; nothing of V8 may be called here. */
static void take_event(const struct v8_jit_event *event)
{
  if (event->type == V8_CODE_ADDED)
    uvt_code_add(event->isolate, (uintptr_t)event->start, event->length, event->name.text,
                 event->name.length);
  else if (event->type == V8_CODE_MOVED)
    uvt_code_move((uintptr_t)event->start, (uintptr_t)event->new_start);
  else if (event->type == V8_CODE_REMOVED)
    uvt_code_remove((uintptr_t)event->start);
}

static void ask(void *isolate)
{
  thread.asking = true;
  if (&v8_fp_bytecode_array && &v8_fp_bytecode_offset)
    uvt_code_frame = (struct uvt_code_frame){v8_fp_bytecode_array, v8_fp_bytecode_offset};
  uvt_code_forget(isolate); /* a former one's at the same address */
  v8_set_jit_event_handler(isolate, V8_JIT_EXISTING, take_event);
  uvt_unwind_forget();
  thread.asking = false;
  thread.asked = true;
  uvt_log("V8 tells what code it makes");
}

bool uvt_js_code_ask(void)
{
  if (__builtin_expect(thread.asked && !uvt_code_is_full(), 1) || thread.asking)
    return false;
  void *isolate = NULL;
  if (v8_set_jit_event_handler && v8_isolate_current && v8_in_context)
    isolate = v8_isolate_current();
  if (!isolate || !v8_in_context(isolate)) /* else it may not have been set up yet */
    return false;
  ask(isolate);
  return true;
}

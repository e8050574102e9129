/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_code.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/maps.h"
#include "base/node_api_min.h"
#include "base/v8_parts.h"
#include "code_map.h"
#include "stack_walk.h"

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

/* Whether that mapping is a copy of a part of the file that V8 lies in; *from: of what. */
static bool is_copy(const struct uvt_mapping *mapping, const struct uvt_mapping *v8, uintptr_t *from)
{
  struct dl_find_object object;
  *from = v8->start + (mapping->offset - v8->offset);
  return (mapping->protection & PROT_EXEC) && mapping->inode && mapping->inode == v8->inode &&
         _dl_find_object((void *)mapping->start, &object) != 0 &&
         _dl_find_object((void *)*from, &object) == 0;
}

/*
 * V8 11 maps its builtins a second time, near the code that it compiles, which calls them there; but tells of
 * them where they lie in Node's file. A mapping of that file that the loader does not know is such a copy.
 */
static void find_copies(const void *isolate)
{
  struct uvt_maps maps;
  struct uvt_mapping mapping, v8;
  uintptr_t from;
  if (uvt_maps_find((uintptr_t)v8_isolate_current, &v8) < 0 || uvt_maps_open(&maps) < 0)
    return;
  while (uvt_maps_next(&maps, &mapping) > 0)
    if (is_copy(&mapping, &v8, &from))
      uvt_code_copy(isolate, from, from + (mapping.end - mapping.start), mapping.start - from);
  uvt_maps_close(&maps);
}

static void ask(void *isolate)
{
  thread.asking = true;
  if (&v8_fp_bytecode_array && &v8_fp_bytecode_offset)
    uvt_code_frame = (struct uvt_code_frame){v8_fp_bytecode_array, v8_fp_bytecode_offset};
  uvt_code_forget(isolate); /* a former one's at the same address */
  v8_set_jit_event_handler(isolate, V8_JIT_EXISTING, take_event);
  find_copies(isolate);
  uvt_unwind_forget();
  thread.asking = false;
  thread.asked = true;
  uvt_log("V8 tells what code it makes");
}

bool uvt_js_code_ask(void)
{
  if (__builtin_expect(thread.asked, 1) || thread.asking)
    return false;
  void *isolate = NULL;
  if (uvt_v8_has(UVT_V8_code) && v8_set_jit_event_handler && v8_isolate_current && v8_in_context)
    isolate = v8_isolate_current();
  if (!isolate || !v8_in_context(isolate)) /* else it may not have been set up yet */
    return false;
  ask(isolate);
  return true;
}

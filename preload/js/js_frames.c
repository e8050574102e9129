/* SPDX-License-Identifier: MIT */
#include "js_frames.h"

#include <string.h>

#include "base/log.h"
#include "base/v8_parts.h"

#define ISOLATE_WORDS 5120 /* that are looked through */
#define OWN_FRAMES 16384   /* bytes of stack, at most, between V8's exit frame and ours */
#define PROBE_FRAMES 4     /* from there to the probe's */
#define NEAR 24            /* frames */

static __thread struct {
  size_t entry;          /* word of the isolate: the exit frame by which JavaScript has called C++ last */
  uintptr_t interpreter; /* a return address into it */
  enum { UNKNOWN, ONCE, KNOWN, OTHER } state;
} v8 __attribute__((tls_model("initial-exec")));

bool uvt_js_frame_is_entry(uintptr_t fp)
{
  enum { ENTRY = 1, CONSTRUCT_ENTRY };
  uintptr_t what = uvt_js_frame_word(fp, UVT_FRAME_WHAT) >> 1;
  return what == ENTRY || what == CONSTRUCT_ENTRY;
}

int uvt_js_frame_script(uintptr_t fp)
{
  return uvt_js_frame_word(fp, UVT_FRAME_WHAT) & 1
             ? v8_function_script((napi_value)((uintptr_t *)fp + UVT_FRAME_FUNCTION))
             : 0;
}

/* V8 has it more than once in memory: it is known by what it is. */
bool uvt_js_is_interpreter(uintptr_t pc)
{
  enum { BEFORE = 8, LENGTH = 24 };
  return pc == v8.interpreter ||
         !memcmp((const char *)pc - BEFORE, (const char *)v8.interpreter - BEFORE, LENGTH);
}

uintptr_t uvt_js_exit_frame(const void *isolate)
{
  return ((const uintptr_t *)isolate)[v8.entry];
}

uintptr_t uvt_js_frame_of(const void *isolate, uintptr_t function)
{
  uintptr_t fp = uvt_js_exit_frame(isolate);
  for (int step = 0; fp && step < NEAR; step++) {
    fp = uvt_js_frame(fp)->caller;
    if (uvt_js_frame_word(fp, UVT_FRAME_FUNCTION) == function)
      return fp;
    if (uvt_js_frame_is_entry(fp))
      fp = uvt_js_frame_word(fp, UVT_FRAME_FORMER_EXIT);
  }
  return 0;
}

bool uvt_js_frame_by_v8(uintptr_t fp)
{
  for (int step = 0; step < NEAR; step++) {
    fp = uvt_js_frame(fp)->caller;
    if (uvt_js_frame_is_entry(fp))
      return true;
    if (uvt_js_frame_script(fp) > 0)
      return false;
  }
  return false;
}

/* ---- Learning ---- */

/* The return address into the probe's frame, if that is an exit frame not far above; else 0. */
static uintptr_t probe_called_by(uintptr_t fp, uintptr_t here, uintptr_t probe)
{
  for (int step = 0; step < PROBE_FRAMES; step++) {
    if (fp % sizeof fp || fp <= here || fp - here > OWN_FRAMES)
      return 0;
    uintptr_t pc = uvt_js_frame(fp)->pc, caller = uvt_js_frame(fp)->caller;
    if (caller <= fp || caller - here > OWN_FRAMES)
      return 0;
    if (uvt_js_frame_word(caller, UVT_FRAME_FUNCTION) == probe)
      return uvt_js_frame_word(caller, UVT_FRAME_BYTECODE) & 1 &&
                     !(uvt_js_frame_word(caller, UVT_FRAME_OFFSET) & UINT32_MAX)
                 ? pc
                 : 0;
    fp = caller;
  }
  return 0;
}

/* False: nothing of the kind, or more than one. */
static bool find_entry(const uintptr_t *isolate, uintptr_t here, uintptr_t probe)
{
  int found = 0;
  for (size_t i = 0; i < ISOLATE_WORDS; i++) {
    uintptr_t pc = probe_called_by(isolate[i], here, probe);
    if (!pc)
      continue;
    v8.entry = i;
    v8.interpreter = pc;
    found++;
  }
  return found == 1;
}

void uvt_js_frames_learn(napi_value probe)
{
  const void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  size_t entry = v8.entry;
  if (v8.state == KNOWN || v8.state == OTHER)
    return;
  if (!isolate || !v8_function_script || !uvt_v8_has(UVT_V8_frames) ||
      !find_entry(isolate, (uintptr_t)__builtin_frame_address(0), *(uintptr_t *)probe))
    v8.state = OTHER;
  else if (v8.state == UNKNOWN)
    v8.state = ONCE;
  else
    v8.state = v8.entry == entry ? KNOWN : OTHER;
}

bool uvt_js_frames_known(void)
{
  return v8.state == KNOWN;
}

void uvt_js_frames_forget(void)
{
  memset(&v8, 0, sizeof v8);
}

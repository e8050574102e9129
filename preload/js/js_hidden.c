/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_hidden.h"

#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/v8_parts.h"

/* Words of V8's objects. A function has what all closures of it share, and that has the script, in one of the
 * first; a script, what it is known by. */
enum { OBJECT_WORDS = 9, SOURCE = 1, NAME = 2, KIND = 6, ID = 8 };
enum { PROGRAMS = 2, INSPECTORS = 4 }; /* kinds */

static __thread int hidden __attribute__((tls_model("initial-exec"))); /* 0: none */

static uintptr_t small(int value)
{
  return (uintptr_t)(uint32_t)value << 32;
}

/* Not all that is looked at is such an object: it may be shorter, and end where memory does. */
static bool read_object(uintptr_t tagged, uintptr_t *words)
{
  const size_t size = OBJECT_WORDS * sizeof *words;
  struct iovec to = {words, size}, from = {(void *)(tagged - 1), size};
  return tagged & 1 && process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

struct looked_for {
  uintptr_t source, name, id;
};

static bool is_script(const uintptr_t *words, const struct looked_for *script)
{
  return words[SOURCE] == script->source && words[NAME] == script->name && words[KIND] == small(PROGRAMS) &&
         words[ID] == script->id;
}

/* 0: it does not lie within so many steps. */
static uintptr_t find_script(uintptr_t tagged, const struct looked_for *script, int steps)
{
  uintptr_t words[OBJECT_WORDS], found = 0;
  if (!read_object(tagged, words))
    return 0;
  if (is_script(words, script))
    return tagged;
  if (!steps)
    return 0;
  for (size_t i = 1; i < OBJECT_WORDS && !found; i++)
    found = find_script(words[i], script, steps - 1);
  return found;
}

/* A Local is a pointer to the object; a script that was compiled in a context is a function. */
void uvt_js_hide(napi_value script, napi_value source, napi_value name)
{
  if (!uvt_v8_has(UVT_V8_scripts) || !v8_function_script)
    return;
  int id = v8_function_script(script);
  struct looked_for looked_for = {*(uintptr_t *)source, *(uintptr_t *)name, small(id)};
  uintptr_t found = find_script(*(uintptr_t *)script, &looked_for, 2);
  if (!found) {
    uvt_log("V8's scripts are not as expected: frames of ours are seen in stacks");
    return;
  }
  ((uintptr_t *)(found - 1))[KIND] = small(INSPECTORS);
  hidden = id;
}

bool uvt_js_is_hidden(int script)
{
  return script == hidden && script > 0;
}

void uvt_js_hidden_forget(void)
{
  hidden = 0;
}

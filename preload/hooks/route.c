/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "route.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "base/symbol.h"
#include "entry.h"
#include "js/js_emit.h"
#include "js/js_failed.h"
#include "js/js_load.h"
#include "js/js_overflow.h"
#include "patch/patch.h"

static bool patched;
static void *libuv; /* handle for dlsym: the executable or the library */

static int absent(void)
{
  return UV_ENOSYS;
}

int uvt_route_sibling(const char *name, char *buffer, size_t size)
{
  Dl_info info;
  if (!dladdr(uvt_hooks, &info) || !info.dli_fname)
    return -ENOENT;
  const char *slash = strrchr(info.dli_fname, '/');
  int length = slash ? (int)(slash - info.dli_fname + 1) : 0;
  int needed = snprintf(buffer, size, "%.*s%s", length, info.dli_fname, name);
  return needed < 0 || (size_t)needed >= size ? -ENAMETOOLONG : 0;
}

/* A function as the executable exports it; NULL where the name leads elsewhere (to us, say). With its size,
 * if wanted. */
static void *in_executable(void *executable, const char *name, size_t *size)
{
  struct dl_find_object object;
  Dl_info info;
  const ElfW(Sym) *symbol = NULL;
  void *address = dlsym(executable, name);
  if (!address || _dl_find_object(address, &object) != 0 ||
      object.dlfo_link_map != (struct link_map *)executable)
    return NULL;
  if (!size)
    return address;
  *size = uvt_symbol_size(object.dlfo_link_map, name, address);
  if (!*size && dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol)
    *size = symbol->st_size;
  return address;
}

bool uvt_route_in_executable(void)
{
  void *executable = dlopen(NULL, RTLD_LAZY);
  if (!executable || !in_executable(executable, "uv_run", NULL))
    return false;
  libuv = executable;
  return true;
}

static uvt_patch_apply_fn *load_patcher(void)
{
  char path[4096];
  if (uvt_route_sibling("libuvtree-patch.so", path, sizeof path) < 0)
    return NULL;
  void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!object)
    uvt_log("%s", dlerror());
  return object ? (uvt_patch_apply_fn *)dlsym(object, UVT_PATCH_SYMBOL) : NULL;
}

/* Of libuv's functions those that the executable has; `originals` is filled for all, once they are patched.
 */
static size_t list_libuv(struct uvt_patch *patches, void **originals)
{
  size_t count = 0;
  for (int i = 0; i < UVT_FN_COUNT; i++) {
    size_t size = 0;
    void *target = in_executable(libuv, uvt_fn_names[i], &size);
    originals[i] = (void *)absent;
    if (target)
      patches[count++] = (struct uvt_patch){uvt_fn_names[i], target, size, uvt_entries[i], &originals[i]};
    else
      uvt_log("%s: not in this libuv", uvt_fn_names[i]);
  }
  return count;
}

/* Of Node's: all that are not optional, or none. */
static size_t list_node(struct uvt_patch *patches, const struct uvt_node_function *functions, size_t of_node)
{
  size_t count = 0;
  for (const struct uvt_node_function *function = functions; function < functions + of_node; function++) {
    size_t size = 0;
    void *target = in_executable(libuv, function->symbol, &size);
    if (target)
      patches[count++] =
          (struct uvt_patch){function->symbol, target, size, (void *)function->ours, function->real};
    else if (!function->optional)
      return 0;
  }
  return count;
}

/* libuv's, those that load the agent, and those that make the JavaScript layer faster and safer: as many as
 * can be. */
enum { OF_LIBUV, AND_LOAD, AND_EMIT, GROUPS };

static int apply_all(uvt_patch_apply_fn *apply, const struct uvt_patch *patches, const size_t *counts,
                     char *why, size_t why_size)
{
  int error = -ENOENT;
  for (int group = AND_EMIT; group >= OF_LIBUV && error; group--) {
    if (group < AND_EMIT && counts[group] == counts[group + 1])
      continue;
    error = apply(patches, counts[group], why, why_size);
    if (error && group > OF_LIBUV)
      uvt_log("without Node's own functions: %s", why);
  }
  return error;
}

int uvt_route_patch(void)
{
  struct uvt_patch patches[UVT_FN_COUNT + UVT_JS_LOAD_FUNCTIONS + UVT_JS_EMIT_FUNCTIONS +
                           UVT_JS_OVERFLOW_FUNCTIONS + UVT_JS_FAILED_FUNCTIONS];
  void *originals[UVT_FN_COUNT];
  size_t counts[GROUPS];
  counts[OF_LIBUV] = counts[AND_LOAD] = counts[AND_EMIT] = list_libuv(patches, originals);
  if (uvt_js_asked()) {
    counts[AND_LOAD] += list_node(&patches[counts[OF_LIBUV]], uvt_js_load_functions, UVT_JS_LOAD_FUNCTIONS);
    counts[AND_EMIT] = counts[AND_LOAD];
    if (counts[AND_LOAD] > counts[OF_LIBUV]) {
      counts[AND_EMIT] += list_node(&patches[counts[AND_LOAD]], uvt_js_emit_functions, UVT_JS_EMIT_FUNCTIONS);
      counts[AND_EMIT] +=
          list_node(&patches[counts[AND_EMIT]], uvt_js_overflow_functions, UVT_JS_OVERFLOW_FUNCTIONS);
      counts[AND_EMIT] +=
          list_node(&patches[counts[AND_EMIT]], uvt_js_failed_functions, UVT_JS_FAILED_FUNCTIONS);
    }
  }
  uvt_patch_apply_fn *apply = load_patcher();
  char why[256] = "libuvtree-patch.so cannot be loaded";
  int error = apply ? apply_all(apply, patches, counts, why, sizeof why) : -ENOENT;
  if (error) {
    uvt_log("not patched: %s", why);
    return error;
  }
  memcpy(uvt_real, originals, sizeof originals);
  patched = true;
  return 0;
}

/* libuv may have been loaded in a scope that RTLD_NEXT does not see (a Python extension's). */
static void *find_library(void)
{
  static const char *const names[] = {"libuv.so.1", "libuv.so"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *library = dlopen(names[i], RTLD_LAZY | RTLD_NOLOAD);
    if (library)
      return library;
  }
  return NULL;
}

static void *real_of(void *library, const char *name, const void *ours)
{
  void *address = dlsym(RTLD_NEXT, name);
  if ((!address || address == ours) && library)
    address = dlsym(library, name);
  return address == ours ? NULL : address;
}

bool uvt_route_interpose(void)
{
  void *library = find_library();
  void *reals[UVT_FN_COUNT];
  bool found = false;
  for (int i = 0; i < UVT_FN_COUNT; i++) {
    reals[i] = real_of(library, uvt_fn_names[i], uvt_entries[i]);
    found |= i == UVT_FN_uv_run && reals[i];
    if (!reals[i])
      reals[i] = (void *)absent;
  }
  memcpy(uvt_real, reals, sizeof reals);
  libuv = library ? library : RTLD_NEXT;
  return found;
}

bool uvt_route_patched(void)
{
  return patched;
}

const char *uvt_route_uv_version(void)
{
  const char *(*version)(void) = (const char *(*)(void))dlsym(libuv, "uv_version_string");
  return version ? version() : "";
}

/*
 * node::per_process::metadata begins with versions, whose first member is the std::string with Node's own
 * version. It is filled by a constructor of the executable, which has run when the first libuv function is
 * called. Taken only if it looks like a version: the layout is nobody's promise.
 */
void uvt_route_node_version(char *buffer, size_t size)
{
  struct {
    const char *text;
    size_t length;
  } const *string = dlsym(RTLD_DEFAULT, "_ZN4node11per_process8metadataE");
  buffer[0] = '\0';
  if (!string || string->length < 5 || string->length >= size || string->length > 15 ||
      string->text != (const char *)(string + 1)) /* short strings lie inside the object */
    return;
  for (size_t i = 0; i < string->length; i++)
    if (!strchr("0123456789.-abcnightlyrprev", string->text[i]))
      return;
  memcpy(buffer, string->text, string->length);
  buffer[string->length] = '\0';
}

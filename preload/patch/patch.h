/* SPDX-License-Identifier: MIT */
/*
 * Diverts the entries of functions in a running program: a 5-byte jump to a piece of code nearby that goes on
 * to a stub; the displaced instructions are moved, so that the original can still be called.
 *
 * Lives in libuvtree-patch.so (it needs Zydis), which libuvtree.so loads only where libuv is part of the
 * executable. Must be called while the process has one thread. All or nothing: every patch is planned before
 * the first byte is written; if anything fails, everything is as it was. No page stays both writable and
 * executable.
 */
#ifndef UVT_PATCH_H
#define UVT_PATCH_H

#include <stddef.h>

struct uvt_patch {
  const char *symbol; /* for messages */
  void *target;       /* entry of the function */
  size_t size;        /* its length in bytes (ELF symbol size) */
  void *stub;         /* where calls shall go; may be anywhere in the address space */
  void *
      *original; /* out: an address that behaves as the unpatched function, set before the entry is patched */
};

/*
 * Patches all `count` functions. Returns 0, or a negative errno with one line in `why` that names the
 * function and the refusal. Touches no errno, allocates with mmap only, keeps its pages until the process
 * ends.
 */
typedef int uvt_patch_apply_fn(const struct uvt_patch *patches, size_t count, char *why, size_t why_size);
uvt_patch_apply_fn uvt_patch_apply;

#define UVT_PATCH_SYMBOL "uvt_patch_apply"

#endif

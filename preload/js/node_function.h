/* SPDX-License-Identifier: MIT */
/*
 * Functions of Node that some of ours stand for. They are reached as libuv's are (route.h): patched in the
 * executable, or, where Node is a library, by their names.
 */
#ifndef UVT_NODE_FUNCTION_H
#define UVT_NODE_FUNCTION_H

#include <dlfcn.h>
#include <stdbool.h>

struct uvt_node_function {
  const char *symbol;
  void (*ours)(void);
  void **real; /* NULL in it: found by its name when it is needed */
  bool optional;
};

/* The function of Node that ours stands for; NULL: there is none. */
static inline void *uvt_node_real(void **real, const char *symbol)
{
  if (!*real)
    *real = dlsym(RTLD_NEXT, symbol);
  return *real;
}

#endif

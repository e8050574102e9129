/* SPDX-License-Identifier: MIT */
/* The sizes of functions that an object exports. On any thread; allocates nothing, takes no lock. */
#ifndef UVT_SYMBOL_H
#define UVT_SYMBOL_H

#include <link.h>
#include <stddef.h>

/*
 * The size of the function that the object defines under this name at this address; 0 where its hash table
 * (DT_GNU_HASH) has none. The table is asked as the dynamic linker asks it: dladdr looks at every symbol of
 * the object, which in node are 75000, and takes a millisecond.
 */
size_t uvt_symbol_size(const struct link_map *object, const char *name, const void *address);

#endif

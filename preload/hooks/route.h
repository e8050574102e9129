/* SPDX-License-Identifier: MIT */
/*
 * Where libuv is and how its functions are reached (uvtree-internals(7), rule 2): a library whose symbols we
 * interpose, or part of the executable, whose entries are patched. Decided once, before anything of libuv has
 * run through us.
 */
#ifndef UVT_ROUTE_H
#define UVT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

/* Is libuv part of the executable (it exports uv_run)? */
bool uvt_route_in_executable(void);

/* Patches the executable's functions; while the process has one thread. 0 or a negative errno, then nothing
 * is patched. */
int uvt_route_patch(void);

/* Fills uvt_real from the libuv that is loaded now; functions that it lacks return UV_ENOSYS. False: there is
 * none. */
bool uvt_route_interpose(void);

bool uvt_route_patched(void);

/* "1.46.0", or "" */
const char *uvt_route_uv_version(void);
/* "20.20.2", or "" where this is not Node or it cannot be known. */
void uvt_route_node_version(char *buffer, size_t size);

/* Path of an object that lies beside ours. 0 or a negative errno. */
int uvt_route_sibling(const char *name, char *buffer, size_t size);

#endif

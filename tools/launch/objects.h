/* SPDX-License-Identifier: MIT */
/* The injected object: where it lies, and the environment in which a program loads it. */
#ifndef UVT_OBJECTS_H
#define UVT_OBJECTS_H

#include "base/error.h"

/*
 * The absolute path of libuvtree.so: $UVTREE_OBJECT, else relative to the folder of the running executable
 * (build tree and installation). malloced; NULL with the error set where there is none that can be preloaded.
 */
char *uvt_object_find(struct uvt_error *error);

/*
 * Prepares our own environment, which the program inherits: the object goes first in LD_PRELOAD. `wait_ms`:
 * how long it may wait for the session daemon; `layer`: "uv" or "all";
 * `session`: the recording that the program belongs to, so that readers can tell its records from those of
 * other recordings (schema.h, process). 0, or -1 with the error set.
 */
int uvt_object_environment(const char *object, unsigned wait_ms, const char *layer, const char *session,
                           struct uvt_error *error);

#endif

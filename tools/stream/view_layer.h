/* SPDX-License-Identifier: MIT */
/*
 * One layer of a stream, or the program's own part of its JavaScript (uvtree-stream(7), PROJECTIONS). What
 * belongs to other registrations goes; lines that mention one of their invocations take the invocation that
 * stands for it:
 *
 *   uv    the innermost enclosing one of the uv layer, or the root
 *   js    the nearest JavaScript one up the chain of links, or the thread's root, which is its main script:
 *         native roots go, too; blocking calls stay where that one is open
 *   user  the one that it is nested in, else the nearest up the chain of links. Left out are registrations of
 *         functions of Node (their place begins with node:), of the engine's own making (data.internal), and
 *         cancels that only say that a resource was closed or collected
 *
 * A reader must know what it has, since lines may mention an invocation that has ended: data.view says it in
 * `process` and in a `lost` of unknown count, which may stand in place of that.
 *
 * Since an operation's children change with that, ChildrenPending and Retired are found anew. Registrations
 * whose link is not in the stream are of no known layer, and stay. Memory grows as that of the model does; in
 * a stream without operation lines also with the number of causes.
 */
#ifndef UVT_VIEW_LAYER_H
#define UVT_VIEW_LAYER_H

#include <stdint.h>

#include "event.h"

enum uvt_shown { UVT_SHOWN_UV, UVT_SHOWN_JS, UVT_SHOWN_USER };

/* `give` gets what is left. NULL: out of memory. */
struct uvt_sink *uvt_view_layer_create(enum uvt_shown shown, uint64_t memory,
                                       int (*give)(void *context, const struct uvt_event *event),
                                       void *context);
void uvt_view_layer_destroy(struct uvt_sink *sink);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The async call graph for Graphviz: a node for each operation, in a cluster for each process; a solid edge
 * from the operation whose callback stored it (link), a dashed one from that which enabled it, where that was
 * another (cause).
 *
 * Only the first operations are drawn, 500 or as many as --limit says: nobody can read more, and Graphviz
 * takes a second for 2,000 but many for some thousands. A note in the graph and a line on standard error tell
 * how many are missing. Memory grows with what is alive and with the limit.
 */
#ifndef UVT_OUT_DOT_H
#define UVT_OUT_DOT_H

#include "output.h"

enum { UVT_DOT_LIMIT = 500 };

extern const struct uvt_output_format uvt_output_dot;

#endif

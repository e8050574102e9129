/* SPDX-License-Identifier: MIT */
/* Names of hosts and tracing sessions: few, met again and again, and kept until the program ends. Any thread.
 */
#ifndef UVT_NAMES_H
#define UVT_NAMES_H

/* The one copy of that name: equal names are the same pointer. "" where there is no memory. */
const char *uvt_name(const char *name);

#endif

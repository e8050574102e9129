/* SPDX-License-Identifier: MIT */
/* Which parts of ours the program's V8 is known well enough for (v8_parts.def). Any thread, once it is set
 * up. */
#ifndef UVT_V8_PARTS_H
#define UVT_V8_PARTS_H

#include <stdbool.h>

enum uvt_v8_part {
#define V8_PART(part, first, last, name) UVT_V8_##part,
#include "v8_parts.def"
#undef V8_PART
  UVT_V8_PARTS
};

/* In the constructor. Logs what is left out. */
void uvt_v8_parts_init(void);

/* False: left out, or the program has no V8. */
bool uvt_v8_has(enum uvt_v8_part part);

/* V8's major version; 0: the program has none. */
int uvt_v8_major(void);

/* What is left out and why, for people; "" where nothing is, or where the program has no V8. */
const char *uvt_v8_without(void);

#endif

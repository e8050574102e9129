/* SPDX-License-Identifier: MIT */
/*
 * What Node itself makes and calls back: sockets, parsers, files. It tells of each natively
 * (AsyncWrap::EmitAsyncInit, EmitBefore and EmitAfter), and from there calls the hooks in JavaScript, which
 * costs more than all else about such a callback. While the agent's are the only ones, what they would do is
 * done here: in the tables in which the agent keeps what it knows by async id.
 */
#ifndef UVT_JS_EMIT_H
#define UVT_JS_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node_function.h"

/* Indexed by the low bits of an async id. 0 in `ids`: nothing that is to be heard here. */
struct uvt_js_table {
  double *ids, *links;
  uint16_t *kinds; /* the agent's numbers of them */
  uint32_t mask;
};

/* The agent's, as agent/registrations.js has them. */
struct uvt_js_tables {
  struct uvt_js_table once; /* what runs once; its entry ends with it */
  uint8_t *begun;           /* 1: it does, or did */
  struct uvt_js_table more; /* what may run again */
  uint32_t *open;           /* how often it runs just now */
  uint8_t *state;           /* UVT_JS_CANCELLED, UVT_JS_DESTROYED */
};
#define UVT_JS_CANCELLED 1
#define UVT_JS_DESTROYED 2 /* its entry ends when it runs no more */

/* On this thread, of that node::Environment; nothing is heard yet. The tables must stay until
 * uvt_js_emit_leave(). False: Node does not come here, and calls the hooks. */
bool uvt_js_emit_prepare(const void *environment, const struct uvt_js_tables *tables);
void uvt_js_emit_leave(void);

#define UVT_JS_HEAR_CALLBACKS 1
#define UVT_JS_HEAR_INIT 2 /* of the kinds that are known */
void uvt_js_emit_hear(unsigned what);

/* What Node makes with that type is of this kind. `type` lies in a handle that stays. */
struct uvt_js_kind {
  const uintptr_t *type;
  uint32_t text; /* the type's number (js_text.h) */
  uint16_t number;
  bool once;
};
void uvt_js_emit_kind(const struct uvt_js_kind *kind);

#define UVT_JS_EMIT_FUNCTIONS 3
extern const struct uvt_node_function uvt_js_emit_functions[UVT_JS_EMIT_FUNCTIONS];

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Callbacks that Node itself makes: of sockets, parsers, files, timers of its own. It tells of each natively
 * (AsyncWrap::EmitBefore and EmitAfter), and from there calls the before and after hooks in JavaScript, which
 * costs more than all else about such a callback. While the agent's are the only ones, what they would do is
 * done here: in the tables in which the agent keeps what it knows by async id.
 *
 * Both functions are reached as libuv's are (route.h): patched in the executable, or by their names.
 */
#ifndef UVT_JS_EMIT_H
#define UVT_JS_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Indexed by the low bits of an async id. 0 in `ids`: nothing that is to be heard here. */
struct uvt_js_table {
  double *ids, *links;
  uint32_t mask;
};

/* The agent's, as agent.js has them. */
struct uvt_js_tables {
  struct uvt_js_table once; /* what runs once; its entry ends with it */
  uint8_t *begun;           /* 1: it does, or did */
  struct uvt_js_table more; /* what may run again */
  uint32_t *open;           /* how often it runs just now */
};

/* From now on, on this thread, of that node::Environment. The tables must stay until uvt_js_emit_leave().
 * False: Node does not come here, and calls the hooks. */
bool uvt_js_emit_hear(const void *environment, const struct uvt_js_tables *tables);
void uvt_js_emit_leave(void);

/* What stands for a function of Node. */
struct uvt_node_function {
  const char *symbol;
  void (*ours)(void *environment, double async_id);
  void **real; /* NULL in it: found by its name when it is needed */
};
#define UVT_NODE_FUNCTIONS 2
extern const struct uvt_node_function uvt_node_functions[UVT_NODE_FUNCTIONS];

#endif

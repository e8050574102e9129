/* SPDX-License-Identifier: MIT */
/*
 * The JavaScript layer, native side. The agent (agent/) hears Node's hooks and calls in here, by Node-API, on
 * the thread that its environment runs on; this records links, causes and invocations with the same counters,
 * on the same stack of invocations as libuv's. Nothing here blocks but the interning of a text that was not
 * seen before.
 *
 * A JavaScript invocation has no native frame of its own: its entry on the stack has the frame address of the
 * one below it, so both are unwound together, and when the native one ends those above it are ended. In the
 * live tree an invocation of JavaScript hangs from the invocation that it runs in, with type 0 and its link
 * ID; its registrations have no slot (they would cost a search per callback).
 */
#ifndef UVT_JS_H
#define UVT_JS_H

#include <stdbool.h>
#include <stdint.h>

struct napi_env__;
struct napi_value__;
struct uvt_thread;

/* On the thread of an environment that is to get the agent: puts what the agent calls into the object. False:
 * nothing is to be followed. */
bool uvt_js_attach(struct napi_env__ *env, struct napi_value__ *native);

/* The environment of this thread that has an agent; NULL: none. */
struct napi_env__ *uvt_js_env(void);

/* Has a promise hook of the program's thrown, other than the agent's? Once for each that has. */
bool uvt_js_other_has_thrown(void);

/* The thread is about to run that loop: if it is its environment's, the main script has ended. */
void uvt_js_loop_runs(struct uvt_thread *thread, const void *loop);

/* The current invocation has called a function of Node's that makes something: type by its number
 * (js_text.h), UVT_LINK_* flags. -> the link ID. */
uint64_t uvt_js_link_made(struct uvt_thread *thread, uint32_t type, uint8_t flags);

/*
 * Native code of Node's may go on where it has thrown for the program, and come to hooks with that exception
 * pending. It would then be thrown in ours, by the first native function that is called there, and be lost to
 * the program. So it is set aside while JavaScript of ours may run. Both on the environment's thread; those
 * without an environment have nothing set aside.
 */
struct uvt_js_exception {
  void *scope, *value; /* NULL: none */
};
struct uvt_js_exception uvt_js_set_aside(void);
void uvt_js_put_back(struct uvt_js_exception exception);

/* Node has come to an error that nothing caught; and is done with it, if the program goes on. */
void uvt_js_tell_failed(struct napi_value__ *error, bool from_promise);
void uvt_js_tell_failed_over(void);

/* A native invocation has ended on a thread where promises were rejected and not handled
 * (thread->js_rejected). */
void uvt_js_tell_rejected(struct uvt_thread *thread);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What is in a trace: every event of provider `uvtree`, its fields, and the enumerations in them.
 *
 * Each event is declared once, here. From the declaration come the C struct that the injected object fills
 * (struct uvt_rec_NAME), the LTTng-UST tracepoint that writes it (provider.h) and the reader that decodes
 * it (tools/trace/trace_source.c). Readers find events, fields and enumerators by *name*, never by number.
 *
 * Identities: `process` tells processes apart in one trace (a random number, never 0: a pid may be reused,
 * kept over an exec, or exist in several pid namespaces); execute_id, link_id and loop_id count from 1 within
 * a process. Causes and operations have no number in the trace: the reader numbers causes and counts a
 * registration's operations in the order of the records.
 *
 * This header knows neither libuv nor LTTng nor babeltrace2.
 */
#ifndef UVT_SCHEMA_H
#define UVT_SCHEMA_H

#include <stdint.h>

#include "api.def"

/* Raised when a record changes its meaning or loses a field; new events and fields do not raise it. */
#define UVT_SCHEMA_VERSION 1

#define UVT_PROVIDER_NAME "uvtree"

/* The channel of `uvtree record`: by it a trace says who recorded it, whatever its session is called. */
#define UVT_RECORD_CHANNEL "uvtree-record"

/* Between the arguments in process.argv: a string in a record cannot hold NUL. */
#define UVT_ARGV_SEPARATOR '\x1f'

/* When the environment has done its part for an operation; api.def says which type has which. */
enum uvt_ready { UVT_READY_ONCE, UVT_READY_POLL, UVT_READY_POOL, UVT_READY_TIMER, UVT_READY_INLINE };

/* Types of registrations. 0 is the root function of a thread, which nothing registered. */
enum uvt_type {
  UVT_TYPE_root = 0,
#define UVT_TYPE_FS(op, shape, object) UVT_TYPE_uv_fs_##op,
#define UVT_TYPE_STORE(function, ready, arg, value, text) UVT_TYPE_##function,
#define UVT_TYPE_TYPE(type, name, ready, arg, value, text) UVT_TYPE_##type,
  UVT_API(UVT_TYPE_FS, UVT_TYPE_STORE, UVT_TYPE_TYPE, UVT_NONE)
#undef UVT_TYPE_FS
#undef UVT_TYPE_STORE
#undef UVT_TYPE_TYPE
      UVT_TYPE_COUNT
};

/* Other enumerations of the trace: X(enumeration, enumerator). The C name is UVT_<enumeration>_<enumerator>.
 */
#define UVT_ENUM_how(X)                                                \
  X(how, start)    /* the process began, or began to use libuv */      \
  X(how, fork)     /* a child made by fork without exec */             \
  X(how, announce) /* it ran already when recording was switched on */ \
  X(how, again)    /* said again every 10 s, for traces whose beginning is gone */
#define UVT_ENUM_route(X)                                      \
  X(route, interposed) /* dynamic libuv: symbols interposed */ \
  X(route, patched)    /* libuv inside the executable: entries patched */
#define UVT_ENUM_role(X)                                          \
  X(role, main)   /* the thread that entered main() */            \
  X(role, worker) /* made by the program with uv_thread_create */ \
  X(role, pool)   /* a worker of libuv's thread pool */           \
  X(role, other)  /* any other thread that used libuv */
#define UVT_ENUM_reason(X)                                                          \
  X(reason, stopped)   /* a stop function */                                        \
  X(reason, closed)    /* its handle or loop was closed */                          \
  X(reason, replaced)  /* started again: a new registration follows */              \
  X(reason, refused)   /* libuv returned an error (status) and will not call */     \
  X(reason, eof)       /* a read ended at end of file */                            \
  X(reason, error)     /* an error (status) ended it */                             \
  X(reason, cancelled) /* uv_cancel: a work callback that will never run */         \
  X(reason, reused)    /* its request was reused without its callback having run */ \
  X(reason, exited)    /* its thread ended without running it */
#define UVT_ENUM_life(X) X(life, create) X(life, resolve) X(life, reject)
#define UVT_ENUMS(X) UVT_ENUM_how(X) UVT_ENUM_route(X) UVT_ENUM_role(X) UVT_ENUM_reason(X) UVT_ENUM_life(X)

#define UVT_ENUMERATOR(enumeration, name) UVT_##enumeration##_##name,
enum uvt_how { UVT_ENUM_how(UVT_ENUMERATOR) };
enum uvt_route { UVT_ENUM_route(UVT_ENUMERATOR) };
enum uvt_role { UVT_ENUM_role(UVT_ENUMERATOR) };
enum uvt_reason { UVT_ENUM_reason(UVT_ENUMERATOR) };
enum uvt_life { UVT_ENUM_life(UVT_ENUMERATOR) };
#undef UVT_ENUMERATOR

/* link.flags */
#define UVT_LINK_CAUSED 0x1   /* linking it also enabled it: this record is its cause, too */
#define UVT_LINK_REPEAT 0x2   /* it may run more than once */
#define UVT_LINK_INTERNAL 0x4 /* js: made by the engine itself (a promise that adopts another) */
/* cause.flags */
#define UVT_CAUSE_SIGNAL 0x1 /* from a signal handler that interrupted the invocation */
/* execute_begin.flags */
#define UVT_BEGIN_MORE 0x1  /* libuv will call it again: its next operation is queued now */
#define UVT_BEGIN_ALLOC 0x2 /* not the callback itself but its allocation callback runs */
#define UVT_BEGIN_MAIN 0x4  /* link_id 0: the main script of a JavaScript thread, within the native root */
#define UVT_BEGIN_PASS 0x8  /* a promise reaction without a handler for this outcome */
/* execute_end.flags */
#define UVT_END_UNWOUND 0x1 /* left by an exception, longjmp or the end of the thread, noticed later */

/*
 * Events and fields. INT(C type, field), ENUM(enumeration, field) (one byte), TYPE(field) (enum uvt_type, one
 * byte), STR(field) (NUL-terminated; NULL is written as ""), SEQ(field) (struct uvt_sequence). Texts and
 * sequences come last (packed.h).
 */
#define UVT_EVENTS(X) \
  X(process)          \
  X(thread)           \
  X(loop)             \
  X(link)             \
  X(detail)           \
  X(cause)            \
  X(ready)            \
  X(cancel)           \
  X(execute_begin)    \
  X(execute_end)      \
  X(pool_begin)       \
  X(pool_end)         \
  X(poll_begin)       \
  X(poll_end)         \
  X(blocking)         \
  X(child)            \
  X(child_pipe)       \
  X(fork)             \
  X(process_end)      \
  X(lost)             \
  X(string)           \
  X(js_link)          \
  X(js_label)         \
  X(batch)            \
  X(waiting)          \
  X(failed)           \
  X(handled)          \
  X(label)            \
  X(promise)          \
  X(stack)            \
  X(link_stack)       \
  X(code)             \
  X(image)

/* First record of a process; again whenever recording is switched on, and from time to time. */
#define UVT_FIELDS_process(INT, ENUM, TYPE, STR, SEQ)                                                  \
  INT(uint32_t, process)                                                                               \
  INT(uint32_t, schema)                                                                                \
  ENUM(how, how)                                                                                       \
  ENUM(route, route)                                                                                   \
  INT(int32_t, pid)                                                                                    \
  INT(int32_t, parent_pid)                                                                             \
  INT(uint32_t, parent)         /* how=fork: the process that forked, else 0 */                        \
  INT(uint64_t, parent_execute) /* how=fork: the invocation that forked */                             \
  INT(uint32_t, fork)           /* how=fork: the number of the parent's `fork`; 0: it has none */      \
  INT(uint64_t,                                                                                        \
      start_time) /* clock ticks since boot (proc(5), stat field 22): differs when a pid is reused */  \
  INT(uint64_t, monotonic) /* CLOCK_MONOTONIC in ns at this record: what timers' due times count in */ \
  INT(uint32_t, window)    /* records may come this many ns late, and later where `waiting` said so;   \
                            * 0: never */                                                              \
  STR(uv_version)                                                                                      \
  STR(node_version) /* "" when it is not Node or cannot be known */                                    \
  STR(exe)                                                                                             \
  STR(session) /* UVTREE_SESSION: the recording that the program was started for; "" where none was */ \
  STR(argv)    /* joined by UVT_ARGV_SEPARATOR */                                                      \
  STR(without) /* layers and parts of them that are left out, and why; "" where none is */

#define UVT_FIELDS_thread(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(int32_t, tid) ENUM(role, role) STR(name)

#define UVT_FIELDS_loop(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint32_t, loop_id) INT(int32_t, tid) STR(name)

/* Written before libuv is called (uv_spawn: after, its arg is the child's pid, or the error that it
 * returned); a refusal is reported by `cancel`. */
#define UVT_FIELDS_link(INT, ENUM, TYPE, STR, SEQ)                        \
  INT(uint32_t, process)                                                  \
  INT(uint64_t, execute_id) /* the invocation that stores the callback */ \
  INT(uint64_t, link_id)                                                  \
  TYPE(type)                                                              \
  INT(uint8_t, flags)                                                     \
  INT(int64_t, arg) /* api.def, column arg */

/* More about a registration (api.def, column text); written just before its link. */
#define UVT_FIELDS_detail(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process) INT(uint64_t, link_id) STR(text)

#define UVT_FIELDS_cause(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint64_t, execute_id) INT(uint64_t, link_id) INT(uint8_t, flags)

/* The environment is done where no other record tells it: a request taken out of the pool by uv_cancel. */
#define UVT_FIELDS_ready(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process) INT(uint64_t, link_id)

#define UVT_FIELDS_cancel(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process)                             \
  INT(uint64_t, execute_id)                          \
  INT(uint64_t, link_id)                             \
  ENUM(reason, reason)                               \
  INT(int32_t, status) /* libuv's error, 0 where there is none */

#define UVT_FIELDS_execute_begin(INT, ENUM, TYPE, STR, SEQ)                                      \
  INT(uint32_t, process)                                                                         \
  INT(int32_t, tid)                                                                              \
  INT(uint64_t, execute_id)                                                                      \
  INT(uint64_t, link_id) /* 0: the thread's root function */                                     \
  INT(uint8_t, depth)    /* invocations open below it on this thread (255: that many or more) */ \
  INT(uint8_t, flags)                                                                            \
  INT(int64_t,                                                                                   \
      value) /* api.def, column value; due, as of a Timeout of JavaScript, too: ms on CLOCK_MONOTONIC */

#define UVT_FIELDS_execute_end(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint64_t, execute_id) INT(uint8_t, flags)

/* A worker of the thread pool begins, ends the blocking part of fs, getaddrinfo, getnameinfo, random. For
 * uv_queue_work the invocation of the work callback says the same and these are not written. */
#define UVT_FIELDS_pool_begin(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(int32_t, tid) INT(uint64_t, link_id)
#define UVT_FIELDS_pool_end(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(int32_t, tid) INT(uint64_t, link_id)

/* Not written for a poll with timeout 0; its poll_end is written only if it reported something. */
#define UVT_FIELDS_poll_begin(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint32_t, loop_id) INT(int32_t, tid) INT(int32_t, timeout)
#define UVT_FIELDS_poll_end(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint32_t, loop_id) INT(int32_t, tid) INT(int32_t, events)

/* A synchronous libuv call that may block; written when it is over. */
#define UVT_FIELDS_blocking(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process)                               \
  INT(uint64_t, execute_id)                            \
  TYPE(type)                                           \
  INT(uint64_t, duration) /* ns */                     \
  INT(int64_t, result)                                 \
  INT(uint32_t, stack) /* of the call; 0: not taken */ \
  STR(path)            /* or what the row's text column says */

/* uv_spawn succeeded: the child's pid. link_id 0: without an exit callback. */
#define UVT_FIELDS_child(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint64_t, execute_id) INT(uint64_t, link_id) INT(int32_t, pid)

/* fd is our end of a pipe made by uv_spawn, whose other end is the child's descriptor `number`; pid 0: fd is
 * closed. */
#define UVT_FIELDS_child_pipe(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process)                                 \
  INT(int32_t, pid)                                      \
  INT(uint32_t, fd)                                      \
  INT(uint8_t, number)                                   \
  INT(uint8_t, ipc) /* 1: it may pass handles, as Node's */

/* The thread is about to fork: what there is now the child has, too, if one is made and ever records. `fork`
 * counts them. */
#define UVT_FIELDS_fork(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint32_t, fork) INT(int32_t, tid) INT(uint64_t, execute_id)

/* The process ends by itself: what follows it does while it ends. One that another kills does not say so. */
#define UVT_FIELDS_process_end(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process)

/* Things the recorder could not record (out of slots, signal handler on an untouched thread). */
#define UVT_FIELDS_lost(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process) INT(uint64_t, count)

/* A text that later records name by number: types and functions of the JavaScript layer. */
#define UVT_FIELDS_string(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process) INT(uint32_t, id) STR(text)

/* A registration of the JavaScript layer; causes, invocations and cancels are recorded as for libuv's. */
#define UVT_FIELDS_js_link(INT, ENUM, TYPE, STR, SEQ)                  \
  INT(uint32_t, process)                                               \
  INT(uint64_t, execute_id)                                            \
  INT(uint64_t, link_id)                                               \
  INT(uint32_t, type)     /* string: "Timeout", "PROMISE", ... */      \
  INT(uint32_t, function) /* string: "name file:line"; 0: not known */ \
  INT(uint8_t, flags)                                                  \
  INT(uint32_t, timeout) /* of a Timeout, ms; else 0 */

/* As `label`, with texts that are told by number. */
#define UVT_FIELDS_js_label(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process)                               \
  INT(uint64_t, execute_id)                            \
  INT(uint64_t, id)                                    \
  INT(int32_t, status)                                 \
  INT(uint32_t, kind)                                  \
  INT(uint32_t, name)

/*
 * Records of one thread, packed (batch.h), as they would have stood here. With UVTREE_BATCH=0 they do.
 */
#define UVT_FIELDS_batch(INT, ENUM, TYPE, STR, SEQ)                                                  \
  INT(uint32_t, process)                                                                             \
  INT(int32_t, tid)                                                                                  \
  INT(uint32_t, number) /* of the thread's batches, from 0: a gap means that some were lost */       \
  INT(uint64_t, before) /* records in the thread's batches before this one */                        \
  INT(uint64_t, begin)  /* CLOCK_MONOTONIC in ns: what the records' times count from */              \
  INT(uint64_t, since)  /* as of `waiting` */                                                        \
  INT(uint32_t, unit)   /* ns in a unit of their times, with UVT_BATCH_UNIT_SHIFT fractional bits */ \
  INT(uint32_t, execute_high)                                                                        \
  INT(uint32_t, link_high)                                                                           \
  SEQ(words)

/* Records of the thread that are not written yet have times from `since` on (CLOCK_MONOTONIC, ns); 0: there
 * are none. A reader that puts records in order waits for them. */
#define UVT_FIELDS_waiting(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(int32_t, tid) INT(uint64_t, since)

/* The invocation ended in an uncaught exception, or rejected a promise that nobody handled; may come later.
 * `causes`: lines, of each error that led to it "cause.errors[0]: " and its stack; "": none. */
#define UVT_FIELDS_failed(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint64_t, execute_id) STR(message) STR(stack) STR(causes)
/* The rejection was handled after all. */
#define UVT_FIELDS_handled(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process) INT(uint64_t, execute_id)

/* A name for what the invocation does: kind "http.server.request", name "GET /users/7". */
#define UVT_FIELDS_label(INT, ENUM, TYPE, STR, SEQ)                  \
  INT(uint32_t, process)                                             \
  INT(uint64_t, execute_id)                                          \
  INT(uint64_t, id)    /* the same for begin and end of one thing */ \
  INT(int32_t, status) /* of an HTTP response, else 0 */             \
  STR(kind)                                                          \
  STR(name)

/* Only with promise life cycle switched on. */
#define UVT_FIELDS_promise(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint64_t, execute_id) INT(uint64_t, promise) ENUM(life, life)

/*
 * Stacks, where they are asked for. One is told once and then named by its number. Its frames are to be read
 * as what lay at their addresses when the stack was recorded: the newest `code` record before it
 * that covers an address, else its `image`. Where code has been replaced since, the same addresses are told
 * again under a new number. All four are told again when recording is switched on again, before what names
 * them; only code and images that a told stack has frames in are told at all.
 */

/* More frames than this are not told: then the outermost are missing. */
#define UVT_STACK_FRAMES 128
/* A frame with this bit is no address: the rest is the number of a `string`, "name file:line:column". */
#define UVT_FRAME_STRING (UINT64_C(1) << 63)

/* frames: return addresses, the innermost first; of one that V8 interprets, the address in its bytecode. */
#define UVT_FIELDS_stack(INT, ENUM, TYPE, STR, SEQ) INT(uint32_t, process) INT(uint32_t, stack) SEQ(frames)

/* Where a registration was made; written just before its link or js_link. */
#define UVT_FIELDS_link_stack(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process) INT(uint64_t, link_id) INT(uint32_t, stack)

/* Machine code or bytecode that V8 made lies there from now on, in place of whatever overlapped it. Code that
 * moves is told again where it comes to lie. */
#define UVT_FIELDS_code(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process)                           \
  INT(uint64_t, address)                           \
  INT(uint32_t, size)                              \
  STR(name) /* as V8 gives it: "JS:~f file:line:column", "Builtin:...", "BytecodeHandler:..." */

/* A mapped file that frames lie in; told before the first stack that has one, and again when it changed. */
#define UVT_FIELDS_image(INT, ENUM, TYPE, STR, SEQ) \
  INT(uint32_t, process)                            \
  INT(uint64_t, start)                              \
  INT(uint64_t, size)                               \
  INT(uint64_t, offset) /* in the file, of start */ \
  STR(path)                                         \
  STR(build_id) /* in hexadecimal; "": it has none */

/* No sequence has more numbers. */
#define UVT_SEQUENCE_MAX 1024

struct uvt_sequence {
  const uint64_t *at;
  uint32_t count;
};

#define UVT_INT(c_type, field) c_type field;
#define UVT_ENUMF(enumeration, field) uint8_t field;
#define UVT_TYPEF(field) uint8_t field;
#define UVT_STR(field) const char *field;
#define UVT_SEQ(field) struct uvt_sequence field;
#define UVT_RECORD(event)                                               \
  struct uvt_rec_##event {                                              \
    UVT_FIELDS_##event(UVT_INT, UVT_ENUMF, UVT_TYPEF, UVT_STR, UVT_SEQ) \
  };
UVT_EVENTS(UVT_RECORD)
#undef UVT_INT
#undef UVT_ENUMF
#undef UVT_TYPEF
#undef UVT_STR
#undef UVT_SEQ
#undef UVT_RECORD

#endif

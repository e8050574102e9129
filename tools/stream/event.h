/* SPDX-License-Identifier: MIT */
/*
 * One event of the async event stream (uvtree-stream(7)): a line of the JSON Lines output. The model makes
 * them from records, the stream reader from a .jsonl file; writers, the checker and the tree take them
 * through struct uvt_sink. This is the seam between what was recorded and what is told about it.
 *
 * An event and everything it points to belong to the maker and hold until the sink's function returns.
 * IDs are 0 where the event has none.
 */
#ifndef UVT_EVENT_H
#define UVT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of every process event (data.format): raised when an event changes its meaning or loses a field; new events
 * and fields do not raise it. A reader refuses what is newer, and reads what is older. */
#define UVT_STREAM_FORMAT 1

/* X(name in the stream): every kind of uvtree-stream(7). */
#define UVT_STREAM_EVENTS(X) \
  X(process)                 \
  X(processEnd)              \
  X(thread)                  \
  X(loop)                    \
  X(executeBegin)            \
  X(executeEnd)              \
  X(link)                    \
  X(cause)                   \
  X(cancel)                  \
  X(externalCause)           \
  X(failedCallback)          \
  X(handled)                 \
  X(operation)               \
  X(state)                   \
  X(poolBegin)               \
  X(poolEnd)                 \
  X(pollBegin) X(pollEnd) X(blocking) X(label) X(createPromise) X(resolvePromise) X(rejectPromise) X(lost)

enum uvt_event_kind {
#define UVT_EVENT_KIND(name) UVT_EV_##name,
  UVT_STREAM_EVENTS(UVT_EVENT_KIND)
#undef UVT_EVENT_KIND
      UVT_EV_unknown, /* a line of a kind this program does not know: to be ignored */
  UVT_EV_COUNT
};

/* States of an operation in their order; UVT_STATE_NONE before the first. */
#define UVT_STATES(X) X(Queued) X(Ready) X(Executing) X(ChildrenPending) X(Retired)
enum uvt_state {
  UVT_STATE_NONE,
#define UVT_STATE_ENUM(name) UVT_STATE_##name,
  UVT_STATES(UVT_STATE_ENUM)
#undef UVT_STATE_ENUM
};

/* A member of "data". */
enum uvt_datum_type {
  UVT_DATUM_INT,
  UVT_DATUM_STRING,
  UVT_DATUM_BOOL,
  UVT_DATUM_NULL,
  UVT_DATUM_STRINGS,
  UVT_DATUM_STACK, /* written as a list of texts, its frames */
};
struct uvt_datum {
  const char *key;
  enum uvt_datum_type type;
  int64_t number;     /* INT, BOOL; STRINGS: how many; STACK: its number in the store */
  const char *string; /* STRING: UTF-8, or bytes that the writer makes into UTF-8 */
  union {
    const char *const *list;        /* STRINGS */
    struct uvt_stack_store *stacks; /* STACK; to be held by whoever keeps the number (stack_store.h) */
  };
};
#define UVT_DATA_MAX 16

struct uvt_event {
  enum uvt_event_kind kind;
  enum uvt_state state; /* state */
  uint64_t time;        /* ns since the stream's origin (its first event) */
  uint64_t processID;   /* unique in the stream; written where the stream holds several processes */
  int64_t pid;
  uint64_t executeID;
  uint64_t linkID;
  uint64_t causeID;
  uint64_t operationID;
  uint64_t n;                /* operation: the how-manieth of its registration, from 1; 0 for a root */
  uint64_t within;           /* executeBegin: the invocation it is nested in, 0: none */
  uint64_t loopID;           /* loop, pollBegin, pollEnd */
  int64_t tid;               /* executeBegin, thread, loop, pool*, poll* */
  uint64_t count;            /* lost: how many; UINT64_MAX: null (unknown) */
  uint64_t from, to;         /* lost */
  const uint64_t *coalesced; /* executeBegin: further causes it took */
  size_t coalesced_count;
  struct uvt_datum data[UVT_DATA_MAX];
  size_t data_count;
};

/* Takes a stream. Each function returns 0, or a negative errno that stops the run. */
struct uvt_sink {
  int (*event)(struct uvt_sink *sink, const struct uvt_event *event);
  int (*end)(struct uvt_sink *sink); /* after the last event, also of a damaged trace; may be NULL */
  int (*flush)(
      struct uvt_sink *sink); /* a live source has nothing new just now: show what there is; may be NULL */
};

const char *uvt_event_name(enum uvt_event_kind kind); /* "executeBegin" */
const char *uvt_state_name(enum uvt_state state);     /* "Queued" */

/* The datum with that key, or NULL. */
const struct uvt_datum *uvt_event_datum(const struct uvt_event *event, const char *key);

#endif

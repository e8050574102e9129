/* SPDX-License-Identifier: MIT */
/*
 * What each HTTP request of a stream cost. A request begins where an invocation is labelled
 * http.server.request, and ends with the label http.server.response of the same id. http.server.headers says
 * that the headers of its response went out. The client went away where a read or a write of its connection
 * gave an error or the end before that, or where http.server.aborted says so (one stream of http2).
 *
 * Its beginning is when the invocation that the label's is nested in (the read of the connection) became
 * Ready: from then on the request could have been served; where that invocation already belongs to another
 * request (pipelining), it is the label itself. Its end is the label of the response, or, without one, the
 * last that happened of it.
 *
 * Which request work belongs to:
 *   - an operation belongs to the request of the invocation that linked it, at that time; so the nearest
 *     labelled ancestor wins, and requests on one connection stay apart;
 *   - work that several requests wait for (a promise made once) belongs to the one that linked it; to the
 * others the wait is `outside`. It is never split;
 *   - further reads of a connection belong to the request that it last labelled, until its response;
 *   - an invocation that no request linked, called while JavaScript of a request runs, belongs to that
 * request.
 *
 * A request of a client begins with http.client.request and ends with the headers of its response (a kind
 * that says more comes of some clients only), or http.client.error. Work is never its own.
 *
 * Memory grows with requests that have not ended (bounded: of the oldest beyond, the end is not waited for)
 * and with what is alive in the program.
 */
#ifndef UVT_REQUESTS_H
#define UVT_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "spent.h"
#include "stream/event.h"

/* One invocation on the critical path: what led to the response, or to what is still waited for, from the
 * request's first invocation. */
struct uvt_request_step {
  uint64_t execute;
  char type[64];
  char detail[128];
  uint64_t since;                                /* when the step before made it possible */
  uint64_t pool_wait, pool_work, outside, ready; /* since then, until it began */
  uint64_t begun;
  uint64_t ran; /* until it made the next step possible, or the response was finished */
};

enum uvt_request_outcome {
  UVT_REQUEST_OPEN,       /* no headers went out */
  UVT_REQUEST_UNFINISHED, /* they did; the rest of the response did not */
  UVT_REQUEST_FINISHED,   /* the response did; a client's request: its headers came */
  UVT_REQUEST_ABORTED,    /* the client went away first */
  UVT_REQUEST_ERROR,      /* a client's request: it got no response */
  UVT_REQUEST_OUTCOMES
};

extern const char *const uvt_request_outcomes[UVT_REQUEST_OUTCOMES]; /* in one word each */

/* An operation that has not run when its request is told. */
struct uvt_request_wait {
  char type[64];
  char detail[128];
  uint64_t execute; /* registered by; 0: not known */
  uint64_t since;
};

/*
 * The loop was busy with other things before the poll that brought a request, and that hardly had to wait: so
 * long, at most, the request lay in the socket. What ran longest meanwhile.
 */
struct uvt_request_block {
  uint64_t duration; /* 0: it was not */
  uint64_t execute, ran;
  char type[64];
  char detail[128];
  char request[128]; /* that it was of; "": none */
};

/* Of what is still waited for, so many are told; of more, only their number. */
enum { UVT_REQUEST_WAITS_MOST = 100 };

struct uvt_request {
  bool client; /* this process made it */
  int64_t pid;
  uint64_t id; /* the label's */
  uint64_t execute;
  char name[256]; /* "GET /users/7" */
  int64_t status; /* of the response, 0: not known */
  enum uvt_request_outcome outcome;
  bool failed;  /* a status of 500 or more, or a failure of it that nobody caught */
  bool rounded; /* some waits of it were left out of the parts, as there were too many */
  uint64_t begun, wall;
  uint64_t answered, aborted; /* when the headers went out, the client went away; UINT64_MAX: not */
  struct uvt_request_block blocked;
  uint64_t server_execute; /* of a client's: the request that is served by it; 0: none */
  char server_name[128];
  uint64_t parts[UVT_SPENT_KINDS];    /* they sum up to wall */
  uint64_t together[UVT_SPENT_GIVEN]; /* parallel ones counted each */
  uint64_t operations;                /* linked by it */
  uint64_t received, sent;            /* bytes of the connection's reads; of its writes that had a callback */
  bool sends;                         /* there was such a write */
  struct uvt_request_step *path;
  size_t path_count;
  bool path_cut;                  /* it begins somewhere on the way */
  struct uvt_request_wait *waits; /* of one that is not finished, the latest first */
  size_t waits_count, waits_told;
};

void uvt_request_free(struct uvt_request *request);

/* "200", "200 unfinished", "aborted", "open" or "error", with "!" where it failed. */
enum { UVT_REQUEST_STATUS_SIZE = 40 };
const char *uvt_request_status(const struct uvt_request *request, char text[UVT_REQUEST_STATUS_SIZE]);

struct uvt_requests;

/* Gets each request when it is over, to keep or to free. 0, or a negative errno that stops the run. */
typedef int uvt_request_taker(void *user, struct uvt_request *request);

struct uvt_requests *uvt_requests_create(uvt_request_taker *taker, void *user); /* NULL: out of memory */
void uvt_requests_destroy(struct uvt_requests *requests);

/* Its functions fail when out of memory, or as the taker does. The requests own it. */
struct uvt_sink *uvt_requests_sink(struct uvt_requests *requests);

/* The stream has anything of JavaScript: requests would be in it. */
bool uvt_requests_possible(const struct uvt_requests *requests);

/* After the sink's `end`: 0, or -1 with the error set where the stream cannot tell (without states). */
int uvt_requests_check(const struct uvt_requests *requests, struct uvt_error *error);

#endif

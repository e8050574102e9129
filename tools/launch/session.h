/* SPDX-License-Identifier: MIT */
/*
 * LTTng sessions: the only part of uvtree that talks to the session daemon (liblttng-ctl).
 *
 * Every function talks to the daemon that LTTng finds for this user: root's own in /var/run/lttng, or that of
 * $LTTNG_HOME (else $HOME). One thread at a time. The daemon may die between any two calls, and it may hang:
 * each call is made on a thread of its own, and given up when the daemon has not answered for as long as
 * uvt_session_be_patient says. From then on every function returns UVT_SESSION_HANGS at once.
 */
#ifndef UVT_SESSION_H
#define UVT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What the functions below return. */
enum uvt_session_result {
  UVT_SESSION_DONE = 0,
  UVT_SESSION_FAILED = -1, /* the error says why */
  UVT_SESSION_GONE = -2,  /* the daemon, its consumer or the session is there no more; the error says which */
  UVT_SESSION_HANGS = -3, /* the daemon takes calls but does not answer them; the error says so */
  UVT_SESSION_STUCK = -4 /* it answers, but the session cannot end: LTTng's buffer of a CPU cannot be read any
                            further, since a process was killed in the middle of a record */
};

struct uvt_session_options {
  const char *name;
  const char *output;      /* absolute path of the trace's folder; unused with live_url */
  const char *live_url;    /* of a relay daemon, as `lttng create --set-url` takes it; NULL: none */
  bool snapshot;           /* keep the newest records in memory until a snapshot is recorded */
  uint64_t subbuffer_size; /* bytes, a power of 2 */
  uint64_t subbuffers;     /* per CPU, a power of 2 */
};

struct uvt_session_loss {
  bool known;       /* false: the daemon could not tell */
  uint64_t records; /* discarded because all sub-buffers were full */
  uint64_t packets; /* overwritten (snapshot), before anyone read them */
};

enum { UVT_SESSION_PATIENCE_S = 60 };

/* How many seconds without an answer make a daemon one that hangs; 0: none. UVT_SESSION_PATIENCE_S without
 * it. */
void uvt_session_be_patient(unsigned seconds);

/* Whether a session daemon answers. */
bool uvt_session_daemon_answers(void);

/* How many sessions there are; negative where no daemon answers. */
int uvt_session_count(void);

/* Makes the session, with a channel that records every event of ours, and starts it. Nothing is left on
 * failure. */
int uvt_session_start(const struct uvt_session_options *options, struct uvt_error *error);

/* Stops recording, waits until everything recorded is written, and asks what was lost. */
int uvt_session_stop(const char *name, struct uvt_session_loss *loss, struct uvt_error *error);

/* Saves what a snapshot session holds into its output. */
int uvt_session_snapshot(const char *name, struct uvt_error *error);

/*
 * Ends the session and waits until its files are complete. UVT_SESSION_STUCK: they hold all that can be read;
 * the session has no name any more, and what is left of it goes with its daemon.
 */
int uvt_session_destroy(const char *name, struct uvt_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The LTTng session daemon that a recording needs, found or started.
 *
 * A helper process, the keeper, sees to what must happen even if `uvtree record` is killed: it takes the
 * recording's session down, and it ends the daemon where it was we who started it, once no session is left
 * there (another recording may have found our daemon in the meantime). A daemon that ran already is left
 * running.
 */
#ifndef UVT_DAEMON_H
#define UVT_DAEMON_H

#include <stdbool.h>

#include "base/error.h"

struct uvt_daemon;

/*
 * Finds the daemon, or starts `lttng-sessiond` (LTTNG_SESSIOND_PATH, else from PATH) and waits until it is
 * ready. `session` is the name of the session that the caller is about to make. Until uvt_daemon_session_made
 * or uvt_daemon_release, no other recording of this user finds, starts or ends a daemon. NULL with the error
 * set on failure.
 */
struct uvt_daemon *uvt_daemon_hold(const char *session, struct uvt_error *error);

/* Whether it was started for us. */
bool uvt_daemon_is_ours(const struct uvt_daemon *daemon);

/* The session exists: from here on the keeper takes it down if we do not. */
void uvt_daemon_session_made(struct uvt_daemon *daemon);

/* We are about to end the session: until uvt_daemon_release nobody ends the daemon. */
void uvt_daemon_session_ends(struct uvt_daemon *daemon);

/* It hangs (UVT_SESSION_HANGS): the keeper kills it where it is ours, else it waits for it, and we do not. */
void uvt_daemon_hangs(struct uvt_daemon *daemon);

/* We are done with it; returns when session and daemon are ended, as far as they are to be. Frees it; NULL is
 * allowed. */
void uvt_daemon_release(struct uvt_daemon *daemon);

#endif

/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <errno.h>
#include <lttng/lttng.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema.h"

/*
 * What the consumer daemon has not written is lost when it is killed: a sub-buffer is handed over at the
 * latest after SWITCH_TIMER_US, the description of the events (without which nothing can be read) after
 * METADATA_TIMER_US.
 */
enum { SWITCH_TIMER_US = 1000000, METADATA_TIMER_US = 200000, LIVE_TIMER_US = 200000, PENDING_POLL_MS = 20 };

/* LTTng takes the attributes of its own metadata channel from a channel that is given this name. */
#define METADATA_NAME "metadata"
enum { METADATA_SUBBUFFER_SIZE = 4096, METADATA_SUBBUFFERS = 4 };

/*
 * What one of the functions below asks of the daemon. It belongs to the thread that asks and to the one that
 * waits for it; where the daemon hangs it is never freed, for the thread may still come back.
 */
struct request {
  int (*ask)(struct request *request);
  const char *name; /* the caller keeps what these two point to */
  const struct uvt_session_options *options;
  struct uvt_session_loss loss;
  struct uvt_error error;
  int result;
  atomic_uint answers; /* each one is a sign of life */
  sem_t done;
};

static unsigned patience_s = UVT_SESSION_PATIENCE_S;
static bool hangs;

void uvt_session_be_patient(unsigned seconds)
{
  patience_s = seconds;
}

static void answered(struct request *request)
{
  atomic_fetch_add(&request->answers, 1);
}

static void *run_request(void *argument)
{
  struct request *request = argument;
  request->result = request->ask(request);
  sem_post(&request->done);
  return NULL;
}

/* Counts what it slept instead of looking at a clock: a machine that stands still is not a daemon that hangs.
 */
static bool await_answer(struct request *request)
{
  enum { A_SECOND = 10 };
  unsigned answers = 0;
  for (unsigned idle = 0; !patience_s || idle < patience_s * A_SECOND;) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 1000000000L / A_SECOND;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (sem_timedwait(&request->done, &until) == 0)
      return true;
    unsigned now = atomic_load(&request->answers);
    idle = now == answers ? idle + (errno == ETIMEDOUT) : 0;
    answers = now;
  }
  return false;
}

/* Asks on a thread of its own; `request` was filled in up to `options`. */
static int ask(const struct request *filled, struct uvt_session_loss *loss, struct uvt_error *error)
{
  struct request *request = hangs ? NULL : malloc(sizeof *request);
  pthread_t thread;
  int result = UVT_SESSION_HANGS;
  if (request) {
    *request = *filled;
    sem_init(&request->done, 0, 0);
    if (pthread_create(&thread, NULL, run_request, request) != 0)
      run_request(request); /* then without a bound */
    else if (await_answer(request))
      pthread_join(thread, NULL);
    else
      hangs = true;
  }
  if (hangs) {
    uvt_error_set(error, "the LTTng session daemon does not answer");
    return result;
  }
  if (!request) {
    uvt_error_set(error, "out of memory");
    return UVT_SESSION_FAILED;
  }
  result = request->result;
  *loss = request->loss;
  *error = request->error;
  sem_destroy(&request->done);
  free(request);
  return result;
}

/* Turns an LTTng return value into ours; `what` was tried. */
static int fail(int code, const char *what, struct uvt_error *error)
{
  switch (-code) {
  case LTTNG_ERR_SESS_NOT_FOUND:
    uvt_error_set(error, "the LTTng session was ended by somebody else");
    return UVT_SESSION_GONE;
  case LTTNG_ERR_NO_SESSIOND:
  case LTTNG_ERR_FATAL: /* the connection broke in the middle of the call */
  case LTTNG_ERR_UNK:
    uvt_error_set(error, "the LTTng session daemon died");
    return UVT_SESSION_GONE;
  case LTTNG_ERR_NO_USTCONSUMERD:
  case LTTNG_ERR_UST_CONSUMER64_FAIL:
  case LTTNG_ERR_NO_CONSUMER:
  case LTTNG_ERR_CLOSE_TRACE_CHUNK_FAIL_CONSUMER:
    uvt_error_set(error, "the LTTng consumer daemon died");
    return UVT_SESSION_GONE;
  default:
    uvt_error_set(error, "%s: %s", what, lttng_strerror(code));
    return UVT_SESSION_FAILED;
  }
}

static struct lttng_domain user_space(void)
{
  struct lttng_domain domain = {.type = LTTNG_DOMAIN_UST, .buf_type = LTTNG_BUFFER_PER_UID};
  return domain;
}

bool uvt_session_daemon_answers(void)
{
  return lttng_session_daemon_alive() == 1;
}

static int ask_count(struct request *request)
{
  struct lttng_session *sessions = NULL;
  (void)request;
  int count = lttng_list_sessions(&sessions);
  if (count > 0)
    free(sessions);
  return count < 0 ? -1 : count;
}

int uvt_session_count(void)
{
  struct uvt_session_loss loss;
  struct uvt_error error;
  return ask(&(struct request){.ask = ask_count}, &loss, &error);
}

static int create(const struct uvt_session_options *options)
{
  if (options->live_url)
    return lttng_create_session_live(options->name, options->live_url, LIVE_TIMER_US);
  struct lttng_session_descriptor *descriptor =
      options->snapshot ? lttng_session_descriptor_snapshot_local_create(options->name, options->output)
                        : lttng_session_descriptor_local_create(options->name, options->output);
  if (!descriptor)
    return -LTTNG_ERR_INVALID;
  int code = lttng_create_session_ext(descriptor);
  lttng_session_descriptor_destroy(descriptor);
  return code == LTTNG_OK ? 0 : -code;
}

static int add_channel(struct lttng_handle *handle, const char *name, const struct lttng_channel_attr *attr)
{
  struct lttng_domain domain = user_space();
  struct lttng_channel *channel = lttng_channel_create(&domain);
  if (!channel)
    return -LTTNG_ERR_NOMEM;
  snprintf(channel->name, sizeof channel->name, "%s", name);
  channel->enabled = 1;
  channel->attr.overwrite = attr->overwrite;
  channel->attr.subbuf_size = attr->subbuf_size;
  channel->attr.num_subbuf = attr->num_subbuf;
  channel->attr.output = LTTNG_EVENT_MMAP;
  channel->attr.switch_timer_interval = attr->switch_timer_interval;
  channel->attr.live_timer_interval = attr->live_timer_interval;
  channel->attr.read_timer_interval = 0; /* a program wakes the consumer itself, at each full sub-buffer */
  int code = lttng_enable_channel(handle, channel);
  lttng_channel_destroy(channel);
  return code;
}

static int add_channels(struct lttng_handle *handle, const struct uvt_session_options *options)
{
  /* In a live session the live timer hands everything over, and in a snapshot session nothing does. */
  bool plain = !options->live_url && !options->snapshot;
  const struct lttng_channel_attr records = {
      .overwrite = options->snapshot,
      .subbuf_size = options->subbuffer_size,
      .num_subbuf = options->subbuffers,
      .switch_timer_interval = plain ? SWITCH_TIMER_US : 0,
      .live_timer_interval = options->live_url ? LIVE_TIMER_US : 0,
  };
  const struct lttng_channel_attr metadata = {
      .subbuf_size = METADATA_SUBBUFFER_SIZE,
      .num_subbuf = METADATA_SUBBUFFERS,
      .switch_timer_interval = METADATA_TIMER_US,
  };
  int code = add_channel(handle, UVT_RECORD_CHANNEL, &records);
  return code < 0 || !plain ? code : add_channel(handle, METADATA_NAME, &metadata);
}

static int add_events(struct lttng_handle *handle)
{
  struct lttng_event *event = lttng_event_create();
  if (!event)
    return -LTTNG_ERR_NOMEM;
  event->type = LTTNG_EVENT_TRACEPOINT;
  event->loglevel_type = LTTNG_EVENT_LOGLEVEL_ALL;
  event->loglevel = -1;
  snprintf(event->name, sizeof event->name, UVT_PROVIDER_NAME ":*");
  int code = lttng_enable_event(handle, event, UVT_RECORD_CHANNEL);
  lttng_event_destroy(event);
  return code;
}

static int configure(struct request *request)
{
  const struct uvt_session_options *options = request->options;
  struct lttng_domain domain = user_space();
  struct lttng_handle *handle = lttng_create_handle(options->name, &domain);
  if (!handle)
    return fail(-LTTNG_ERR_NOMEM, "cannot reach the LTTng session", &request->error);
  const char *what = "cannot make an LTTng channel";
  int code = add_channels(handle, options);
  answered(request);
  if (code >= 0) {
    what = "cannot switch on the events";
    code = add_events(handle);
    answered(request);
  }
  if (code >= 0) {
    what = "cannot start recording";
    code = lttng_start_tracing(options->name);
  }
  lttng_destroy_handle(handle);
  return code < 0 ? fail(code, what, &request->error) : UVT_SESSION_DONE;
}

static int ask_start(struct request *request)
{
  const char *name = request->options->name;
  int code = create(request->options);
  answered(request);
  if (code < 0) {
    char what[LTTNG_NAME_MAX + 64];
    snprintf(what, sizeof what, "cannot make the LTTng session \"%.*s\"", LTTNG_NAME_MAX, name);
    return fail(code, what, &request->error);
  }
  int result = configure(request);
  if (result != UVT_SESSION_DONE)
    lttng_destroy_session(name);
  return result;
}

int uvt_session_start(const struct uvt_session_options *options, struct uvt_error *error)
{
  struct uvt_session_loss loss;
  return ask(&(struct request){.ask = ask_start, .options = options}, &loss, error);
}

static int wait_for_data(struct request *request)
{
  const struct timespec pause = {.tv_nsec = PENDING_POLL_MS * 1000000L};
  for (;;) {
    int pending = lttng_data_pending(request->name);
    answered(request);
    if (pending <= 0)
      return pending;
    nanosleep(&pause, NULL);
  }
}

static void ask_loss(struct request *request)
{
  struct uvt_session_loss *loss = &request->loss;
  struct lttng_domain domain = user_space();
  struct lttng_handle *handle = lttng_create_handle(request->name, &domain);
  struct lttng_channel *channels = NULL;
  int count = handle ? lttng_list_channels(handle, &channels) : -1;
  loss->known = count > 0;
  for (int i = 0; i < count; i++) {
    uint64_t records, packets;
    answered(request);
    if (lttng_channel_get_discarded_event_count(&channels[i], &records) < 0 ||
        lttng_channel_get_lost_packet_count(&channels[i], &packets) < 0) {
      loss->known = false;
      continue;
    }
    loss->records += records;
    loss->packets += packets;
  }
  if (count > 0)
    free(channels);
  lttng_destroy_handle(handle);
}

static int ask_stop(struct request *request)
{
  int code = lttng_stop_tracing_no_wait(request->name);
  answered(request);
  if (code < 0 && code != -LTTNG_ERR_TRACE_ALREADY_STOPPED)
    return fail(code, "cannot stop recording", &request->error);
  code = wait_for_data(request);
  if (code < 0)
    return fail(code, "cannot wait for the recorded data", &request->error);
  ask_loss(request);
  return UVT_SESSION_DONE;
}

int uvt_session_stop(const char *name, struct uvt_session_loss *loss, struct uvt_error *error)
{
  memset(loss, 0, sizeof *loss);
  return ask(&(struct request){.ask = ask_stop, .name = name}, loss, error);
}

static int ask_snapshot(struct request *request)
{
  int code = lttng_snapshot_record(request->name, NULL, 1);
  return code < 0 ? fail(code, "cannot record the snapshot", &request->error) : UVT_SESSION_DONE;
}

int uvt_session_snapshot(const char *name, struct uvt_error *error)
{
  struct uvt_session_loss loss;
  return ask(&(struct request){.ask = ask_snapshot, .name = name}, &loss, error);
}

/*
 * LTTng ends a session when all of its buffers were read. After uvt_session_stop only what cannot be read is
 * left in them: the rest of a sub-buffer in which a killed process has begun a record (lttng-ust 2.13).
 */
static int await_destruction(struct request *request, struct lttng_destruction_handle *handle)
{
  enum { TRY_MS = 100, TRIES = 30 };
  enum lttng_destruction_handle_status status = LTTNG_DESTRUCTION_HANDLE_STATUS_TIMEOUT;
  enum lttng_error_code code = LTTNG_ERR_UNK;
  for (int i = 0; i < TRIES && status == LTTNG_DESTRUCTION_HANDLE_STATUS_TIMEOUT; i++)
    status = lttng_destruction_handle_wait_for_completion(handle, TRY_MS);
  if (status == LTTNG_DESTRUCTION_HANDLE_STATUS_TIMEOUT)
    return ask_count(request) < 0 ? fail(-LTTNG_ERR_NO_SESSIOND, "", &request->error) : UVT_SESSION_STUCK;
  if (status == LTTNG_DESTRUCTION_HANDLE_STATUS_COMPLETED)
    lttng_destruction_handle_get_result(handle, &code);
  return code == LTTNG_OK ? UVT_SESSION_DONE
                          : fail(-(int)code, "cannot end the LTTng session", &request->error);
}

static int ask_destroy(struct request *request)
{
  struct lttng_destruction_handle *handle = NULL;
  enum lttng_error_code code = lttng_destroy_session_ext(request->name, &handle);
  int result = code == LTTNG_OK ? await_destruction(request, handle)
                                : fail(-(int)code, "cannot end the LTTng session", &request->error);
  lttng_destruction_handle_destroy(handle);
  return result;
}

int uvt_session_destroy(const char *name, struct uvt_error *error)
{
  struct uvt_session_loss loss;
  return ask(&(struct request){.ask = ask_destroy, .name = name}, &loss, error);
}

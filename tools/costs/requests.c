/* SPDX-License-Identifier: MIT */
#include "requests.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "stream/describe.h"

#define NEVER UVT_MEASURE_NEVER

enum {
  OPEN_MOST = 65536,       /* requests whose end is waited for */
  PATH_MOST = 10000,       /* steps remembered on the way to an invocation */
  RECENT = 4096,           /* invocations that have ended, of which a failure may still be told */
  BLOCKED_LEAST = 1000000, /* ns; a loop that is busy for less is not called blocked */
  HARDLY = 8               /* so many times longer it is busy than it then waits in the poll */
};

typedef struct uvt_measure_registration registration_t;
typedef struct uvt_measure_invocation invocation_t;

/* An invocation of a request, as a place on the path to later ones, which hold it. */
struct hop {
  uint32_t holders;
  uint32_t depth;
  struct hop *before; /* what made it possible; NULL: it is the first, or before it was cut */
  bool cut;
  bool nested;     /* it runs inside of `before` */
  bool works;      /* it is the pool's work itself */
  uint64_t serial; /* the request's */
  uint64_t execute;
  const char *type;
  char *detail;
  uint64_t since, taken, done, ready, begun; /* the times of a step; NEVER: it had none */
};

/* What a registration is to requests. Only those that one has to do with have it. */
struct work {
  registration_t *registration;
  struct open *owner;           /* NULL: none, or it is over */
  struct work *next, *previous; /* of the owner */
  struct hop *linker, *causer;
  uint64_t linked, cause_id, caused;
  bool taken;                         /* an invocation has taken the cause */
  struct uvt_request_block *accepted; /* what held up the accepting of a connection; NULL: nothing */
  uint64_t polls;                     /* of the loop until then */
  uint64_t labelled; /* serial of the request that an invocation of it was labelled with last */
};

/* What an invocation is to them; likewise. */
struct part {
  struct open *owner;
  struct hop *hop;
};

/* A request that is not over. */
struct open {
  uint64_t serial; /* 1, 2, ...: unlike pointers never used again */
  struct uvt_measure_process *process;
  struct uvt_request *row;
  struct uvt_spent spent;
  struct work *works;
  uint32_t parts; /* open invocations of it */
  uint64_t failures;
  struct hop *latest;  /* of the invocation of it that began last */
  int64_t fd;          /* of its connection; -1: not told, or it is closed */
  uint64_t connection; /* the registration that reads from it */
  uint64_t ended;      /* NEVER: its response has not been finished */
  uint64_t last;       /* when something last happened of it */
  struct open *older, *newer;
  struct open *next_ended;
};

/* A thread's loop, between its polls. */
struct loop {
  uint64_t polls;
  uint64_t busy_since;              /* the last poll's end, or the thread's first invocation */
  uint64_t busy;                    /* until the poll that goes on */
  bool listens;                     /* so something may lie in its sockets */
  struct uvt_request_block longest; /* since then */
  struct uvt_request_block before;  /* what held up what the last poll brought */
};

struct ended {
  const struct uvt_measure_process *process;
  uint64_t execute, serial;
};

struct uvt_requests {
  struct uvt_sink sink;
  struct uvt_measure measure;
  uvt_request_taker *taker;
  void *user;
  int status;
  struct open *oldest, *newest;
  size_t open_count;
  struct open *ended; /* those of them that have had their response */
  uint64_t serials;
  struct uvt_id_map by_serial; /* pointers */
  struct ended recent[RECENT];
  size_t recent_next;
};

/* --- hops --- */

static void release(struct hop *hop)
{
  while (hop && --hop->holders == 0) {
    struct hop *before = hop->before;
    free(hop->detail);
    free(hop);
    hop = before;
  }
}

static struct hop *hold(struct hop *hop)
{
  if (hop)
    hop->holders++;
  return hop;
}

static void replace(struct hop **place, struct hop *hop)
{
  hold(hop);
  release(*place);
  *place = hop;
}

/* The hop, if it is of that request. */
static struct hop *of_request(struct hop *hop, const struct open *request)
{
  return hop && hop->serial == request->serial ? hop : NULL;
}

/* --- works and parts --- */

static struct work *work_of(struct uvt_requests *requests, registration_t *registration)
{
  if (registration->user)
    return registration->user;
  struct work *work = calloc(1, sizeof *work);
  if (!work)
    requests->status = -ENOMEM;
  else
    work->registration = registration;
  registration->user = work;
  return work;
}

static void give(struct work *work, struct open *owner)
{
  work->owner = owner;
  work->next = owner->works;
  work->previous = NULL;
  if (owner->works)
    owner->works->previous = work;
  owner->works = work;
}

static void forget_hops(struct work *work)
{
  replace(&work->linker, NULL);
  replace(&work->causer, NULL);
}

static void take_away(struct work *work)
{
  if (!work->owner)
    return;
  if (work->previous)
    work->previous->next = work->next;
  else
    work->owner->works = work->next;
  if (work->next)
    work->next->previous = work->previous;
  work->owner = NULL;
  forget_hops(work);
}

static struct part *part_of(struct uvt_requests *requests, invocation_t *invocation)
{
  if (!invocation->user && !(invocation->user = calloc(1, sizeof(struct part))))
    requests->status = -ENOMEM;
  return invocation->user;
}

static struct open *owner_of(const invocation_t *invocation)
{
  const struct part *part = invocation ? invocation->user : NULL;
  return part ? part->owner : NULL;
}

static struct hop *hop_of(const invocation_t *invocation)
{
  const struct part *part = invocation ? invocation->user : NULL;
  return part ? part->hop : NULL;
}

static void own(struct part *part, struct open *owner)
{
  if (part->owner)
    part->owner->parts--;
  if (owner)
    owner->parts++;
  part->owner = owner;
}

static void spend(struct uvt_requests *requests, struct open *request, enum uvt_spent_kind kind,
                  uint64_t from, uint64_t to)
{
  if (from == NEVER || to == NEVER)
    return;
  if (uvt_spent_add(&request->spent, kind, from, to) != 0)
    requests->status = -ENOMEM;
  if (to > request->last)
    request->last = to;
}

/* --- the critical path --- */

static uint64_t span(uint64_t from, uint64_t to)
{
  return from != NEVER && to != NEVER && to > from ? to - from : 0;
}

/* Where the time between `since` and `begun` went. */
static void fill_step(struct uvt_request_step *step, const struct hop *hop)
{
  step->execute = hop->execute;
  uvt_append(step->type, sizeof step->type, "%s", hop->type);
  uvt_append(step->detail, sizeof step->detail, "%s", hop->detail ? hop->detail : "");
  step->since = hop->since;
  step->begun = hop->begun;
  if (hop->works)
    step->pool_wait = span(hop->since, hop->begun);
  if (hop->works || hop->nested)
    return;
  uint64_t time = hop->since;
  uint64_t ready = hop->ready == NEVER || hop->ready > hop->begun ? hop->begun : hop->ready;
  if (hop->taken != NEVER && hop->done != NEVER && hop->taken >= time && hop->done <= ready) {
    step->pool_wait = span(time, hop->taken);
    step->pool_work = span(hop->taken, hop->done);
    time = hop->done;
  }
  step->outside = span(time, ready);
  step->ready = span(ready > time ? ready : time, hop->begun);
}

static void take_path(struct uvt_requests *requests, struct uvt_request *row, const struct hop *last,
                      uint64_t end)
{
  size_t count = 0;
  for (const struct hop *i = last; i; i = i->before)
    count++;
  row->path = calloc(count ? count : 1, sizeof *row->path);
  if (!row->path) {
    requests->status = -ENOMEM;
    return;
  }
  row->path_count = count;
  row->path_cut = !last;
  for (const struct hop *i = last; i; i = i->before) {
    fill_step(&row->path[--count], i);
    *(i->works ? &row->path[count].pool_work : &row->path[count].ran) = span(i->begun, end);
    row->path_cut |= i->cut;
    end = i->since;
  }
}

/* --- what is still waited for --- */

static void fill_wait(struct uvt_request_wait *wait, const struct work *work)
{
  const registration_t *registration = work->registration;
  uvt_append(wait->type, sizeof wait->type, "%s", registration->type);
  uvt_append(wait->detail, sizeof wait->detail, "%s", registration->detail);
  wait->execute = work->linker ? work->linker->execute : 0;
  wait->since = registration->operations->queued;
}

/* And what led there: to what was registered last, or to the last that ran. */
static void take_waits(struct uvt_requests *requests, struct open *request)
{
  struct uvt_request *row = request->row;
  const struct work *latest = NULL;
  row->waits = calloc(UVT_REQUEST_WAITS_MOST, sizeof *row->waits);
  if (!row->waits) {
    requests->status = -ENOMEM;
    return;
  }
  for (const struct work *work = request->works; work; work = work->next) {
    if (!work->registration->operations)
      continue;
    if (!latest)
      latest = work;
    if (row->waits_told < UVT_REQUEST_WAITS_MOST)
      fill_wait(&row->waits[row->waits_told++], work);
    row->waits_count++;
  }
  if (latest && latest->linker)
    take_path(requests, row, latest->linker, latest->linked);
  else
    take_path(requests, row, request->latest, request->last);
}

/* --- a request is over --- */

/* What its operations that have not run yet were waiting for when it ended. */
static void spend_pending(struct uvt_requests *requests, struct open *request, uint64_t end)
{
  for (struct work *work = request->works; work; work = work->next) {
    const registration_t *registration = work->registration;
    if (registration->pool_begun != NEVER && registration->pool_ended == NEVER)
      spend(requests, request, UVT_SPENT_POOL_WORK, registration->pool_begun, end);
    for (const struct uvt_measure_operation *i = registration->operations; i; i = i->next) {
      if (registration->pooled && registration->pool_begun == NEVER)
        spend(requests, request, UVT_SPENT_POOL_WAIT, i->queued, end);
      else if (!registration->works && !registration->always_ready)
        spend(requests, request, UVT_SPENT_READY, i->ready, end);
    }
  }
}

/* Nobody is to find it any more: of invocations that are open, and of registrations. */
static void forget(struct uvt_requests *requests, struct open *request)
{
  while (request->works)
    take_away(request->works);
  size_t cursor = 0;
  invocation_t **invocation;
  while (request->parts && (invocation = uvt_id_map_next(&request->process->invocations, &cursor, NULL))) {
    struct part *part = (*invocation)->user;
    if (part && part->owner == request)
      own(part, NULL);
  }
  if (request->older)
    request->older->newer = request->newer;
  else
    requests->oldest = request->newer;
  if (request->newer)
    request->newer->older = request->older;
  else
    requests->newest = request->older;
  requests->open_count--;
  struct open **place = &requests->ended;
  while (*place && *place != request)
    place = &(*place)->next_ended;
  if (*place)
    *place = request->next_ended;
  uvt_id_map_remove(&requests->by_serial, request->serial);
}

static void free_open(struct open *request)
{
  uvt_spent_clear(&request->spent);
  if (request->row)
    uvt_request_free(request->row);
  release(request->latest);
  free(request);
}

static enum uvt_request_outcome outcome_of(const struct open *request)
{
  const struct uvt_request *row = request->row;
  return request->ended != NEVER
             ? row->outcome == UVT_REQUEST_ERROR ? UVT_REQUEST_ERROR : UVT_REQUEST_FINISHED
         : row->aborted != NEVER  ? UVT_REQUEST_ABORTED
         : row->answered != NEVER ? UVT_REQUEST_UNFINISHED
                                  : UVT_REQUEST_OPEN;
}

static void close_request(struct uvt_requests *requests, struct open *request)
{
  struct uvt_request *row = request->row;
  bool waits = request->works || request->parts || row->client;
  uint64_t end = request->ended != NEVER ? request->ended : waits ? request->process->time : request->last;
  spend_pending(requests, request, end);
  if (request->ended == NEVER && !row->client)
    take_waits(requests, request);
  row->outcome = outcome_of(request);
  row->failed = request->failures || row->status >= 500;
  row->wall = end - row->begun;
  row->rounded = request->spent.rounded;
  if (uvt_spent_sum(&request->spent, end, row->parts, row->together) != 0)
    requests->status = -ENOMEM;
  forget(requests, request);
  request->row = NULL;
  free_open(request);
  int status = requests->taker(requests->user, row);
  if (status && !requests->status)
    requests->status = status;
}

/*
 * Ready may be told late, but not later than the loop's next poll: what was ready before has run then. So
 * requests that have had their response are closed when a loop polls.
 */
static void close_ended(struct uvt_requests *requests, const struct uvt_measure_process *process)
{
  struct open *next;
  for (struct open *i = requests->ended; i; i = next) {
    next = i->next_ended;
    if (i->process == process)
      close_request(requests, i);
  }
}

/* --- labels --- */

static void add_open(struct uvt_requests *requests, struct open *request)
{
  request->older = requests->newest;
  if (requests->newest)
    requests->newest->newer = request;
  else
    requests->oldest = request;
  requests->newest = request;
  requests->open_count++;
  if (requests->open_count > OPEN_MOST)
    close_request(requests, requests->oldest);
}

static struct open *make_open(struct uvt_requests *requests, struct uvt_measure_process *process,
                              uint64_t begun, const struct uvt_event *event)
{
  struct open *request = calloc(1, sizeof *request);
  struct uvt_request *row = calloc(1, sizeof *row);
  struct open **place = request && row ? uvt_id_map_add(&requests->by_serial, requests->serials + 1) : NULL;
  if (!place) {
    free(request);
    free(row);
    requests->status = -ENOMEM;
    return NULL;
  }
  *place = request;
  *request = (struct open){
      .serial = ++requests->serials, .process = process, .row = row, .fd = -1, .ended = NEVER, .last = begun};
  row->answered = row->aborted = NEVER;
  uvt_spent_begin(&request->spent, begun);
  int64_t id = 0;
  uvt_event_number(event, "id", &id);
  row->pid = process->pid;
  row->id = (uint64_t)id;
  row->execute = event->executeID;
  row->begun = begun;
  uvt_append(row->name, sizeof row->name, "%s", uvt_event_string(event, "name"));
  add_open(requests, request);
  return request;
}

/* The one that hosts it all: the outermost but for the main program. */
static invocation_t *outermost(invocation_t *invocation)
{
  while (invocation->within && !invocation->within->root && invocation->within->registration &&
         strcmp(invocation->within->registration->type, "main") != 0)
    invocation = invocation->within;
  return invocation;
}

static struct hop *make_hop(struct uvt_requests *requests, const invocation_t *invocation,
                            const struct open *request)
{
  const registration_t *registration = invocation->registration;
  char detail[sizeof((struct uvt_request_step *)0)->detail] = "";
  uvt_append(detail, sizeof detail, "%s", registration ? registration->detail : "");
  if (invocation->error)
    uvt_append(detail, sizeof detail, *detail ? ", %s" : "%s", invocation->error);
  struct hop *hop = calloc(1, sizeof *hop);
  if (!hop) {
    requests->status = -ENOMEM;
    return NULL;
  }
  *hop = (struct hop){.holders = 1,
                      .serial = request->serial,
                      .execute = invocation->id,
                      .works = registration && registration->works,
                      .type = registration ? registration->type : "root",
                      .detail = *detail ? strdup(detail) : NULL,
                      .since = invocation->begun,
                      .taken = registration ? registration->pool_begun : NEVER,
                      .done = registration ? registration->pool_ended : NEVER,
                      .ready = invocation->ready,
                      .begun = invocation->begun};
  return hop;
}

static bool is_read(const registration_t *registration)
{
  return strcmp(registration->type, "uv_read_start") == 0;
}

static bool is_write(const registration_t *registration)
{
  return strncmp(registration->type, "uv_write", strlen("uv_write")) == 0;
}

/* Of an EventEmitter: called by who emits, so it is part of that, whoever added it (record --listeners). */
static bool is_listener(const registration_t *registration)
{
  return registration && registration->js && strcmp(registration->type, "EventListener") == 0;
}

/* --- the loop --- */

static struct loop *loop_of(struct uvt_requests *requests, struct uvt_measure_thread *thread)
{
  if (thread->user)
    return thread->user;
  struct loop *loop = calloc(1, sizeof *loop);
  if (!loop)
    requests->status = -ENOMEM;
  else
    loop->busy_since = NEVER;
  return thread->user = loop;
}

/* Of what runs in the loop, what runs longest itself. */
static void note_longest(struct uvt_requests *requests, const invocation_t *invocation)
{
  struct loop *loop = loop_of(requests, invocation->thread);
  if (!loop || invocation->ran <= loop->longest.ran || invocation->ran * 2 < BLOCKED_LEAST)
    return;
  const registration_t *registration = invocation->registration;
  const struct open *owner = owner_of(invocation);
  loop->longest = (struct uvt_request_block){.execute = invocation->id, .ran = invocation->ran};
  uvt_append(loop->longest.type, sizeof loop->longest.type, "%s", registration ? registration->type : "root");
  uvt_append(loop->longest.detail, sizeof loop->longest.detail, "%s",
             registration ? registration->detail : "");
  uvt_append(loop->longest.request, sizeof loop->longest.request, "%s", owner ? owner->row->name : "");
}

static void begin_poll(struct loop *loop, uint64_t time)
{
  loop->busy = loop->busy_since != NEVER ? time - loop->busy_since : 0;
}

/* What comes before it listens holds up nobody. */
static void begin_listening(struct loop *loop, uint64_t time)
{
  if (!loop->listens)
    loop->busy_since = time;
  loop->listens = true;
}

static void end_poll(struct loop *loop, uint64_t waited, uint64_t time)
{
  if (loop->longest.ran > loop->busy)
    loop->longest.ran = loop->busy;
  bool blocked = loop->busy >= BLOCKED_LEAST && waited < loop->busy / HARDLY;
  loop->before = blocked ? loop->longest : (struct uvt_request_block){0};
  loop->before.duration = blocked ? loop->busy : 0;
  loop->longest = (struct uvt_request_block){0};
  loop->busy_since = time;
  loop->polls++;
}

/* What held up a request that this invocation, a read, has brought; also when its connection was accepted. */
static void find_block(struct uvt_request *row, const invocation_t *read)
{
  const struct loop *loop = read->thread->user;
  struct work *work = read->registration ? read->registration->user : NULL;
  if (loop)
    row->blocked = loop->before;
  if (!loop || !work || !work->accepted)
    return;
  if (work->polls + 1 == loop->polls) {
    uint64_t duration = row->blocked.duration + work->accepted->duration;
    if (work->accepted->ran > row->blocked.ran)
      row->blocked = *work->accepted;
    row->blocked.duration = duration;
  }
  free(work->accepted);
  work->accepted = NULL;
}

/* --- requests begin and end --- */

/* What it reads from then on is the request's, until that has its response: a connection outlives requests.
 */
static void read_for(struct work *work, const struct open *request, struct hop *hop, uint64_t time)
{
  work->labelled = request->serial;
  if (work->owner)
    return;
  work->linked = time;
  replace(&work->linker, hop);
}

static void label_part(struct uvt_requests *requests, invocation_t *invocation, struct open *request,
                       struct hop *hop, uint64_t time)
{
  struct part *part = part_of(requests, invocation);
  struct work *work = invocation->registration ? work_of(requests, invocation->registration) : NULL;
  if (!part)
    return;
  own(part, request);
  replace(&part->hop, hop);
  if (!work)
    return;
  if (is_read(invocation->registration)) {
    request->fd = invocation->registration->fd;
    request->connection = invocation->registration->id;
  }
  read_for(work, request, hop, time);
}

/* The invocation, and what it is nested in, serves the request from now on; and did so before, if nobody's.
 */
static void begin_request(struct uvt_requests *requests, invocation_t *invocation,
                          const struct uvt_event *event)
{
  invocation_t *outer = outermost(invocation);
  bool free_until_now = !owner_of(invocation) && !owner_of(outer);
  uint64_t begun = !free_until_now ? event->time : outer->ready == NEVER ? outer->begun : outer->ready;
  struct open *request = make_open(requests, invocation->process, begun, event);
  struct hop *hop = request ? make_hop(requests, invocation, request) : NULL;
  if (!hop)
    return;
  if (outer->registration && is_read(outer->registration))
    find_block(request->row, outer);
  replace(&request->latest, hop);
  hop->since = hop->ready = begun;
  hop->begun = free_until_now ? outer->begun : event->time;
  if (free_until_now) {
    spend(requests, request, UVT_SPENT_READY, outer->ready, outer->begun);
    spend(requests, request, UVT_SPENT_RUNNING, outer->begun, event->time);
    request->row->received = outer->received;
  }
  for (invocation_t *i = invocation;; i = i->within) {
    label_part(requests, i, request, hop, event->time);
    if (i == outer)
      break;
  }
  release(hop);
}

static struct open *find_open(struct uvt_requests *requests, const struct uvt_measure_process *process,
                              uint64_t id)
{
  for (struct open *i = requests->newest; i; i = i->older) {
    if (i->process == process && i->row->id == id && i->ended == NEVER)
      return i;
  }
  return NULL;
}

/* The one that is labelled by its number, if it is not over. */
static struct open *labelled(struct uvt_requests *requests, const struct uvt_measure_process *process,
                             const struct uvt_event *event)
{
  int64_t id = 0;
  uvt_event_number(event, "id", &id);
  return find_open(requests, process, (uint64_t)id);
}

static void take_status(struct open *request, const struct uvt_event *event)
{
  uvt_event_number(event, "status", &request->row->status);
  if (request->row->answered == NEVER)
    request->row->answered = event->time;
}

static void on_headers(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                       const struct uvt_event *event)
{
  (void)requests, (void)by;
  take_status(request, event);
}

static void on_response(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                        const struct uvt_event *event)
{
  while (by && !of_request(hop_of(by), request))
    by = by->within;
  request->ended = event->time > request->row->begun ? event->time : request->row->begun;
  struct open **place = &requests->ended;
  while (*place)
    place = &(*place)->next_ended;
  *place = request;
  take_status(request, event);
  take_path(requests, request->row, hop_of(by), request->ended);
}

static void on_aborted(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                       const struct uvt_event *event)
{
  (void)requests, (void)by;
  if (request->row->aborted == NEVER)
    request->row->aborted = event->time;
}

static void on_disconnected(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                            const struct uvt_event *event)
{
  for (struct open *i = requests->newest; i; i = i->older) {
    if (i == request ||
        (i->process == request->process && i->connection == request->connection && i->ended == NEVER))
      on_aborted(requests, i, by, event);
  }
}

static void on_client_headers(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                              const struct uvt_event *event)
{
  (void)by;
  take_status(request, event);
  request->ended = event->time;
  close_request(requests, request);
}

static void on_client_error(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                            const struct uvt_event *event)
{
  (void)by;
  request->row->outcome = UVT_REQUEST_ERROR;
  request->ended = event->time;
  close_request(requests, request);
}

static void begin_client_request(struct uvt_requests *requests, struct uvt_measure_process *process,
                                 const invocation_t *by, const struct uvt_event *event)
{
  struct open *request = make_open(requests, process, event->time, event);
  const struct open *server = owner_of(by);
  if (!request)
    return;
  request->row->client = true;
  if (!server)
    return;
  request->row->server_execute = server->row->execute;
  uvt_append(request->row->server_name, sizeof request->row->server_name, "%s", server->row->name);
}

static void on_label(struct uvt_requests *requests, struct uvt_measure_process *process,
                     const struct uvt_event *event)
{
  static const struct {
    const char *kind;
    void (*take)(struct uvt_requests *requests, struct open *request, const invocation_t *by,
                 const struct uvt_event *event);
  } later[] = {{"http.server.headers", on_headers},        {"http.server.response", on_response},
               {"http.server.aborted", on_aborted},        {"http.server.disconnected", on_disconnected},
               {"http.client.headers", on_client_headers}, {"http.client.response", on_client_headers},
               {"http.client.error", on_client_error}};
  invocation_t **place = uvt_id_map_find(&process->invocations, event->executeID);
  invocation_t *by = place ? *place : NULL;
  const char *kind = uvt_event_string(event, "kind");
  if (strcmp(kind, "http.server.request") == 0 && by)
    begin_request(requests, by, event);
  if (strcmp(kind, "http.client.request") == 0)
    begin_client_request(requests, process, by, event);
  for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
    struct open *request = strcmp(kind, later[i].kind) == 0 ? labelled(requests, process, event) : NULL;
    if (request)
      later[i].take(requests, request, by, event);
  }
}

/* --- connections --- */

/* A descriptor is nobody's any more: it is closed, or is about to be another connection's. */
static void forget_descriptor(struct uvt_requests *requests, const struct uvt_measure_process *process,
                              int64_t fd)
{
  for (struct open *i = requests->newest; i && fd >= 0; i = i->older) {
    if (i->process == process && i->fd == fd)
      i->fd = -1;
  }
}

/* Before the invocation begins: what it is given may say that the other side has gone. */
static void lose_connection(struct uvt_requests *requests, const invocation_t *invocation)
{
  const registration_t *registration = invocation->registration;
  if (!registration || registration->fd < 0 || !invocation->error ||
      (!is_read(registration) && !is_write(registration)) || strcmp(invocation->error, "ECANCELED") == 0)
    return;
  for (struct open *i = requests->newest; i; i = i->older) {
    if (i->process == invocation->process && i->fd == registration->fd && i->ended == NEVER &&
        i->row->aborted == NEVER)
      i->row->aborted = invocation->begun;
  }
  forget_descriptor(requests, invocation->process, registration->fd);
}

static bool listens(const invocation_t *invocation)
{
  for (; invocation && !invocation->root; invocation = invocation->within) {
    if (invocation->registration && strcmp(invocation->registration->type, "uv_listen") == 0)
      return true;
  }
  return false;
}

/* What held up the loop held up the connection, whose first request is brought by the next poll. */
static void accept_connection(struct uvt_requests *requests, registration_t *registration,
                              const invocation_t *by)
{
  const struct loop *loop = by->thread->user;
  forget_descriptor(requests, registration->process, registration->fd);
  struct work *work = loop && loop->before.duration ? work_of(requests, registration) : NULL;
  if (!work || !(work->accepted = malloc(sizeof *work->accepted)))
    return;
  *work->accepted = loop->before;
  work->polls = loop->polls;
}

/* --- failures --- */

static struct open *by_serial(const struct uvt_requests *requests, uint64_t serial)
{
  struct open **place = serial ? uvt_id_map_find(&requests->by_serial, serial) : NULL;
  return place ? *place : NULL;
}

/* That it failed may be told after the invocation has ended. */
static struct open *owner_of_execute(struct uvt_requests *requests, const struct uvt_measure_process *process,
                                     uint64_t execute)
{
  invocation_t **place = uvt_id_map_find(&process->invocations, execute);
  if (place)
    return owner_of(*place);
  for (size_t i = 0; i < RECENT; i++) {
    if (requests->recent[i].execute == execute && requests->recent[i].process == process)
      return by_serial(requests, requests->recent[i].serial);
  }
  return NULL;
}

static void on_closed(struct uvt_requests *requests, const struct uvt_measure_process *process, uint64_t link)
{
  registration_t **registration = uvt_id_map_find(&process->registrations, link);
  if (registration && is_read(*registration))
    forget_descriptor(requests, process, (*registration)->fd);
}

static void on_event(void *user, struct uvt_measure_process *process, const struct uvt_event *event)
{
  struct uvt_requests *requests = user;
  if (event->kind == UVT_EV_label)
    on_label(requests, process, event);
  if (event->kind == UVT_EV_cancel && strcmp(uvt_event_string(event, "reason"), "closed") == 0)
    on_closed(requests, process, event->linkID);
  if (event->kind != UVT_EV_failedCallback && event->kind != UVT_EV_handled)
    return;
  struct open *owner = owner_of_execute(requests, process, event->executeID);
  if (owner && event->kind == UVT_EV_failedCallback)
    owner->failures++;
  else if (owner && owner->failures)
    owner->failures--;
}

/* --- what a request does --- */

static void on_link(void *user, registration_t *registration, invocation_t *by, const struct uvt_event *event)
{
  struct uvt_requests *requests = user;
  struct open *owner = owner_of(by);
  int64_t bytes;
  if (by && by->thread->user && strcmp(registration->type, "uv_listen") == 0)
    begin_listening(by->thread->user, event->time);
  if (is_read(registration) && listens(by))
    accept_connection(requests, registration, by);
  if (!owner || owner->ended != NEVER || is_listener(registration))
    return;
  struct work *work = work_of(requests, registration);
  if (!work)
    return;
  owner->row->operations++;
  if (is_read(registration) && registration->fd >= 0 && registration->fd == owner->fd) {
    read_for(work, owner, hop_of(by), event->time); /* its connection was paused, and goes on */
    return;
  }
  give(work, owner);
  replace(&work->linker, hop_of(by));
  work->linked = event->time;
  if (is_write(registration) && uvt_event_number(event, "bytes", &bytes) && bytes > 0) {
    owner->row->sends = true;
    owner->row->sent += (uint64_t)bytes;
  }
}

/* Of causes that one invocation takes, the first counts. */
static void on_cause(void *user, registration_t *registration, invocation_t *by,
                     const struct uvt_event *event)
{
  (void)user;
  struct work *work = registration->user;
  if (!work || !work->owner || (work->cause_id && !work->taken))
    return;
  work->cause_id = event->causeID;
  work->caused = event->time;
  work->taken = false;
  replace(&work->causer, of_request(hop_of(by), work->owner));
}

static bool is_js(const invocation_t *invocation)
{
  return invocation && invocation->registration && invocation->registration->js;
}

static struct open *find_owner(struct uvt_requests *requests, const invocation_t *invocation)
{
  const struct work *work = invocation->registration ? invocation->registration->user : NULL;
  if (work && work->owner)
    return work->owner;
  struct open *connection = work ? by_serial(requests, work->labelled) : NULL;
  if (connection && connection->ended == NEVER)
    return connection;
  return is_js(invocation) && is_js(invocation->within) ? owner_of(invocation->within) : NULL;
}

/*
 * What made the invocation possible: what caused it, or linked it; or what it is nested in, where that began
 * after (a callback of JavaScript runs because libuv's did).
 */
static void set_before(struct hop *hop, const invocation_t *invocation, const struct work *work,
                       const struct open *owner, uint64_t cause)
{
  struct hop *outer = of_request(hop_of(invocation->within), owner);
  bool ours = work && (work->owner == owner || work->labelled == owner->serial);
  bool by_cause = ours && work->cause_id && work->cause_id == cause && work->causer;
  struct hop *before = by_cause ? work->causer : ours ? work->linker : NULL;
  before = before ? of_request(before, owner) : NULL;
  hop->since = by_cause ? work->caused : before ? work->linked : invocation->begun;
  if (outer && (!before || hop->since <= outer->begun)) {
    before = outer;
    hop->nested = true;
    hop->since = invocation->begun;
  }
  hop->depth = before ? before->depth + 1 : 0;
  hop->cut = !before || hop->depth == PATH_MOST;
  if (!hop->cut)
    hop->before = hold(before);
  if (hop->cut)
    hop->depth = 0;
}

static void begin_listener(struct uvt_requests *requests, invocation_t *invocation)
{
  struct part *part = owner_of(invocation->within) ? part_of(requests, invocation) : NULL;
  if (!part)
    return;
  own(part, owner_of(invocation->within));
  part->hop = hold(hop_of(invocation->within));
}

static void on_begin(void *user, invocation_t *invocation, const struct uvt_event *event)
{
  struct uvt_requests *requests = user;
  struct loop *loop = loop_of(requests, invocation->thread);
  if (loop && loop->busy_since == NEVER)
    loop->busy_since = invocation->begun;
  lose_connection(requests, invocation);
  if (is_listener(invocation->registration)) {
    begin_listener(requests, invocation);
    return;
  }
  struct open *owner = find_owner(requests, invocation);
  const registration_t *registration = invocation->registration;
  struct part *part = owner ? part_of(requests, invocation) : NULL;
  if (!part)
    return;
  struct work *work = registration ? registration->user : NULL;
  own(part, owner);
  part->hop = make_hop(requests, invocation, owner);
  if (part->hop) {
    set_before(part->hop, invocation, work, owner, event->causeID);
    replace(&owner->latest, part->hop);
  }
  if (work)
    work->taken |= work->cause_id == event->causeID;
  /* What JavaScript's callback waited, libuv's did, which it is called by. */
  bool told = is_js(invocation) && !is_js(invocation->within) && owner_of(invocation->within) == owner;
  if (registration && !registration->works && !registration->always_ready && !told)
    spend(requests, owner, UVT_SPENT_READY, invocation->ready, invocation->begun);
  if (work && work->labelled == owner->serial)
    owner->row->received += invocation->received;
}

static void on_slice(void *user, invocation_t *invocation, uint64_t from, uint64_t to)
{
  struct open *owner = owner_of(invocation);
  bool works = invocation->registration && invocation->registration->works;
  if (owner && !works)
    spend(user, owner, UVT_SPENT_RUNNING, from, to);
}

static void on_end(void *user, invocation_t *invocation)
{
  struct uvt_requests *requests = user;
  struct part *part = invocation->user;
  note_longest(requests, invocation);
  if (!part)
    return;
  if (part->owner)
    requests->recent[requests->recent_next++ % RECENT] =
        (struct ended){invocation->process, invocation->id, part->owner->serial};
  own(part, NULL);
  release(part->hop);
  free(part);
  invocation->user = NULL;
}

static void on_pool_begin(void *user, registration_t *registration, uint64_t queued, int64_t tid)
{
  (void)tid;
  struct work *work = registration->user;
  if (work && work->owner)
    spend(user, work->owner, UVT_SPENT_POOL_WAIT, queued, registration->pool_begun);
}

static void on_pool_end(void *user, registration_t *registration)
{
  struct work *work = registration->user;
  if (work && work->owner)
    spend(user, work->owner, UVT_SPENT_POOL_WORK, registration->pool_begun, registration->pool_ended);
}

static void on_retire(void *user, struct uvt_measure_operation *operation, uint64_t time)
{
  const registration_t *registration = operation->registration;
  const struct work *work = registration->user;
  if (work && work->owner && !registration->works && !registration->always_ready)
    spend(user, work->owner, UVT_SPENT_READY, operation->ready, time);
}

static void on_poll_begin(void *user, struct uvt_measure_process *process, struct uvt_measure_thread *thread,
                          const struct uvt_event *event)
{
  struct loop *loop = loop_of(user, thread);
  if (loop)
    begin_poll(loop, event->time);
  close_ended(user, process);
}

static void on_poll_end(void *user, struct uvt_measure_process *process, struct uvt_measure_thread *thread,
                        const struct uvt_event *event)
{
  struct loop *loop = loop_of(user, thread);
  (void)process;
  if (loop)
    end_poll(loop, span(thread->polled, event->time), event->time);
}

static void on_forget(void *user, registration_t *registration)
{
  (void)user;
  struct work *work = registration->user;
  if (!work)
    return;
  take_away(work);
  forget_hops(work); /* of a connection that was nobody's, too */
  free(work->accepted);
  free(work);
}

/* --- the sink --- */

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct uvt_requests *requests = (struct uvt_requests *)sink;
  int status = uvt_measure_event(&requests->measure, event);
  return status ? status : requests->status;
}

static int take_end(struct uvt_sink *sink)
{
  struct uvt_requests *requests = (struct uvt_requests *)sink;
  while (requests->oldest && !requests->status)
    close_request(requests, requests->oldest);
  return requests->status;
}

struct uvt_requests *uvt_requests_create(uvt_request_taker *taker, void *user)
{
  static const struct uvt_measure_handlers handlers = {.event = on_event,
                                                       .link = on_link,
                                                       .cause = on_cause,
                                                       .begin = on_begin,
                                                       .slice = on_slice,
                                                       .end = on_end,
                                                       .pool_begin = on_pool_begin,
                                                       .pool_end = on_pool_end,
                                                       .retire = on_retire,
                                                       .poll_begin = on_poll_begin,
                                                       .poll_end = on_poll_end,
                                                       .forget = on_forget};
  struct uvt_requests *requests = calloc(1, sizeof *requests);
  if (!requests)
    return NULL;
  requests->sink = (struct uvt_sink){.event = take_event, .end = take_end};
  requests->taker = taker;
  requests->user = user;
  uvt_id_map_init(&requests->by_serial, sizeof(struct open *));
  uvt_measure_init(&requests->measure, &handlers, requests);
  return requests;
}

/* What is still open in the program when the stream ends. */
static void clear_process(struct uvt_requests *requests, struct uvt_measure_process *process)
{
  size_t cursor = 0;
  registration_t **registration;
  invocation_t **invocation;
  while ((invocation = uvt_id_map_next(&process->invocations, &cursor, NULL)))
    on_end(requests, *invocation);
  cursor = 0;
  while ((registration = uvt_id_map_next(&process->registrations, &cursor, NULL)))
    on_forget(requests, *registration);
  cursor = 0;
  struct uvt_measure_thread **thread;
  while ((thread = uvt_id_map_next(&process->threads, &cursor, NULL)))
    free((*thread)->user);
}

void uvt_requests_destroy(struct uvt_requests *requests)
{
  if (!requests)
    return;
  for (size_t i = 0; i < requests->measure.processes_count; i++)
    clear_process(requests, requests->measure.processes[i]);
  while (requests->oldest) {
    struct open *request = requests->oldest;
    forget(requests, request);
    free_open(request);
  }
  uvt_id_map_clear(&requests->by_serial);
  uvt_measure_clear(&requests->measure);
  free(requests);
}

struct uvt_sink *uvt_requests_sink(struct uvt_requests *requests)
{
  return &requests->sink;
}

bool uvt_requests_possible(const struct uvt_requests *requests)
{
  return requests->measure.has_js;
}

int uvt_requests_check(const struct uvt_requests *requests, struct uvt_error *error)
{
  if (!requests->measure.has_invocations || requests->measure.has_states)
    return 0;
  uvt_error_set(error, "a stream without states: convert it without --no-states");
  return -1;
}

const char *const uvt_request_outcomes[] = {[UVT_REQUEST_OPEN] = "open",
                                            [UVT_REQUEST_UNFINISHED] = "unfinished",
                                            [UVT_REQUEST_FINISHED] = "finished",
                                            [UVT_REQUEST_ABORTED] = "aborted",
                                            [UVT_REQUEST_ERROR] = "error"};

const char *uvt_request_status(const struct uvt_request *request, char text[UVT_REQUEST_STATUS_SIZE])
{
  bool finished = request->outcome == UVT_REQUEST_FINISHED;
  const char *word = finished ? "" : uvt_request_outcomes[request->outcome];
  const char *mark = request->failed ? "!" : "";
  if (finished || request->outcome == UVT_REQUEST_UNFINISHED)
    snprintf(text, UVT_REQUEST_STATUS_SIZE, "%" PRId64 "%s%s%s", request->status, *word ? " " : "", word,
             mark);
  else
    snprintf(text, UVT_REQUEST_STATUS_SIZE, "%s%s", word, mark);
  return text;
}

void uvt_request_free(struct uvt_request *request)
{
  if (!request)
    return;
  free(request->path);
  free(request->waits);
  free(request);
}

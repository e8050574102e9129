/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_buffer.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "announce.h"
#include "env.h"
#include "log.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

bool uvt_js_tsc;

static struct uvt_js_buffer *buffers; /* under the lock */
static pthread_mutex_t buffers_lock = PTHREAD_MUTEX_INITIALIZER;
static bool drainer_runs; /* under the lock */
static bool ended;        /* the process is ending: nothing is written by the drainer any more */

uint64_t uvt_js_clock(void)
{
  return uvt_now();
}

/* Stamps of different processors can be compared only if the kernel trusts them, too. */
static bool is_tsc_trusted(void)
{
  char name[8] = "";
  int fd = open(CLOCKSOURCE, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t length = read(fd, name, sizeof name - 1);
  close(fd);
  return length > 0 && !strncmp(name, "tsc\n", 4);
}

/* ---- Writing out ---- */

/* The drainer holds it for one record; the owner for one record, once in many. */
static void lock(struct uvt_js_buffer *buffer)
{
  while (__atomic_exchange_n(&buffer->lock, 1, __ATOMIC_ACQUIRE))
    sched_yield();
}

static void unlock(struct uvt_js_buffer *buffer)
{
  __atomic_store_n(&buffer->lock, 0, __ATOMIC_RELEASE);
}

/* How long a unit has been since the first record, which no record's time can then exceed. */
static uint32_t unit_now(const struct uvt_js_buffer *buffer)
{
  uint64_t units = (uvt_js_ticks() - buffer->ticks) >> UVT_JS_UNIT_TICKS;
  uint64_t ns = uvt_now() - buffer->begin;
  uint64_t unit = (ns << UVT_JS_UNIT_SHIFT) / (units + 1);
  return unit < UINT32_MAX ? (uint32_t)unit : UINT32_MAX;
}

static void write_plain(const struct uvt_rec_js_batch *batch)
{
  const uint64_t *words = batch->words.at;
  for (uint32_t i = 0; i < batch->words.count; i += uvt_js_size(words[i])) {
    union uvt_js_record record;
    switch (uvt_js_unpack(batch, &words[i], &record)) {
    case UVT_JS_OP_link:
      if (uvt_js_stack_of(&words[i]))
        uvt_emit->link_stack(
            &(struct uvt_rec_link_stack){batch->process, record.link.link_id, uvt_js_stack_of(&words[i])});
      uvt_emit->js_link(&record.link);
      break;
    case UVT_JS_OP_begin:
      uvt_emit->execute_begin(&record.begin);
      break;
    case UVT_JS_OP_end:
      uvt_emit->execute_end(&record.end);
      break;
    case UVT_JS_OP_cause:
      uvt_emit->cause(&record.cause);
      break;
    case UVT_JS_OP_cancel:
      uvt_emit->cancel(&record.cancel);
      break;
    case UVT_JS_OP_promise:
      uvt_emit->promise(&record.promise);
      break;
    case UVT_JS_OP_label:
      uvt_emit->js_label(&record.label);
      break;
    }
  }
}

/* With the lock held. */
static void write_shown(struct uvt_js_buffer *buffer, uint32_t shown)
{
  if (buffer->taken >= shown)
    return;
  struct uvt_rec_js_batch batch = {.process = uvt_process,
                                   .tid = buffer->tid,
                                   .begin = buffer->begin,
                                   .unit = unit_now(buffer),
                                   .execute_high = buffer->execute_high,
                                   .link_high = buffer->link_high,
                                   .words = {&buffer->words[buffer->taken], shown - buffer->taken}};
  buffer->taken = shown;
  if (buffer->plain)
    write_plain(&batch);
  else
    uvt_emit->js_batch(&batch);
}

static void write_all(struct uvt_js_buffer *buffer)
{
  if (!buffer->used)
    return;
  lock(buffer);
  write_shown(buffer, buffer->used);
  buffer->used = buffer->taken = buffer->limit = 0;
  __atomic_store_n(&buffer->shown, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&buffer->turn, buffer->turn + 1, __ATOMIC_RELAXED);
  unlock(buffer);
}

void uvt_js_buffer_flush(struct uvt_thread *thread)
{
  struct uvt_js_buffer *buffer = thread->js_buffer;
  if (buffer->busy)
    return;
  thread->js_waits = false; /* first: a signal handler must not wait for the lock that this thread takes */
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  write_all(buffer);
}

void uvt_js_buffer_drop(struct uvt_thread *thread)
{
  struct uvt_js_buffer *buffer = thread->js_buffer;
  buffer->used = buffer->shown;
}

uint32_t uvt_js_buffer_turn(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id)
{
  struct uvt_js_buffer *buffer = thread->js_buffer;
  write_all(buffer);
  buffer->execute_high = (uint32_t)(execute_id >> 32);
  buffer->link_high = (uint32_t)(link_id >> 32);
  buffer->begin = uvt_now();
  buffer->ticks = uvt_js_ticks();
  buffer->limit = UVT_JS_WHEN_LIMIT;
  return 0;
}

/* ---- The drainer ---- */

/* What waits has begun to wait before the last look. */
static void look_after(struct uvt_js_buffer *buffer)
{
  uint32_t turn = __atomic_load_n(&buffer->turn, __ATOMIC_RELAXED);
  if (turn == buffer->seen && __atomic_load_n(&buffer->shown, __ATOMIC_ACQUIRE) &&
      !__atomic_exchange_n(&buffer->lock, 1, __ATOMIC_ACQUIRE)) {
    if (turn == buffer->turn)
      write_shown(buffer, __atomic_load_n(&buffer->shown, __ATOMIC_ACQUIRE));
    unlock(buffer);
  }
  buffer->seen = turn;
}

static void *drain(void *unused)
{
  const struct timespec period = {.tv_nsec = UVT_JS_DRAIN_MS * 1000000L};
  pthread_setname_np(pthread_self(), "uvtree-js");
  if (uvt_emit->touch)
    uvt_emit->touch();
  for (;;) {
    nanosleep(&period, NULL);
    pthread_mutex_lock(&buffers_lock);
    bool end = ended || !buffers;
    if (end)
      drainer_runs = false;
    for (struct uvt_js_buffer *buffer = end ? NULL : buffers; buffer; buffer = buffer->next)
      look_after(buffer);
    pthread_mutex_unlock(&buffers_lock);
    if (end)
      return unused;
  }
}

/* With the lock held. Signals are for the program's own threads. */
static void start_drainer(void)
{
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all, old;
  sigfillset(&all);
  if (pthread_attr_init(&attributes))
    return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  drainer_runs = !pthread_create(&thread, &attributes, drain, NULL);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_attr_destroy(&attributes);
  if (!drainer_runs)
    uvt_log("no thread for what waits in buffers: it is written later");
}

/* ---- Life ---- */

/* At exit(), before liblttng-ust ends: on the thread that called it. */
static void write_last(void)
{
  pthread_mutex_lock(&buffers_lock);
  ended = true;
  for (struct uvt_js_buffer *buffer = buffers; buffer; buffer = buffer->next) {
    lock(buffer);
    write_shown(buffer, __atomic_load_n(&buffer->shown, __ATOMIC_ACQUIRE));
    unlock(buffer);
  }
  pthread_mutex_unlock(&buffers_lock);
}

static void prepare(void)
{
  uvt_js_tsc = is_tsc_trusted();
  atexit(write_last);
}

bool uvt_js_buffer_create(struct uvt_thread *thread)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare);
  struct uvt_js_buffer *buffer = calloc(1, sizeof *buffer);
  if (!buffer)
    return false;
  buffer->tid = thread->tid;
  buffer->plain = !uvt_env.batch;
  pthread_mutex_lock(&buffers_lock);
  buffer->next = buffers;
  buffers = buffer;
  if (!drainer_runs && !buffer->plain)
    start_drainer();
  pthread_mutex_unlock(&buffers_lock);
  thread->js_buffer = buffer;
  return true;
}

void uvt_js_buffer_destroy(struct uvt_thread *thread)
{
  struct uvt_js_buffer *buffer = thread->js_buffer;
  if (!buffer)
    return;
  uvt_js_buffer_flush(thread);
  pthread_mutex_lock(&buffers_lock);
  for (struct uvt_js_buffer **at = &buffers; *at; at = &(*at)->next)
    if (*at == buffer) {
      *at = buffer->next;
      break;
    }
  pthread_mutex_unlock(&buffers_lock);
  thread->js_buffer = NULL;
  thread->js_waits = false;
  free(buffer);
}

void uvt_js_buffer_after_fork_child(struct uvt_thread *thread)
{
  pthread_mutex_init(&buffers_lock, NULL);
  drainer_runs = false;
  buffers = thread->js_buffer; /* the others' threads are not here */
  if (!buffers)
    return;
  buffers->next = NULL;
  buffers->lock = 0;
  buffers->used = buffers->shown = buffers->taken = buffers->limit = 0;
  thread->js_waits = false;
}

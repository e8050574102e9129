/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "buffer.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "announce.h"
#include "base/env.h"
#include "base/log.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define PAIR_TRIES 8      /* readings of both clocks together */
#define PAIRS_TO_LEARN 16 /* how far apart they are read when nothing comes between */
#define SPIN_MAX 10000    /* at the end of the process, and in signal handlers */

_Static_assert(sizeof(struct uvt_buffer) <= 8192, "two pages");

bool uvt_ticks_are_tsc;

static struct uvt_buffer *buffers; /* only ever grows at its head */
static pthread_mutex_t drain_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t drainer_runs;
static uint8_t ended;     /* the process is ending */
static uint8_t forked;    /* this process is a child of fork() */
static uint64_t pair_gap; /* ticks that a pair may be apart */

uint64_t uvt_ticks_clock(void)
{
  return uvt_now();
}

/* ---- The clock ---- */

/* Stamps of different processors can be compared only if the kernel, or the hypervisor that it asks, trusts
 * them, too: both of these are the time stamp counter, scaled. */
static bool is_tsc_trusted(void)
{
  char name[16] = "";
  int fd = open(CLOCKSOURCE, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t length = read(fd, name, sizeof name - 1);
  close(fd);
  return length > 0 && (!strncmp(name, "tsc\n", 4) || !strncmp(name, "kvm-clock\n", 10));
}

struct pair {
  uint64_t ticks, ns;
};

/* Both clocks at one moment: where something came between the readings, once more. Ticks lie in the middle.
 */
static struct pair read_pair(uint64_t good_gap, uint64_t *gap)
{
  struct pair best = {0};
  *gap = UINT64_MAX;
  for (int i = 0; *gap > good_gap && i < PAIR_TRIES; i++) {
    uint64_t before = uvt_ticks(), now = uvt_now(), after = uvt_ticks();
    if (after - before >= *gap)
      continue;
    *gap = after - before;
    best = (struct pair){before + *gap / 2, now};
  }
  return best;
}

static void learn_pair_gap(void)
{
  uint64_t gap;
  pair_gap = UINT64_MAX;
  for (int i = 0; i < PAIRS_TO_LEARN; i++) {
    read_pair(UINT64_MAX - 1, &gap);
    if (gap < pair_gap / 2)
      pair_gap = 2 * gap;
  }
}

/* How long a unit has been since the first record, in ns. */
static uint32_t unit_now(const struct uvt_buffer *buffer)
{
  uint64_t gap;
  struct pair now = read_pair(pair_gap, &gap);
  uint64_t units = (now.ticks - buffer->ticks) >> UVT_UNIT_TICKS;
  uint64_t ns = now.ns > buffer->begin ? now.ns - buffer->begin : 0;
  uint64_t unit = (ns << UVT_BATCH_UNIT_SHIFT) / (units + 1);
  return unit < UINT32_MAX ? (uint32_t)unit : UINT32_MAX;
}

/* ---- Writing out ---- */

static void write_plain(const struct uvt_rec_batch *batch)
{
  const uint64_t *words = batch->words.at;
  for (uint32_t i = 0, size; (size = uvt_batch_size(words + i, batch->words.count - i)) != 0; i += size) {
    union uvt_batch_record record;
    enum uvt_batch_op op = uvt_batch_unpack(batch, words + i, &record);
    uint32_t stack = uvt_batch_stack_of(words + i);
    if (stack) {
      uint64_t link_id = uvt_batch_is_js_link(op) ? record.js_link.link_id : record.link.link_id;
      uvt_emit->link_stack(&(struct uvt_rec_link_stack){batch->process, link_id, stack});
    }
    switch (op) {
#define WRITE(op, event, words, text) \
  case UVT_BATCH_##op:                \
    uvt_emit->event(&record.event);   \
    break;
      UVT_BATCH_OPS(WRITE)
#undef WRITE
    case UVT_BATCH_OP_COUNT:
      break;
    }
  }
}

/* All that the owner has appended, as it would be shown; for the owner. */
static uint64_t appended(const struct uvt_buffer *buffer)
{
  return (uint64_t)buffer->records << 32 | buffer->used;
}

/* A record waits that may yet be dropped, or one has come since `shown` was read. */
static bool holds(const struct uvt_buffer *buffer, uint64_t shown)
{
  return __atomic_load_n(&buffer->used, __ATOMIC_RELAXED) != (uint32_t)shown;
}

static void tell_waiting(struct uvt_buffer *buffer, uint64_t since)
{
  uvt_emit->waiting(&(struct uvt_rec_waiting){uvt_process, buffer->tid, since});
  buffer->told_open = since != 0;
}

/* With the lock held. shown: records << 32 | words. since: from when on the thread may have recorded what is
 * not shown; 0: it has not. False: there was nothing to write. */
static bool write_shown(struct uvt_buffer *buffer, uint64_t shown, uint64_t since)
{
  uint32_t words = (uint32_t)shown, written = (uint32_t)buffer->taken;
  if (written >= words)
    return false;
  struct uvt_rec_batch batch = {.process = uvt_process,
                                .tid = buffer->tid,
                                .number = buffer->number,
                                .before = buffer->before,
                                .begin = buffer->begin,
                                .since = since,
                                .unit = buffer->plain ? 0 : unit_now(buffer),
                                .execute_high = buffer->execute_high,
                                .link_high = buffer->link_high,
                                .words = {&buffer->words[written], words - written}};
  uint64_t records = (shown >> 32) - (buffer->taken >> 32);
  buffer->taken = shown;
  if (buffer->plain) {
    write_plain(&batch);
    return true;
  }
  uvt_emit->batch(&batch);
  buffer->told_open = since != 0;
  if (batch.unit)
    buffer->longest = (uint32_t)(((uint64_t)UVT_LIMIT_NS << UVT_BATCH_UNIT_SHIFT) / batch.unit);
  buffer->number++;
  buffer->before += records;
  return true;
}

/* The drainer holds it for one record; the owner for one record, once in many. Whoever holds it may have been
 * interrupted by the caller where that is a signal handler: `spins` bounds it. */
static bool lock(struct uvt_buffer *buffer, uint32_t spins)
{
  while (__atomic_exchange_n(&buffer->lock, 1, __ATOMIC_ACQUIRE)) {
    if (!spins--)
      return false;
    sched_yield();
  }
  return true;
}

static void unlock(struct uvt_buffer *buffer)
{
  __atomic_store_n(&buffer->lock, 0, __ATOMIC_RELEASE);
}

/* The owner's, with `busy` set: a signal handler's record does not join what is being written. `goes_on`: a
 * record is about to be appended. What is written says so itself: a kill may come right after it. */
static void write_all(struct uvt_buffer *buffer, bool goes_on)
{
  uint64_t since = goes_on ? uvt_now() : 0;
  lock(buffer, UINT32_MAX);
  bool written = write_shown(buffer, appended(buffer), since);
  __atomic_store_n(&buffer->used, 0, __ATOMIC_RELAXED);
  buffer->records = 0;
  buffer->taken = 0;
  __atomic_store_n(&buffer->limit, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&buffer->shown, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&buffer->turn, buffer->turn + 1, __ATOMIC_RELAXED);
  if (!buffer->plain && !written && (goes_on || buffer->told_open))
    tell_waiting(buffer, since);
  unlock(buffer);
}

static void flush(struct uvt_buffer *buffer)
{
  if (buffer->busy)
    return;
  uvt_buffer_busy(buffer, 1);
  write_all(buffer, false);
  uvt_buffer_busy(buffer, 0);
}

void uvt_buffer_flush(struct uvt_thread *thread)
{
  if (thread->buffer && thread->buffer->used)
    flush(thread->buffer);
}

/* The record that is held; there is one. */
static bool is_held(const struct uvt_buffer *buffer, enum uvt_batch_op op, uint64_t id)
{
  const uint64_t *words = &buffer->words[(uint32_t)buffer->shown];
  uint64_t held = uvt_batch_is_link(op) ? (uint64_t)buffer->link_high << 32 | (uint32_t)words[1]
                                        : (uint64_t)buffer->execute_high << 32 | words[0] >> 32;
  return uvt_batch_op_of(words[0]) == op && held == id;
}

bool uvt_buffer_drop(struct uvt_thread *thread, enum uvt_batch_op op, uint64_t id)
{
  struct uvt_buffer *buffer = thread->buffer;
  if (!buffer || buffer->busy)
    return false;
  uvt_buffer_busy(buffer, 1); /* a handler that ends the process shows what is appended (show_own) */
  bool drops = holds(buffer, buffer->shown) && is_held(buffer, op, id);
  if (drops) {
    __atomic_store_n(&buffer->used, (uint32_t)buffer->shown, __ATOMIC_RELAXED);
    buffer->records = (uint32_t)(buffer->shown >> 32);
  }
  uvt_buffer_busy(buffer, 0);
  return drops;
}

/* What was recorded before this record without being packed has an earlier time than `begin`. */
void uvt_buffer_turn(struct uvt_buffer *buffer, uint64_t execute_id, uint64_t link_id)
{
  uint64_t gap;
  write_all(buffer, true);
  struct pair now = read_pair(pair_gap, &gap);
  buffer->execute_high = (uint32_t)(execute_id >> 32);
  buffer->link_high = (uint32_t)(link_id >> 32);
  buffer->begin = now.ns;
  buffer->ticks = now.ticks;
  uint32_t longest = buffer->longest;
  __atomic_store_n(&buffer->limit, longest && longest < UVT_BATCH_WHEN_LIMIT ? longest : UVT_BATCH_WHEN_LIMIT,
                   __ATOMIC_RELAXED);
}

/* ---- Appends that interrupt one ---- */

uint64_t *uvt_buffer_interrupt(struct uvt_buffer *buffer, uint64_t execute_id, uint64_t link_id)
{
  static __thread uint64_t unused[UVT_SPARE_WORDS] __attribute__((tls_model("initial-exec")));
  if (buffer->busy > 2) /* a handler interrupted a handler that was here */
    return unused;
  buffer->spare.execute_high = (uint32_t)(execute_id >> 32);
  buffer->spare.link_high = (uint32_t)(link_id >> 32);
  return buffer->spare.words;
}

void uvt_buffer_interrupted(struct uvt_buffer *buffer)
{
  if (buffer->busy == 2)
    write_plain(&(struct uvt_rec_batch){
        .process = uvt_process,
        .tid = buffer->tid,
        .execute_high = buffer->spare.execute_high,
        .link_high = buffer->spare.link_high,
        .words = {buffer->spare.words, uvt_batch_size(buffer->spare.words, UVT_SPARE_WORDS)}});
  else
    uvt_count_lost(1);
  uvt_buffer_busy(buffer, buffer->busy - 1);
}

/* ---- The drainer ---- */

/* Nothing has come since it was written last: that is told, and what comes next tells itself. With the lock
 * held. */
static void close_idle(struct uvt_buffer *buffer)
{
  __atomic_store_n(&buffer->limit, 0, __ATOMIC_SEQ_CST);
  if (!__atomic_load_n(&buffer->busy, __ATOMIC_SEQ_CST) &&
      __atomic_load_n(&buffer->shown, __ATOMIC_ACQUIRE) == buffer->taken && !holds(buffer, buffer->taken))
    tell_waiting(buffer, 0);
}

/* What waits has begun to wait before the last look. With the lock held. */
static void write_old(struct uvt_buffer *buffer)
{
  uint64_t now = uvt_now(), shown = __atomic_load_n(&buffer->shown, __ATOMIC_ACQUIRE);
  if (shown != buffer->taken) /* what may be dropped is no earlier than the first of all */
    write_shown(buffer, shown, holds(buffer, shown) ? buffer->begin : now);
  else if (buffer->told_open)
    close_idle(buffer);
}

static void look_after(struct uvt_buffer *buffer)
{
  uint32_t turn = __atomic_load_n(&buffer->turn, __ATOMIC_RELAXED);
  if (turn == buffer->seen && lock(buffer, 0)) {
    if (turn == buffer->turn)
      write_old(buffer);
    unlock(buffer);
  }
  buffer->seen = turn;
}

static struct uvt_buffer *first_buffer(void)
{
  return __atomic_load_n(&buffers, __ATOMIC_ACQUIRE);
}

static void *drain(void *unused)
{
  const struct timespec period = {.tv_nsec = UVT_DRAIN_MS * 1000000L};
  pthread_setname_np(pthread_self(), "uvtree-drain");
  if (uvt_emit->touch)
    uvt_emit->touch();
  for (;;) {
    nanosleep(&period, NULL);
    pthread_mutex_lock(&drain_lock);
    bool end = __atomic_load_n(&ended, __ATOMIC_RELAXED);
    for (struct uvt_buffer *buffer = end ? NULL : first_buffer(); buffer; buffer = buffer->next)
      look_after(buffer);
    pthread_mutex_unlock(&drain_lock);
    if (end)
      return unused;
  }
}

/* Signals are for the program's own threads. */
static void start_drainer(void)
{
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all, old;
  if (__atomic_exchange_n(&drainer_runs, 1, __ATOMIC_RELAXED))
    return;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int status = pthread_attr_init(&attributes);
  if (!status) {
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    status = pthread_create(&thread, &attributes, drain, NULL);
    pthread_attr_destroy(&attributes);
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (status)
    uvt_log("no thread for what waits in buffers: it is written later");
}

/* ---- Life ---- */

static void prepare(void)
{
  uvt_ticks_are_tsc = is_tsc_trusted();
  learn_pair_gap();
  atexit(uvt_buffers_end); /* before liblttng-ust ends, which was loaded earlier */
}

/* One whose thread has ended, or a new one. */
static struct uvt_buffer *take_buffer(void)
{
  for (struct uvt_buffer *buffer = first_buffer(); buffer; buffer = buffer->next)
    if (!__atomic_exchange_n(&buffer->owned, 1, __ATOMIC_ACQUIRE))
      return buffer;
  struct uvt_buffer *buffer =
      mmap(NULL, sizeof *buffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (buffer == MAP_FAILED)
    return NULL;
  buffer->owned = 1;
  buffer->next = first_buffer();
  while (!__atomic_compare_exchange_n(&buffers, &buffer->next, buffer, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    ;
  return buffer;
}

bool uvt_buffer_create(struct uvt_thread *thread)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare);
  struct uvt_buffer *buffer = take_buffer();
  if (!buffer)
    return false;
  lock(buffer, UINT32_MAX);
  buffer->tid = thread->tid;
  buffer->number = 0;
  buffer->before = 0;
  buffer->plain = !uvt_env.batch || ended || forked;
  unlock(buffer);
  if (!buffer->plain)
    start_drainer();
  thread->buffer = buffer;
  return true;
}

void uvt_buffer_release(struct uvt_thread *thread)
{
  struct uvt_buffer *buffer = thread->buffer;
  if (!buffer)
    return;
  flush(buffer);         /* also where nothing waits: the next owner must not find it announced */
  thread->announced = 0; /* should it go on to record: with another one */
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  thread->buffer = NULL;
  uvt_buffer_busy(buffer, 0);
  __atomic_store_n(&buffer->owned, 0, __ATOMIC_RELEASE);
}

/* What the calling thread may yet drop it does not: it is in here. */
static void show_own(void)
{
  struct uvt_buffer *buffer = uvt_thread.buffer;
  if (buffer && !buffer->busy)
    uvt_buffer_show(buffer);
}

static void write_waiting(bool for_good)
{
  show_own();
  for (struct uvt_buffer *buffer = first_buffer(); buffer; buffer = buffer->next) {
    if (!lock(buffer, SPIN_MAX))
      continue;
    write_shown(buffer, __atomic_load_n(&buffer->shown, __ATOMIC_ACQUIRE), 0);
    if (buffer->told_open) /* the drainer has written it all, and could not know that no more would come */
      tell_waiting(buffer, 0);
    __atomic_store_n(&buffer->limit, 0, __ATOMIC_RELAXED);
    if (for_good)
      __atomic_store_n(&buffer->plain, true, __ATOMIC_RELAXED);
    unlock(buffer);
  }
}

void uvt_buffers_write(void)
{
  write_waiting(false);
}

/* The drainer is let finish what it writes: liblttng-ust ends next. */
void uvt_buffers_end(void)
{
  bool locked = false;
  for (uint32_t spin = 0; spin < SPIN_MAX && !(locked = !pthread_mutex_trylock(&drain_lock)); spin++)
    sched_yield();
  __atomic_store_n(&ended, 1, __ATOMIC_RELAXED);
  write_waiting(true);
  uvt_announce_end();
  if (locked)
    pthread_mutex_unlock(&drain_lock);
}

void uvt_buffers_after_fork_child(struct uvt_thread *thread)
{
  pthread_mutex_init(&drain_lock, NULL);
  drainer_runs = 0;
  forked = 1;
  for (struct uvt_buffer *buffer = buffers; buffer; buffer = buffer->next) {
    buffer->lock = buffer->busy = 0;
    buffer->used = buffer->limit = buffer->records = 0;
    buffer->shown = buffer->taken = 0;
    buffer->plain = true;
    buffer->told_open = false;
    buffer->tid = thread->tid;
    buffer->owned = buffer == thread->buffer; /* the others' threads are not here */
  }
}

uint32_t uvt_buffers_window(void)
{
  return uvt_env.batch && !forked ? UVT_WINDOW_NS : 0;
}

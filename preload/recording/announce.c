/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "announce.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/env.h"
#include "base/log.h"
#include "base/v8_parts.h"
#include "buffer.h"
#include "hooks/route.h"
#include "js/js.h"
#include "live/arena.h"
#include "loops.h"

#define AGAIN_NS UINT64_C(10000000000)
/* LTTng tells programs of a session a moment before it takes their records: a first description may be too
 * early. */
#define SOON_NS UINT64_C(100000000)

static const int never = 0;
static const void *const nobody = NULL;
static const struct uvt_emit no_emit = {
    .records_begin = &never, .records_link = &never, .recorders = &nobody};
const struct uvt_emit *uvt_emit = &no_emit;
uint32_t uvt_process;
uint32_t uvt_epoch;
uint8_t uvt_on;
pthread_mutex_t uvt_announce_lock = UVT_LOCK_FREE;

static uint64_t lost; /* not told yet */
static struct {
  enum uvt_how how;
  uint32_t parent;
  uint64_t parent_execute;
  uint32_t fork;
} origin;
static uint64_t again_at;     /* CLOCK_MONOTONIC_COARSE */
static const void *recorders; /* who recorded when it was described last (emit.h) */
static bool
    described; /* how it began has been said, or was to be when nobody recorded: now it is announced */

static uint32_t random_key(void)
{
  uint32_t key = 0;
  if (getrandom(&key, sizeof key, GRND_NONBLOCK) != sizeof key || !key)
    key = (uint32_t)(uvt_now() ^ (uint64_t)getpid() << 16) | 1;
  return key;
}

/* Reads a small file of /proc; returns its length, 0 where it cannot be read. */
static size_t read_proc(const char *path, char *buffer, size_t size)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  if (fd >= 0) {
    ssize_t got;
    while (length < size - 1 && (got = read(fd, buffer + length, size - 1 - length)) > 0)
      length += (size_t)got;
    close(fd);
  }
  buffer[length] = '\0';
  return length;
}

static void read_argv(char *buffer, size_t size)
{
  size_t length = read_proc("/proc/self/cmdline", buffer, size);
  if (length && buffer[length - 1] == '\0')
    length--;
  for (size_t i = 0; i < length; i++)
    if (buffer[i] == '\0')
      buffer[i] = UVT_ARGV_SEPARATOR;
}

/* Field 22 of /proc/self/stat; the command in field 2 may hold spaces and parentheses, so count from its end.
 */
static uint64_t read_start_time(void)
{
  char stat[1024];
  read_proc("/proc/self/stat", stat, sizeof stat);
  char *at = strrchr(stat, ')');
  for (int field = 2; at && field < 22; field++)
    at = strchr(at + 1, ' ');
  return at ? strtoull(at + 1, NULL, 10) : 0;
}

static void record_process(enum uvt_how how)
{
  static char exe[4096], argv[8192]; /* under the lock */
  char node[32];
  ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);
  exe[length > 0 ? length : 0] = '\0';
  read_argv(argv, sizeof argv);
  uvt_route_node_version(node, sizeof node);
  uvt_emit->process(
      &(struct uvt_rec_process){.process = uvt_process,
                                .schema = UVT_SCHEMA_VERSION,
                                .how = how,
                                .route = uvt_route_patched() ? UVT_route_patched : UVT_route_interposed,
                                .pid = getpid(),
                                .parent_pid = getppid(),
                                .parent = origin.parent,
                                .parent_execute = origin.parent_execute,
                                .fork = origin.fork,
                                .start_time = read_start_time(),
                                .monotonic = uvt_now(),
                                .window = uvt_buffers_window(),
                                .uv_version = uvt_route_uv_version(),
                                .node_version = node,
                                .exe = exe,
                                .session = uvt_env.session,
                                .argv = argv,
                                .without = uvt_v8_without()});
}

static void record_thread(struct uvt_thread *thread)
{
  char name[16] = "";
  prctl(PR_GET_NAME, name);
  uvt_emit->thread(&(struct uvt_rec_thread){
      .process = uvt_process, .tid = thread->tid, .role = thread->role, .name = name});
}

static void tell_lost(void)
{
  uint64_t count = __atomic_exchange_n(&lost, 0, __ATOMIC_RELAXED);
  if (count)
    uvt_emit->lost(&(struct uvt_rec_lost){.process = uvt_process, .count = count});
}

static const void *recorders_now(void)
{
  return __atomic_load_n(uvt_emit->recorders, __ATOMIC_ACQUIRE);
}

/* The process; its threads and loops follow as each next records something. */
static void describe(enum uvt_how how)
{
  const void *now = recorders_now();
  bool awaited = how == UVT_how_start && uvt_env.wait; /* then the program has waited until LTTng was ready */
  again_at = uvt_now_coarse() + (now == recorders || awaited ? AGAIN_NS : SOON_NS);
  recorders = now;
  record_process(how);
  described = true;
  uvt_epoch++;
}

static bool is_due(void)
{
  return uvt_now_coarse() >= again_at || recorders_now() != recorders;
}

void uvt_announce_again(void)
{
  if (!is_due() || !uvt_lock(&uvt_announce_lock))
    return;
  int saved = errno;
  if (uvt_on && is_due())
    describe(UVT_how_again);
  errno = saved;
  pthread_mutex_unlock(&uvt_announce_lock);
}

bool uvt_announce(struct uvt_thread *thread)
{
  int saved = errno;
  if (!uvt_lock(&uvt_announce_lock)) {
    __atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
    return false;
  }
  uvt_buffer_flush(thread);
  bool buffered = thread->buffer || uvt_buffer_create(thread);
  if (!uvt_on) {
    describe(described ? UVT_how_announce : origin.how);
    __atomic_store_n(&uvt_on, 1, __ATOMIC_RELEASE);
  }
  if (thread->announced != uvt_epoch) {
    record_thread(thread);
    thread->announced = uvt_epoch;
  }
  tell_lost();
  pthread_mutex_unlock(&uvt_announce_lock);
  errno = saved;
  return buffered;
}

void uvt_announce_end(void)
{
  static uint32_t told; /* its key: a child of fork() ends by itself */
  if (uvt_on && __atomic_exchange_n(&told, uvt_process, __ATOMIC_RELAXED) != uvt_process)
    uvt_emit->process_end(&(struct uvt_rec_process_end){uvt_process});
}

void uvt_recording_off(void)
{
  if (uvt_lock(&uvt_announce_lock)) {
    if (!uvt_recorded())
      uvt_on = 0;
    pthread_mutex_unlock(&uvt_announce_lock);
  }
}

void uvt_note_lost(uint64_t count)
{
  __atomic_fetch_add(&lost, count, __ATOMIC_RELAXED);
}

void uvt_tell_lost(void)
{
  if (uvt_on && uvt_thread.tid > 0 && uvt_recorded())
    tell_lost();
}

void uvt_count_lost(uint64_t count)
{
  uvt_note_lost(count);
  uvt_tell_lost();
}

void uvt_announce_missed_start(void)
{
  if (!(*uvt_emit->records_begin | *uvt_emit->records_link))
    described = true;
}

uint32_t uvt_announce_fork(struct uvt_thread *thread, uint64_t execute_id)
{
  static uint32_t forks;
  bool known = thread->tid > 0; /* else it has done nothing that is recorded */
  if (known ? !uvt_recording(thread) : !uvt_recorded() || !__atomic_load_n(&uvt_on, __ATOMIC_ACQUIRE))
    return 0;
  uint32_t fork = __atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
  uvt_emit->fork(&(struct uvt_rec_fork){uvt_process, fork, (int32_t)syscall(SYS_gettid), execute_id});
  return fork;
}

void uvt_announce_fork_child(uint64_t parent_execute, uint32_t fork)
{
  origin.fork = fork;
  origin.how = UVT_how_fork;
  origin.parent = uvt_process;
  origin.parent_execute = parent_execute;
  described = false;
  lost = 0;
  uvt_on = 0;
  uvt_process = random_key();
  uvt_live->process = uvt_process;
}

/*
 * liblttng-ust reads settings from the environment when it is loaded: for the time of dlopen there are these
 * in it, unless the user has set them. How long its constructor waits for a session daemon that does not
 * answer, by default up to three seconds; and no state dump of where each object is loaded, for which it
 * would read all their headers, 2000 system calls.
 */
static void *dlopen_with_settings(const char *path, long wait_ms)
{
  static char timeout[64], no_state_dump[] = "LTTNG_UST_WITHOUT_BADDR_STATEDUMP=1";
  static char **with; /* stays: another thread may be reading it */
  snprintf(timeout, sizeof timeout, "LTTNG_UST_REGISTER_TIMEOUT=%ld", wait_ms);
  size_t count = 0;
  while (environ && environ[count])
    count++;
  char **before = environ;
  with = malloc((count + 3) * sizeof *with);
  if (with) {
    if (count)
      memcpy(with, before, count * sizeof *with);
    if (!getenv("LTTNG_UST_REGISTER_TIMEOUT"))
      with[count++] = timeout;
    if (!getenv("LTTNG_UST_WITHOUT_BADDR_STATEDUMP"))
      with[count++] = no_state_dump;
    with[count] = NULL;
    environ = with;
  }
  void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (with)
    environ = before;
  return object;
}

static void load_provider(const char *path, long wait_ms)
{
  uvt_descriptors_loading(true);
  void *object = dlopen_with_settings(path, wait_ms);
  uvt_descriptors_loading(false);
  const struct uvt_emit *table = object ? dlsym(object, UVT_EMIT_SYMBOL) : NULL;
  if (table && table->abi == UVT_EMIT_ABI)
    uvt_emit = table;
  else
    uvt_log("nothing can be recorded: %s", object ? "libuvtree-lttng.so is of another version" : dlerror());
}

void uvt_provider_load(long wait_ms)
{
  char path[4096];
  uvt_process = random_key();
  uvt_live->process = uvt_process;
  if (uvt_route_sibling("libuvtree-lttng.so", path, sizeof path) == 0)
    load_provider(path, wait_ms);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "recorded.h"

#include <endian.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/id_map.h"
#include "batch.h"
#include "trace/batches.h"
#include "trace/family.h"
#include "trace/trace_source.h"

/* An index file of LTTng (lttng/index): all big-endian. */
#define INDEX_MAGIC UINT32_C(0xc1f1dcc1)
struct index_header {
  uint32_t magic, major, minor, entry_size;
};
struct index_entry {
  uint64_t offset, packet_bits; /* ... */
};

static struct uvt_recorded *found; /* nftw has no argument for its function */

/* How long a data stream is by its index; false where that cannot be said. */
static bool indexed_size(const char *path, uint64_t *size)
{
  struct index_header header;
  struct index_entry entry = {0};
  FILE *file = fopen(path, "re");
  *size = 0;
  if (!file)
    return false;
  bool known = fread(&header, sizeof header, 1, file) == 1 && be32toh(header.magic) == INDEX_MAGIC &&
               be32toh(header.entry_size) >= sizeof entry;
  /* The last entry is enough: packets lie one behind the other. */
  if (known && fseek(file, 0, SEEK_END) == 0 && ftell(file) > (long)sizeof header)
    known = fseek(file, -(long)be32toh(header.entry_size), SEEK_END) == 0 &&
            fread(&entry, sizeof entry, 1, file) == 1;
  fclose(file);
  *size = be64toh(entry.offset) + be64toh(entry.packet_bits) / 8;
  return known;
}

/* A data stream FOLDER/NAME has its index in FOLDER/index/NAME.idx; a failed write makes them differ. */
static bool matches_index(const char *path, const struct FTW *where, uint64_t size)
{
  char index[PATH_MAX];
  uint64_t expected;
  int length = snprintf(index, sizeof index, "%.*sindex/%s.idx", where->base, path, path + where->base);
  return length >= PATH_MAX || !indexed_size(index, &expected) || expected == size;
}

static int look_at(const char *path, const struct stat *status, int kind, struct FTW *where)
{
  const char *dot = strrchr(path + where->base, '.');
  if (kind != FTW_F || strcmp(path + where->base, "metadata") == 0 || (dot && strcmp(dot, ".idx") == 0))
    return 0;
  found->bytes += (uint64_t)status->st_size;
  if (!matches_index(path, where, (uint64_t)status->st_size))
    found->truncated = true;
  return 0;
}

struct thread {
  struct uvt_batches batches;
  bool awaited;
};

struct counter {
  struct uvt_trace_visitor visitor;
  uint64_t records;
  uint64_t looked_at;          /* of these, those that are records of the trace: a batch is one */
  uint64_t missing;            /* in batches, beyond the batches themselves */
  uint64_t unmade;             /* by what `lost` records tell */
  uint64_t awaited;            /* threads of which records are still to come */
  struct uvt_id_map threads;   /* values: struct thread */
  struct uvt_id_map processes; /* values: bool, whether it belongs to the recording */
  struct uvt_family family;
  bool lossy; /* the trace says that records were discarded */
  struct timespec until;
};

static bool is_over(const struct timespec *until)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

static struct thread *thread_of(struct counter *counter, uint32_t process, int32_t tid)
{
  return uvt_id_map_add(&counter->threads, (uint64_t)process << 32 | (uint32_t)tid);
}

static void await(struct counter *counter, struct thread *thread, bool awaited)
{
  counter->awaited += awaited;
  counter->awaited -= thread->awaited;
  thread->awaited = awaited;
}

static void count_batch(struct counter *counter, const struct uvt_rec_batch *batch)
{
  struct thread *thread = thread_of(counter, batch->process, batch->tid);
  counter->records += uvt_batch_count(&batch->words);
  if (thread) {
    counter->missing += uvt_batches_missing(&thread->batches, batch);
    await(counter, thread, batch->since);
  }
}

static void note_waiting(struct counter *counter, const struct uvt_rec_waiting *waiting)
{
  struct thread *thread = thread_of(counter, waiting->process, waiting->tid);
  if (thread)
    await(counter, thread, waiting->since);
}

/* Of which nothing is known yet: as in the model, one that had begun before the recording does not, but where
 * records have been lost it may have said that it does. */
static bool belongs(struct counter *counter, const struct uvt_record *record)
{
  uint32_t process = record->link.process; /* all records of ours begin with it */
  bool *known = uvt_id_map_find(&counter->processes, process);
  if (record->kind == UVT_RECORD_process && !(known && *known)) {
    known = uvt_id_map_add(&counter->processes, process);
    if (known)
      *known = uvt_family_has(&counter->family, 0, record);
  }
  return known ? *known : !record->own_session || counter->lossy;
}

static void count_record(struct counter *counter, const struct uvt_record *record)
{
  if (record->kind == UVT_RECORD_batch)
    count_batch(counter, &record->batch);
  else if (record->kind == UVT_RECORD_waiting)
    note_waiting(counter, &record->waiting);
  else
    counter->records++;
  if (record->kind == UVT_RECORD_lost)
    counter->unmade += record->lost.count;
}

static int count(struct uvt_trace_visitor *visitor, const struct uvt_record *record)
{
  enum { LOOK_AT_CLOCK_EVERY = 1024 };
  struct counter *counter = (struct counter *)visitor;
  if (record->kind == UVT_RECORD_discarded)
    counter->lossy = true;
  else if (belongs(counter, record))
    count_record(counter, record);
  return ++counter->looked_at % LOOK_AT_CLOCK_EVERY == 0 && is_over(&counter->until);
}

static void count_records(const char *folder, unsigned limit_ms, struct uvt_recorded *recorded)
{
  struct counter counter = {.visitor = {.record = count}};
  struct uvt_error ignored = {""};
  uvt_id_map_init(&counter.threads, sizeof(struct thread));
  uvt_id_map_init(&counter.processes, sizeof(bool));
  uvt_family_init(&counter.family);
  clock_gettime(CLOCK_MONOTONIC, &counter.until);
  counter.until.tv_sec += limit_ms / 1000;
  counter.until.tv_nsec += limit_ms % 1000 * 1000000L;
  if (counter.until.tv_nsec >= 1000000000L) {
    counter.until.tv_nsec -= 1000000000L;
    counter.until.tv_sec++;
  }
  recorded->more = uvt_trace_read(folder, &counter.visitor, &ignored) < 0 || is_over(&counter.until);
  recorded->records = counter.records;
  recorded->missing = counter.missing;
  recorded->unmade = counter.unmade;
  recorded->awaited = counter.awaited && !recorded->more;
  uvt_id_map_clear(&counter.threads);
  uvt_id_map_clear(&counter.processes);
  uvt_family_clear(&counter.family);
}

struct uvt_recorded uvt_recorded_look(const char *folder, unsigned limit_ms)
{
  struct uvt_recorded recorded = {0};
  struct statvfs disk;
  found = &recorded;
  nftw(folder, look_at, 16, FTW_PHYS);
  found = NULL;
  recorded.disk_full = statvfs(folder, &disk) == 0 && (geteuid() == 0 ? disk.f_bfree : disk.f_bavail) == 0;
  if (recorded.bytes && !recorded.truncated)
    count_records(folder, limit_ms, &recorded);
  return recorded;
}

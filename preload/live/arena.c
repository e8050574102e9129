/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/thread.h"
#include "schema.h"

#define SEGMENT_BYTES (UVT_LIVE_SEGMENT * sizeof(union uvt_live_slot))
#define TAKE_FRESH 16 /* never-used slots that a thread takes at a time */

union uvt_live_slot *uvt_segments[UVT_SEGMENTS_MAX];
static struct uvt_live_header private_header;
struct uvt_live_header *uvt_live = &private_header;

static struct {
  int fd;       /* -1: private memory */
  int child_fd; /* within fork(): a copy for the child; -1: none */
  dev_t device;
  ino_t inode;
  uint32_t segments; /* mapped */
  uint32_t segments_max;
  uint32_t growing;   /* somebody is mapping one */
  uint64_t fresh;     /* the next slot that was never used */
  uint64_t free_list; /* tag << 32 | slot: slots that threads had too many of */
  uint32_t splicing;  /* somebody is cutting a chain */
} arena = {.fd = -1, .child_fd = -1, .fresh = 1};

/* The program may have closed our descriptor, and opened another file under its number. */
static bool fd_is_ours(void)
{
  struct stat status;
  return arena.fd >= 0 && fstat(arena.fd, &status) == 0 && status.st_dev == arena.device &&
         status.st_ino == arena.inode;
}

/* A limit on file sizes raises SIGXFSZ in ftruncate; fallocate leaves no hole that could raise SIGBUS later.
 */
static bool file_extend(int fd, uint64_t size, uint64_t by)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < size + by)
    return false;
  return fallocate(fd, 0, (off_t)size, (off_t)by) == 0;
}

static void *map_shared(uint64_t offset, uint64_t bytes)
{
  if (!fd_is_ours() || !file_extend(arena.fd, offset, bytes))
    return NULL;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, arena.fd, (off_t)offset);
  return memory == MAP_FAILED ? NULL : memory;
}

static void *map_private(uint64_t bytes)
{
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static uint64_t segment_offset(uint32_t segment)
{
  return UVT_LIVE_HEADER_SIZE + (uint64_t)segment * SEGMENT_BYTES;
}

/* On a descriptor as high as it gets, so that the program's own numbers stay what they are. */
static int memfd_high(void)
{
  int fd = memfd_create(UVT_LIVE_NAME, MFD_CLOEXEC);
  return fd < 0 ? fd : uvt_descriptor_high(fd);
}

static void fill_header(struct uvt_live_header *header)
{
  header->version = UVT_LIVE_VERSION;
  header->schema = UVT_SCHEMA_VERSION;
  header->slot_size = sizeof(union uvt_live_slot);
  header->segment = UVT_LIVE_SEGMENT;
  header->pid = getpid();
  header->start = uvt_now();
  __atomic_store_n(&header->magic, UVT_LIVE_MAGIC, __ATOMIC_RELEASE);
}

static bool open_shared(void)
{
  struct stat status;
  arena.fd = memfd_high();
  if (arena.fd < 0)
    return false;
  uvt_descriptor_guard(arena.fd);
  if (fstat(arena.fd, &status) == 0) {
    arena.device = status.st_dev;
    arena.inode = status.st_ino;
    struct uvt_live_header *header = map_shared(0, UVT_LIVE_HEADER_SIZE);
    if (header) {
      uvt_live = header;
      return true;
    }
  }
  uvt_descriptor_close(arena.fd);
  arena.fd = -1;
  return false;
}

void uvt_arena_init(uint64_t max_bytes, bool shared)
{
  uint64_t segments = max_bytes / SEGMENT_BYTES;
  arena.segments_max = segments > UVT_SEGMENTS_MAX ? UVT_SEGMENTS_MAX : segments ? (uint32_t)segments : 1;
  if (shared && !open_shared())
    uvt_log("no live tree for readers: %s", strerror(errno));
  fill_header(uvt_live);
}

/* Maps one more segment; whoever comes second while somebody maps yields once and looks again. */
static bool grow(uint32_t segment)
{
  if (__atomic_exchange_n(&arena.growing, 1, __ATOMIC_ACQUIRE)) {
    sched_yield();
    return __atomic_load_n(&arena.segments, __ATOMIC_ACQUIRE) > segment;
  }
  int saved = errno;
  bool done = arena.segments > segment;
  if (!done && segment < arena.segments_max) {
    void *memory =
        arena.fd >= 0 ? map_shared(segment_offset(segment), SEGMENT_BYTES) : map_private(SEGMENT_BYTES);
    if (memory) {
      uvt_segments[segment] = memory;
      __atomic_store_n(&uvt_live->slots, (segment + 1) * UVT_LIVE_SEGMENT, __ATOMIC_RELEASE);
      __atomic_store_n(&arena.segments, segment + 1, __ATOMIC_RELEASE);
      done = true;
    }
  }
  errno = saved;
  __atomic_store_n(&arena.growing, 0, __ATOMIC_RELEASE);
  return done;
}

static uint32_t pop_free(void)
{
  uint64_t head = __atomic_load_n(&arena.free_list, __ATOMIC_ACQUIRE);
  while ((uint32_t)head) {
    uint32_t slot = (uint32_t)head;
    uint64_t next = __atomic_load_n(&uvt_live_registration(slot)->next, __ATOMIC_RELAXED);
    uint64_t with =
        ((head >> 32) + 1) << 32 | next; /* the tag makes a slot that came back a different head */
    if (__atomic_compare_exchange_n(&arena.free_list, &head, with, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return slot;
  }
  return 0;
}

static void push_free(uint32_t slot)
{
  uint64_t head = __atomic_load_n(&arena.free_list, __ATOMIC_RELAXED), with;
  do {
    __atomic_store_n(&uvt_live_registration(slot)->next, (uint32_t)head, __ATOMIC_RELAXED);
    with = ((head >> 32) + 1) << 32 | slot;
  } while (
      !__atomic_compare_exchange_n(&arena.free_list, &head, with, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Never-used slots: a run of them into the thread's cache. */
static bool take_fresh(struct uvt_thread *thread)
{
  uint64_t first = __atomic_load_n(&arena.fresh, __ATOMIC_RELAXED), end;
  do {
    uint32_t segment = (uint32_t)(first / UVT_LIVE_SEGMENT);
    end = first + TAKE_FRESH;
    if (end > (uint64_t)(segment + 1) * UVT_LIVE_SEGMENT)
      end = (uint64_t)(segment + 1) * UVT_LIVE_SEGMENT;
    if (__atomic_load_n(&arena.segments, __ATOMIC_ACQUIRE) <= segment && !grow(segment))
      return false;
  } while (!__atomic_compare_exchange_n(&arena.fresh, &first, end, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  for (uint64_t slot = end; slot-- > first;)
    thread->free_slots[thread->free_count++] = (uint32_t)slot;
  return true;
}

uint32_t uvt_slot_take(struct uvt_thread *thread)
{
  if (!thread->free_count) {
    uint32_t slot = pop_free();
    if (slot)
      return slot;
    if (!take_fresh(thread)) {
      __atomic_fetch_add(&uvt_live->lost, 1, __ATOMIC_RELAXED);
      return 0;
    }
  }
  return thread->free_slots[--thread->free_count];
}

void uvt_slot_give(struct uvt_thread *thread, uint32_t slot)
{
  uvt_slot_publish(slot, 0);
  if (thread->free_count == UVT_SLOT_CACHE)
    for (int i = 0; i < UVT_SLOT_CACHE / 2; i++)
      push_free(thread->free_slots[--thread->free_count]);
  thread->free_slots[thread->free_count++] = slot;
}

void uvt_slots_return(struct uvt_thread *thread)
{
  while (thread->free_count)
    push_free(thread->free_slots[--thread->free_count]);
}

void uvt_invocation_hold(uint32_t slot)
{
  if (slot)
    __atomic_fetch_add(&uvt_live_invocation(slot)->references, 1, __ATOMIC_RELAXED);
}

/* Gives a reference back; true: it was the last. Who holds the only one need not tell anybody: others can
 * only add theirs to an invocation by way of something that has one. */
static bool drop_reference(uint32_t slot)
{
  uint32_t *references = &uvt_live_invocation(slot)->references;
  return __atomic_load_n(references, __ATOMIC_ACQUIRE) == 1 ||
         __atomic_sub_fetch(references, 1, __ATOMIC_ACQ_REL) == 0;
}

void uvt_invocation_release(struct uvt_thread *thread, uint32_t slot)
{
  while (slot && drop_reference(slot)) {
    uint32_t parent = __atomic_load_n(&uvt_live_invocation(slot)->parent, __ATOMIC_ACQUIRE);
    uvt_slot_give(thread, slot);
    slot = parent;
  }
}

static uint32_t parent_of(uint32_t slot)
{
  return __atomic_load_n(&uvt_live_invocation(slot)->parent, __ATOMIC_ACQUIRE);
}

static void set_chain(uint32_t slot, uint32_t chain)
{
  __atomic_store_n(&uvt_live_invocation(slot)->chain, chain, __ATOMIC_RELAXED);
}

/*
 * The chain above `slot` has grown to UVT_LIVE_CHAIN: hangs its middle ancestor from the root directly. What
 * is walked over stays, since something hangs from each; and only one thread cuts at a time, and only cutting
 * changes a parent. If another thread is at it, the next invocation of the chain will cut.
 */
static void cut_chain(struct uvt_thread *thread, uint32_t slot)
{
  if (__atomic_exchange_n(&arena.splicing, 1, __ATOMIC_ACQUIRE))
    return;
  uint32_t middle = slot, kept = 0;
  for (; kept < UVT_LIVE_CHAIN / 2 && parent_of(middle); kept++)
    middle = parent_of(middle);
  uint32_t old = parent_of(middle), root = old, left_out = 0;
  while (root && parent_of(root)) {
    left_out += 1 + uvt_live_invocation(root)->gap;
    root = parent_of(root);
  }
  if (left_out) {
    uvt_invocation_hold(root);
    UVT_SLOT_SET(uvt_live_invocation(middle)->gap, left_out);
    __atomic_store_n(&uvt_live_invocation(middle)->parent, root, __ATOMIC_RELEASE);
    set_chain(middle, 1);
  }
  set_chain(slot, old ? kept + 1 : kept);
  __atomic_store_n(&arena.splicing, 0, __ATOMIC_RELEASE);
  if (left_out)
    uvt_invocation_release(thread, old);
}

uint32_t uvt_invocation_new(struct uvt_thread *thread, uint32_t parent, uint64_t execute_id, uint64_t link_id,
                            uint8_t type, uint64_t now)
{
  uint32_t slot = uvt_slot_take(thread);
  if (!slot)
    return 0;
  struct uvt_live_invocation *invocation = uvt_live_invocation(slot);
  UVT_SLOT_SET(invocation->kind, UVT_LIVE_INVOCATION);
  UVT_SLOT_SET(invocation->type, type);
  UVT_SLOT_SET(invocation->ended, 0);
  UVT_SLOT_SET(invocation->spare, 0);
  UVT_SLOT_SET(invocation->parent, parent);
  UVT_SLOT_SET(invocation->link_id, link_id);
  UVT_SLOT_SET(invocation->references, 1);
  UVT_SLOT_SET(invocation->chain, 0);
  UVT_SLOT_SET(invocation->gap, 0);
  UVT_SLOT_SET(invocation->tid, thread->tid);
  UVT_SLOT_SET(invocation->begin, now);
  uvt_slot_publish(slot, execute_id);
  return slot;
}

void uvt_invocation_bears(struct uvt_thread *thread, uint32_t slot)
{
  uint32_t parent = parent_of(slot);
  if (!parent)
    return;
  uint32_t chain = __atomic_load_n(&uvt_live_invocation(parent)->chain, __ATOMIC_RELAXED) + 1;
  set_chain(slot, chain);
  if (chain >= UVT_LIVE_CHAIN)
    cut_chain(thread, slot);
}

void uvt_invocation_done(struct uvt_thread *thread, uint32_t slot)
{
  if (!slot)
    return;
  UVT_SLOT_SET(uvt_live_invocation(slot)->ended, 1);
  uvt_invocation_release(thread, slot);
}

/* ---- fork() ---- */

static size_t used_of(uint32_t segment)
{
  uint64_t used = uvt_arena_used(), before = (uint64_t)segment * UVT_LIVE_SEGMENT;
  uint64_t slots = used > before ? used - before : 0;
  return (size_t)(slots < UVT_LIVE_SEGMENT ? slots : UVT_LIVE_SEGMENT) * sizeof(union uvt_live_slot);
}

static bool copy(int fd, const void *memory, size_t used, uint64_t offset, uint64_t bytes)
{
  return file_extend(fd, offset, bytes) && pwrite(fd, memory, used, (off_t)offset) == (ssize_t)used;
}

static int copy_all(void)
{
  int fd = memfd_high();
  bool done = fd >= 0 && copy(fd, uvt_live, sizeof *uvt_live, 0, UVT_LIVE_HEADER_SIZE);
  for (uint32_t i = 0; done && i < arena.segments; i++)
    done = copy(fd, uvt_segments[i], used_of(i), segment_offset(i), SEGMENT_BYTES);
  if (done || fd < 0)
    return fd;
  close(fd);
  return -1;
}

void uvt_arena_before_fork(void)
{
  arena.child_fd = fd_is_ours() ? copy_all() : -1;
}

void uvt_arena_after_fork_parent(void)
{
  if (arena.child_fd >= 0)
    close(arena.child_fd);
  arena.child_fd = -1;
}

/* The copy at the same place or, where there is none, private memory with the same contents: the child's own
 * as far as that can be had. */
static void *map_own(void *address, uint64_t offset, uint64_t bytes)
{
  if (arena.child_fd >= 0)
    return mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, arena.child_fd,
                (off_t)offset);
  void *memory = map_private(bytes);
  if (!memory)
    return MAP_FAILED;
  memcpy(memory, address, bytes);
  return mremap(memory, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, address);
}

static bool map_all(void)
{
  bool done = map_own(uvt_live, 0, UVT_LIVE_HEADER_SIZE) != MAP_FAILED;
  for (uint32_t i = 0; i < arena.segments; i++)
    done &= map_own(uvt_segments[i], segment_offset(i), SEGMENT_BYTES) != MAP_FAILED;
  return done;
}

bool uvt_arena_after_fork_child(void)
{
  struct stat status;
  arena.growing = arena.splicing = 0;
  if (arena.fd < 0) { /* private memory */
    uvt_live->pid = getpid();
    return true;
  }
  bool done = map_all();
  if (fd_is_ours())
    uvt_descriptor_close(arena.fd);
  arena.fd = arena.child_fd;
  arena.child_fd = -1;
  uvt_descriptor_guard(arena.fd);
  if (arena.fd >= 0 && fstat(arena.fd, &status) == 0) {
    arena.device = status.st_dev;
    arena.inode = status.st_ino;
  }
  if (done)
    uvt_live->pid = getpid();
  return done;
}

uint32_t uvt_arena_used(void)
{
  uint64_t fresh = __atomic_load_n(&arena.fresh, __ATOMIC_RELAXED),
           mapped = (uint64_t)arena.segments * UVT_LIVE_SEGMENT;
  return (uint32_t)(fresh < mapped ? fresh : mapped);
}

void uvt_arena_inherit(struct uvt_thread *thread, const uint32_t *references)
{
  uint32_t used = uvt_arena_used();
  thread->free_count = 0;
  arena.free_list = 0;
  for (uint32_t slot = used; slot-- > 1;) {
    if (!references || !references[slot]) {
      uvt_slot_publish(slot, 0);
      push_free(slot);
    } else if (uvt_slot(slot)->any.kind == UVT_LIVE_INVOCATION) {
      UVT_SLOT_SET(uvt_live_invocation(slot)->references, references[slot]);
    }
  }
}

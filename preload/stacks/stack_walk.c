/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stack_walk.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/maps.h"
#include "code_map.h"
#include "unwind_rows.h"

#define CACHE_BITS 13
#define CACHE_SIZE (1u << CACHE_BITS)
#define ROW_BITS 17 /* user addresses have 47 bits: a cache entry is an address and the number of its row */
#define ROWS_MAX 4096
#define MAIN_STACK_MAX (UINT64_C(1) << 30)

/* What V8's own code does, and code without information of its own that keeps a frame pointer. */
static const struct uvt_row standard_frame = {
    .kind = UVT_ROW_FP, .cfa = 16, .fp_rule = UVT_FP_AT_CFA, .fp = -16, .ra = -8};

struct step {
  struct uvt_row row;
  bool is_interpreter; /* V8's: what it runs is named in its frame */
  bool is_bare;        /* no file has call frame information of it */
} __attribute__((aligned(32)));

static struct {
  uint64_t *cache;              /* CACHE_SIZE; 0: empty */
  struct step *steps;           /* row number 1 on */
  uint32_t steps_count;         /* published when filled */
  uint32_t adding;              /* somebody adds a step */
  uintptr_t own_begin, own_end; /* where this object lies */
} known;

/* A thread's own stack: may be read without asking. */
static __thread struct {
  uintptr_t low, high;
} span __attribute__((tls_model("initial-exec")));

extern void *__libc_stack_end; /* ld.so: where the main thread's stack began */

int uvt_unwind_init(const void *own_address)
{
  struct dl_find_object own;
  size_t cache_size = CACHE_SIZE * sizeof *known.cache, steps_size = ROWS_MAX * sizeof *known.steps;
  char *memory =
      mmap(NULL, cache_size + steps_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return -errno;
  known.own_begin = known.own_end = 0;
  if (own_address && _dl_find_object((void *)own_address, &own) == 0) {
    known.own_begin = (uintptr_t)own.dlfo_map_start;
    known.own_end = (uintptr_t)own.dlfo_map_end;
  }
  known.steps = (struct step *)(memory + cache_size);
  known.cache = (uint64_t *)memory;
  return 0;
}

void uvt_unwind_forget(void)
{
  for (size_t i = 0; known.cache && i < CACHE_SIZE; i++)
    __atomic_store_n(&known.cache[i], 0, __ATOMIC_RELAXED);
}

void uvt_unwind_after_fork_child(void)
{
  known.adding = 0;
}

/* ---- The stack's memory ---- */

/* The thread's descriptor lies at the top of the stack that glibc made for it. */
static void find_span(void)
{
  struct uvt_mapping mapping;
  bool is_main = syscall(SYS_gettid) == getpid();
  uintptr_t top = (uintptr_t)(is_main ? __libc_stack_end : (void *)pthread_self());
  span.low = span.high = 1;
  if (uvt_maps_find(top - 1, &mapping) != 0)
    return;
  span.high = is_main ? mapping.end : top;
  span.low = mapping.start;
  struct rlimit limit;
  if (is_main && getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < MAIN_STACK_MAX &&
      limit.rlim_cur < span.high) /* it grows */
    span.low = span.high - limit.rlim_cur;
}

static bool read_elsewhere(uintptr_t address, uintptr_t *value)
{
  struct iovec to = {value, sizeof *value}, from = {(void *)address, sizeof *value};
  int saved = errno;
  ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
  errno = saved;
  return got == sizeof *value;
}

/* What may be read in a walk: of the thread's own stack what lies above where the walk began, that is all
 * mapped. */
struct memory {
  uintptr_t low, most; /* words at low..low + most */
  bool is_own;         /* else the kernel is asked */
};

static struct memory memory_from(uintptr_t sp)
{
  struct memory memory = {.is_own = sp >= span.low && sp + 2 * sizeof sp < span.high};
  if (memory.is_own) {
    memory.low = sp;
    memory.most = span.high - sizeof sp - sp;
  }
  return memory;
}

static inline bool read_word(const struct memory *memory, uintptr_t address, uintptr_t *value)
{
  if (__builtin_expect(!memory->is_own, 0))
    return read_elsewhere(address, value);
  if (address - memory->low > memory->most)
    return false;
  *value = *(const uintptr_t *)address;
  return true;
}

/* ---- Steps: how to pass a frame ---- */

static struct step find_step(uintptr_t pc)
{
  struct dl_find_object object;
  bool in_object = _dl_find_object((void *)(pc - 1), &object) == 0;
  struct uvt_row row = {.kind = UVT_ROW_NONE};
  if (in_object)
    row = uvt_row_find(pc, object.dlfo_eh_frame);
  if (row.kind != UVT_ROW_NONE)
    return (struct step){row, false, false};
  enum uvt_code_kind kind = uvt_code_kind(pc - 1);
  if (!in_object && kind == UVT_CODE_NONE)
    return (struct step){{.kind = UVT_ROW_NONE}, false, true};
  return (struct step){standard_frame, kind == UVT_CODE_INTERPRETER, true};
}

static bool same_step(const struct step *a, const struct step *b)
{
  return a->row.kind == b->row.kind && a->row.fp_rule == b->row.fp_rule && a->row.cfa == b->row.cfa &&
         a->row.fp == b->row.fp && a->row.ra == b->row.ra && a->is_interpreter == b->is_interpreter &&
         a->is_bare == b->is_bare;
}

/* The number of that step, new or known; 0 where there is no room, or a signal handler interrupted one who
 * adds.
 */
static uint32_t number_of(const struct step *step)
{
  uint32_t count = __atomic_load_n(&known.steps_count, __ATOMIC_ACQUIRE), number = 1;
  while (number <= count && !same_step(&known.steps[number], step))
    number++;
  if (number <= count)
    return number;
  if (__atomic_exchange_n(&known.adding, 1, __ATOMIC_ACQUIRE))
    return 0;
  number = 0;
  if (known.steps_count + 2 < ROWS_MAX) {
    number = known.steps_count + 1;
    known.steps[number] = *step;
    __atomic_store_n(&known.steps_count, number, __ATOMIC_RELEASE);
  }
  __atomic_store_n(&known.adding, 0, __ATOMIC_RELEASE);
  return number;
}

static inline size_t cache_index(uintptr_t pc)
{
  return (pc * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - CACHE_BITS);
}

/* Two places for an address, so that two that are often used and share one do not chase each other out. */
static __attribute__((noinline)) struct step slow_step(uintptr_t pc)
{
  size_t at = cache_index(pc);
  uint64_t other = __atomic_load_n(&known.cache[at ^ 1], __ATOMIC_RELAXED);
  if (other >> ROW_BITS == pc)
    return known.steps[other & ((1u << ROW_BITS) - 1)];
  struct step step = find_step(pc);
  /* V8 may yet make code where nothing is known of. */
  uint32_t number = step.row.kind == UVT_ROW_NONE ? 0 : number_of(&step);
  if (number) {
    uint64_t former = __atomic_load_n(&known.cache[at], __ATOMIC_RELAXED);
    if (former)
      __atomic_store_n(&known.cache[at ^ 1], former, __ATOMIC_RELAXED);
    __atomic_store_n(&known.cache[at], (uint64_t)pc << ROW_BITS | number, __ATOMIC_RELAXED);
  }
  return step;
}

/* ---- The walk ---- */

/* Of a frame of the interpreter: the address in the bytecode that it runs; 0 where its slots do not look it.
 */
static uint64_t bytecode_address(const struct memory *memory, uintptr_t fp)
{
  uintptr_t array, offset;
  if (!read_word(memory, fp + (uintptr_t)uvt_code_frame.bytecode_array, &array) ||
      !read_word(memory, fp + (uintptr_t)uvt_code_frame.bytecode_offset, &offset))
    return 0;
  /* A pointer to a heap object has its lowest bit set, a small integer lies in the upper half. */
  return array & 1 && !(offset & UINT32_MAX) ? array + (offset >> 32) : 0;
}

static bool pass_signal(struct memory *memory, struct uvt_registers *at)
{
  const size_t gregs = offsetof(ucontext_t, uc_mcontext.gregs);
  struct uvt_registers next;
  uintptr_t frame = at->sp + gregs;
  if (!read_word(memory, frame + REG_RIP * sizeof(greg_t), &next.pc) ||
      !read_word(memory, frame + REG_RSP * sizeof(greg_t), &next.sp) ||
      !read_word(memory, frame + REG_RBP * sizeof(greg_t), &next.fp))
    return false;
  next.pc++; /* as if it were a return address */
  *at = next;
  *memory = memory_from(next.sp);
  return true;
}

/* To the caller's frame. */
static inline bool pass(const struct memory *memory, const struct uvt_row *row, struct uvt_registers *at)
{
  uintptr_t cfa = (row->kind == UVT_ROW_SP ? at->sp : at->fp) + (uintptr_t)(intptr_t)row->cfa;
  uintptr_t fp = at->fp, pc;
  if (__builtin_expect(row->kind == UVT_ROW_FP_DEREF, 0) && !read_word(memory, cfa, &cfa))
    return false;
  if (cfa <= at->sp || !read_word(memory, cfa + (uintptr_t)(intptr_t)row->ra, &pc))
    return false;
  if (row->fp_rule != UVT_FP_SAME &&
      !read_word(memory, (row->fp_rule == UVT_FP_AT_CFA ? cfa : fp) + (uintptr_t)(intptr_t)row->fp, &fp))
    return false;
  *at = (struct uvt_registers){pc, cfa, fp};
  return true;
}

static inline uint64_t mix(uint64_t hash, uint64_t frame)
{
  hash = (hash ^ frame) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

static void find_span_once(void)
{
  int saved = errno;
  if (!span.high)
    find_span();
  errno = saved;
}

/* Most of the time of a stack is spent here: what the compiler could not know to stay the same is kept in
 * locals. */
void uvt_unwind(struct uvt_registers at, struct uvt_walk *walk)
{
  if (__builtin_expect(!span.high, 0))
    find_span_once();
  struct memory memory = memory_from(at.sp);
  const uint64_t *cache = known.cache;
  const uintptr_t own = known.own_begin, own_size = known.own_end - own;
  uint64_t hash = 0;
  uint32_t count = 0;
  bool has_bare = false;
  for (uint32_t steps = 0; at.pc && steps < 2 * UVT_STACK_FRAMES && count < UVT_STACK_FRAMES; steps++) {
    uint64_t cached = __atomic_load_n(&cache[cache_index(at.pc)], __ATOMIC_RELAXED);
    const struct step *step = &known.steps[cached & ((1u << ROW_BITS) - 1)];
    struct step slow;
    if (__builtin_expect(cached >> ROW_BITS != at.pc, 0)) {
      slow = slow_step(at.pc);
      step = &slow;
    }
    if (count || at.pc - own >= own_size) {
      uint64_t bytecode = step->is_interpreter ? bytecode_address(&memory, at.fp) : 0;
      walk->frames[count] = bytecode ? bytecode : at.pc;
      hash = mix(hash, walk->frames[count++]);
    }
    has_bare |= step->is_bare;
    if (__builtin_expect(step->row.kind == UVT_ROW_SIGNAL, 0)
            ? !pass_signal(&memory, &at)
            : step->row.kind <= UVT_ROW_END || !pass(&memory, &step->row, &at))
      break;
  }
  walk->count = count;
  walk->hash = hash;
  walk->has_bare = has_bare;
}

/* SPDX-License-Identifier: MIT */
/* Stacks of this program, beside what libunwind finds of them. */
#define _GNU_SOURCE
#include "stacks/stack_walk.h"

#include <alloca.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <cmocka.h>

#include "stacks/code_map.h"

#define NOINLINE __attribute__((noinline))
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct uvt_walk walk;
static void *expected[2 * UVT_STACK_FRAMES];
static int expected_count;

/* Both from the same function, so all but the innermost frame must be the same. */
static NOINLINE void take(void)
{
  uvt_unwind(uvt_registers_here(), &walk);
  expected_count = unw_backtrace(expected, COUNT(expected));
}

static void assert_as_expected(void)
{
  int count = expected_count < UVT_STACK_FRAMES ? expected_count : UVT_STACK_FRAMES;
  assert_true(count > 5);
  assert_int_equal(walk.count, count);
  for (int i = 1; i < count; i++) /* an interrupted instruction counts as a call just before it */
    assert_true(walk.frames[i] - (uintptr_t)expected[i] <= 1);
}

static NOINLINE int recurse(int depth)
{
  if (depth == 0) {
    take();
    return 1;
  }
  return recurse(depth - 1) + depth;
}

static NOINLINE int with_alloca(size_t size)
{
  char *memory = alloca(size);
  memset(memory, 1, size);
  return recurse(3) + memory[size - 1];
}

static NOINLINE int with_alignment(int n)
{
  __attribute__((aligned(64))) volatile char memory[64];
  memory[0] = (char)n;
  return with_alloca((size_t)n + 100) + memory[0];
}

static int compare_taking(const void *a, const void *b)
{
  if (!walk.count)
    with_alignment(*(const int *)a);
  return *(const int *)a - *(const int *)b;
}

static int reset(void **state)
{
  (void)state;
  walk.count = 0;
  return 0;
}

static void test_calls_of_all_shapes(void **state)
{
  (void)state;
  for (int round = 0; round < 3; round++) { /* from the second on by what was remembered */
    int numbers[] = {4, 3, 2, 1};
    walk.count = 0;
    qsort(numbers, COUNT(numbers), sizeof *numbers, compare_taking);
    assert_as_expected();
  }
}

static void test_the_same_stack_has_the_same_hash(void **state)
{
  (void)state;
  uint64_t hashes[3];
  for (volatile int i = 0; i < 3; i++) { /* volatile: one call site */
    recurse(i == 2 ? 8 : 7);
    hashes[i] = walk.hash;
  }
  assert_true(hashes[0] == hashes[1]);
  assert_true(hashes[0] != hashes[2]);
}

static void test_a_deep_stack_is_cut(void **state)
{
  (void)state;
  recurse(1000);
  assert_int_equal(walk.count, UVT_STACK_FRAMES);
  assert_as_expected();
}

static void handle(int signal)
{
  (void)signal;
  take();
}

static void test_a_signal_handler(void **state)
{
  (void)state;
  signal(SIGUSR1, handle);
  raise(SIGUSR1);
  assert_as_expected();
}

static void test_a_signal_handler_on_its_own_stack(void **state)
{
  (void)state;
  stack_t own = {.ss_sp = malloc(65536), .ss_size = 65536};
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
  assert_int_equal(sigaltstack(&own, NULL), 0);
  sigaction(SIGUSR2, &action, NULL);
  raise(SIGUSR2);
  assert_as_expected();
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  free(own.ss_sp);
}

static ucontext_t main_context, coroutine_context;

static void coroutine(void)
{
  recurse(5);
  swapcontext(&coroutine_context, &main_context);
}

static void test_a_coroutine(void **state)
{
  (void)state;
  char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  getcontext(&coroutine_context);
  coroutine_context.uc_stack.ss_sp = stack;
  coroutine_context.uc_stack.ss_size = 65536;
  makecontext(&coroutine_context, coroutine, 0);
  errno = 4711;
  swapcontext(&main_context, &coroutine_context);
  assert_int_equal(errno, 4711);
  assert_true(walk.count >= 8); /* take, 6 of recurse, coroutine */
  for (int i = 1; i < 8; i++)
    assert_true(walk.frames[i] == (uintptr_t)expected[i]);
  munmap(stack, 65536);
}

/* Code as V8 makes it, in no file: it calls its argument from a frame of its own. */
static void *made_code(void)
{
  static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5,
                                 0xff, 0xd7, 0x5d, 0xc3}; /* push, mov, call *%rdi, pop */
  void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memcpy(memory, code, sizeof code);
}

static NOINLINE void through(void (*code)(void (*)(void)))
{
  code(take);
}

static void test_made_code_is_passed_once_it_is_known(void **state)
{
  (void)state;
  void *code = made_code();
  through((void (*)(void (*)(void)))code);
  assert_int_equal(walk.count, 2); /* take, and the code that nothing is known of */
  assert_true(walk.has_bare);
  uvt_code_add(NULL, (uintptr_t)code, 8, "JS:*made", 8);
  through((void (*)(void (*)(void)))code);
  assert_true(walk.count > 5);
  assert_true(walk.frames[1] == (uintptr_t)code + 6);
  for (uint32_t i = 2; i < walk.count && i < (uint32_t)expected_count; i++)
    assert_true(walk.frames[i] == (uintptr_t)expected[i]);
  munmap(code, 4096);
}

/* A frame of V8's interpreter, put together here: it runs the bytecode that two of its slots name. */
static void test_an_interpreted_frame_is_named_by_its_bytecode(void **state)
{
  (void)state;
  uintptr_t slots[16] = {0}, *fp = &slots[8];
  uintptr_t bytecode = 0x123456789000;
  uvt_code_add(NULL, 0x200000, 0x100, "Builtin:InterpreterEntryTrampoline", 34);
  fp[uvt_code_frame.bytecode_array / 8] = bytecode + 1;
  fp[uvt_code_frame.bytecode_offset / 8] = (uintptr_t)77 << 32;
  uvt_unwind((struct uvt_registers){0x200010, (uintptr_t)slots, (uintptr_t)fp}, &walk);
  assert_int_equal(walk.count, 1);
  assert_true(walk.frames[0] == bytecode + 1 + 77);
  fp[uvt_code_frame.bytecode_offset / 8] = 0x1001; /* no small integer */
  uvt_unwind((struct uvt_registers){0x200010, (uintptr_t)slots, (uintptr_t)fp}, &walk);
  assert_true(walk.frames[0] == 0x200010);
}

/* Wherever a register points: a short stack, and nothing else. */
static void test_broken_registers_end_the_walk(void **state)
{
  (void)state;
  uintptr_t own[64] = {0}, code = (uintptr_t)made_code();
  uvt_code_add(NULL, code, 8, "JS:*made", 8);
  const uintptr_t places[] = {0,
                              1,
                              8,
                              0xdeadbeef0,
                              UINTPTR_MAX - 7,
                              0x7ffffffff000,
                              (uintptr_t)own,
                              (uintptr_t)own + 3,
                              (uintptr_t)&walk,
                              code};
  for (size_t i = 0; i < COUNT(own); i++)
    own[i] = (uintptr_t)&own[i / 2]; /* frame pointers that lead down, and round in circles */
  for (size_t pc = 0; pc < COUNT(places) + 1; pc++)
    for (size_t sp = 0; sp < COUNT(places); sp++)
      for (size_t fp = 0; fp < COUNT(places); fp++) {
        uintptr_t at = pc < COUNT(places) ? places[pc] : code + 6;
        uvt_unwind((struct uvt_registers){at, places[sp], places[fp]}, &walk);
        assert_true(walk.count <= UVT_STACK_FRAMES);
      }
  munmap((void *)code, 4096);
}

/* The main thread's stack may grow down to its limit; what lies below where it is now is not there yet. */
static void test_a_frame_pointer_below_the_stack(void **state)
{
  (void)state;
  uintptr_t code = (uintptr_t)made_code();
  uvt_code_add(NULL, code, 8, "JS:*made", 8);
  struct uvt_registers at = uvt_registers_here();
  uvt_unwind((struct uvt_registers){code + 6, at.sp, at.sp - (2 << 20)}, &walk);
  assert_int_equal(walk.count, 1);
  munmap((void *)code, 4096);
}

static int init(void **state)
{
  (void)state;
  return uvt_unwind_init(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_calls_of_all_shapes, reset),
      cmocka_unit_test_setup(test_the_same_stack_has_the_same_hash, reset),
      cmocka_unit_test_setup(test_a_deep_stack_is_cut, reset),
      cmocka_unit_test_setup(test_a_signal_handler, reset),
      cmocka_unit_test_setup(test_a_signal_handler_on_its_own_stack, reset),
      cmocka_unit_test_setup(test_a_coroutine, reset),
      cmocka_unit_test_setup(test_made_code_is_passed_once_it_is_known, reset),
      cmocka_unit_test_setup(test_an_interpreted_frame_is_named_by_its_bytecode, reset),
      cmocka_unit_test_setup(test_broken_registers_end_the_walk, reset),
      cmocka_unit_test_setup(test_a_frame_pointer_below_the_stack, reset),
  };
  return cmocka_run_group_tests(tests, init, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Diverts functions of this program with the real libuvtree-patch.so. A patched function stays so: each test
 * has targets of its own, and what damages the process runs in a child.
 */
#define _GNU_SOURCE
#include "patch/patch.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include <cmocka.h>

#define EXPORTED __attribute__((visibility("default")))
#define JUMP_SIZE 5
#define PAGE 4096u

typedef long function(long);

/* patch_targets.S */
function target_five_bytes, target_tail_jump, target_tail, target_conditional, target_jrcxz,
    target_rip_relative;
function target_call, target_call_indirect, target_store_registers, target_too_short, target_loops_to_start;
function target_across_pages, target_at_page_end, target_first_page, target_second_page, target_third_page;
function stub_straight_on;
void call_with_full_registers(function *called);

/* what patch_targets.S refers to */
long target_callee(long n);
extern long target_number;
extern function *target_callee_pointer;
extern long target_registers[17];
extern function *stub_original;
long target_number = 1000;
function *target_callee_pointer = target_callee;
long target_registers[17];
function *stub_original;

static uvt_patch_apply_fn *apply;
static char why[200];

/* ---- compiled targets ---- */

/* Plainly a function that a compiler may not look into. */
#define COMPILED EXPORTED __attribute__((noinline, noclone, noipa))

long compiled_sum(long n);
long compiled_recursive(long n);

COMPILED long compiled_sum(long n)
{
  long sum = 0;
  for (long i = 1; i <= n; i++)
    sum += i * i;
  return sum;
}

COMPILED long compiled_recursive(long n)
{
  return n <= 1 ? 1 : n * compiled_recursive(n - 1) + target_number - 1000;
}

/* ---- a stub that counts, one original ---- */

static function *original;
static long stub_calls;

static long counting_stub(long n)
{
  stub_calls++;
  return original(n) + 1000000;
}

static void *address_of(function *f)
{
  void *address;
  memcpy(&address, &f, sizeof(address));
  return address;
}

static size_t size_of(function *f)
{
  const ElfW(Sym) *symbol = NULL;
  Dl_info info;

  assert_int_not_equal(dladdr1(address_of(f), &info, (void **)(void *)&symbol, RTLD_DL_SYMENT), 0);
  assert_non_null(symbol);
  return symbol->st_size;
}

/* `slot`: a function pointer seen as the void pointer that it is */
static struct uvt_patch patch_of(function *target, function *stub, function **slot)
{
  return (struct uvt_patch){.symbol = "target",
                            .target = address_of(target),
                            .size = size_of(target),
                            .stub = address_of(stub),
                            .original = (void **)(void *)slot};
}

static int apply_one(function *target)
{
  struct uvt_patch patch = patch_of(target, counting_stub, &original);

  original = NULL;
  stub_calls = 0;
  why[0] = '\0';
  return apply(&patch, 1, why, sizeof(why));
}

static void apply_ok(function *target)
{
  if (apply_one(target) != 0)
    fail_msg("%s", why);
}

/* The function as called and as the original, before and after. */
static void check_diverted(function *target, long argument, long expected)
{
  assert_int_equal(target(argument), expected);
  apply_ok(target);
  assert_int_equal(target(argument), expected + 1000000);
  assert_int_equal(stub_calls, 1);
  assert_int_equal(original(argument), expected);
  assert_int_equal(stub_calls, 1);
}

static void test_a_compiled_function_is_diverted(void **state)
{
  (void)state;
  check_diverted(compiled_sum, 3, 14);
}

static void test_recursion_reaches_the_stub_each_time(void **state)
{
  (void)state;
  assert_int_equal(compiled_recursive(4), 24);
  apply_ok(compiled_recursive);
  compiled_recursive(4);
  assert_true(stub_calls == 4 || stub_calls == 1); /* 1: the compiler made it a loop */
}

static void test_a_function_of_five_bytes_is_diverted(void **state)
{
  (void)state;
  assert_int_equal(size_of(target_five_bytes), 5);
  check_diverted(target_five_bytes, 41, 42);
}

static void test_a_function_that_is_all_displaced_is_diverted(void **state)
{
  (void)state;
  assert_int_equal(size_of(target_tail_jump), 7);
  check_diverted(target_tail_jump, 40, 42);
}

static void test_a_conditional_jump_goes_both_ways(void **state)
{
  (void)state;
  check_diverted(target_conditional, 7, 7);
  assert_int_equal(original(0), -1);
}

static void test_jrcxz_goes_both_ways(void **state)
{
  (void)state;
  check_diverted(target_jrcxz, 7, 7);
  assert_int_equal(original(0), -1);
}

static void test_a_rip_relative_operand_is_still_read(void **state)
{
  (void)state;
  check_diverted(target_rip_relative, 5, 1005);
  target_number = 2000;
  assert_int_equal(original(5), 2005);
  target_number = 1000;
}

/* ---- calls among the displaced bytes ---- */

static void *frames[64];
static int frame_count;

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *unused)
{
  (void)unused;
  if (frame_count < 64)
    frames[frame_count++] = (void *)_Unwind_GetIP(context);
  return _URC_NO_REASON;
}

EXPORTED long target_callee(long n)
{
  frame_count = 0;
  _Unwind_Backtrace(note_frame, NULL);
  return n + 2;
}

static bool lies_in(const void *address, function *f)
{
  return (uintptr_t)address - (uintptr_t)address_of(f) < size_of(f);
}

/* A walk from the callee passes through the function itself and then goes on to main. */
static void check_walk(function *target)
{
  bool seen_target = false;
  int after = 0;

  for (int i = 0; i < frame_count; i++) {
    after += seen_target;
    seen_target = seen_target || lies_in(frames[i], target);
  }
  assert_true(seen_target);
  assert_true(after >= 3); /* this test, cmocka's frames, main */
}

static void check_call(function *target)
{
  assert_int_equal(target(40), 42);
  check_walk(target);
  apply_ok(target);
  assert_int_equal(target(40), 42 + 1000000);
  check_walk(target);
  assert_int_equal(original(40), 42);
  check_walk(target);
}

static void test_a_moved_call_can_be_walked_through(void **state)
{
  (void)state;
  check_call(target_call);
}

static void test_a_moved_indirect_call_can_be_walked_through(void **state)
{
  (void)state;
  check_call(target_call_indirect);
}

/* ---- nothing but the path changes ---- */

static void test_no_register_and_no_flag_changes_on_the_way(void **state)
{
  struct uvt_patch patch = patch_of(target_store_registers, stub_straight_on, &stub_original);
  long before[17];

  (void)state;
  call_with_full_registers(target_store_registers);
  memcpy(before, target_registers, sizeof(before));
  memset(target_registers, 0, sizeof(target_registers));
  assert_int_equal(before[0], 0x101);
  assert_int_equal(before[15], 0x10f);
  if (apply(&patch, 1, why, sizeof(why)) != 0)
    fail_msg("%s", why);
  call_with_full_registers(target_store_registers);
  assert_memory_equal(target_registers, before, sizeof(before));
}

/* /proc/self/maps as it stands, in memory that the reading does not map. */
static const char *read_maps(void)
{
  static char text[2][65536];
  static int turn;
  char *buffer = text[turn ^= 1];
  size_t filled = 0;
  ssize_t got;
  int fd = open("/proc/self/maps", O_RDONLY);

  while ((got = read(fd, buffer + filled, sizeof(text[0]) - 1 - filled)) > 0)
    filled += (size_t)got;
  close(fd);
  buffer[filled] = '\0';
  return buffer;
}

/* "r-xp" of the mapping that holds `address` */
static void protection_of(const void *address, char protection[5])
{
  const char *line = read_maps();
  uintptr_t start, end;

  for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    if (sscanf(line, "%lx-%lx %4s", &start, &end, protection) == 3 && (uintptr_t)address >= start &&
        (uintptr_t)address < end)
      return;
  fail_msg("no mapping holds %p", address);
}

static void assert_protection(const void *address, const char *expected)
{
  char protection[5];

  protection_of(address, protection);
  assert_string_equal(protection, expected);
}

static void test_a_jump_across_the_end_of_a_page(void **state)
{
  uintptr_t address = (uintptr_t)address_of(target_across_pages);

  (void)state;
  assert_int_equal(address % PAGE, PAGE - 2);
  check_diverted(target_across_pages, 1, 4);
  assert_protection((void *)address, "r-xp");
  assert_protection((void *)(address + JUMP_SIZE), "r-xp");
}

static void test_a_function_at_the_end_of_a_page(void **state)
{
  uintptr_t address = (uintptr_t)address_of(target_at_page_end);

  (void)state;
  assert_int_equal(address % PAGE, PAGE - JUMP_SIZE);
  check_diverted(target_at_page_end, 1, 5);
  assert_protection((void *)address, "r-xp");
}

static void test_islands_are_executable_and_not_writable(void **state)
{
  void *island;

  (void)state;
  assert_non_null(original);
  memcpy(&island, &original, sizeof(island));
  assert_protection(island, "r-xp");
}

static bool writable_and_executable(const char *maps)
{
  return strstr(maps, " rwxp ") || strstr(maps, " -wxp ");
}

static void test_errno_is_left_alone(void **state)
{
  (void)state;
  errno = 4242;
  assert_int_equal(apply_one(target_too_short), -ENOTSUP);
  assert_int_equal(errno, 4242);
  assert_int_equal(apply_one(target_tail), 0);
  assert_int_equal(errno, 4242);
  assert_false(writable_and_executable(read_maps()));
}

static void test_nothing_to_do_is_done(void **state)
{
  (void)state;
  assert_int_equal(apply(NULL, 0, why, sizeof(why)), 0);
}

/* ---- refusals ---- */

static void check_refused(function *target, int error, const char *text)
{
  uint8_t before[16];
  long calls_before = stub_calls;

  memcpy(before, address_of(target), sizeof(before));
  assert_int_equal(apply_one(target), error);
  assert_non_null(strstr(why, text));
  assert_memory_equal(address_of(target), before, sizeof(before));
  assert_null(original);
  stub_calls = calls_before;
}

static void test_a_short_function_is_refused(void **state)
{
  (void)state;
  check_refused(target_too_short, -ENOTSUP, "target: the function is too short");
}

static void test_a_loop_to_the_first_bytes_is_refused(void **state)
{
  (void)state;
  check_refused(target_loops_to_start, -ENOTSUP, "target: it jumps back");
  assert_int_equal(target_loops_to_start(3), 6);
}

static int apply_address(void *address, size_t size)
{
  struct uvt_patch patch = {.symbol = "target",
                            .target = address,
                            .size = size,
                            .stub = address_of(counting_stub),
                            .original = (void **)(void *)&original};

  return apply(&patch, 1, why, sizeof(why));
}

static void test_what_is_not_code_is_refused(void **state)
{
  (void)state;
  assert_int_equal(apply_address(&target_number, 8), -EACCES);
  assert_int_equal(apply_address((void *)PAGE, 8), -EFAULT);
  assert_int_equal(apply_address(address_of(target_first_page), 1u << 30), -EFAULT);
}

static void test_shared_memory_is_refused(void **state)
{
  void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  (void)state;
  memset(page, 0x90, PAGE);
  mprotect(page, PAGE, PROT_READ | PROT_EXEC);
  assert_int_equal(apply_address(page, 16), -EACCES);
  munmap(page, PAGE);
}

static void test_the_patching_code_itself_is_refused(void **state)
{
  void *address;

  (void)state;
  memcpy(&address, &apply, sizeof(address));
  assert_int_equal(apply_address(address, 64), -EINVAL);
}

static void test_two_patches_of_one_address_are_refused(void **state)
{
  struct uvt_patch patches[2] = {patch_of(target_first_page, counting_stub, &original),
                                 patch_of(target_first_page, counting_stub, &original)};

  (void)state;
  assert_int_equal(apply(patches, 2, why, sizeof(why)), -EEXIST);
  assert_int_equal(target_first_page(0), 5);
}

static void *wait_on(void *barrier)
{
  pthread_barrier_wait(barrier);
  return NULL;
}

static void test_a_second_thread_is_refused(void **state)
{
  pthread_barrier_t barrier;
  pthread_t thread;

  (void)state;
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_create(&thread, NULL, wait_on, &barrier);
  check_refused(target_first_page, -EBUSY, "more than one thread");
  pthread_barrier_wait(&barrier);
  pthread_join(thread, NULL);
  assert_int_equal(target_first_page(0), 5);
}

/* ---- all or nothing ---- */

static function *originals[3];

static void make_three(struct uvt_patch patches[3], function *last)
{
  memset(originals, 0, sizeof(originals));
  patches[0] = patch_of(target_first_page, counting_stub, &originals[0]);
  patches[1] = patch_of(target_second_page, counting_stub, &originals[1]);
  patches[2] = patch_of(last, counting_stub, &originals[2]);
}

static void test_a_refused_last_patch_leaves_everything_as_it_was(void **state)
{
  static char maps_before[65536];
  struct uvt_patch patches[3];
  uint8_t before[2 * PAGE];

  (void)state;
  make_three(patches, target_too_short);
  memcpy(before, address_of(target_first_page), sizeof(before));
  strcpy(maps_before, read_maps());
  assert_int_equal(apply(patches, 3, why, sizeof(why)), -ENOTSUP);
  assert_memory_equal(address_of(target_first_page), before, sizeof(before));
  assert_string_equal(read_maps(), maps_before);
  assert_null(originals[0]);
  assert_null(originals[1]);
}

/* A filter under which mprotect(address, any, protection) fails; address NULL: any address. */
static void forbid_mprotect(const void *address, uint32_t protection)
{
  uint32_t low = (uint32_t)(uintptr_t)address;
  struct sock_filter any_address[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, address ? 3 : 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, protection, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof(any_address) / sizeof(any_address[0]), .filter = any_address};

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(77);
}

static bool unchanged(function *const *targets, const long *results)
{
  for (int i = 0; i < 3; i++)
    if (originals[i] || (targets[i] && targets[i](0) != results[i]))
      return false;
  return true;
}

/* In a child: applies three patches where mprotect(address, protection) is forbidden; 0 if all is as it was.
 */
static int fail_midway(const void *address, uint32_t protection, bool last_is_unusable)
{
  function *targets[3] = {target_first_page, target_second_page, target_third_page};
  const long results[3] = {5, 6, 7};
  struct uvt_patch patches[3];
  uint8_t before[3 * PAGE];

  make_three(patches, target_third_page);
  memcpy(before, address_of(target_first_page), sizeof(before));
  madvise(address_of(target_third_page), PAGE, MADV_SEQUENTIAL); /* makes it a mapping of its own */
  forbid_mprotect(address, protection);
  if (apply(patches, 3, why, sizeof(why)) != -EACCES)
    return 1;
  if (memcmp(address_of(target_first_page), before, sizeof(before)) != 0)
    return 2;
  if (last_is_unusable)
    targets[2] = NULL;
  return unchanged(targets, results) ? 0 : 3;
}

static void check_child(pid_t child)
{
  int status;

  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void check_fails_midway(const void *address, uint32_t protection, bool last_is_unusable)
{
  pid_t child = fork();

  if (child == 0)
    _exit(fail_midway(address, protection, last_is_unusable));
  check_child(child);
}

static void test_a_mapping_that_may_not_be_written_undoes_the_others(void **state)
{
  (void)state;
  check_fails_midway(address_of(target_third_page), PROT_READ | PROT_WRITE, false);
}

static void test_memory_that_may_not_be_executed_changes_nothing(void **state)
{
  (void)state;
  check_fails_midway(NULL, PROT_READ | PROT_EXEC, false);
}

static void test_a_mapping_that_may_not_be_executed_again_gets_its_bytes_back(void **state)
{
  (void)state;
  check_fails_midway(address_of(target_third_page), PROT_READ | PROT_EXEC, true);
}

static int apply_without_write_and_execute(void)
{
  struct uvt_patch patches[3];

  forbid_mprotect(NULL, PROT_READ | PROT_WRITE | PROT_EXEC);
  make_three(patches, target_third_page);
  if (apply(patches, 3, why, sizeof(why)) != 0)
    return 1;
  original = originals[0];
  return target_first_page(0) == 1000005 ? 0 : 2;
}

static void test_memory_is_never_asked_to_be_writable_and_executable(void **state)
{
  pid_t child = fork();

  (void)state;
  if (child == 0)
    _exit(apply_without_write_and_execute());
  check_child(child);
}

static int count_mappings(void)
{
  int count = 0;

  for (const char *at = read_maps(); (at = strstr(at, "test_patch\n")); at++)
    count++;
  return count;
}

static void test_several_functions_on_several_pages(void **state)
{
  struct uvt_patch patches[3];
  int mappings = count_mappings();

  (void)state;
  assert_true(mappings > 0);
  make_three(patches, target_third_page);
  if (apply(patches, 3, why, sizeof(why)) != 0)
    fail_msg("%s", why);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(originals[i](0), 5 + i);
    assert_protection(patches[i].target, "r-xp");
  }
  assert_true(count_mappings() <= mappings + 2); /* not one for each page */
  original = originals[1];
  stub_calls = 0;
  assert_int_equal(target_second_page(0), 1000006);
  assert_int_equal(stub_calls, 1);
}

static bool load(void)
{
  void *object = dlopen(UVT_PATCH_OBJECT, RTLD_NOW | RTLD_LOCAL);
  void *symbol = object ? dlsym(object, UVT_PATCH_SYMBOL) : NULL;

  if (!symbol)
    fprintf(stderr, "%s\n", dlerror());
  memcpy(&apply, &symbol, sizeof(symbol));
  return symbol != NULL;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_to_do_is_done),
      cmocka_unit_test(test_a_compiled_function_is_diverted),
      cmocka_unit_test(test_recursion_reaches_the_stub_each_time),
      cmocka_unit_test(test_a_function_of_five_bytes_is_diverted),
      cmocka_unit_test(test_a_function_that_is_all_displaced_is_diverted),
      cmocka_unit_test(test_a_conditional_jump_goes_both_ways),
      cmocka_unit_test(test_jrcxz_goes_both_ways),
      cmocka_unit_test(test_a_rip_relative_operand_is_still_read),
      cmocka_unit_test(test_a_moved_call_can_be_walked_through),
      cmocka_unit_test(test_a_moved_indirect_call_can_be_walked_through),
      cmocka_unit_test(test_no_register_and_no_flag_changes_on_the_way),
      cmocka_unit_test(test_a_jump_across_the_end_of_a_page),
      cmocka_unit_test(test_a_function_at_the_end_of_a_page),
      cmocka_unit_test(test_islands_are_executable_and_not_writable),
      cmocka_unit_test(test_errno_is_left_alone),
      cmocka_unit_test(test_a_short_function_is_refused),
      cmocka_unit_test(test_a_loop_to_the_first_bytes_is_refused),
      cmocka_unit_test(test_what_is_not_code_is_refused),
      cmocka_unit_test(test_shared_memory_is_refused),
      cmocka_unit_test(test_the_patching_code_itself_is_refused),
      cmocka_unit_test(test_two_patches_of_one_address_are_refused),
      cmocka_unit_test(test_a_second_thread_is_refused),
      cmocka_unit_test(test_a_refused_last_patch_leaves_everything_as_it_was),
      cmocka_unit_test(test_a_mapping_that_may_not_be_written_undoes_the_others),
      cmocka_unit_test(test_memory_that_may_not_be_executed_changes_nothing),
      cmocka_unit_test(test_a_mapping_that_may_not_be_executed_again_gets_its_bytes_back),
      cmocka_unit_test(test_memory_is_never_asked_to_be_writable_and_executable),
      cmocka_unit_test(test_several_functions_on_several_pages),
  };

  if (!load())
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "base/maps.h"
#include "patch/codemem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE 0x1000u
#define REACH 0x80000000u

static int near_here(int n)
{
  return n + 1;
}

static int protection_at(const void *address)
{
  struct uvt_mapping mapping;

  assert_int_equal(uvt_maps_find((uintptr_t)address, &mapping), 0);
  return mapping.protection;
}

static void test_memory_is_near_writable_then_executable(void **state)
{
  uintptr_t here = (uintptr_t)&near_here;
  struct uvt_codemem memory;
  int (*answer)(void);

  (void)state;
  assert_int_equal(uvt_codemem_map(&memory, here, here + 64, 3 * PAGE + 1), 0);
  assert_int_equal(memory.size, 4 * PAGE);
  assert_true((uintptr_t)memory.base + REACH > here && here + REACH > (uintptr_t)memory.base + memory.size);
  assert_int_equal(protection_at(memory.base), PROT_READ | PROT_WRITE);
  memcpy(memory.base, "\xb8\x2a\x00\x00\x00\xc3", 6); /* mov eax, 42; ret */
  assert_int_equal(uvt_codemem_seal(&memory), 0);
  assert_int_equal(protection_at(memory.base), PROT_READ | PROT_EXEC);
  memcpy(&answer, &memory.base, sizeof(answer));
  assert_int_equal(answer(), 42);
  uvt_codemem_unmap(&memory);
  assert_null(memory.base);
}

static void test_two_pieces_do_not_overlap(void **state)
{
  uintptr_t here = (uintptr_t)&near_here;
  struct uvt_codemem a, b;

  (void)state;
  assert_int_equal(uvt_codemem_map(&a, here, here + 1, PAGE), 0);
  assert_int_equal(uvt_codemem_map(&b, here, here + 1, PAGE), 0);
  assert_ptr_not_equal(a.base, b.base);
  uvt_codemem_unmap(&a);
  uvt_codemem_unmap(&b);
}

static struct uvt_codemem_places find_in(const char *maps, uintptr_t low, uintptr_t high, size_t size)
{
  struct uvt_codemem_places places;
  int fd = memfd_create("maps", 0);

  assert_true(fd >= 0);
  assert_int_equal(write(fd, maps, strlen(maps)), strlen(maps));
  lseek(fd, 0, SEEK_SET);
  assert_int_equal(uvt_codemem_find(fd, low, high, size, &places), 0);
  assert_int_equal(close(fd), -1); /* it was closed */
  return places;
}

static void test_an_executable_at_a_fixed_address_gets_memory_just_below(void **state)
{
  struct uvt_codemem_places places =
      find_in("00400000-05000000 r-xp 00000000 fe:00 1 /usr/bin/node\n"
              "05000000-05100000 rw-p 04c00000 fe:00 1 /usr/bin/node\n"
              "06000000-06100000 rw-p 00000000 00:00 0 [heap]\n"
              "7ffff7fc3000-7ffff7fc7000 r--p 00000000 00:00 0 [vvar]\n"
              "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
              0x1a00000, 0x1b00000, 2 * PAGE);

  (void)state;
  assert_int_equal(places.below, 0x3fe000);
  assert_int_equal(places.above, 0x5ffe000); /* not at 0x5100000, and never behind the heap's end */
}

static void test_memory_above_leaves_the_heap_room_to_grow(void **state)
{
  struct uvt_codemem_places places = find_in("00010000-05000000 r-xp 00000000 fe:00 1 /usr/bin/node\n"
                                             "05000000-05100000 rw-p 00000000 00:00 0 [heap]\n"
                                             "7ffff7fc3000-7ffff7fc7000 r--p 00000000 00:00 0 [vvar]\n",
                                             0x1000000, 0x1100000, PAGE);

  (void)state;
  assert_int_equal(places.below, 0);
  assert_int_equal(places.above, 0x1000000ul + 0x7fff0000ul - PAGE);
}

static void test_no_gap_within_reach_is_none(void **state)
{
  struct uvt_codemem_places places =
      find_in("100000000-300000000 r-xp 00000000 fe:00 1 /big\n", 0x1f0000000, 0x1f1000000, PAGE);

  (void)state;
  assert_int_equal(places.below, 0);
  assert_int_equal(places.above, 0);
}

static void test_a_range_wider_than_reach_has_no_place(void **state)
{
  struct uvt_codemem_places places =
      find_in("100000000-200000000 r-xp 00000000 fe:00 1 /wide\n", 0x100000000, 0x200000000, PAGE);

  (void)state;
  assert_int_equal(places.below, 0);
  assert_int_equal(places.above, 0);
}

static void test_a_gap_that_is_too_small_is_passed_over(void **state)
{
  struct uvt_codemem_places places = find_in("10000000-10010000 r--p 00000000 fe:00 1 /a\n"
                                             "10011000-10020000 r-xp 00000000 fe:00 1 /a\n",
                                             0x10011000, 0x10012000, 2 * PAGE);

  (void)state;
  assert_int_equal(places.below, 0x10000000 - 2 * PAGE);
}

static void test_long_lines_are_read_across_buffers(void **state)
{
  char maps[12000];
  size_t at = 0;

  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    at +=
        (size_t)sprintf(maps + at, "%x-%x r-xp 00000000 fe:00 1 /", 0x400000 + i * PAGE, 0x401000 + i * PAGE);
    memset(maps + at, 'x', 5000);
    at += 5000;
    maps[at++] = '\n';
  }
  maps[at] = '\0';
  assert_int_equal(find_in(maps, 0x400000, 0x401000, PAGE).below, 0x3ff000);
}

static int next_of(const char *maps, struct uvt_mapping *mapping)
{
  struct uvt_maps reader;
  int fd = memfd_create("maps", 0);
  int result;

  assert_int_equal(write(fd, maps, strlen(maps)), strlen(maps));
  lseek(fd, 0, SEEK_SET);
  uvt_maps_open_fd(&reader, fd);
  result = uvt_maps_next(&reader, mapping);
  uvt_maps_close(&reader);
  return result;
}

static void test_a_line_of_maps_is_understood(void **state)
{
  struct uvt_mapping mapping;

  (void)state;
  assert_int_equal(next_of("7f00deadb000-7f00deadc000 rw-s 0 0 0 /dev/shm/x\n", &mapping), 1);
  assert_int_equal(mapping.start, 0x7f00deadb000);
  assert_int_equal(mapping.end, 0x7f00deadc000);
  assert_int_equal(mapping.protection, PROT_READ | PROT_WRITE);
  assert_true(mapping.shared);
  assert_int_equal(next_of("", &mapping), 0);
}

static void test_what_is_not_maps_is_an_error(void **state)
{
  struct uvt_mapping mapping;

  (void)state;
  assert_int_equal(next_of("hello world\n", &mapping), -EINVAL);
  assert_int_equal(next_of("401000-400000 r-xp\n", &mapping), -EINVAL);
  assert_int_equal(next_of("400000-401000 r-", &mapping), -EINVAL);
}

static void test_an_address_without_mapping_is_not_found(void **state)
{
  struct uvt_mapping mapping;

  (void)state;
  assert_int_equal(uvt_maps_find(0x1000, &mapping), -EFAULT);
  assert_int_equal(uvt_maps_find((uintptr_t)&near_here, &mapping), 0);
  assert_int_equal(mapping.protection, PROT_READ | PROT_EXEC);
  assert_int_equal(near_here(1), 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memory_is_near_writable_then_executable),
      cmocka_unit_test(test_two_pieces_do_not_overlap),
      cmocka_unit_test(test_an_executable_at_a_fixed_address_gets_memory_just_below),
      cmocka_unit_test(test_memory_above_leaves_the_heap_room_to_grow),
      cmocka_unit_test(test_no_gap_within_reach_is_none),
      cmocka_unit_test(test_a_range_wider_than_reach_has_no_place),
      cmocka_unit_test(test_a_gap_that_is_too_small_is_passed_over),
      cmocka_unit_test(test_long_lines_are_read_across_buffers),
      cmocka_unit_test(test_a_line_of_maps_is_understood),
      cmocka_unit_test(test_what_is_not_maps_is_an_error),
      cmocka_unit_test(test_an_address_without_mapping_is_not_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

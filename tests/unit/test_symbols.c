/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/symbols.h"

/* Functions of this very binary, which is what is looked at. */
__attribute__((noinline, used)) void named_for_the_test(void);
void named_for_the_test(void)
{
  __asm__ volatile("");
}
__attribute__((noinline, used)) void mangled_for_the_test(void) __asm__("_ZN3foo3barEiPKc");
void mangled_for_the_test(void)
{
  __asm__ volatile("");
}

struct own {
  uint64_t base, offset; /* offset: in the file, of the address sought */
  uintptr_t sought;
  char build_id[129];
};

static void take_note(struct own *own, const char *note, size_t size)
{
  const ElfW(Nhdr) *header = (const void *)note;
  if (size < sizeof *header || header->n_type != NT_GNU_BUILD_ID)
    return;
  for (size_t i = 0; i < header->n_descsz; i++)
    sprintf(own->build_id + 2 * i, "%02x", (unsigned char)note[sizeof *header + header->n_namesz + i]);
}

/* The first object is the program. */
static int look(struct dl_phdr_info *info, size_t size, void *context)
{
  (void)size;
  struct own *own = context;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + segment->p_vaddr;
    if (segment->p_type == PT_LOAD && own->sought >= start && own->sought < start + segment->p_filesz)
      own->offset = own->sought - start + segment->p_offset;
    if (segment->p_type == PT_NOTE)
      take_note(own, (const char *)start, segment->p_filesz);
  }
  return 1;
}

static struct own own_place(void (*function)(void))
{
  struct own own = {.sought = (uintptr_t)function};
  dl_iterate_phdr(look, &own);
  assert_int_not_equal(own.offset, 0);
  return own;
}

static const char *own_path(void)
{
  static char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  assert_true(length > 0);
  return path;
}

static void expect_name(void (*function)(void), const char *expected)
{
  struct own own = own_place(function);
  struct uvt_symbols *symbols = uvt_symbols_open(own_path(), own.build_id);
  char text[256];
  assert_non_null(symbols);
  assert_true(uvt_symbols_find(symbols, own.offset + 1, text, sizeof text));
  assert_string_equal(text, expected);
  uvt_symbols_close(symbols);
}

static void test_function_is_named(void **state)
{
  (void)state;
  expect_name(named_for_the_test, "named_for_the_test+0x1");
}

static void test_function_of_cpp_is_demangled(void **state)
{
  (void)state;
  expect_name(mangled_for_the_test, "foo::bar(int, char const*)+0x1");
}

static void test_long_name_is_cut_before_its_offset(void **state)
{
  (void)state;
  struct own own = own_place(mangled_for_the_test);
  struct uvt_symbols *symbols = uvt_symbols_open(own_path(), "");
  char text[12];
  assert_true(uvt_symbols_find(symbols, own.offset + 1, text, sizeof text));
  assert_string_equal(text, "foo::ba+0x1");
  uvt_symbols_close(symbols);
}

static void test_place_outside_every_function_has_no_name(void **state)
{
  (void)state;
  struct uvt_symbols *symbols = uvt_symbols_open(own_path(), "");
  char text[64];
  assert_false(uvt_symbols_find(symbols, 0, text, sizeof text));
  assert_false(uvt_symbols_find(symbols, 4, text, sizeof text)); /* the ELF header */
  assert_false(uvt_symbols_find(symbols, UINT64_MAX, text, sizeof text));
  uvt_symbols_close(symbols);
}

static void test_file_of_another_build_is_refused_and_counted(void **state)
{
  (void)state;
  const char *first;
  char expected[4200];
  uint64_t before = uvt_symbols_refused(&first);
  assert_null(uvt_symbols_open(own_path(), "0123456789abcdef"));
  assert_int_equal(uvt_symbols_refused(&first), before + 1);
  if (!before) {
    snprintf(expected, sizeof expected, "%.400s: another build than the one recorded", own_path());
    assert_string_equal(first, expected);
  }
}

static void test_file_that_is_no_binary_is_refused(void **state)
{
  (void)state;
  static const char *const paths[] = {"/no/such/file", "/dev/zero", "/etc/passwd", "/"};
  const char *first;
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    uint64_t before = uvt_symbols_refused(&first);
    assert_null(uvt_symbols_open(paths[i], ""));
    assert_int_equal(uvt_symbols_refused(&first), before + 1);
  }
  uint64_t before = uvt_symbols_refused(&first);
  assert_null(uvt_symbols_open("[vdso]", "")); /* is no file, and nothing to tell of */
  assert_int_equal(uvt_symbols_refused(&first), before);
}

/* Any bytes of a binary may be damaged: what is found then is of no matter, that it ends is. */
static void test_damaged_binary_is_survived(void **state)
{
  (void)state;
  enum { SIZE = 65536, ROUNDS = 200 };
  static unsigned char bytes[SIZE], copy[SIZE];
  char path[] = "/tmp/uvtree-symbols-XXXXXX";
  char text[256];
  int file = mkstemp(path), own = open(own_path(), O_RDONLY);
  assert_true(file >= 0 && own >= 0);
  ssize_t size = read(own, bytes, SIZE);
  close(own);
  srand(11);
  for (int round = 0; round < ROUNDS; round++) {
    memcpy(copy, bytes, SIZE);
    for (int i = 0; i < 8; i++) /* the headers, mostly */
      copy[rand() % (i < 6 ? 1024 : (int)size)] = (unsigned char)rand();
    assert_int_equal(pwrite(file, copy, (size_t)size, 0), size);
    struct uvt_symbols *symbols = uvt_symbols_open(path, "");
    for (uint64_t offset = 0; symbols && offset < SIZE; offset += 97)
      uvt_symbols_find(symbols, offset, text, sizeof text);
    uvt_symbols_close(symbols);
  }
  close(file);
  unlink(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_function_is_named),
      cmocka_unit_test(test_function_of_cpp_is_demangled),
      cmocka_unit_test(test_long_name_is_cut_before_its_offset),
      cmocka_unit_test(test_place_outside_every_function_has_no_name),
      cmocka_unit_test(test_file_of_another_build_is_refused_and_counted),
      cmocka_unit_test(test_file_that_is_no_binary_is_refused),
      cmocka_unit_test(test_damaged_binary_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

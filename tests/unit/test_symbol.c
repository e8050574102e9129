/* SPDX-License-Identifier: MIT */
/* The sizes of exported functions, beside those that dladdr finds in its slow way. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/symbol.h"

__attribute__((visibility("default"))) int exported_by_the_test(int n);

int exported_by_the_test(int n)
{
  return n + 1;
}

static const struct link_map *object_of(const void *address)
{
  struct dl_find_object object;
  assert_int_equal(_dl_find_object((void *)address, &object), 0);
  return object.dlfo_link_map;
}

static size_t size_by_dladdr(const void *address)
{
  Dl_info info;
  const ElfW(Sym) *symbol = NULL;
  assert_int_not_equal(dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT), 0);
  assert_non_null(symbol);
  return symbol->st_size;
}

static void test_as_dladdr_says(void **state)
{
  static const char *const names[] = {"exported_by_the_test", "malloc", "free", "fopen", "qsort", "getenv",
                                      "_dl_find_object"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *address = dlsym(RTLD_DEFAULT, names[i]);
    assert_non_null(address);
    size_t size = uvt_symbol_size(object_of(address), names[i], address);
    assert_int_not_equal(size, 0);
    assert_int_equal(size, size_by_dladdr(address));
  }
}

static void test_what_is_not_there(void **state)
{
  (void)state;
  char *address = dlsym(RTLD_DEFAULT, "exported_by_the_test");
  const struct link_map *object = object_of(address);
  assert_int_equal(uvt_symbol_size(object, "exported_by_the_tes", address), 0);
  assert_int_equal(uvt_symbol_size(object, "no_such_function", address), 0);
  assert_int_equal(uvt_symbol_size(object, "exported_by_the_test", address + 1), 0);
  assert_int_equal(uvt_symbol_size(object, "qsort", dlsym(RTLD_DEFAULT, "qsort")), 0); /* libc's */
  assert_int_equal(uvt_symbol_size(object, "", address), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_as_dladdr_says),
      cmocka_unit_test(test_what_is_not_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "launch/objects.h"

static char folder[] = "/tmp/uvtree-objects-XXXXXX";

static const char *make_file(const char *name)
{
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_CREAT | O_WRONLY, 0644);
  assert_true(fd >= 0);
  close(fd);
  return path;
}

static void named_by_the_user(void **state)
{
  struct uvt_error error = {""};
  const char *path = make_file("other.so");
  setenv("UVTREE_OBJECT", path, 1);
  char *object = uvt_object_find(&error);
  assert_string_equal(object, path);
  free(object);
  unlink(path);
  assert_null(uvt_object_find(&error));
  assert_non_null(strstr(error.text, "UVTREE_OBJECT"));
  assert_non_null(strstr(error.text, path));
  (void)state;
}

/* A path that LD_PRELOAD would take for two. */
static void unspeakable_path(void **state)
{
  static const char *const names[] = {"with space.so", "with:colon.so"};
  for (int i = 0; i < 2; i++) {
    struct uvt_error error = {""};
    const char *path = make_file(names[i]);
    setenv("UVTREE_OBJECT", path, 1);
    assert_null(uvt_object_find(&error));
    assert_non_null(strstr(error.text, "space or a colon"));
    unlink(path);
  }
  (void)state;
}

static void not_installed(void **state)
{
  struct uvt_error error = {""};
  unsetenv("UVTREE_OBJECT");
  char *object = uvt_object_find(&error); /* this test lies in no bin/ beside the object, unless by luck */
  assert_true(object || strstr(error.text, "no libuvtree.so in"));
  free(object);
  (void)state;
}

static void goes_first(void **state)
{
  struct uvt_error error = {""};
  unsetenv("LD_PRELOAD");
  assert_int_equal(uvt_object_environment("/a.so", 5000, "uv", "s1", &error), 0);
  assert_string_equal(getenv("LD_PRELOAD"), "/a.so");
  assert_string_equal(getenv("UVTREE_WAIT"), "5000");
  assert_string_equal(getenv("UVTREE_LAYER"), "uv");
  assert_string_equal(getenv("UVTREE_SESSION"), "s1");
  setenv("LD_PRELOAD", "", 1);
  assert_int_equal(uvt_object_environment("/a.so", 5000, "all", "s2", &error), 0);
  assert_string_equal(getenv("LD_PRELOAD"), "/a.so");
  assert_string_equal(getenv("UVTREE_LAYER"), "all");
  setenv("LD_PRELOAD", "/b.so c.so", 1);
  assert_int_equal(uvt_object_environment("/a.so", 0, "all", "s2", &error), 0);
  assert_string_equal(getenv("LD_PRELOAD"), "/a.so:/b.so c.so");
  assert_string_equal(error.text, "");
  (void)state;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(named_by_the_user),
      cmocka_unit_test(unspeakable_path),
      cmocka_unit_test(not_installed),
      cmocka_unit_test(goes_first),
  };
  if (!mkdtemp(folder))
    return 1;
  int result = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(folder);
  return result;
}

/* SPDX-License-Identifier: MIT */
/* What is left out with which V8: this program has one of any version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/v8_parts.h"

static const char *version;
static int logged;

const char *own_version(void) __asm__("_ZN2v82V810GetVersionEv");
const char *own_version(void)
{
  return version;
}

void uvt_log(const char *format, ...)
{
  (void)format;
  logged++;
}

static void with(const char *text)
{
  version = text;
  logged = 0;
  uvt_v8_parts_init();
}

static void nothing_is_left_out_of_what_was_tried(void **state)
{
  (void)state;
  for (int major = 10; major <= 14; major++) {
    char text[32];
    snprintf(text, sizeof text, "%d.3.244.8-node.38", major);
    with(text);
    assert_int_equal(uvt_v8_major(), major);
    assert_true(uvt_v8_has(UVT_V8_js));
    assert_true(uvt_v8_has(UVT_V8_code));
    assert_int_equal(uvt_v8_has(UVT_V8_calls), major >= 11);
    assert_string_equal(uvt_v8_without(), "");
    assert_int_equal(logged, 0);
  }
}

static void all_is_left_out_of_any_other(void **state)
{
  static const char *const others[] = {"15.0.1", "9.4.1", "114.0.5735.90", "", "none", "-11.3"};
  (void)state;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    with(others[i]);
    for (enum uvt_v8_part part = 0; part < UVT_V8_PARTS; part++)
      assert_false(uvt_v8_has(part));
    assert_int_equal(logged, 1);
  }
  with("15.0.1");
  assert_string_equal(uvt_v8_without(),
                      "JavaScript layer, fast calls into it, names of V8's code in stacks, places "
                      "by frames, hidden frames: not known to work with V8 15.0.1");
}

static void a_program_without_v8_misses_nothing(void **state)
{
  (void)state;
  with(NULL);
  assert_false(uvt_v8_has(UVT_V8_js));
  assert_string_equal(uvt_v8_without(), "");
  assert_int_equal(logged, 0);
}

int main(void)
{
  static const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_out_of_what_was_tried),
                                            cmocka_unit_test(all_is_left_out_of_any_other),
                                            cmocka_unit_test(a_program_without_v8_misses_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stream/stack_store.h"

static void test_stack_is_kept_once(void **state)
{
  (void)state;
  struct uvt_stack_store *store = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t f = uvt_frame_of_text(store, "f /x.js:1:2"), g = uvt_frame_of_text(store, "g /x.js:3:4");
  uint32_t first = uvt_stack_of(store, (uint32_t[]){f, g}, 2);
  assert_int_equal(uvt_frame_of_text(store, "f /x.js:1:2"), f);
  assert_int_equal(uvt_stack_of(store, (uint32_t[]){f, g}, 2), first);
  uint32_t second = uvt_stack_of(store, (uint32_t[]){g, f}, 2);
  assert_int_not_equal(second, first);
  assert_int_equal(uvt_stack_of(store, NULL, 0), 0);
  assert_int_equal(uvt_stack_length(store, second), 2);
  assert_string_equal(uvt_stack_frame(store, second, 0), "g /x.js:3:4");
  assert_string_equal(uvt_stack_frame(store, second, 1), "f /x.js:1:2");
  uvt_stack_store_release(store);
}

static void test_frame_without_its_binary_is_a_path_and_an_offset(void **state)
{
  (void)state;
  struct uvt_stack_store *store = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t gone = uvt_image_of(store, "/no/such/binary", "00ff"), vdso = uvt_image_of(store, "[vdso]", "");
  assert_int_equal(uvt_image_of(store, "/no/such/binary", "00ff"), gone);
  assert_int_not_equal(uvt_image_of(store, "/no/such/binary", "00fe"), gone);
  uint32_t stack =
      uvt_stack_of(store,
                   (uint32_t[]){uvt_frame_in_image(store, gone, 0x1234), uvt_frame_in_image(store, vdso, 8),
                                uvt_frame_of_address(store, 0xabc)},
                   3);
  assert_string_equal(uvt_stack_frame(store, stack, 0), "/no/such/binary+0x1234");
  assert_string_equal(uvt_stack_frame(store, stack, 1), "[vdso]+0x8");
  assert_string_equal(uvt_stack_frame(store, stack, 2), "0xabc");
  uvt_stack_store_release(store);
}

static void test_store_is_bounded_and_counts_what_it_refuses(void **state)
{
  (void)state;
  struct uvt_stack_store *store = uvt_stack_store_create(10000);
  uint32_t known = uvt_frame_of_text(store, "f0");
  char text[32];
  for (int i = 0; i < 1000; i++) {
    snprintf(text, sizeof text, "f%d", i);
    uvt_frame_of_text(store, text);
  }
  uint64_t refused = uvt_stack_store_refused(store);
  assert_in_range(refused, 700, 999);
  assert_int_equal(uvt_frame_of_text(store, "f0"), known); /* what is there is there still */
  uvt_stack_store_refund(store, 10000);
  assert_int_not_equal(uvt_frame_of_text(store, "f999"), 0);
  uvt_stack_store_release(store);
}

static void test_store_lives_as_long_as_it_is_held(void **state)
{
  (void)state;
  struct uvt_stack_store *store = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t frame = uvt_frame_of_text(store, "f");
  uint32_t stack = uvt_stack_of(store, &frame, 1);
  assert_ptr_equal(uvt_stack_store_hold(store), store);
  uvt_stack_store_release(store);
  assert_string_equal(uvt_stack_frame(store, stack, 0), "f");
  uvt_stack_store_release(store);
}

static void test_frames_of_the_runtime_are_told_from_the_programs(void **state)
{
  (void)state;
  static const char *const internal[] = {
      "setTimeout node:timers:139:20",
      "(anonymous) node:internal/main/run_main_module:1:1",
      "node:internal/main/run_main_module:1:1",
      "Builtin:JSEntry",
      "BytecodeHandler:ConstructHandler",
      "RegExp:^a+ \\(node\\)",
      "0x7f1234",
      "uv_fs_open+0x1f (node)",
      "v8::internal::(anonymous namespace)::Invoke(v8::internal::Isolate*)+0x12b (node)",
      "/usr/bin/node+0x1234",
      "/usr/lib/x86_64-linux-gnu/libuv.so.1.0.0+0x99",
      "start_thread+0x305 (libc.so.6)",
      "[vdso]+0x8",
  };
  static const char *const own[] = {
      "onRead /app/x.js:15:42",
      "onRead /app/node_modules/express/index.js:15:42",
      "(anonymous) /app/node:x.js:1:1",
      "f [eval]:1:1",
      "f evalmachine.<anonymous>:1:1",
      "Napi::Function::Call(int)+0x12 (addon.node)",
      "/app/build/Release/addon.node+0x12",
      "main+0x12 (nvim)",
      "f /app/a b+0x1f (node).js:1:1",
      "",
  };
  for (size_t i = 0; i < sizeof internal / sizeof *internal; i++)
    assert_true(uvt_frame_is_internal(internal[i]));
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    assert_false(uvt_frame_is_internal(own[i]));
}

static const char *site(struct uvt_stack_store *store, uint32_t a, uint32_t b, uint32_t c)
{
  return uvt_stack_site(store, uvt_stack_of(store, (uint32_t[]){a, b, c}, 3));
}

static void test_site_is_where_the_program_is(void **state)
{
  (void)state;
  struct uvt_stack_store *store = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t node = uvt_frame_in_image(store, uvt_image_of(store, "/usr/bin/node", ""), 5);
  uint32_t addon = uvt_frame_in_image(store, uvt_image_of(store, "/app/x.node", ""), 6);
  uint32_t hook = uvt_frame_of_text(store, "emitInitNative node:internal/async_hooks:1:2");
  uint32_t timers = uvt_frame_of_text(store, "setTimeout node:timers:1:2");
  uint32_t f = uvt_frame_of_text(store, "f /app/x.js:1:2"), g = uvt_frame_of_text(store, "g /app/x.js:1:2");
  assert_string_equal(site(store, node, f, g), "f /app/x.js:1:2");
  assert_string_equal(site(store, timers, node, g), "g /app/x.js:1:2");
  assert_string_equal(site(store, node, addon, g), "/app/x.node+0x6");
  assert_string_equal(site(store, node, hook, timers), "setTimeout node:timers:1:2");
  assert_string_equal(site(store, node, hook, node), "/usr/bin/node+0x5");
  uvt_stack_store_release(store);
}

static void test_frames_of_our_own_are_in_no_stack(void **state)
{
  (void)state;
  struct uvt_stack_store *store = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  uint32_t object = uvt_image_of(store, "/usr/lib/uvtree/libuvtree.so", "");
  uint32_t provider = uvt_image_of(store, "/usr/lib/uvtree/libuvtree-lttng.so", "");
  uint32_t f = uvt_frame_of_text(store, "f /app/x.js:1:2"),
           g = uvt_frame_of_text(store, "g /app/libuvtree.js:1:2");
  uint32_t frames[] = {uvt_frame_of_text(store, "link node:internal/uvtree:70:14"),
                       f,
                       uvt_frame_in_image(store, object, 5),
                       uvt_frame_in_image(store, provider, 5),
                       uvt_frame_of_text(store, "node:internal/uvtree:1190:65"),
                       g,
                       uvt_frame_of_text(store, "hook_uv_run+0xb3 (libuvtree.so)"),
                       uvt_frame_of_text(store, "/usr/lib/libuvtree.so+0x3")};
  uint32_t ours[] = {frames[0], frames[2]};
  uint32_t stack = uvt_stack_of(store, frames, sizeof frames / sizeof *frames);
  assert_int_equal(stack, uvt_stack_of(store, (uint32_t[]){f, g}, 2));
  assert_int_equal(uvt_stack_length(store, stack), 2);
  assert_string_equal(uvt_stack_frame(store, stack, 1), "g /app/libuvtree.js:1:2");
  assert_int_equal(uvt_stack_of(store, ours, 2), 0);
  uvt_stack_store_release(store);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stack_is_kept_once),
      cmocka_unit_test(test_frame_without_its_binary_is_a_path_and_an_offset),
      cmocka_unit_test(test_store_is_bounded_and_counts_what_it_refuses),
      cmocka_unit_test(test_store_lives_as_long_as_it_is_held),
      cmocka_unit_test(test_frames_of_the_runtime_are_told_from_the_programs),
      cmocka_unit_test(test_frames_of_our_own_are_in_no_stack),
      cmocka_unit_test(test_site_is_where_the_program_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

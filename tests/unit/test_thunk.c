/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hooks/thunk.h"

/* In place of the trampolines: says which thunk came with which arguments. */
static struct {
  int kind;
  unsigned number;
  void *first;
} came;

#define HIDDEN __attribute__((visibility("hidden")))
#define UNUSED_RUN(name)            \
  HIDDEN void uvt_run_##name(void); \
  void uvt_run_##name(void)         \
  {                                 \
    came.kind = UVT_CB_##name;      \
  }
UNUSED_RUN(status)
UNUSED_RUN(after_work)
UNUSED_RUN(fs)
UNUSED_RUN(getaddrinfo)
UNUSED_RUN(getnameinfo)
UNUSED_RUN(random)
UNUSED_RUN(work)
UNUSED_RUN(close)
UNUSED_RUN(async)
UNUSED_RUN(watch)
UNUSED_RUN(poll)
UNUSED_RUN(signal)
UNUSED_RUN(exit)
UNUSED_RUN(fs_event)
UNUSED_RUN(fs_poll)
UNUSED_RUN(connection)
UNUSED_RUN(alloc)
UNUSED_RUN(udp_recv)

HIDDEN void uvt_run_timer(void *handle, unsigned number);
HIDDEN void uvt_run_read(void *stream, long nread, const void *buffer, unsigned number);

void uvt_run_timer(void *handle, unsigned number)
{
  came.kind = UVT_CB_timer;
  came.first = handle;
  came.number = number;
}

void uvt_run_read(void *stream, long nread, const void *buffer, unsigned number)
{
  (void)nread;
  (void)buffer;
  came.kind = UVT_CB_read;
  came.first = stream;
  came.number = number;
}

static char callbacks[2 * UVT_THUNKS]; /* addresses only */

static void a_thunk_passes_the_arguments_and_its_number(void **state)
{
  (void)state;
  void (*timer)(void *) = (void (*)(void *))uvt_thunk(UVT_CB_timer, &callbacks[0]);
  timer(&came);
  assert_int_equal(came.kind, UVT_CB_timer);
  assert_ptr_equal(came.first, &came);
  assert_ptr_equal(uvt_originals[UVT_CB_timer][came.number], &callbacks[0]);
  void (*read)(void *, long, const void *) =
      (void (*)(void *, long, const void *))uvt_thunk(UVT_CB_read, &callbacks[1]);
  read(&callbacks, 1, NULL);
  assert_int_equal(came.kind, UVT_CB_read);
  assert_ptr_equal(came.first, &callbacks);
  assert_ptr_equal(uvt_originals[UVT_CB_read][came.number], &callbacks[1]);
}

static void one_callback_has_one_thunk_and_a_thunk_is_its_own(void **state)
{
  (void)state;
  void *thunk = uvt_thunk(UVT_CB_close, &callbacks[2]);
  assert_ptr_equal(uvt_thunk(UVT_CB_close, &callbacks[2]), thunk);
  assert_ptr_equal(uvt_thunk(UVT_CB_close, thunk), thunk);
  assert_ptr_not_equal(uvt_thunk(UVT_CB_fs, &callbacks[2]), thunk);
  assert_null(uvt_thunk(UVT_CB_close, NULL));
}

static void when_thunks_run_out_there_is_none_for_further_callbacks(void **state)
{
  (void)state;
  unsigned wrapped = 0;
  for (int i = 0; i < UVT_THUNKS + 10; i++)
    wrapped += uvt_thunk(UVT_CB_poll, &callbacks[i]) != NULL;
  assert_int_equal(wrapped, UVT_THUNKS);
  assert_null(uvt_thunk(UVT_CB_poll, &callbacks[UVT_THUNKS]));
  void *thunk = uvt_thunk(UVT_CB_poll, &callbacks[5]);
  assert_non_null(thunk);
  assert_ptr_equal(uvt_thunk(UVT_CB_poll, thunk), thunk);
  assert_ptr_equal(uvt_thunk_itself(UVT_CB_poll, thunk), thunk);
  assert_null(uvt_thunk_itself(UVT_CB_timer, thunk));
  assert_null(uvt_thunk_itself(UVT_CB_poll, &callbacks[5]));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thunk_passes_the_arguments_and_its_number),
      cmocka_unit_test(one_callback_has_one_thunk_and_a_thunk_is_its_own),
      cmocka_unit_test(when_thunks_run_out_there_is_none_for_further_callbacks),
  };
  return cmocka_run_group_tests_name("thunk", tests, NULL, NULL);
}

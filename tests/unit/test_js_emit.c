/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/thread.h"
#include "js/js.h"
#include "js/js_emit.h"
#include "schema.h"

#define SIZE 8

/* What was told of invocations, and which async ids went on to Node. */
static char told[256];
static int told_length;

#define TELL(...) \
  (told_length += snprintf(told + told_length, sizeof told - (size_t)told_length, __VA_ARGS__))

/* ---- In place of thread.c ---- */

__thread struct uvt_thread uvt_thread = {.tid = 1, .frames[0].sp = UINTPTR_MAX};

void uvt_thread_begin(struct uvt_thread *thread)
{
  (void)thread;
}

void uvt_thread_unwind(struct uvt_thread *thread, uintptr_t sp)
{
  (void)thread, (void)sp;
}

uint32_t uvt_js_invocation_begin(struct uvt_thread *thread, uint64_t link_id, uint8_t flags)
{
  (void)thread;
  TELL("begin %d%s ", (int)link_id, flags == UVT_BEGIN_MORE ? "+" : "");
  return 1;
}

void uvt_js_invocation_end(struct uvt_thread *thread, uint64_t link_id)
{
  (void)thread;
  TELL("end %d ", (int)link_id);
}

/* ---- In place of log.c and js.c ---- */

void uvt_log(const char *format, ...)
{
  (void)format;
}

void uvt_sends_catch_up(struct uvt_thread *thread)
{
  (void)thread;
}

uint64_t uvt_js_link_made(struct uvt_thread *thread, uint32_t type, uint8_t flags)
{
  (void)thread;
  TELL("link %d%s ", (int)type, flags & UVT_LINK_REPEAT ? "+" : "");
  return 1000 + type;
}

static bool is_pending;

struct uvt_js_exception uvt_js_set_aside(void)
{
  struct uvt_js_exception exception = {NULL, is_pending ? &is_pending : NULL};
  if (is_pending)
    TELL("aside ");
  is_pending = false;
  return exception;
}

void uvt_js_put_back(struct uvt_js_exception exception)
{
  if (!exception.value)
    return;
  TELL("back ");
  is_pending = true;
}

/* ---- In place of Node ---- */

static const int this_environment, other_environment;

static void node_before(void *environment, double id)
{
  (void)environment;
  TELL("before %d ", (int)id);
}

static void node_after(void *environment, double id)
{
  (void)environment;
  TELL("after %d ", (int)id);
}

static void node_init(void *environment, const uintptr_t *resource, const uintptr_t *type, double id,
                      double trigger_id)
{
  (void)environment, (void)resource, (void)type, (void)trigger_id;
  TELL("init %d ", (int)id);
}

enum { INIT, BEFORE, AFTER }; /* of uvt_js_emit_functions */

static void emit_one(int function, const void *environment, double id)
{
  void (*ours)(void) = uvt_js_emit_functions[function].ours;
  ((void (*)(void *, double))ours)((void *)environment, id);
}

static void emit(const void *environment, double id)
{
  emit_one(BEFORE, environment, id);
  emit_one(AFTER, environment, id);
}

/* Handles of types, as V8 has them; the same type may be in several. */
static const uintptr_t file_type = 0x1001, socket_type = 0x2001, strange_type = 0x3001;

static void make(const void *environment, uintptr_t type, double id)
{
  void (*ours)(void) = uvt_js_emit_functions[INIT].ours;
  ((void (*)(void *, const uintptr_t *, const uintptr_t *, double, double))ours)((void *)environment, NULL,
                                                                                 &type, id, 0);
}

static double once_ids[SIZE], once_links[SIZE], more_ids[SIZE], more_links[SIZE];
static uint16_t once_kinds[SIZE], more_kinds[SIZE];
static uint8_t begun[SIZE], state[SIZE];
static uint32_t open[SIZE];
static const struct uvt_js_tables tables = {.once = {once_ids, once_links, once_kinds, SIZE - 1},
                                            .begun = begun,
                                            .more = {more_ids, more_links, more_kinds, SIZE - 1},
                                            .open = open,
                                            .state = state};

static int set_up(void **unused)
{
  (void)unused;
  told_length = 0;
  told[0] = '\0';
  *uvt_js_emit_functions[INIT].real = (void *)node_init;
  *uvt_js_emit_functions[BEFORE].real = (void *)node_before;
  *uvt_js_emit_functions[AFTER].real = (void *)node_after;
  for (size_t i = 0; i < SIZE; i++)
    once_ids[i] = more_ids[i] = once_kinds[i] = more_kinds[i] = begun[i] = open[i] = state[i] = 0;
  uvt_js_emit_leave();
  assert_true(uvt_js_emit_prepare(&this_environment, &tables));
  uvt_js_emit_kind(&(struct uvt_js_kind){&file_type, 40, 4, true});
  uvt_js_emit_kind(&(struct uvt_js_kind){&socket_type, 50, 5, false});
  uvt_js_emit_hear(UVT_JS_HEAR_CALLBACKS | UVT_JS_HEAR_INIT);
  return 0;
}

/* ---- */

static void what_runs_once(void **unused)
{
  (void)unused;
  once_ids[2] = 10;
  once_links[2] = 77;
  emit(&this_environment, 10);
  assert_string_equal(told, "begin 77 end 77 ");
  assert_int_equal(begun[2], 1);
  assert_true(once_ids[2] == 0);
}

static void what_runs_again(void **unused)
{
  (void)unused;
  more_ids[3] = 3;
  more_links[3] = 5;
  emit(&this_environment, 3);
  emit(&this_environment, 3);
  assert_string_equal(told, "begin 5+ end 5 begin 5+ end 5 ");
  assert_int_equal(open[3], 0);
  assert_true(more_ids[3] == 3);
}

static void is_open_while_it_runs(void **unused)
{
  (void)unused;
  more_ids[3] = 3;
  emit_one(BEFORE, &this_environment, 3);
  assert_int_equal(open[3], 1);
}

static void destroyed_while_it_ran(void **unused)
{
  (void)unused;
  more_ids[3] = 3;
  emit_one(BEFORE, &this_environment, 3);
  emit_one(BEFORE, &this_environment, 3);
  state[3] = UVT_JS_DESTROYED;
  emit_one(AFTER, &this_environment, 3);
  assert_true(more_ids[3] == 3);
  emit_one(AFTER, &this_environment, 3);
  assert_true(more_ids[3] == 0);
}

static void made_to_run_once(void **unused)
{
  (void)unused;
  begun[6] = 1;
  make(&this_environment, file_type, 14);
  assert_string_equal(told, "link 40 ");
  assert_true(once_ids[6] == 14 && once_links[6] == 1040);
  assert_int_equal(once_kinds[6], 4);
  assert_int_equal(begun[6], 0);
  emit(&this_environment, 14);
  assert_string_equal(told, "link 40 begin 1040 end 1040 ");
}

static void made_to_run_again(void **unused)
{
  (void)unused;
  open[6] = state[6] = 1;
  make(&this_environment, socket_type, 14);
  make(&this_environment, file_type, 15);
  make(&this_environment, socket_type, 16);
  assert_string_equal(told, "link 50+ link 40 link 50+ ");
  assert_true(more_ids[6] == 14 && more_links[6] == 1050);
  assert_int_equal(more_kinds[6], 5);
  assert_int_equal(open[6] + state[6], 0);
}

static void made_of_an_unknown_type(void **unused)
{
  (void)unused;
  make(&this_environment, strange_type, 14);
  assert_string_equal(told, "init 14 ");
}

/* Hooks of the agent are not called with the program's exception pending. */
static void made_with_an_exception_pending(void **unused)
{
  (void)unused;
  is_pending = true;
  make(&this_environment, strange_type, 14);
  assert_true(is_pending);
  make(&this_environment, file_type, 15);
  make(&other_environment, strange_type, 16);
  assert_true(is_pending);
  is_pending = false;
  assert_string_equal(told, "aside init 14 back link 40 init 16 ");
}

static void made_where_there_is_no_room(void **unused)
{
  (void)unused;
  once_ids[6] = 6;
  make(&this_environment, file_type, 14);
  assert_string_equal(told, "init 14 ");
  assert_true(once_ids[6] == 6);
}

static void only_what_is_to_be_heard(void **unused)
{
  (void)unused;
  uvt_js_emit_hear(UVT_JS_HEAR_INIT);
  make(&this_environment, file_type, 14);
  emit(&this_environment, 14);
  assert_string_equal(told, "link 40 before 14 after 14 ");
  uvt_js_emit_hear(UVT_JS_HEAR_CALLBACKS);
  make(&this_environment, file_type, 15);
  emit(&this_environment, 14);
  assert_string_equal(told, "link 40 before 14 after 14 init 15 begin 1040 end 1040 ");
}

/* More of them than there is room for: they are the agent's. */
static void many_kinds(void **unused)
{
  static uintptr_t types[100];
  (void)unused;
  for (size_t i = 0; i < 100; i++) {
    types[i] = 0x10001 + 16 * i;
    uvt_js_emit_kind(&(struct uvt_js_kind){&types[i], (uint32_t)i, (uint16_t)i, true});
  }
  make(&this_environment, types[0], 14);
  make(&this_environment, types[99], 15);
  assert_string_equal(told, "link 0 init 15 ");
}

/* At the same place, by the low bits of its id. */
static void what_is_another(void **unused)
{
  (void)unused;
  more_ids[3] = 3;
  once_ids[3] = 19;
  emit(&this_environment, 11);
  assert_string_equal(told, "before 11 after 11 ");
}

static void large_ids(void **unused)
{
  (void)unused;
  once_ids[1] = 4294967297.0 * 8 + 1;
  once_links[1] = 6;
  emit(&this_environment, 4294967297.0 * 8 + 1);
  assert_string_equal(told, "begin 6 end 6 ");
}

static void another_environment(void **unused)
{
  (void)unused;
  more_ids[3] = 3;
  emit(&other_environment, 3);
  make(&other_environment, file_type, 14);
  assert_string_equal(told, "before 3 after 3 init 14 ");
}

static void no_more(void **unused)
{
  (void)unused;
  more_ids[3] = 3;
  uvt_js_emit_leave();
  emit(&this_environment, 3);
  assert_string_equal(told, "before 3 after 3 ");
}

static void not_reached(void **unused)
{
  (void)unused;
  *uvt_js_emit_functions[BEFORE].real = NULL; /* not patched, nor found by its name */
  uvt_js_emit_leave();
  assert_false(uvt_js_emit_prepare(&this_environment, &tables));
  assert_false(uvt_js_emit_prepare(NULL, &tables));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(what_runs_once, set_up),
      cmocka_unit_test_setup(what_runs_again, set_up),
      cmocka_unit_test_setup(is_open_while_it_runs, set_up),
      cmocka_unit_test_setup(destroyed_while_it_ran, set_up),
      cmocka_unit_test_setup(made_to_run_once, set_up),
      cmocka_unit_test_setup(made_to_run_again, set_up),
      cmocka_unit_test_setup(made_of_an_unknown_type, set_up),
      cmocka_unit_test_setup(made_with_an_exception_pending, set_up),
      cmocka_unit_test_setup(made_where_there_is_no_room, set_up),
      cmocka_unit_test_setup(only_what_is_to_be_heard, set_up),
      cmocka_unit_test_setup(many_kinds, set_up),
      cmocka_unit_test_setup(what_is_another, set_up),
      cmocka_unit_test_setup(large_ids, set_up),
      cmocka_unit_test_setup(another_environment, set_up),
      cmocka_unit_test_setup(no_more, set_up),
      cmocka_unit_test_setup(not_reached, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

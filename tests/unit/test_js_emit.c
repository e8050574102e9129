/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "js_emit.h"
#include "schema.h"
#include "thread.h"

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

static void emit(const void *environment, double id)
{
  for (size_t i = 0; i < UVT_NODE_FUNCTIONS; i++)
    uvt_node_functions[i].ours((void *)environment, id);
}

static double once_ids[SIZE], once_links[SIZE], more_ids[SIZE], more_links[SIZE];
static uint8_t begun[SIZE];
static uint32_t open[SIZE];
static const struct uvt_js_tables tables = {.once = {once_ids, once_links, SIZE - 1},
                                            .begun = begun,
                                            .more = {more_ids, more_links, SIZE - 1},
                                            .open = open};

static int set_up(void **state)
{
  (void)state;
  told_length = 0;
  told[0] = '\0';
  *uvt_node_functions[0].real = (void *)node_before;
  *uvt_node_functions[1].real = (void *)node_after;
  for (size_t i = 0; i < SIZE; i++)
    once_ids[i] = more_ids[i] = begun[i] = open[i] = 0;
  assert_true(uvt_js_emit_hear(&this_environment, &tables));
  return 0;
}

/* ---- */

static void what_runs_once(void **state)
{
  (void)state;
  once_ids[2] = 10;
  once_links[2] = 77;
  emit(&this_environment, 10);
  assert_string_equal(told, "begin 77 end 77 ");
  assert_int_equal(begun[2], 1);
  assert_true(once_ids[2] == 0);
}

static void what_runs_again(void **state)
{
  (void)state;
  more_ids[3] = 3;
  more_links[3] = 5;
  emit(&this_environment, 3);
  emit(&this_environment, 3);
  assert_string_equal(told, "begin 5+ end 5 begin 5+ end 5 ");
  assert_int_equal(open[3], 0);
  assert_true(more_ids[3] == 3);
}

static void is_open_while_it_runs(void **state)
{
  (void)state;
  more_ids[3] = 3;
  uvt_node_functions[0].ours((void *)&this_environment, 3);
  assert_int_equal(open[3], 1);
}

/* At the same place, by the low bits of its id. */
static void what_is_another(void **state)
{
  (void)state;
  more_ids[3] = 3;
  once_ids[3] = 19;
  emit(&this_environment, 11);
  assert_string_equal(told, "before 11 after 11 ");
}

static void large_ids(void **state)
{
  (void)state;
  once_ids[1] = 4294967297.0 * 8 + 1;
  once_links[1] = 6;
  emit(&this_environment, 4294967297.0 * 8 + 1);
  assert_string_equal(told, "begin 6 end 6 ");
}

static void another_environment(void **state)
{
  (void)state;
  more_ids[3] = 3;
  emit(&other_environment, 3);
  assert_string_equal(told, "before 3 after 3 ");
}

static void no_more(void **state)
{
  (void)state;
  more_ids[3] = 3;
  uvt_js_emit_leave();
  emit(&this_environment, 3);
  assert_string_equal(told, "before 3 after 3 ");
}

static void not_reached(void **state)
{
  (void)state;
  *uvt_node_functions[0].real = NULL; /* not patched, nor found by its name */
  uvt_js_emit_leave();
  assert_false(uvt_js_emit_hear(&this_environment, &tables));
  assert_false(uvt_js_emit_hear(NULL, &tables));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(what_runs_once, set_up),
      cmocka_unit_test_setup(what_runs_again, set_up),
      cmocka_unit_test_setup(is_open_while_it_runs, set_up),
      cmocka_unit_test_setup(what_is_another, set_up),
      cmocka_unit_test_setup(large_ids, set_up),
      cmocka_unit_test_setup(another_environment, set_up),
      cmocka_unit_test_setup(no_more, set_up),
      cmocka_unit_test_setup(not_reached, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_text.h"
#include "stream/view.h"

struct fixture {
  struct event_text lines;
  struct uvt_sink *view;
};

static void begin(struct fixture *f, struct uvt_view_options options)
{
  event_text_init(&f->lines);
  f->view = uvt_view_create(&options, 0, &f->lines.sink);
  assert_non_null(f->view);
}

static void give(struct fixture *f, struct uvt_event event)
{
  assert_int_equal(f->view->event(f->view, &event), 0);
}

#define GIVE(kind_, ...) give(f, (struct uvt_event){.kind = UVT_EV_##kind_, __VA_ARGS__})
#define STATE(o, l, state_, at) \
  GIVE(state, .operationID = o, .linkID = l, .state = UVT_STATE_##state_, .time = at)
#define MAIN .data = {{.key = "type", .type = UVT_DATUM_STRING, .string = "main"}}, .data_count = 1
#define FUNCTION(name)                                                     \
  .data = {{.key = "layer", .type = UVT_DATUM_STRING, .string = "js"},     \
           {.key = "function", .type = UVT_DATUM_STRING, .string = name}}, \
  .data_count = 2
#define REASON(name) .data = {{.key = "reason", .type = UVT_DATUM_STRING, .string = name}}, .data_count = 1
#define LAYER(name) .data = {{.key = "layer", .type = UVT_DATUM_STRING, .string = name}}, .data_count = 1

static void finish(struct fixture *f, const char *expected)
{
  assert_int_equal(f->view->end(f->view), 0);
  assert_int_equal(f->lines.ended, 1);
  event_text_expect(&f->lines, expected);
  uvt_view_destroy(f->view);
}

static void test_nothing_asked_for_needs_no_view(void **state)
{
  (void)state;
  assert_false(uvt_view_is_needed(&(struct uvt_view_options){0}));
  assert_true(uvt_view_is_needed(&(struct uvt_view_options){.no_states = true}));
}

static void test_without_states_nothing_mentions_operations(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.no_states = true});
  GIVE(operation, .operationID = 1);
  GIVE(externalCause, .operationID = 1, .causeID = 2);
  GIVE(executeBegin, .operationID = 1, .executeID = 3, .causeID = 2);
  STATE(1, 0, Executing, 0);
  finish(f, "externalCause c2 @0\nexecuteBegin e3 c2 @0\n");
}

static void test_pid_keeps_its_processes_and_general_losses(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.pid = 20});
  GIVE(process, .processID = 1, .pid = 10);
  GIVE(executeEnd, .executeID = 1); /* of the first, which need not be said */
  GIVE(process, .processID = 2, .pid = 20);
  GIVE(executeEnd, .executeID = 2, .processID = 1);
  GIVE(executeEnd, .executeID = 3, .processID = 2);
  GIVE(lost, .count = 1);
  GIVE(lost, .count = 2, .processID = 1);
  assert_true(uvt_view_met_pid(f->view));
  finish(f, "process P2 @0\nexecuteEnd P2 e3 @0\nlost count=1 0-0 @0\n");
  begin(f, (struct uvt_view_options){.pid = 30});
  GIVE(process, .processID = 1, .pid = 10);
  assert_false(uvt_view_met_pid(f->view));
  finish(f, "");
}

static void test_span_of_time_says_that_it_was_cut(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.from = 10, .to = 20});
  GIVE(process, .processID = 1, .pid = 10, .time = 0);
  GIVE(executeEnd, .executeID = 1, .time = 9);
  GIVE(executeEnd, .executeID = 2, .time = 10);
  STATE(1, 1, Ready, 9); /* late, of before */
  GIVE(executeEnd, .executeID = 3, .time = 20);
  GIVE(executeEnd, .executeID = 4, .time = 21);
  STATE(2, 1, Ready, 20); /* late, still within */
  finish(f, "process @0\nlost count=-1 0-10 @10 cut\nexecuteEnd e2 @10\nexecuteEnd e3 @20\nstate Ready l1 o2 "
            "@20\n");
}

/*
 * Root 1, for JavaScript the main script, links a libuv read (link 1). Its callback 2 runs JavaScript
 * invocation 3 (link 2, linked by the root), which links a libuv close (link 3) and a tick (link 4).
 */
static void give_both_layers(struct fixture *f)
{
  GIVE(operation, .operationID = 1);
  GIVE(executeBegin, .executeID = 1, .operationID = 1);
  STATE(1, 0, Executing, 0);
  GIVE(link, .executeID = 1, .linkID = 1, LAYER("uv"));
  GIVE(operation, .operationID = 2, .linkID = 1, .n = 1);
  GIVE(cause, .executeID = 1, .linkID = 1, .causeID = 1);
  GIVE(operation, .operationID = 6);
  GIVE(executeBegin, .executeID = 6, .operationID = 6, .within = 1, MAIN);
  STATE(6, 0, Executing, 0);
  GIVE(link, .executeID = 6, .linkID = 2, LAYER("js"));
  GIVE(operation, .operationID = 3, .linkID = 2, .n = 1);
  GIVE(cause, .executeID = 6, .linkID = 2, .causeID = 2);
  GIVE(executeEnd, .executeID = 6);
  STATE(6, 0, ChildrenPending, 0);
  GIVE(executeEnd, .executeID = 1);
  STATE(1, 0, ChildrenPending, 0);
  GIVE(executeBegin, .executeID = 2, .operationID = 2, .causeID = 1);
  STATE(2, 1, Executing, 0);
  GIVE(executeBegin, .executeID = 3, .operationID = 3, .causeID = 2, .within = 2);
  STATE(3, 2, Executing, 0);
  GIVE(link, .executeID = 3, .linkID = 3, LAYER("uv"));
  GIVE(operation, .operationID = 4, .linkID = 3, .n = 1);
  GIVE(link, .executeID = 3, .linkID = 4, LAYER("js"));
  GIVE(operation, .operationID = 5, .linkID = 4, .n = 1);
  GIVE(blocking, .executeID = 3);
  GIVE(executeEnd, .executeID = 3);
  STATE(3, 2, ChildrenPending, 0);
  GIVE(executeEnd, .executeID = 2);
  STATE(2, 1, Retired, 0);
  GIVE(cancel, .executeID = 9, .linkID = 4);
  STATE(5, 4, Retired, 0);
  GIVE(cancel, .executeID = 9, .linkID = 3);
  STATE(4, 3, Retired, 0);
  STATE(3, 2, Retired, 0);
  STATE(6, 0, Retired, 0);
  STATE(1, 0, Retired, 0);
}

static void test_uv_layer_contracts_javascript(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.layer = UVT_LAYER_UV});
  give_both_layers(f);
  finish(f, "operation o1 @0\n"
            "executeBegin e1 o1 @0\n"
            "state Executing o1 @0\n"
            "link e1 l1 @0 layer=uv\n"
            "operation l1 o2 n1 @0\n"
            "cause e1 l1 c1 @0\n"
            "executeEnd e1 @0\n"
            "state ChildrenPending o1 @0\n"
            "executeBegin e2 c1 o2 @0\n"
            "state Executing l1 o2 @0\n"
            "link e2 l3 @0 layer=uv\n" /* the invocation around */
            "operation l3 o4 n1 @0\n"
            "blocking e2 @0\n"
            "executeEnd e2 @0\n"
            "state ChildrenPending l1 o2 @0\n" /* which has a child now */
            "cancel e9 l3 @0\n"
            "state Retired l3 o4 @0\n"
            "state Retired l1 o2 @0\n"
            "state Retired o1 @0\n");
}

/* A function of Node's (link 2) runs in the program's (link 1) and links another (link 3); it retires with
 * it. */
static void test_users_part_contracts_nodes_functions(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.user = true, .no_states = true});
  GIVE(executeBegin, .executeID = 1, MAIN);
  GIVE(link, .executeID = 1, .linkID = 1, FUNCTION("own /a/b.js:1"));
  GIVE(link, .executeID = 1, .linkID = 2, FUNCTION("tick node:net:2"));
  GIVE(link, .executeID = 1, .linkID = 3, FUNCTION("own /node:net/b.js:1"));
  GIVE(cause, .executeID = 1, .linkID = 2, .causeID = 2);
  GIVE(executeEnd, .executeID = 1);
  GIVE(executeBegin, .executeID = 2, .causeID = 2);
  GIVE(cause, .executeID = 2, .linkID = 1, .causeID = 1);
  GIVE(executeEnd, .executeID = 2);
  GIVE(failedCallback, .executeID = 2);
  GIVE(executeBegin, .executeID = 3, .causeID = 1);
  GIVE(executeEnd, .executeID = 3);
  GIVE(cancel, .executeID = 1, .linkID = 3, REASON("closed"));
  finish(f, "executeBegin e1 @0 type=main\n"
            "link e1 l1 @0 layer=js function=own /a/b.js:1\n"
            "link e1 l3 @0 layer=js function=own /node:net/b.js:1\n"
            "executeEnd e1 @0\n"
            "cause e1 l1 c1 @0\n"
            "failedCallback e1 @0\n"
            "executeBegin e3 c1 @0\n"
            "executeEnd e3 @0\n");
}

static void test_js_layer_contracts_libuv(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.layer = UVT_LAYER_JS});
  give_both_layers(f);
  finish(f, "operation o6 @0\n"
            "executeBegin e6 o6 @0 type=main\n"
            "state Executing o6 @0\n"
            "link e6 l2 @0 layer=js\n"
            "operation l2 o3 n1 @0\n"
            "cause e6 l2 c2 @0\n"
            "executeEnd e6 @0\n"
            "state ChildrenPending o6 @0\n"
            "executeBegin e3 c2 o3 @0\n"
            "state Executing l2 o3 @0\n"
            "link e3 l4 @0 layer=js\n"
            "operation l4 o5 n1 @0\n"
            "blocking e3 @0\n"
            "executeEnd e3 @0\n"
            "state ChildrenPending l2 o3 @0\n"
            "cancel e9 l4 @0\n"
            "state Retired l4 o5 @0\n"
            "state Retired l2 o3 @0\n"
            "state Retired o6 @0\n");
}

/* The main script makes a thread (link 1), whose callback is libuv's: what stands for it is the script, which
 * that thread does not hold up. */
#define LABEL(execute, kind_)                                                                             \
  GIVE(label, .executeID = execute, .data = {{.key = "kind", .type = UVT_DATUM_STRING, .string = kind_}}, \
       .data_count = 1)

/* A server's function asks another server, in a tick of Node's; both requests begin in Node's own functions.
 */
static void test_requests_are_named_where_they_are(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.user = true});
  GIVE(executeBegin, .executeID = 1, .operationID = 1);
  GIVE(link, .executeID = 1, .linkID = 1, LAYER("uv"));
  GIVE(link, .executeID = 1, .linkID = 2, FUNCTION("onConnection node:http:1"));
  GIVE(link, .executeID = 1, .linkID = 3, FUNCTION("onRequest /app.js:1"));
  GIVE(link, .executeID = 1, .linkID = 4, FUNCTION("connect node:net:1"));
  GIVE(operation, .operationID = 2, .linkID = 1);
  GIVE(operation, .operationID = 3, .linkID = 2);
  GIVE(operation, .operationID = 4, .linkID = 3);
  GIVE(operation, .operationID = 5, .linkID = 4);
  GIVE(executeEnd, .executeID = 1);
  GIVE(executeBegin, .executeID = 2, .operationID = 2, .causeID = 1);
  GIVE(executeBegin, .executeID = 3, .operationID = 3, .causeID = 2, .within = 2);
  LABEL(3, "http.server.request"); /* on the read */
  GIVE(executeEnd, .executeID = 3);
  GIVE(executeBegin, .executeID = 4, .operationID = 4, .causeID = 3, .within = 2);
  GIVE(link, .executeID = 4, .linkID = 5, FUNCTION("finish node:http:2"));
  GIVE(operation, .operationID = 6, .linkID = 5);
  GIVE(executeEnd, .executeID = 4);
  GIVE(executeBegin, .executeID = 5, .operationID = 6, .causeID = 4, .within = 2);
  LABEL(5, "http.client.request"); /* on the function */
  GIVE(executeEnd, .executeID = 5);
  GIVE(executeBegin, .executeID = 6, .operationID = 5, .causeID = 5, .within = 2);
  LABEL(6, "http.client.request"); /* nowhere: the root is no function */
  GIVE(executeEnd, .executeID = 6);
  GIVE(executeEnd, .executeID = 2);
  finish(f, "executeBegin e1 o1 @0\n"
            "link e1 l1 @0 layer=uv\n"
            "link e1 l3 @0 layer=js function=onRequest /app.js:1\n"
            "operation l1 o2 @0\n"
            "operation l3 o4 @0\n"
            "executeEnd e1 @0\n"
            "state ChildrenPending o1 @0\n"
            "executeBegin e2 c1 o2 @0\n"
            "label e2 @0 kind=http.server.request\n"
            "executeBegin e4 c3 o4 w2 @0\n"
            "executeEnd e4 @0\n"
            "state Retired l3 o4 @0\n"
            "label e4 @0 kind=http.client.request\n"
            "executeEnd e2 @0\n"
            "state Retired l1 o2 @0\n"
            "state Retired o1 @0\n");
}

static void test_blocking_of_another_thread_is_not_of_what_stands_for_it(void **state)
{
  (void)state;
  struct fixture fixture, *f = &fixture;
  begin(f, (struct uvt_view_options){.layer = UVT_LAYER_JS, .no_states = true});
  GIVE(executeBegin, .executeID = 1, .tid = 10);
  GIVE(executeBegin, .executeID = 2, .within = 1, .tid = 10, MAIN);
  GIVE(link, .executeID = 2, .linkID = 1, LAYER("uv"));
  GIVE(cause, .executeID = 2, .linkID = 1, .causeID = 1);
  GIVE(executeBegin, .executeID = 3, .causeID = 1, .tid = 11);
  GIVE(blocking, .executeID = 3, .time = 5);
  GIVE(blocking, .executeID = 2, .time = 6);
  GIVE(executeEnd, .executeID = 2);
  GIVE(blocking, .executeID = 3, .time = 7);
  finish(f, "executeBegin e2 tid=10 @0 type=main\n"
            "blocking e2 @6\n"
            "executeEnd e2 @0\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_asked_for_needs_no_view),
      cmocka_unit_test(test_without_states_nothing_mentions_operations),
      cmocka_unit_test(test_pid_keeps_its_processes_and_general_losses),
      cmocka_unit_test(test_span_of_time_says_that_it_was_cut),
      cmocka_unit_test(test_uv_layer_contracts_javascript),
      cmocka_unit_test(test_js_layer_contracts_libuv),
      cmocka_unit_test(test_users_part_contracts_nodes_functions),
      cmocka_unit_test(test_requests_are_named_where_they_are),
      cmocka_unit_test(test_blocking_of_another_thread_is_not_of_what_stands_for_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

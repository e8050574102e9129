/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event_text.h"
#include "model/model.h"

/* The origin of every stream here, in ns since the epoch; CLOCK_MONOTONIC stood at one second then. */
#define ORIGIN INT64_C(1700000000000000000)
#define MONOTONIC UINT64_C(1000000000)
#define MS UINT64_C(1000000)

struct fixture {
  struct event_text lines;
  struct uvt_model *model;
  struct uvt_error error;
  const char *host;
  uint32_t process; /* of the records to come */
};

static int feed(struct fixture *f, const struct uvt_record *record)
{
  return uvt_model_record(f->model, record, &f->error);
}

/* One record of the fixture's process, at that time in the stream. */
#define GIVE(f, kind_, at, ...)                                                         \
  do {                                                                                  \
    struct uvt_record record_ = {                                                       \
        .kind = UVT_RECORD_##kind_, .time = ORIGIN + (int64_t)(at), .host = (f)->host}; \
    record_.kind_ = (struct uvt_rec_##kind_){.process = (f)->process, __VA_ARGS__};     \
    assert_int_equal(feed(f, &record_), 0);                                             \
  } while (0)
#define EXPECT(f, text) event_text_expect(&(f)->lines, text)

#define LINK(f, at, execute, link_, type_, flags_, ...)                                                 \
  GIVE(f, link, at, .execute_id = execute, .link_id = link_, .type = UVT_TYPE_##type_, .flags = flags_, \
       __VA_ARGS__)
#define BEGIN(f, at, tid_, execute, link_, ...) \
  GIVE(f, execute_begin, at, .tid = tid_, .execute_id = execute, .link_id = link_, __VA_ARGS__)
#define END(f, at, execute) GIVE(f, execute_end, at, .execute_id = execute)

static void start_process(struct fixture *f, uint32_t key, int32_t pid, uint64_t at)
{
  f->process = key;
  GIVE(f, process, at, .schema = UVT_SCHEMA_VERSION, .pid = pid, .parent_pid = 1, .start_time = 7,
       .monotonic = MONOTONIC + at, .uv_version = "1.46.0", .node_version = "", .exe = "/bin/x",
       .argv = "x\x1fy");
}

static int setup(void **state)
{
  struct fixture *f = calloc(1, sizeof *f);
  event_text_init(&f->lines);
  f->host = "h";
  f->model = uvt_model_create(&f->lines.sink, 1 << 20);
  start_process(f, 77, 100, 0);
  event_text_forget(&f->lines);
  *state = f;
  return 0;
}

static int teardown(void **state)
{
  struct fixture *f = *state;
  uvt_model_destroy(f->model);
  free(f);
  return 0;
}

/* A root on thread 10 that is invocation 1 and operation 1, and has begun. */
static void begin_root(struct fixture *f)
{
  BEGIN(f, 1, 10, 1, 0);
  event_text_forget(&f->lines);
}

/* ---- Processes ---- */

static void test_process_tells_who_it_is(void **state)
{
  struct fixture *f = *state;
  start_process(f, 78, 101, 5);
  EXPECT(f, "process P2 @5 origin=1700000000000000000 format=1 host=h startTime=7 how=start parentPid=1 "
            "route=interposed libuv=1.46.0 exe=/bin/x argv=x,y window=0\n");
}

static void test_process_of_another_schema_is_an_error(void **state)
{
  struct fixture *f = *state;
  struct uvt_record record = {.kind = UVT_RECORD_process, .time = ORIGIN, .host = "h"};
  record.process = (struct uvt_rec_process){.process = 5, .schema = UVT_SCHEMA_VERSION + 1, .pid = 42};
  assert_int_equal(feed(f, &record), -EPROTO);
  assert_non_null(strstr(f->error.text, "version 2 of the trace's schema"));
}

static void test_process_that_begins_late_has_lost(void **state)
{
  struct fixture *f = *state;
  f->process = 79;
  END(f, 9, 4);
  EXPECT(f, "lost P2 count=-1 0-9 @9\nexecuteEnd P2 e4 @9\n");
  f->process = 80;
  GIVE(f, process, 10, .schema = UVT_SCHEMA_VERSION, .how = UVT_how_announce, .pid = 5, .exe = "",
       .argv = "");
  EXPECT(f, "process P3 @10 origin=1700000000000000000 format=1 host=h startTime=0 how=announce parentPid=0 "
            "route=interposed libuv= exe= argv= window=0\nlost P3 count=-1 0-10 @10\n");
}

static void test_process_with_the_same_pid_ends_the_first_and_may_be_an_exec(void **state)
{
  struct fixture *f = *state;
  start_process(f, 78, 100, 5);
  f->lines.text[f->lines.used] = 0;
  assert_non_null(strstr(f->lines.text, "how=exec"));
  event_text_forget(&f->lines);
  f->process = 79;
  GIVE(f, process, 6, .schema = UVT_SCHEMA_VERSION, .pid = 100, .start_time = 8, .exe = "", .argv = "");
  f->lines.text[f->lines.used] = 0;
  assert_non_null(strstr(f->lines.text, "how=start")); /* the pid was reused */
}

static void test_child_has_the_invocation_that_spawned_it(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  GIVE(f, child, 2, .execute_id = 1, .link_id = 1, .pid = 200);
  f->process = 90;
  GIVE(f, process, 3, .schema = UVT_SCHEMA_VERSION, .pid = 200, .parent_pid = 100, .exe = "", .argv = "");
  f->lines.text[f->lines.used] = 0;
  assert_non_null(strstr(f->lines.text, "parent.processID=1 parent.executeID=1"));
}

/* Until it is closed; then the descriptor is another's. */
static void test_descriptors_are_known_as_pipes_of_children(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_spawn, UVT_LINK_CAUSED, .arg = -2);
  LINK(f, 2, 1, 2, uv_spawn, UVT_LINK_CAUSED, .arg = 200);
  GIVE(f, child_pipe, 2, .pid = 200, .fd = 20, .number = 1);
  GIVE(f, child_pipe, 2, .pid = 200, .fd = 21, .number = 3, .ipc = 1);
  GIVE(f, child_pipe, 2, .pid = 200, .fd = 22, .number = 4);
  event_text_forget(&f->lines);
  static const struct {
    int64_t fd;
    const char *told;
  } cases[] = {{20, "fd=20 child=200 pipe=stdout"},
               {21, "fd=21 child=200 pipe=ipc"},
               {22, "fd=22 child=200 pipe=4"},
               {23, "fd=23"},
               {-1, "repeat"},
               {20, "fd=20"}};
  for (uint64_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char expected[128];
    if (i == 5)
      GIVE(f, child_pipe, 3, .fd = 20);
    LINK(f, 3, 1, 10 + i, uv_read_start, UVT_LINK_REPEAT, .arg = cases[i].fd);
    snprintf(expected, sizeof expected, "%s%s\n", i == 4 ? "" : "repeat ", cases[i].told);
    char *end = strchr(f->lines.text, '\n') + 1;
    assert_memory_equal(end - strlen(expected), expected, strlen(expected));
    event_text_forget(&f->lines);
  }
}

/* Who ends by itself says so; of who is killed its parent's exit callback tells. Once. */
static void test_process_end_is_told_once(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  GIVE(f, child, 2, .execute_id = 1, .link_id = 1, .pid = 200);
  GIVE(f, child, 2, .execute_id = 1, .link_id = 2, .pid = 201);
  LINK(f, 2, 1, 1, uv_spawn, UVT_LINK_CAUSED, 0);
  LINK(f, 2, 1, 2, uv_spawn, UVT_LINK_CAUSED, 0);
  start_process(f, 90, 200, 3);
  start_process(f, 91, 201, 3);
  event_text_forget(&f->lines);
  f->process = 90;
  GIVE(f, process_end, 4);
  GIVE(f, process_end, 5);
  EXPECT(f, "processEnd P2 @4\n");
  f->process = 77;
  BEGIN(f, 6, 10, 2, 1);
  f->lines.text[f->lines.used] = 0;
  assert_null(strstr(f->lines.text, "processEnd"));
  END(f, 7, 2);
  event_text_forget(&f->lines);
  BEGIN(f, 8, 10, 3, 2);
  f->lines.text[f->lines.used] = 0;
  assert_non_null(strstr(f->lines.text, "processEnd P3 @8\n"));
}

static void test_fork_inherits_ids_and_goes_on_from_them(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_idle_start, UVT_LINK_CAUSED | UVT_LINK_REPEAT, 0);
  f->process = 90;
  GIVE(f, process, 3, .schema = UVT_SCHEMA_VERSION, .how = UVT_how_fork, .pid = 200, .parent_pid = 100,
       .parent = 77, .parent_execute = 1, .exe = "", .argv = "");
  event_text_forget(&f->lines);
  LINK(f, 4, 1, 2, uv_close, UVT_LINK_CAUSED, 0);
  END(f, 5, 1);
  BEGIN(f, 6, 200, 2, 1);
  EXPECT(f, "link P2 e1 l2 @4 type=uv_close layer=uv\n"
            "operation P2 l2 o3 n1 @4\n"
            "state Queued P2 l2 o3 @4\n"
            "cause P2 e1 l2 c2 @4\n"
            "state Ready P2 l2 o3 @4\n"
            "executeEnd P2 e1 @5\n"
            "state ChildrenPending P2 o1 @5\n"
            "executeBegin P2 e2 c1 o2 tid=200 @6\n"
            "state Executing P2 l1 o2 @6\n");
}

static void test_fork_inherits_what_there_was_when_it_was_made(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_idle_start, UVT_LINK_CAUSED | UVT_LINK_REPEAT, 0);
  GIVE(f, fork, 3, .fork = 1, .tid = 10, .execute_id = 1);
  GIVE(f, fork, 3, .fork = 2, .tid = 10, .execute_id = 1); /* whose child never says anything */
  GIVE(f, cancel, 4, .execute_id = 1, .link_id = 1);
  END(f, 5, 1);
  f->process = 90;
  GIVE(f, process, 6, .schema = UVT_SCHEMA_VERSION, .how = UVT_how_fork, .pid = 200, .parent_pid = 100,
       .parent = 77, .parent_execute = 1, .fork = 1, .exe = "", .argv = "");
  event_text_forget(&f->lines);
  END(f, 7, 1);
  BEGIN(f, 8, 200, 2, 1);
  EXPECT(f, "executeEnd P2 e1 @7\n"
            "state Retired P2 o1 @7\n"
            "executeBegin P2 e2 c1 o2 tid=200 @8\n"
            "state Executing P2 l1 o2 @8\n");
}

/* ---- Registrations ---- */

static void test_one_shot_passes_through_all_states(void **state)
{
  struct fixture *f = *state;
  BEGIN(f, 1, 10, 1, 0);
  GIVE(f, detail, 2, .link_id = 1, .text = "/etc/hosts");
  LINK(f, 2, 1, 1, uv_fs_stat, UVT_LINK_CAUSED, 0);
  END(f, 3, 1);
  GIVE(f, pool_begin, 4, .tid = 20, .link_id = 1);
  GIVE(f, pool_end, 6, .tid = 20, .link_id = 1);
  BEGIN(f, 8, 10, 2, 1, .value = -2);
  END(f, 9, 2);
  EXPECT(f, "operation o1 @1\n"
            "executeBegin e1 o1 tid=10 @1\n"
            "state Executing o1 @1\n"
            "link e1 l1 @2 type=uv_fs_stat layer=uv path=/etc/hosts\n"
            "operation l1 o2 n1 @2\n"
            "state Queued l1 o2 @2\n"
            "cause e1 l1 c1 @2\n"
            "executeEnd e1 @3\n"
            "state ChildrenPending o1 @3\n"
            "poolBegin l1 tid=20 @4\n"
            "poolEnd l1 tid=20 @6\n"
            "state Ready l1 o2 @6\n"
            "externalCause c1 o2 @8 result=-2\n"
            "executeBegin e2 c1 o2 tid=10 @8 result=-2\n"
            "state Executing l1 o2 @8\n"
            "executeEnd e2 @9\n"
            "state Retired l1 o2 @9\n"
            "state Retired o1 @9\n");
}

static void test_repeating_queues_the_next_operation_at_begin(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_listen, UVT_LINK_CAUSED | UVT_LINK_REPEAT, .arg = 5);
  END(f, 3, 1);
  event_text_forget(&f->lines);
  GIVE(f, poll_begin, 4, .loop_id = 1, .tid = 10, .timeout = -1);
  GIVE(f, poll_end, 6, .loop_id = 1, .tid = 10, .events = 1);
  BEGIN(f, 7, 10, 2, 1, .flags = UVT_BEGIN_MORE);
  END(f, 8, 2);
  BEGIN(f, 9, 10, 3, 1, .flags = UVT_BEGIN_MORE); /* in the same poll */
  EXPECT(f, "pollBegin loop1 tid=10 @4 timeout=-1\n"
            "pollEnd loop1 tid=10 @6 events=1\n"
            "state Ready l1 o2 @6\n"
            "externalCause c1 o2 @7 status=0\n"
            "executeBegin e2 c1 o2 tid=10 @7 status=0\n"
            "state Executing l1 o2 @7\n"
            "operation l1 o3 n2 @7\n"
            "state Queued l1 o3 @7\n"
            "executeEnd e2 @8\n"
            "state Retired l1 o2 @8\n"
            "state Ready l1 o3 @7\n"
            "externalCause c1 o3 @9 status=0\n"
            "executeBegin e3 c1 o3 tid=10 @9 status=0\n"
            "state Executing l1 o3 @9\n"
            "operation l1 o4 n3 @9\n"
            "state Queued l1 o4 @9\n");
}

static void test_allocation_is_an_operation_of_its_own(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_read_start, UVT_LINK_CAUSED | UVT_LINK_REPEAT, .arg = -1);
  event_text_forget(&f->lines);
  BEGIN(f, 3, 10, 2, 1, .flags = UVT_BEGIN_ALLOC, .depth = 1);
  EXPECT(f, "state Ready l1 o2 @2\n"
            "executeBegin e2 c1 o2 w1 tid=10 @3 alloc\n"
            "state Executing l1 o2 @3\n"
            "operation l1 o3 n2 @3\n"
            "state Queued l1 o3 @3\n");
}

static void test_timer_is_ready_when_due(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2 * MS, 1, 1, uv_timer_start, UVT_LINK_CAUSED, .arg = 3);
  END(f, 3 * MS, 1);
  event_text_forget(&f->lines);
  BEGIN(f, 7 * MS, 10, 2, 1, .value = 1005); /* CLOCK_MONOTONIC, ms */
  EXPECT(f, "state Ready l1 o2 @5000000\n"
            "externalCause c1 o2 @7000000 due=5000000\n"
            "executeBegin e2 c1 o2 tid=10 @7000000\n"
            "state Executing l1 o2 @7000000\n");
}

static void test_timer_due_is_kept_between_queued_and_execution(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2 * MS, 1, 1, uv_timer_start, UVT_LINK_CAUSED, .arg = 0);
  LINK(f, 2 * MS, 1, 2, uv_timer_start, UVT_LINK_CAUSED, .arg = 0);
  event_text_forget(&f->lines);
  BEGIN(f, 7 * MS, 10, 2, 1, .value = 0, .depth = 1);
  END(f, 8 * MS, 2);
  BEGIN(f, 9 * MS, 10, 3, 2, .value = INT64_MAX, .depth = 1);
  f->lines.text[f->lines.used] = 0;
  assert_non_null(strstr(f->lines.text, "state Ready l1 o2 @2000000\n"));
  assert_null(strstr(f->lines.text, "state Ready l2")); /* overflows: no due time, so no guess */
}

static void test_async_takes_all_sends(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_async_init, UVT_LINK_REPEAT, 0);
  GIVE(f, cause, 3, .execute_id = 1, .link_id = 1);
  GIVE(f, cause, 4, .execute_id = 1, .link_id = 1, .flags = UVT_CAUSE_SIGNAL);
  BEGIN(f, 5, 10, 2, 1, .flags = UVT_BEGIN_MORE, .depth = 1);
  END(f, 6, 2);
  BEGIN(f, 7, 10, 3, 1, .flags = UVT_BEGIN_MORE, .depth = 1); /* the send was taken too early */
  EXPECT(f, "link e1 l1 @2 type=uv_async_init layer=uv repeat\n"
            "operation l1 o2 n1 @2\n"
            "state Queued l1 o2 @2\n"
            "cause e1 l1 c1 @3\n"
            "state Ready l1 o2 @3\n"
            "cause e1 l1 c2 @4 signal\n"
            "executeBegin e2 c1 o2 w1 tid=10 @5 +c2\n"
            "state Executing l1 o2 @5\n"
            "operation l1 o3 n2 @5\n"
            "state Queued l1 o3 @5\n"
            "executeEnd e2 @6\n"
            "state Retired l1 o2 @6\n"
            "state Ready l1 o3 @5\n"
            "executeBegin e3 c2 o3 w1 tid=10 @7\n"
            "state Executing l1 o3 @7\n"
            "operation l1 o4 n3 @7\n"
            "state Queued l1 o4 @7\n");
}

static void test_work_is_pool_work(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_queue_work, UVT_LINK_CAUSED, 0);
  LINK(f, 2, 1, 2, uv_after_work, 0, 0);
  event_text_forget(&f->lines);
  BEGIN(f, 3, 20, 2, 1);
  GIVE(f, cause, 4, .execute_id = 2, .link_id = 2);
  END(f, 5, 2);
  EXPECT(f, "poolBegin l1 tid=20 @3\n"
            "executeBegin e2 c1 o2 tid=20 @3\n"
            "state Executing l1 o2 @3\n"
            "cause e2 l2 c2 @4\n"
            "state Ready l2 o3 @4\n"
            "executeEnd e2 @5\n"
            "poolEnd l1 tid=20 @5\n"
            "state Retired l1 o2 @5\n");
}

static void test_cancel_retires_what_is_queued(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_listen, UVT_LINK_CAUSED, .arg = 5);
  GIVE(f, cancel, 3, .execute_id = 1, .link_id = 1, .reason = UVT_reason_refused, .status = -98);
  END(f, 4, 1);
  event_text_forget(&f->lines);
  GIVE(f, cancel, 5, .execute_id = 9, .link_id = 8, .reason = 200); /* nobody knows it */
  EXPECT(f, "cancel e9 l8 @5 reason=unknown\n");
}

static void test_cancel_in_own_callback_lets_it_go_on(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_idle_start, UVT_LINK_CAUSED | UVT_LINK_REPEAT, 0);
  END(f, 3, 1);
  event_text_forget(&f->lines);
  BEGIN(f, 4, 10, 2, 1, .flags = UVT_BEGIN_MORE);
  GIVE(f, cancel, 5, .execute_id = 2, .link_id = 1, .reason = UVT_reason_stopped);
  END(f, 6, 2);
  EXPECT(f, "executeBegin e2 c1 o2 tid=10 @4\n"
            "state Executing l1 o2 @4\n"
            "operation l1 o3 n2 @4\n"
            "state Queued l1 o3 @4\n"
            "state Ready l1 o3 @4\n"
            "cancel e2 l1 @5 reason=stopped\n"
            "state Retired l1 o3 @5\n"
            "executeEnd e2 @6\n"
            "state Retired l1 o2 @6\n"
            "state Retired o1 @6\n");
}

static void test_ready_record_is_ready(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_fs_read, UVT_LINK_CAUSED, .arg = 4);
  event_text_forget(&f->lines);
  GIVE(f, ready, 3, .link_id = 1);
  EXPECT(f, "state Ready l1 o2 @3\n");
}

static void test_spawn_ends_with_status_and_signal(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  GIVE(f, detail, 2, .link_id = 1, .text = "sleep");
  LINK(f, 2, 1, 1, uv_spawn, UVT_LINK_CAUSED, .arg = -2);
  event_text_forget(&f->lines);
  BEGIN(f, 9, 10, 2, 1, .value = (INT64_C(15) << 32) | 3, .depth = 1);
  EXPECT(f, "state Ready l1 o2 @2\n"
            "externalCause c1 o2 @9 exit_status=3 term_signal=15\n"
            "executeBegin e2 c1 o2 w1 tid=10 @9 exit_status=3 term_signal=15\n"
            "state Executing l1 o2 @9\n");
}

/* ---- Invocations ---- */

static void test_depth_repairs_the_stack(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  LINK(f, 2, 1, 1, uv_close, UVT_LINK_CAUSED, 0);
  LINK(f, 2, 1, 2, uv_close, UVT_LINK_CAUSED, 0);
  BEGIN(f, 3, 10, 2, 1, .depth = 1);
  event_text_forget(&f->lines);
  BEGIN(f, 4, 10, 3, 2, .depth = 1); /* the end of 2 was lost */
  END(f, 5, 3);
  END(f, 6, 2); /* after all: nothing is known of it any more */
  EXPECT(f, "executeBegin e3 c2 o3 w1 tid=10 @4\n"
            "state Executing l2 o3 @4\n"
            "executeEnd e3 @5\n"
            "state Retired l2 o3 @5\n"
            "executeEnd e2 @6\n");
  BEGIN(f, 7, 11, 4, 0, .depth = 3); /* the begins below it were lost */
  EXPECT(f, "operation o4 @7\nexecuteBegin e4 o4 tid=11 @7\nstate Executing o4 @7\n");
}

static void test_unwound_and_unknown_invocations(void **state)
{
  struct fixture *f = *state;
  GIVE(f, execute_end, 2, .execute_id = 5, .flags = UVT_END_UNWOUND);
  BEGIN(f, 3, 10, 6, 44, .flags = UVT_BEGIN_MORE); /* its link is not in the trace */
  END(f, 4, 6);
  BEGIN(f, 5, 10, 7, 44);
  END(f, 6, 7);
  EXPECT(f, "executeEnd e5 @2 unwound\n"
            "operation l44 o1 n1 @3\n"
            "executeBegin e6 o1 tid=10 @3\n"
            "state Executing l44 o1 @3\n"
            "operation l44 o2 n2 @3\n"
            "state Queued l44 o2 @3\n"
            "executeEnd e6 @4\n"
            "state Retired l44 o1 @4\n"
            "executeBegin e7 o2 tid=10 @5\n"
            "state Executing l44 o2 @5\n"
            "executeEnd e7 @6\n"
            "state Retired l44 o2 @6\n");
}

static void test_poll_without_begin_had_no_timeout(void **state)
{
  struct fixture *f = *state;
  GIVE(f, poll_end, 2, .loop_id = 1, .tid = 10, .events = 2);
  EXPECT(f, "pollBegin loop1 tid=10 @2 timeout=0\npollEnd loop1 tid=10 @2 events=2\n");
}

static void test_blocking_tells_type_duration_and_path(void **state)
{
  struct fixture *f = *state;
  GIVE(f, blocking, 2, .execute_id = 1, .type = UVT_TYPE_uv_fs_open, .duration = 12, .result = 3,
       .path = "/x");
  EXPECT(f, "blocking e1 @2 type=uv_fs_open duration=12 result=3 path=/x\n");
}

static void test_descriptions_come_once(void **state)
{
  struct fixture *f = *state;
  for (int i = 0; i < 2; i++) {
    GIVE(f, thread, 2, .tid = 10, .role = UVT_role_main, .name = "x");
    GIVE(f, loop, 2, .loop_id = 1, .tid = 10, .name = "default");
  }
  EXPECT(f, "thread tid=10 @2 role=main name=x\nloop loop1 tid=10 @2 name=default\n");
}

static void test_losses_are_told_and_counted(void **state)
{
  struct fixture *f = *state;
  GIVE(f, lost, 5, .count = 3);
  struct uvt_record record = {.kind = UVT_RECORD_discarded, .time = ORIGIN + 6, .host = "h"};
  record.discarded = (struct uvt_rec_discarded){.count = 4, .from = ORIGIN + 6, .to = ORIGIN + 9};
  assert_int_equal(feed(f, &record), 0);
  EXPECT(f, "lost count=3 0-5 @5\nlost count=4 6-9 @6\n");
  assert_int_equal(uvt_model_losses(f->model).count, 7);
  assert_false(uvt_model_losses(f->model).unknown);
}

static void test_time_never_goes_back(void **state)
{
  struct fixture *f = *state;
  END(f, 50, 1);
  END(f, 40, 2);
  EXPECT(f, "executeEnd e1 @50\nexecuteEnd e2 @50\n");
}

static void test_chain_retires_from_its_end(void **state)
{
  struct fixture *f = *state;
  enum { LENGTH = 100000 };
  begin_root(f);
  LINK(f, 2, 1, 1, uv_close, UVT_LINK_CAUSED, 0);
  END(f, 2, 1);
  for (uint64_t i = 1; i <= LENGTH; i++) {
    BEGIN(f, 3, 10, i + 1, i);
    if (i < LENGTH)
      LINK(f, 3, i + 1, i + 1, uv_close, UVT_LINK_CAUSED, 0);
    if (i == LENGTH)
      event_text_forget(&f->lines);
    END(f, 3, i + 1);
    if (i < LENGTH)
      event_text_forget(&f->lines);
  }
  const char *beginning =
      "executeEnd e100001 @3\nstate Retired l100000 o100001 @3\nstate Retired l99999 o100000 @3\n";
  assert_memory_equal(f->lines.text, beginning, strlen(beginning));
}

static void test_sink_that_fails_stops_the_model(void **state)
{
  struct fixture *f = *state;
  struct uvt_record record = {.kind = UVT_RECORD_execute_end, .time = ORIGIN, .host = "h"};
  record.execute_end = (struct uvt_rec_execute_end){.process = 77, .execute_id = 1};
  f->lines.fail_at = 1;
  assert_int_equal(feed(f, &record), -5);
  assert_int_equal(feed(f, &record), -5);
}

/* Records in any order with small random fields: no crash under the sanitizers, and every operation's states
 * in order. */
struct order {
  struct uvt_sink sink;
  uint8_t reached[3][1 << 16]; /* by process and operation: a forked process has its parent's, too */
  bool broken;
};

static int check_order(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct order *order = (struct order *)sink;
  if (event->kind != UVT_EV_state)
    return 0;
  assert_in_range(event->processID, 1, 2);
  assert_in_range(event->operationID, 1, sizeof order->reached[0] - 1);
  uint8_t *reached = &order->reached[event->processID][event->operationID];
  order->broken |= *reached >= (uint8_t)event->state;
  *reached = (uint8_t)event->state;
  return 0;
}

static void fill_random(struct uvt_record *record, unsigned *seed)
{
  unsigned char *bytes = (unsigned char *)&record->link;
  memset(bytes, 0, sizeof *record - offsetof(struct uvt_record, link));
#define R(n) ((unsigned)rand_r(seed) % (n))
#define KEY .process = 1 + R(2)
  switch (R(12)) {
  case 0:
  case 1:
  case 2:
    record->kind = UVT_RECORD_link;
    record->link = (struct uvt_rec_link){KEY, .execute_id = R(8), .link_id = 1 + R(8), .type = (uint8_t)R(90),
                                         .flags = (uint8_t)R(4)};
    return;
  case 3:
  case 4:
  case 5:
    record->kind = UVT_RECORD_execute_begin;
    record->execute_begin = (struct uvt_rec_execute_begin){KEY,
                                                           .tid = (int32_t)R(3),
                                                           .execute_id = R(8),
                                                           .link_id = R(8),
                                                           .depth = (uint8_t)R(4),
                                                           .flags = (uint8_t)R(4),
                                                           .value = (int64_t)R(9) << R(50)};
    return;
  case 6:
  case 7:
    record->kind = UVT_RECORD_execute_end;
    record->execute_end = (struct uvt_rec_execute_end){KEY, .execute_id = R(8)};
    return;
  case 8:
    record->kind = UVT_RECORD_cancel;
    record->cancel =
        (struct uvt_rec_cancel){KEY, .execute_id = R(8), .link_id = R(8), .reason = (uint8_t)R(20)};
    return;
  case 9:
    record->kind = UVT_RECORD_cause;
    record->cause = (struct uvt_rec_cause){KEY, .execute_id = R(8), .link_id = R(8)};
    return;
  case 10:
    record->kind = UVT_RECORD_pool_end;
    record->pool_end = (struct uvt_rec_pool_end){KEY, .link_id = R(8)};
    return;
  default:
    record->kind = UVT_RECORD_process;
    record->process = (struct uvt_rec_process){KEY,
                                               .schema = UVT_SCHEMA_VERSION,
                                               .how = (uint8_t)R(3),
                                               .pid = (int32_t)R(2),
                                               .parent = R(3),
                                               .parent_execute = R(8)};
    if (R(30))
      record->kind = UVT_RECORD_ready;
    return;
  }
#undef KEY
#undef R
}

static void test_any_order_of_records_is_taken(void **state)
{
  (void)state;
  struct order *order = calloc(1, sizeof *order);
  order->sink.event = check_order;
  for (unsigned round = 0; round < 200; round++) {
    struct uvt_error error = {0};
    unsigned seed = round;
    struct uvt_model *model = uvt_model_create(&order->sink, 0);
    memset(order->reached, 0, sizeof order->reached);
    for (int i = 0; i < 2000; i++) {
      struct uvt_record record = {.time = ORIGIN + i, .host = ""};
      fill_random(&record, &seed);
      assert_int_equal(uvt_model_record(model, &record, &error), 0);
    }
    uvt_model_destroy(model);
    assert_false(order->broken);
  }
  free(order);
}

/* ---- JavaScript ---- */

static void tell_string(struct fixture *f, uint32_t id, const char *text)
{
  GIVE(f, string, 2, .id = id, .text = text);
}

static void test_javascript_is_told_in_texts(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  tell_string(f, 1, "PROMISE");
  tell_string(f, 2, "@/a/b.js:3");
  tell_string(f, 1, "PROMISE"); /* recording was switched on again */
  BEGIN(f, 3, 10, 2, 0, .depth = 1, .flags = UVT_BEGIN_MAIN);
  GIVE(f, js_link, 4, .execute_id = 2, .link_id = 5, .type = 1, .function = 2, .flags = UVT_LINK_INTERNAL);
  GIVE(f, cause, 5, .execute_id = 2, .link_id = 5);
  END(f, 6, 2);
  EXPECT(f, "operation o2 @3\nexecuteBegin e2 o2 w1 tid=10 @3 type=main\nstate Executing o2 @3\n"
            "link e2 l5 @4 type=PROMISE layer=js internal at=/a/b.js:3\noperation l5 o3 n1 @4\n"
            "state Queued l5 o3 @4\ncause e2 l5 c1 @5\nstate Ready l5 o3 @5\nexecuteEnd e2 @6\n"
            "state ChildrenPending o2 @6\n");
  GIVE(f, failed, 7, .execute_id = 2, .message = "m", .stack = "");
  GIVE(f, handled, 8, .execute_id = 2);
  GIVE(f, label, 9, .execute_id = 1, .id = 4, .status = 200, .kind = "k", .name = "n");
  GIVE(f, promise, 10, .execute_id = 1, .promise = 6, .life = UVT_life_reject);
  EXPECT(f, "failedCallback e2 @7 message=m\nhandled e2 @8\nlabel e1 @9 kind=k name=n id=4 status=200\n"
            "rejectPromise e1 @10 promise=6\n");
}

/* A socket's callback is ready when the read is that runs it; the one after it waits for the next. */
static void test_javascript_is_ready_with_its_host(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  tell_string(f, 1, "TCPWRAP");
  LINK(f, 2, 1, 4, uv_read_start, UVT_LINK_CAUSED | UVT_LINK_REPEAT);
  GIVE(f, js_link, 3, .execute_id = 1, .link_id = 5, .type = 1, .flags = UVT_LINK_CAUSED | UVT_LINK_REPEAT);
  GIVE(f, poll_begin, 4, .loop_id = 1, .tid = 10);
  GIVE(f, poll_end, 8, .loop_id = 1, .tid = 10, .events = 1);
  BEGIN(f, 9, 10, 2, 4, .depth = 1, .flags = UVT_BEGIN_MORE);
  event_text_forget(&f->lines);
  BEGIN(f, 10, 10, 3, 5, .depth = 2, .flags = UVT_BEGIN_MORE);
  EXPECT(f, "state Ready l5 o3 @8\nexecuteBegin e3 c2 o3 w2 tid=10 @10\nstate Executing l5 o3 @10\n"
            "operation l5 o5 n2 @10\nstate Queued l5 o5 @10\n");
}

/* A Timeout is Ready when it is due, not when the one timer of libuv's was that runs all; where that is not
 * recorded, then.
 */
static void test_javascript_timers_are_ready_when_due(void **state)
{
  struct fixture *f = *state;
  const int64_t second = 1000; /* CLOCK_MONOTONIC at the stream's origin, ms */
  begin_root(f);
  tell_string(f, 1, "Timeout");
  LINK(f, MS, 1, 4, uv_timer_start, UVT_LINK_CAUSED, .arg = 5);
  for (uint64_t link = 5; link < 9; link++)
    GIVE(f, js_link, 2 * MS, .execute_id = 1, .link_id = link, .type = 1, .flags = UVT_LINK_CAUSED,
         .timeout = 5);
  f->lines.text[f->lines.used] = 0;
  assert_non_null(strstr(f->lines.text, "link e1 l5 @2000000 type=Timeout layer=js timeout=5\n"));
  BEGIN(f, 9 * MS, 10, 2, 4, .depth = 1, .value = second + 6);
  static const struct {
    int64_t due;
    const char *ready;
  } cases[] = {{8, "state Ready l5 o3 @8000000"},
               {1, "state Ready l6 o4 @2000000"},
               {30, "state Ready l7 o5 @10000000"},
               {-1000, "state Ready l8 o6 @6000000"}};
  for (uint64_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    event_text_forget(&f->lines);
    BEGIN(f, 10 * MS, 10, 3 + i, 5 + i, .depth = 2, .value = second + cases[i].due);
    assert_memory_equal(f->lines.text, cases[i].ready, strlen(cases[i].ready));
    END(f, 10 * MS, 3 + i);
  }
}

/* An Immediate is Ready when the check phase begins that runs it. */
static void test_javascript_immediates_are_ready_with_the_check_phase(void **state)
{
  struct fixture *f = *state;
  begin_root(f);
  tell_string(f, 1, "Immediate");
  LINK(f, 2, 1, 4, uv_check_start, UVT_LINK_CAUSED | UVT_LINK_REPEAT);
  GIVE(f, js_link, 3, .execute_id = 1, .link_id = 5, .type = 1, .flags = UVT_LINK_CAUSED);
  BEGIN(f, 7, 10, 2, 4, .depth = 1, .flags = UVT_BEGIN_MORE);
  event_text_forget(&f->lines);
  BEGIN(f, 9, 10, 3, 5, .depth = 2);
  EXPECT(f, "state Ready l5 o3 @7\nexecuteBegin e3 c2 o3 w2 tid=10 @9\nstate Executing l5 o3 @9\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(process_tells_who_it_is),
      TEST(process_of_another_schema_is_an_error),
      TEST(process_that_begins_late_has_lost),
      TEST(process_with_the_same_pid_ends_the_first_and_may_be_an_exec),
      TEST(child_has_the_invocation_that_spawned_it),
      TEST(process_end_is_told_once),
      TEST(descriptors_are_known_as_pipes_of_children),
      TEST(fork_inherits_ids_and_goes_on_from_them),
      TEST(fork_inherits_what_there_was_when_it_was_made),
      TEST(one_shot_passes_through_all_states),
      TEST(repeating_queues_the_next_operation_at_begin),
      TEST(allocation_is_an_operation_of_its_own),
      TEST(timer_is_ready_when_due),
      TEST(timer_due_is_kept_between_queued_and_execution),
      TEST(async_takes_all_sends),
      TEST(work_is_pool_work),
      TEST(cancel_retires_what_is_queued),
      TEST(cancel_in_own_callback_lets_it_go_on),
      TEST(ready_record_is_ready),
      TEST(spawn_ends_with_status_and_signal),
      TEST(depth_repairs_the_stack),
      TEST(unwound_and_unknown_invocations),
      TEST(poll_without_begin_had_no_timeout),
      TEST(blocking_tells_type_duration_and_path),
      TEST(descriptions_come_once),
      TEST(losses_are_told_and_counted),
      TEST(time_never_goes_back),
      TEST(chain_retires_from_its_end),
      TEST(javascript_is_told_in_texts),
      TEST(javascript_is_ready_with_its_host),
      TEST(javascript_timers_are_ready_when_due),
      TEST(javascript_immediates_are_ready_with_the_check_phase),
      TEST(sink_that_fails_stops_the_model),
      TEST(any_order_of_records_is_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

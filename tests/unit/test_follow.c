/* SPDX-License-Identifier: MIT */
/*
 * Streams with events lost, repeated, out of place and with wrong numbers in them, the same way each time:
 * what is told of them is properly nested all the same, all that begins ends once, and no format comes to
 * harm.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/out_chrome.h"
#include "formats/out_dot.h"
#include "formats/out_folded.h"
#include "pipeline.h"
#include "stream/follow.h"

static uint64_t random_state = 20240217;

static uint64_t next_random(uint64_t below)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % below;
}

/* ---- What the follower promises ---- */

struct witness {
  struct uvt_follow follow;
  int64_t runs, operations; /* begun and not ended */
  const char *last_type;    /* of what ended last */
  uint64_t ended;
};

static void see_link(void *format, struct uvt_follow_registration *registration, struct uvt_follow_run *run,
                     const struct uvt_event *event)
{
  (void)format;
  (void)run;
  (void)event;
  registration->text = strdup("freed by the follower");
}

static void see_unlink(void *format, struct uvt_follow_registration *registration, uint64_t time)
{
  (void)format;
  (void)time;
  assert_false(registration->linked);
}

static void see_operation(void *format, struct uvt_follow_operation *operation)
{
  struct witness *witness = format;
  operation->own = 1;
  witness->operations++;
}

static void see_operation_end(void *format, struct uvt_follow_operation *operation, uint64_t time,
                              enum uvt_follow_end how)
{
  struct witness *witness = format;
  (void)time;
  (void)how;
  assert_int_equal(operation->own, 1);
  witness->operations--;
}

static void see_begin(void *format, struct uvt_follow_run *run, const struct uvt_event *event)
{
  struct witness *witness = format;
  (void)event;
  witness->runs++;
  assert_ptr_equal(run->thread->top, run);
  if (run->below)
    assert_true(run->begun > run->below->begun);
  run->own = run->begun;
}

static void see_end(void *format, struct uvt_follow_run *run, const struct uvt_event *event,
                    enum uvt_follow_end how)
{
  struct witness *witness = format;
  (void)event;
  (void)how;
  witness->runs--;
  witness->ended++;
  witness->last_type = run->registration ? run->registration->type : NULL;
  assert_int_equal(run->own, run->begun);
  assert_true(run->ended > run->begun);
  assert_ptr_equal(run->thread->top, run); /* all inside it have ended, and so before it */
}

static void see_poll(void *format, struct uvt_follow_loop *loop, uint64_t end, const struct uvt_event *event)
{
  (void)format;
  (void)loop;
  (void)end;
  (void)event;
}

static void witness_init(struct witness *witness)
{
  static const struct uvt_follow_handlers handlers = {.link = see_link,
                                                      .unlink = see_unlink,
                                                      .operation = see_operation,
                                                      .operation_end = see_operation_end,
                                                      .begin = see_begin,
                                                      .end = see_end,
                                                      .poll = see_poll};
  *witness = (struct witness){0};
  uvt_follow_init(&witness->follow, &handlers, witness);
}

static uint64_t witness_end(struct witness *witness)
{
  assert_int_equal(uvt_follow_end(&witness->follow), 0);
  assert_int_equal(witness->runs, 0);
  assert_int_equal(witness->operations, 0);
  uvt_follow_clear(&witness->follow);
  return witness->ended;
}

/* ---- Damage ---- */

struct damager {
  struct uvt_sink sink;
  struct witness witness;
  struct uvt_sink *formats[3];
  uint64_t rarity; /* of damage; 0: none */
};

static void damage(struct uvt_event *event)
{
  uint64_t *const numbers[] = {&event->executeID, &event->linkID, &event->causeID, &event->operationID,
                               &event->within,    &event->loopID, &event->time,    &event->processID};
  static const uint64_t small = 12;
  switch (next_random(4)) {
  case 0:
    event->kind = (enum uvt_event_kind)next_random(UVT_EV_COUNT);
    break;
  case 1:
    event->tid = (int64_t)next_random(4) + 99;
    break;
  case 2:
    event->state = (enum uvt_state)next_random(UVT_STATE_Retired + 1);
    break;
  default:
    *numbers[next_random(sizeof numbers / sizeof *numbers)] = next_random(small);
    break;
  }
}

static void give(struct damager *damager, const struct uvt_event *event)
{
  assert_int_equal(uvt_follow_event(&damager->witness.follow, event), 0);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(damager->formats[i]->event(damager->formats[i], event), 0);
}

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct damager *damager = (struct damager *)sink;
  struct uvt_event copy = *event;
  uint64_t times = 1;
  if (damager->rarity && !next_random(damager->rarity))
    times = next_random(3);
  if (damager->rarity && !next_random(damager->rarity))
    damage(&copy);
  while (times--)
    give(damager, &copy);
  return 0;
}

static uint64_t run(const char *path, uint64_t rarity)
{
  static const struct uvt_output_format *const formats[] = {&uvt_output_chrome, &uvt_output_dot,
                                                            &uvt_output_folded};
  struct damager damager = {.sink = {.event = take_event}, .rarity = rarity};
  struct uvt_pipeline_options options = {0};
  struct uvt_error error = {0};
  int nowhere = open("/dev/null", O_WRONLY);
  witness_init(&damager.witness);
  for (size_t i = 0; i < 3; i++)
    damager.formats[i] = formats[i]->create(nowhere);
  uvt_pipeline_run(path, &options, &damager.sink, NULL, &error); /* bad ones may be refused */
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(damager.formats[i]->end(damager.formats[i]), 0);
    formats[i]->destroy(damager.formats[i]);
  }
  close(nowhere);
  return witness_end(&damager.witness);
}

static uint64_t run_folder(const char *folder, uint64_t rarity)
{
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  uint64_t ended = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (*entry->d_name != '.')
      ended += run(path, rarity);
  }
  closedir(directory);
  return ended;
}

static void test_streams_as_they_are(void **state)
{
  (void)state;
  assert_true(run_folder(UVT_FIXTURES "/streams/good", 0) > 40);
  assert_true(run_folder(UVT_FIXTURES "/streams/bad", 0) > 100);
}

static void test_damaged_streams(void **state)
{
  (void)state;
  for (uint64_t i = 0; i < 150; i++)
    run_folder(UVT_FIXTURES "/streams/good", 2 + next_random(30));
}

/* ---- Memory ---- */

static void test_what_is_over_is_forgotten(void **state)
{
  (void)state;
  enum { COUNT = 20000 };
  struct witness witness;
  witness_init(&witness);
  struct uvt_follow *follow = &witness.follow;
#define GIVE(...) uvt_follow_event(follow, &(struct uvt_event){__VA_ARGS__})
  GIVE(.kind = UVT_EV_executeBegin, .executeID = 1, .operationID = 1, .tid = 1);
  for (uint64_t i = 1; i <= COUNT; i++) {
    uint64_t t = i * 10;
    GIVE(.kind = UVT_EV_link, .executeID = i, .linkID = i, .time = t);
    GIVE(.kind = UVT_EV_cause, .executeID = i, .linkID = i, .causeID = i, .time = t);
    GIVE(.kind = UVT_EV_operation, .operationID = i + 1, .linkID = i, .time = t);
    GIVE(.kind = UVT_EV_executeEnd, .executeID = i, .time = t + 2);
    GIVE(.kind = UVT_EV_state, .operationID = i, .state = UVT_STATE_ChildrenPending, .time = t + 2);
    GIVE(.kind = UVT_EV_executeBegin, .executeID = i + 1, .operationID = i + 1, .causeID = i, .tid = 1,
         .time = t + 5);
  }
#undef GIVE
  const struct uvt_follow_process *process = follow->processes[0];
  assert_true(process->links.count <= 1);
  assert_true(process->causes.count <= 1);
  assert_true(process->operations.count <= 1);
  assert_int_equal(process->invocations.count, 1);
  assert_int_equal(witness_end(&witness), COUNT + 1);
}

/* What the parent registered runs in the child, too, though the parent is done with it. */
static void test_forked_process_inherits(void **state)
{
  (void)state;
  struct witness witness;
  witness_init(&witness);
  struct uvt_follow *follow = &witness.follow;
#define TEXT(name, value) {.key = name, .type = UVT_DATUM_STRING, .string = value}
#define GIVE(...) uvt_follow_event(follow, &(struct uvt_event){__VA_ARGS__})
  GIVE(.kind = UVT_EV_process, .processID = 1, .pid = 10);
  GIVE(.kind = UVT_EV_executeBegin, .processID = 1, .executeID = 1, .tid = 1);
  GIVE(.kind = UVT_EV_link, .processID = 1, .executeID = 1, .linkID = 1, .time = 2,
       .data = {TEXT("type", "uv_idle_start")}, .data_count = 1);
  GIVE(.kind = UVT_EV_cause, .processID = 1, .executeID = 1, .linkID = 1, .causeID = 1, .time = 3);
  GIVE(.kind = UVT_EV_process, .processID = 2, .pid = 11, .time = 4,
       .data = {TEXT("how", "fork"), {.key = "parent.processID", .number = 1}}, .data_count = 2);
  GIVE(.kind = UVT_EV_cancel, .processID = 1, .executeID = 1, .linkID = 1, .time = 5);
  GIVE(.kind = UVT_EV_executeBegin, .processID = 2, .executeID = 2, .causeID = 1, .tid = 2, .time = 6);
  GIVE(.kind = UVT_EV_executeEnd, .processID = 2, .executeID = 2, .time = 7);
#undef GIVE
#undef TEXT
  assert_string_equal(witness.last_type, "uv_idle_start");
  assert_int_equal(witness_end(&witness), 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_streams_as_they_are),
      cmocka_unit_test(test_damaged_streams),
      cmocka_unit_test(test_what_is_over_is_forgotten),
      cmocka_unit_test(test_forked_process_inherits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

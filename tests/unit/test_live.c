/* SPDX-License-Identifier: MIT */
/* arena.c, table.c, thread.c and registration.c together: the live tree as a reader would find it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/thread.h"
#include "live/arena.h"
#include "live/inherit.h"
#include "live/table.h"

#define SP ((uintptr_t)__builtin_frame_address(0))

static char objects[1 << 16]; /* addresses to register on */

static struct uvt_pending link_on(struct uvt_thread *thread, const void *object, enum uvt_key_kind kind)
{
  return uvt_register(
      thread,
      &(struct uvt_link){.key = uvt_key(object, kind), .type = UVT_TYPE_uv_timer_start, .thunk = objects});
}

/* Executes the one operation registered on the object; what runs inside is up to the caller until end(). */
static uint32_t begin(struct uvt_thread *thread, const void *object, enum uvt_key_kind kind)
{
  struct uvt_claim claim;
  assert_true(uvt_claim_last(thread, uvt_key(object, kind), &claim));
  return uvt_invocation_begin(thread, &claim, SP, 0, 0);
}

/* How many slots hold something of that kind, as a reader counts. */
static unsigned live(uint8_t kind)
{
  unsigned count = 0;
  for (uint32_t slot = 1; slot < uvt_live->slots; slot++)
    if (__atomic_load_n(&uvt_slot(slot)->any.id, __ATOMIC_ACQUIRE) && uvt_slot(slot)->any.kind == kind)
      count++;
  return count;
}

static void a_registration_lives_from_link_to_execution(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  unsigned registrations = live(UVT_LIVE_REGISTRATION);
  struct uvt_pending pending = link_on(thread, &objects[0], UVT_KEY_REQUEST);
  assert_int_equal(live(UVT_LIVE_REGISTRATION), registrations + 1);
  assert_int_equal(uvt_find_link(uvt_key(&objects[0], UVT_KEY_REQUEST)), pending.id);
  uint32_t root = uvt_current_slot(thread);
  assert_int_equal(uvt_live_registration(pending.slot)->parent, root);
  uint32_t depth = begin(thread, &objects[0], UVT_KEY_REQUEST);
  assert_int_equal(live(UVT_LIVE_REGISTRATION), registrations);
  assert_int_equal(uvt_live_invocation(uvt_current_slot(thread))->parent, root);
  uvt_invocation_end(thread, depth);
  assert_int_equal(uvt_find_link(uvt_key(&objects[0], UVT_KEY_REQUEST)), 0);
}

static void an_invocation_stays_while_something_live_hangs_from_it(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  link_on(thread, &objects[8], UVT_KEY_REQUEST);
  uint32_t depth = begin(thread, &objects[8], UVT_KEY_REQUEST);
  uint64_t parent = uvt_current(thread);
  struct uvt_pending child = link_on(thread, &objects[16], UVT_KEY_REQUEST);
  uvt_invocation_end(thread, depth);
  uint32_t slot = uvt_live_registration(child.slot)->parent;
  assert_int_equal(uvt_slot(slot)->any.id, parent);
  assert_int_equal(uvt_live_invocation(slot)->ended, 1);
  uvt_cancel(thread, uvt_key(&objects[16], UVT_KEY_REQUEST), UVT_reason_stopped, 0);
  assert_int_equal(uvt_slot(slot)->any.id, 0);
}

/* A repeating registration's callback, in an invocation that something else hangs from only through it. */
static uint32_t begin_next(struct uvt_thread *thread, const void *object, uint32_t *grandparent)
{
  link_on(thread, &objects[256], UVT_KEY_REQUEST);
  uint32_t depth = begin(thread, &objects[256], UVT_KEY_REQUEST);
  *grandparent = uvt_current_slot(thread);
  link_on(thread, object, UVT_KEY_HANDLE);
  uvt_invocation_end(thread, depth);
  struct uvt_claim claim;
  assert_true(uvt_claim_next(uvt_key(object, UVT_KEY_HANDLE), &claim));
  return uvt_invocation_begin(thread, &claim, SP, 0, 0);
}

static void a_childless_invocation_of_a_repeating_registration_leaves_nothing(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  unsigned before = live(UVT_LIVE_INVOCATION);
  uint32_t grandparent;
  uint32_t depth = begin_next(thread, &objects[264], &grandparent);
  assert_int_equal(uvt_live_invocation(uvt_current_slot(thread))->parent, grandparent);
  uvt_invocation_end(thread, depth);
  assert_int_equal(live(UVT_LIVE_INVOCATION), before + 1);
  uvt_cancel(thread, uvt_key(&objects[264], UVT_KEY_HANDLE), UVT_reason_stopped, 0);
  assert_int_equal(live(UVT_LIVE_INVOCATION), before);
}

static void its_child_keeps_the_ancestors(void **state)
{
  struct uvt_thread *thread = uvt_thread_enter(SP);
  bool cancelled_inside = *state != NULL;
  unsigned before = live(UVT_LIVE_INVOCATION);
  uint32_t grandparent;
  uint32_t depth = begin_next(thread, &objects[264], &grandparent);
  uint32_t slot = uvt_current_slot(thread);
  uint64_t grandparent_id = uvt_slot(grandparent)->any.id;
  if (cancelled_inside)
    uvt_cancel(thread, uvt_key(&objects[264], UVT_KEY_HANDLE), UVT_reason_stopped, 0);
  link_on(thread, &objects[272], UVT_KEY_REQUEST);
  uvt_invocation_end(thread, depth);
  if (!cancelled_inside)
    uvt_cancel(thread, uvt_key(&objects[264], UVT_KEY_HANDLE), UVT_reason_stopped, 0);
  assert_int_equal(uvt_live_invocation(slot)->parent, grandparent);
  assert_int_equal(uvt_slot(grandparent)->any.id, grandparent_id);
  depth = begin(thread, &objects[272], UVT_KEY_REQUEST);
  uint32_t root = uvt_live_invocation(grandparent)->parent;
  uint32_t above_root = uvt_live_invocation(root)->chain;
  assert_int_equal(uvt_live_invocation(uvt_current_slot(thread))->chain, above_root + 3);
  uvt_invocation_end(thread, depth);
  assert_int_equal(uvt_slot(grandparent)->any.id, 0);
  assert_int_equal(live(UVT_LIVE_INVOCATION), before);
}

static void kinds_on_one_object_are_kept_apart(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  struct uvt_pending read = link_on(thread, &objects[24], UVT_KEY_READ);
  struct uvt_pending close = link_on(thread, &objects[24], UVT_KEY_CLOSE);
  assert_int_equal(uvt_find_link(uvt_key(&objects[24], UVT_KEY_READ)), read.id);
  assert_int_equal(uvt_find_link(uvt_key(&objects[24], UVT_KEY_CLOSE)), close.id);
  uvt_cancel(thread, uvt_key(&objects[24], UVT_KEY_READ), UVT_reason_closed, 0);
  uvt_cancel(thread, uvt_key(&objects[24], UVT_KEY_CLOSE), UVT_reason_closed, 0);
}

static void a_refused_start_leaves_the_former_registration(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  uint64_t key = uvt_key(&objects[32], UVT_KEY_HANDLE);
  struct uvt_pending first = link_on(thread, &objects[32], UVT_KEY_HANDLE);
  struct uvt_pending second = link_on(thread, &objects[32], UVT_KEY_HANDLE);
  uvt_registered(thread, &second, -22);
  assert_int_equal(uvt_find_link(key), first.id);
  struct uvt_pending third = link_on(thread, &objects[32], UVT_KEY_HANDLE);
  uvt_registered(thread, &third, 0);
  assert_int_equal(uvt_find_link(key), third.id);
  uvt_cancel(thread, key, UVT_reason_stopped, 0);
  assert_int_equal(uvt_find_link(key), 0);
}

/* A timer that re-arms itself for ever: the root and the nearest ancestors stay, the gap is marked, nothing
 * grows. */
static void an_endless_chain_stays_bounded_and_keeps_its_root(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  struct uvt_pending last = link_on(thread, &objects[40], UVT_KEY_HANDLE);
  uint64_t root = uvt_current(thread);
  unsigned before = live(UVT_LIVE_INVOCATION), rounds = 100000;
  uint32_t slots = 0;
  for (unsigned i = 0; i < rounds; i++) {
    uint32_t depth = begin(thread, &objects[40], UVT_KEY_HANDLE);
    last = link_on(thread, &objects[40], UVT_KEY_HANDLE);
    uvt_invocation_end(thread, depth);
    if (i == 1000)
      slots = uvt_live->slots;
  }
  assert_in_range(live(UVT_LIVE_INVOCATION), before, before + UVT_LIVE_CHAIN + 1);
  assert_int_equal(uvt_live->slots, slots);
  unsigned ancestors = 0, gap = 0;
  uint32_t slot = uvt_live_registration(last.slot)->parent, top = 0;
  for (; slot; slot = uvt_live_invocation(slot)->parent) {
    ancestors++;
    gap += uvt_live_invocation(slot)->gap;
    top = slot;
  }
  assert_int_equal(uvt_slot(top)->any.id, root);
  assert_int_equal(ancestors + gap, rounds + 1);
  uvt_cancel(thread, uvt_key(&objects[40], UVT_KEY_HANDLE), UVT_reason_stopped, 0);
  assert_int_equal(live(UVT_LIVE_INVOCATION), before);
}

static void frames_that_the_stack_was_unwound_past_are_ended(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  link_on(thread, &objects[48], UVT_KEY_REQUEST);
  struct uvt_claim claim;
  assert_true(uvt_claim_last(thread, uvt_key(&objects[48], UVT_KEY_REQUEST), &claim));
  uint32_t depth = uvt_invocation_begin(thread, &claim, SP - 4096, 0, 0);
  assert_int_equal(thread->depth, depth);
  uvt_thread_enter(SP);
  assert_int_equal(thread->depth, 0);
  uvt_invocation_end(thread, depth); /* what an ended trampoline would still do */
  assert_int_equal(thread->depth, 0);
}

/* Threads that register, look up, and execute on objects of their own and one in common. */
#define ROUNDS 20000
static void *churn(void *argument)
{
  char *mine = argument;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  for (int i = 0; i < ROUNDS; i++) {
    char *object = mine + i % 64;
    uvt_register(thread, &(struct uvt_link){.key = uvt_key(object, UVT_KEY_REQUEST), .thunk = objects});
    uvt_find_link(uvt_key(&objects[1 << 15], UVT_KEY_HANDLE));
    struct uvt_claim claim;
    assert_true(uvt_claim_last(thread, uvt_key(object, UVT_KEY_REQUEST), &claim));
    uvt_invocation_end(thread, uvt_invocation_begin(thread, &claim, SP, 0, 0));
  }
  return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  struct uvt_pending common = link_on(thread, &objects[1 << 15], UVT_KEY_HANDLE);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    pthread_create(&threads[i], NULL, churn, &objects[4096 * (i + 1)]);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(uvt_find_link(uvt_key(&objects[1 << 15], UVT_KEY_HANDLE)), common.id);
  uvt_cancel(thread, uvt_key(&objects[1 << 15], UVT_KEY_HANDLE), UVT_reason_stopped, 0);
  assert_int_equal(live(UVT_LIVE_REGISTRATION), 0);
}

/* The child's changes are its own; what it inherited is there. */
static void a_forked_child_has_a_tree_of_its_own(void **state)
{
  (void)state;
  struct uvt_thread *thread = uvt_thread_enter(SP);
  uint64_t key = uvt_key(&objects[56], UVT_KEY_HANDLE);
  struct uvt_pending kept = link_on(thread, &objects[56], UVT_KEY_HANDLE);
  uvt_arena_before_fork();
  pid_t child = fork();
  if (child == 0) {
    bool own = uvt_arena_after_fork_child();
    uvt_inherit(thread);
    bool inherited = own && uvt_find_link(key) == kept.id && uvt_live->pid == getpid();
    uvt_cancel(thread, key, UVT_reason_stopped, 0);
    _exit(inherited ? 0 : 1);
  }
  uvt_arena_after_fork_parent();
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(uvt_slot(kept.slot)->any.id, kept.id);
  assert_int_equal(uvt_find_link(key), kept.id);
  uvt_cancel(thread, key, UVT_reason_stopped, 0);
}

int main(void)
{
  uvt_threads_init();
  uvt_arena_init(64 << 20, true);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_registration_lives_from_link_to_execution),
      cmocka_unit_test(an_invocation_stays_while_something_live_hangs_from_it),
      cmocka_unit_test(a_childless_invocation_of_a_repeating_registration_leaves_nothing),
      cmocka_unit_test(its_child_keeps_the_ancestors),
      cmocka_unit_test_prestate(its_child_keeps_the_ancestors, objects),
      cmocka_unit_test(kinds_on_one_object_are_kept_apart),
      cmocka_unit_test(a_refused_start_leaves_the_former_registration),
      cmocka_unit_test(an_endless_chain_stays_bounded_and_keeps_its_root),
      cmocka_unit_test(frames_that_the_stack_was_unwound_past_are_ended),
      cmocka_unit_test(threads_do_not_disturb_each_other),
      cmocka_unit_test(a_forked_child_has_a_tree_of_its_own),
  };
  return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}

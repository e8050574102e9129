/* SPDX-License-Identifier: MIT */
/*
 * The live tree against a plain model of it: registrations, cancels, refusals, callbacks (once, repeating, of
 * JavaScript, of allocation, unknown), nested and unwound, on threads that take turns, and slots that run
 * out, at random; what the arena holds is compared after each step, all of it every so often. Then the same
 * by threads that do not wait for each other, under the eyes of a reader. test_live_model [SEED [PERIOD]]:
 * one round with that seed; everything is compared every PERIOD steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "live/arena.h"
#include "live/table.h"

#if defined __SANITIZE_THREAD__
enum { ROUNDS = 1 }; /* one thread has nothing to show there */
#elif defined __SANITIZE_ADDRESS__
enum { ROUNDS = 8 };
#else
enum { ROUNDS = 20 };
#endif
enum { STEPS = 100000, SLOTS = UVT_LIVE_SEGMENT, OBJECTS = 24, THREADS = 3, STARTS = 4 };

/* An invocation that the arena knows. Its ancestry is whole, however long. */
struct node {
  uint64_t id;
  struct node *parent, *root;
  unsigned depth;    /* ancestors */
  unsigned children; /* what keeps it: nodes, registrations, frames that will hang from it */
  bool executing;
  uint32_t slot;
};

struct registration {
  uint64_t id; /* 0: none */
  uint32_t slot, n;
  struct node *parent;
};

struct frame {
  struct node *node;   /* NULL: the arena does not know it (yet) */
  struct node *parent; /* what it will hang from */
};

static struct {
  uint64_t seed, random;
  unsigned step, period;
  bool scarce; /* slots may run out */
} round_;

static char objects[OBJECTS * 8];
static struct registration registered[OBJECTS], starts[STARTS];
static struct uvt_thread threads[THREADS], hoarder;
static struct frame frames[THREADS][UVT_FRAMES];
static struct node *node_in[SLOTS]; /* the last that had the slot, if it is still wanted */
static uint32_t hoard[SLOTS], hoarded;

#define CHECK(condition, ...)                                                                         \
  do {                                                                                                \
    if (!(condition)) {                                                                               \
      print_error("step %u of test_live_model %llu: ", round_.step, (unsigned long long)round_.seed); \
      print_error(__VA_ARGS__);                                                                       \
      fail_msg(" (%s)", #condition);                                                                  \
    }                                                                                                 \
  } while (0)

static unsigned draw(uint64_t *state, unsigned below)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (unsigned)((*state >> 11) % below);
}

static unsigned any(unsigned below)
{
  return draw(&round_.random, below);
}

/* The model. */

static void keep(struct node *node)
{
  if (node)
    node->children++;
}

static void unwanted(struct node *node)
{
  while (node && !node->executing && !node->children) {
    struct node *parent = node->parent;
    if (node_in[node->slot] == node)
      node_in[node->slot] = NULL;
    free(node);
    if (parent)
      parent->children--;
    node = parent;
  }
}

static void let_go(struct node *node)
{
  if (!node)
    return;
  node->children--;
  unwanted(node);
}

static struct node *node_new(uint64_t id, uint32_t slot, struct node *parent)
{
  struct node *node = malloc(sizeof *node);
  assert_non_null(node);
  *node = (struct node){.id = id, .slot = slot, .parent = parent, .executing = true};
  node->root = parent ? parent->root : node;
  node->depth = parent ? parent->depth + 1 : 0;
  keep(parent);
  node_in[slot] = node;
  return node;
}

static void ended(struct registration *registration)
{
  let_go(registration->parent);
  *registration = (struct registration){0};
}

/* Invocations that have got a slot since; those of JavaScript hang from what they run in. */
static void know_invocations(int t)
{
  for (uint32_t depth = 0; depth <= threads[t].depth; depth++) {
    struct uvt_frame *real = &threads[t].frames[depth];
    struct frame *frame = &frames[t][depth];
    if (real->slot && !frame->node)
      frame->node =
          node_new(real->execute_id, real->slot, real->is_js ? frames[t][depth - 1].node : frame->parent);
    if (real->execute_id) {
      let_go(frame->parent);
      frame->parent = NULL;
    }
  }
}

static void left(int t, uint32_t depth)
{
  struct frame *frame = &frames[t][depth];
  let_go(frame->parent);
  if (frame->node) {
    frame->node->executing = false;
    unwanted(frame->node);
  }
  *frame = (struct frame){0};
}

/* What the arena must hold. */

/* From a slot up, along the model's ancestry. */
static void check_chain(uint32_t slot, const struct node *node)
{
  unsigned length = 0;
  uint64_t below = UINT64_MAX;
  while (slot) {
    const struct uvt_live_invocation *at = uvt_live_invocation(slot);
    CHECK(node, "slot %u: there should be nothing above", slot);
    CHECK(at->kind == UVT_LIVE_INVOCATION && at->id == node->id, "slot %u: %llu instead of %llu", slot,
          (unsigned long long)at->id, (unsigned long long)node->id);
    CHECK(at->id < below, "slot %u: hangs from what came later", slot);
    CHECK(!at->gap || node->depth == at->gap + 1, "slot %u: %u are left out of %u", slot, at->gap,
          node->depth);
    CHECK(length++ <= UVT_LIVE_CHAIN, "a chain of more than %d", UVT_LIVE_CHAIN);
    below = at->id;
    node = at->gap ? node->root : node->parent;
    slot = at->parent;
  }
  CHECK(!node, "the root is lost");
}

static void check_registration(const struct registration *expected)
{
  const struct uvt_live_registration *found = uvt_live_registration(expected->slot);
  CHECK(found->id == expected->id && found->kind == UVT_LIVE_REGISTRATION,
        "registration %llu is not in its slot", (unsigned long long)expected->id);
  CHECK(found->n == expected->n, "operation %u instead of %u", found->n, expected->n);
  CHECK(!(found->flags & UVT_LIVE_ENDED), "has ended");
  check_chain(found->parent, expected->parent);
}

static void check_object(int o)
{
  uint64_t key = uvt_key(&objects[o * 8], o % 2 ? UVT_KEY_HANDLE : UVT_KEY_REQUEST);
  CHECK(uvt_find_link(key) == registered[o].id, "object %d", o);
  if (registered[o].id)
    check_registration(&registered[o]);
}

static void check_top(int t)
{
  const struct frame *frame = &frames[t][threads[t].depth];
  if (frame->node)
    check_chain(frame->node->slot, frame->node);
}

/* Every slot: nothing that the model does not know, and references that are the pointers which there are. */
static void check_all(void)
{
  static unsigned references[SLOTS];
  static uint8_t borrows[SLOTS], lends[SLOTS];
  unsigned registrations = 0, expected = 0;
  memset(references, 0, sizeof references);
  memset(borrows, 0, sizeof borrows);
  memset(lends, 0, sizeof lends);
  for (int t = 0; t < THREADS; t++)
    for (uint32_t depth = 0; depth <= threads[t].depth; depth++) {
      const struct uvt_frame *frame = &threads[t].frames[depth];
      CHECK(!frame->slot || frames[t][depth].node, "an invocation that nobody began");
      references[frame->slot]++;
      borrows[frame->slot] |= frame->lender != 0;
      lends[frame->lender]++;
      if (!frame->lender)
        references[frame->parent]++;
    }
  for (uint32_t slot = 1; slot < SLOTS; slot++) {
    const union uvt_live_slot *at = uvt_slot(slot);
    if (!at->any.id)
      continue;
    uint32_t parent = at->any.kind == UVT_LIVE_REGISTRATION ? at->registration.parent : at->invocation.parent;
    CHECK(!parent || (uvt_slot(parent)->any.id && uvt_slot(parent)->any.kind == UVT_LIVE_INVOCATION),
          "slot %u has a parent that has gone, %u", slot, parent);
    if (at->any.kind == UVT_LIVE_REGISTRATION) {
      uint8_t flags = at->registration.flags;
      registrations += !(flags & UVT_LIVE_ENDED);
      references[parent]++;
      CHECK(lends[slot] == !!(flags & UVT_LIVE_LENT), "slot %u lends to %u frames", slot, lends[slot]);
      CHECK(lends[slot] || !(flags & UVT_LIVE_ENDED), "slot %u has ended, and nothing keeps it", slot);
    } else {
      CHECK(node_in[slot] && node_in[slot]->id == at->any.id, "slot %u should have gone", slot);
      references[parent] += !borrows[slot];
    }
  }
  for (uint32_t slot = 1; slot < SLOTS; slot++)
    if (uvt_slot(slot)->any.id && uvt_slot(slot)->any.kind == UVT_LIVE_INVOCATION) {
      CHECK(uvt_live_invocation(slot)->references == references[slot],
            "slot %u: %u references, and %u pointers", slot, uvt_live_invocation(slot)->references,
            references[slot]);
      CHECK(!borrows[slot] || references[slot] == 1, "slot %u borrows, and something hangs from it", slot);
    }
  for (int o = 0; o < OBJECTS; o++) {
    expected += registered[o].id != 0;
    check_object(o);
  }
  for (int i = 0; i < STARTS; i++)
    if (starts[i].id) {
      expected++;
      check_registration(&starts[i]);
    }
  CHECK(registrations == expected, "%u registrations instead of %u", registrations, expected);
  for (int t = 0; t < THREADS; t++)
    for (uint32_t depth = 0; depth <= threads[t].depth; depth++)
      if (frames[t][depth].node)
        check_chain(frames[t][depth].node->slot, frames[t][depth].node);
}

/* The steps. */

static uint64_t key_of(int o)
{
  return uvt_key(&objects[o * 8], o % 2 ? UVT_KEY_HANDLE : UVT_KEY_REQUEST);
}

static uintptr_t stack_at(uint32_t depth)
{
  return (uintptr_t)1 << 40 | (UVT_FRAMES - depth) * 64;
}

/* Runs the object's callback, or, `lazy`, its allocation callback. */
static void run(int t, int o, bool last, bool lazy)
{
  struct uvt_thread *thread = &threads[t];
  struct registration *registration = &registered[o];
  struct uvt_claim claim;
  bool found = lazy   ? uvt_claim_peek(key_of(o), &claim)
               : last ? uvt_claim_last(thread, key_of(o), &claim)
                      : uvt_claim_next(key_of(o), &claim);
  CHECK(found == (registration->id != 0), "object %d", o);
  if (!found)
    return;
  CHECK(claim.link_id == registration->id, "another registration");
  uintptr_t sp = stack_at(thread->depth + 1);
  uint32_t depth = lazy ? uvt_invocation_begin_lazy(thread, &claim, sp, 0)
                        : uvt_invocation_begin(thread, &claim, sp, 0, 0);
  if (depth) {
    frames[t][depth].parent = registration->parent;
    keep(registration->parent);
  }
  know_invocations(t);
  if (!lazy && !last)
    registration->n++;
  if (!lazy && last)
    ended(registration);
}

static struct node *current(int t)
{
  CHECK(round_.scarce || frames[t][threads[t].depth].node, "nothing to hang from, though there is room");
  return frames[t][threads[t].depth].node;
}

/* `surely`: libuv does not refuse, and nobody runs it before the call returns. */
static void link_object(int t, int o, bool surely)
{
  struct uvt_thread *thread = &threads[t];
  struct registration former = registered[o];
  bool refused = !surely && any(8) == 0, at_once = !surely && !refused && any(8) == 0;
  void *thunk = any(32) ? objects : NULL;
  struct uvt_pending pending =
      uvt_register(thread, &(struct uvt_link){.key = key_of(o), .type = 1, .thunk = thunk});
  know_invocations(t);
  if (!pending.slot) { /* what it takes the place of ends all the same */
    CHECK(round_.scarce || !thunk, "no room");
    uvt_registered(thread, &pending, refused ? -22 : 0);
    if (former.id && !(refused && o % 2))
      ended(&registered[o]);
    return;
  }
  registered[o] = (struct registration){.id = pending.id, .slot = pending.slot, .n = 1, .parent = current(t)};
  keep(registered[o].parent);
  if (at_once) /* a worker takes it up before the submitter's call returns */
    run((int)any(THREADS), o, true, false);
  uvt_registered(thread, &pending, refused ? -22 : 0);
  know_invocations(t);
  if (refused) {
    ended(&registered[o]);
    if (o % 2) { /* a handle's start that is refused changes nothing */
      registered[o] = former;
      return;
    }
  }
  if (former.id)
    ended(&former);
}

static void cancel(int t, int o)
{
  if (any(4) == 0 && registered[o].id) {
    uvt_cancel_id(&threads[t], key_of(o), registered[o].id + 1, UVT_reason_stopped, 0);
    return;
  }
  uvt_cancel(&threads[t], key_of(o), UVT_reason_stopped, 0);
  if (registered[o].id)
    ended(&registered[o]);
}

/* A registration that is in no table: a thread is made, and begins. */
static void start_thread(int t, int i)
{
  if (starts[i].id) {
    struct uvt_claim claim;
    uvt_claim_slot(&threads[t], starts[i].slot, &claim);
    uint32_t depth = uvt_invocation_begin(&threads[t], &claim, stack_at(threads[t].depth + 1), 0, 0);
    if (depth) {
      frames[t][depth].parent = starts[i].parent;
      keep(starts[i].parent);
    }
    know_invocations(t);
    ended(&starts[i]);
    return;
  }
  struct uvt_pending pending = uvt_register(&threads[t], &(struct uvt_link){.type = 1, .thunk = objects});
  know_invocations(t);
  if (!pending.slot)
    return;
  starts[i] = (struct registration){.id = pending.id, .slot = pending.slot, .n = 1, .parent = current(t)};
  keep(starts[i].parent);
}

static void leave_to(int t, uint32_t depth)
{
  for (uint32_t at = UVT_FRAMES - 1; at >= depth; at--)
    left(t, at);
}

static void leave(int t)
{
  struct uvt_thread *thread = &threads[t];
  if (!thread->depth) {
    uvt_root_end(thread);
    left(t, 0);
    return;
  }
  uint32_t depth = any(8) ? thread->depth : thread->depth - any(thread->depth); /* others were unwound past */
  if (any(4)) {
    uvt_invocation_end(thread, depth);
  } else {
    uvt_thread_unwind(thread, thread->frames[depth].sp + 1);
    depth = thread->depth + 1; /* those of JavaScript go with what they run in */
  }
  leave_to(t, depth);
}

static void javascript(int t)
{
  struct uvt_thread *thread = &threads[t];
  struct uvt_frame *top = &thread->frames[thread->depth];
  uint64_t link = top->link_id;
  switch (top->is_js ? any(3) : 0) {
  case 0:
    uvt_js_invocation_begin(thread, 1 + any(1000), 0);
    know_invocations(t);
    break;
  case 1:
    uvt_js_invocation_end(thread, link);
    leave_to(t, thread->depth + 1);
    break;
  default:
    uvt_js_invocation_finish(thread, link);
    leave_to(t, thread->depth + 1);
    if (any(2))
      uvt_js_invocation_resume(thread, link);
  }
}

/* Callbacks that start what runs them again. */
static void renew(int t, int o)
{
  struct uvt_thread *thread = &threads[t];
  for (unsigned turns = any(2 * UVT_LIVE_CHAIN); turns && registered[o].id && thread->depth + 1 < UVT_FRAMES;
       turns--) {
    run(t, o, !(o % 2) || any(2), false);
    link_object(t, o, true);
    check_object(o);
    uvt_invocation_end(thread, thread->depth);
    leave_to(t, thread->depth + 1);
  }
}

/* Somebody takes all slots but a few, or gives them back. */
static void hoard_slots(bool take)
{
  if (take)
    while (hoarded < SLOTS && (hoard[hoarded] = uvt_slot_take(&hoarder)))
      hoarded++;
  while (hoarded && (!take || any(16)))
    uvt_slot_give(&hoarder, hoard[--hoarded]);
  uvt_slots_return(&hoarder);
}

/* How likely each step is, by the kind of round. */
enum step {
  LINK,
  CANCEL,
  RUN_LAST,
  RUN_NEXT,
  RUN_LAZY,
  RENEW,
  UNKNOWN,
  LEAVE,
  SCRIPT,
  START,
  NAME,
  HOARD,
  STEP_COUNT
};
static const uint8_t likely[][STEP_COUNT] = {
    {30, 10, 20, 20, 5, 2, 2, 40, 10, 3, 5, 0},  /* a bit of everything */
    {30, 2, 10, 20, 1, 30, 0, 60, 5, 1, 0, 0},   /* endless chains that branch */
    {20, 5, 5, 40, 10, 1, 5, 30, 15, 2, 5, 0},   /* nested deeper than frames go */
    {30, 10, 20, 20, 5, 10, 2, 40, 10, 3, 5, 1}, /* slots run out */
};

static void step(unsigned kind, int t)
{
  unsigned sum = 0;
  for (int i = 0; i < STEP_COUNT; i++)
    sum += likely[kind][i];
  int chosen = 0;
  for (unsigned at = any(sum); at >= likely[kind][chosen]; chosen++)
    at -= likely[kind][chosen];
  int o = (int)any(any(2) ? OBJECTS : 2);
  switch ((enum step)chosen) {
  case LINK:
    link_object(t, o, false);
    break;
  case CANCEL:
    cancel(t, o);
    break;
  case RUN_LAST:
  case RUN_NEXT:
  case RUN_LAZY:
    run(t, o, chosen == RUN_LAST || !(o % 2), chosen == RUN_LAZY);
    break;
  case RENEW:
    renew(t, o);
    break;
  case UNKNOWN:
    uvt_invocation_begin_lazy(&threads[t], NULL, stack_at(threads[t].depth + 1), 0);
    break;
  case LEAVE:
    leave(t);
    break;
  case SCRIPT:
    javascript(t);
    break;
  case START:
    start_thread(t, (int)any(STARTS));
    break;
  case NAME:
    uvt_current(&threads[t]);
    know_invocations(t);
    break;
  case HOARD:
    hoard_slots(any(2));
    break;
  case STEP_COUNT:
    break;
  }
  check_object(o);
  check_top(t);
}

/* How many slots there are to be had. */
static unsigned slots_free(void)
{
  static uint32_t taken[SLOTS];
  unsigned count = 0;
  for (int t = 0; t < THREADS; t++)
    uvt_slots_return(&threads[t]);
  while ((taken[count] = uvt_slot_take(&hoarder)))
    count++;
  for (unsigned i = 0; i < count; i++)
    uvt_slot_give(&hoarder, taken[i]);
  uvt_slots_return(&hoarder);
  return count;
}

/* All ends; then every slot is free again, once. */
static void end_all(void)
{
  hoard_slots(false);
  for (int t = 0; t < THREADS; t++) {
    uvt_invocation_end(&threads[t], threads[t].depth ? 1 : 0);
    leave_to(t, 1);
    uvt_root_end(&threads[t]);
    left(t, 0);
  }
  for (int o = 0; o < OBJECTS; o++) {
    uvt_cancel(&threads[0], key_of(o), UVT_reason_closed, 0);
    if (registered[o].id)
      ended(&registered[o]);
  }
  for (int i = 0; i < STARTS; i++)
    if (starts[i].id) {
      uvt_registered(&threads[0], &(struct uvt_pending){.slot = starts[i].slot, .id = starts[i].id}, -11);
      ended(&starts[i]);
    }
  /* What refused the last of them may have been a root of its own. */
  uvt_root_end(&threads[0]);
  left(0, 0);
  check_all();
  for (uint32_t slot = 1; slot < SLOTS; slot++)
    CHECK(!uvt_slot(slot)->any.id, "slot %u is left", slot);
  unsigned count = slots_free();
  CHECK(count == SLOTS - 1, "%u slots are free instead of %d", count, SLOTS - 1);
}

static void play(uint64_t seed)
{
  unsigned kind = (unsigned)(seed % (sizeof likely / sizeof likely[0]));
  round_.seed = seed;
  round_.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
  round_.scarce = likely[kind][HOARD] != 0;
  int t = 0;
  for (round_.step = 0; round_.step < STEPS; round_.step++) {
    if (any(8) == 0)
      t = (int)any(THREADS);
    step(kind, t);
    if (round_.step % round_.period == 0)
      check_all();
  }
  end_all();
}

static uint64_t given_seed;

static void the_arena_is_as_the_model_says(void **state)
{
  (void)state;
  for (int t = 0; t < THREADS; t++) {
    threads[t].tid = 1000 + t;
    threads[t].frames[0].sp = UINTPTR_MAX;
  }
  assert_int_equal(slots_free(), SLOTS - 1);
  if (given_seed) {
    play(given_seed);
    return;
  }
  uint64_t seed = (uint64_t)time(NULL) % 1000000 * 1000 + (uint64_t)getpid() % 1000;
  print_message("seeds: %llu and the %d after it\n", (unsigned long long)seed, ROUNDS - 1);
  for (int i = 0; i < ROUNDS; i++)
    play(seed + (uint64_t)i);
}

/* Threads at once: each registers and runs on objects of its own, and hands over to the others. */

#define SP ((uintptr_t)__builtin_frame_address(0))
enum { WORKERS = 4, OWN = 16, BOXES = 4, TURNS = 20000, NESTED = 6 };
enum { BOX_EMPTY, BOX_BUSY, BOX_FULL };

static struct box {
  char object;
  int state;
} boxes[BOXES];
static char own[WORKERS][OWN * 8];
static bool over;

static bool box_change(struct box *box, int from, int to)
{
  return __atomic_compare_exchange_n(&box->state, &from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void turn(struct uvt_thread *thread, char *mine, uint64_t *random, int nested);

static void link_key(struct uvt_thread *thread, uint64_t key)
{
  struct uvt_pending pending =
      uvt_register(thread, &(struct uvt_link){.key = key, .type = 1, .thunk = objects});
  uvt_registered(thread, &pending, 0);
}

/* `again`: a key to start again in the callback, or 0. */
static void run_claimed(struct uvt_thread *thread, const struct uvt_claim *claim, uint64_t again, char *mine,
                        uint64_t *random, int nested)
{
  uint32_t depth = uvt_invocation_begin(thread, claim, SP, 0, 0);
  if (again)
    link_key(thread, again);
  for (unsigned turns = nested < NESTED ? draw(random, 4) : 0; turns; turns--)
    turn(thread, mine, random, nested + 1);
  uvt_invocation_end(thread, depth);
}

/* A chain that goes from thread to thread, now and then begun anew. */
static void hand_over(struct uvt_thread *thread, struct box *box, char *mine, uint64_t *random, int nested)
{
  uint64_t key = uvt_key(&box->object, UVT_KEY_REQUEST);
  struct uvt_claim claim;
  bool again = draw(random, 500);
  if (box_change(box, BOX_EMPTY, BOX_BUSY)) {
    link_key(thread, key);
    __atomic_store_n(&box->state, BOX_FULL, __ATOMIC_RELEASE);
  } else if (box_change(box, BOX_FULL, BOX_BUSY)) {
    if (uvt_claim_last(thread, key, &claim))
      run_claimed(thread, &claim, again ? key : 0, mine, random, NESTED);
    __atomic_store_n(&box->state, again ? BOX_FULL : BOX_EMPTY, __ATOMIC_RELEASE);
  }
  if (nested < NESTED)
    turn(thread, mine, random, nested + 1);
}

static void __attribute__((noinline))
turn(struct uvt_thread *thread, char *mine, uint64_t *random, int nested)
{
  uint64_t key = uvt_key(&mine[draw(random, OWN) * 8], UVT_KEY_HANDLE);
  struct uvt_claim claim;
  switch (draw(random, 8)) {
  case 0:
  case 1:
    link_key(thread, key);
    break;
  case 2:
    uvt_cancel(thread, key, UVT_reason_stopped, 0);
    break;
  case 3:
  case 4:
    if (uvt_claim_next(key, &claim))
      run_claimed(thread, &claim, draw(random, 2) ? key : 0, mine, random, nested);
    break;
  case 5:
    if (uvt_claim_last(thread, key, &claim))
      run_claimed(thread, &claim, key, mine, random, nested);
    break;
  default:
    hand_over(thread, &boxes[draw(random, BOXES)], mine, random, nested);
  }
}

static void *work(void *argument)
{
  char *mine = argument;
  uint64_t random = round_.seed + (uintptr_t)mine * UINT64_C(0x9e3779b97f4a7c15);
  struct uvt_thread *thread = uvt_thread_enter(SP);
  for (int i = 0; i < TURNS; i++)
    turn(thread, mine, &random, 0);
  for (int o = 0; o < OWN; o++)
    uvt_cancel(thread, uvt_key(&mine[o * 8], UVT_KEY_HANDLE), UVT_reason_closed, 0);
  return NULL;
}

struct seen {
  uint64_t id;
  uint32_t parent;
  uint8_t kind;
};

static struct seen look(uint32_t slot)
{
  const union uvt_live_slot *at = uvt_slot(slot);
  struct seen seen = {.id = __atomic_load_n(&at->any.id, __ATOMIC_ACQUIRE),
                      .kind = __atomic_load_n(&at->any.kind, __ATOMIC_ACQUIRE)};
  seen.parent = __atomic_load_n(&at->registration.parent, __ATOMIC_ACQUIRE);
  return seen;
}

/* What a reader from outside sees: while a slot holds what it held, and points where it pointed, its parent
 * is an invocation. */
static void *watch(void *argument)
{
  unsigned *dangling = argument;
  _Static_assert(offsetof(struct uvt_live_registration, parent) ==
                     offsetof(struct uvt_live_invocation, parent),
                 "look() reads either");
  while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
    for (uint32_t slot = 1; slot < __atomic_load_n(&uvt_live->slots, __ATOMIC_ACQUIRE); slot++) {
      struct seen before = look(slot);
      if (!before.id || !before.parent)
        continue;
      struct seen parent = look(before.parent), after = look(slot);
      if (after.id == before.id && after.parent == before.parent && before.kind == after.kind)
        *dangling += !parent.id || parent.kind != UVT_LIVE_INVOCATION;
    }
  return NULL;
}

static void threads_at_once_leave_nothing(void **state)
{
  (void)state;
  pthread_t workers[WORKERS], reader;
  unsigned dangling = 0;
  round_.seed = given_seed ? given_seed : (uint64_t)time(NULL);
  print_message("seed: %llu\n", (unsigned long long)round_.seed);
  pthread_create(&reader, NULL, watch, &dangling);
  for (int i = 0; i < WORKERS; i++)
    pthread_create(&workers[i], NULL, work, own[i]);
  for (int i = 0; i < WORKERS; i++)
    pthread_join(workers[i], NULL);
  __atomic_store_n(&over, true, __ATOMIC_RELEASE);
  pthread_join(reader, NULL);
  CHECK(dangling == 0, "a parent had gone, %u times", dangling);
  for (int i = 0; i < BOXES; i++)
    uvt_cancel(&hoarder, uvt_key(&boxes[i].object, UVT_KEY_REQUEST), UVT_reason_closed, 0);
  for (uint32_t slot = 1; slot < SLOTS; slot++)
    CHECK(!uvt_slot(slot)->any.id, "slot %u is left", slot);
  CHECK(uvt_live->lost == 0 || slots_free() == SLOTS - 1, "slots are lost");
}

int main(int argc, char **argv)
{
  given_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
  round_.period = argc > 2 ? (unsigned)atoi(argv[2]) : 64;
  uvt_threads_init();
  uvt_arena_init(SLOTS * sizeof(union uvt_live_slot), true);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_arena_is_as_the_model_says),
      cmocka_unit_test(threads_at_once_leave_nothing),
  };
  return cmocka_run_group_tests_name("live_model", tests, NULL, NULL);
}

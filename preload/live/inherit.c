/* SPDX-License-Identifier: MIT */
#include "inherit.h"

#include <stddef.h>
#include <sys/mman.h>

#include "arena.h"
#include "base/thread.h"
#include "table.h"

static struct {
  uint32_t count;       /* slots */
  uint32_t *references; /* by slot; 0: nothing leads there */
  uint32_t *walks;      /* by slot: the last walk that came there */
  uint32_t walk;
} tree;

static bool is_a(uint32_t slot, enum uvt_live_kind kind)
{
  return slot && slot < tree.count && uvt_slot(slot)->any.id && uvt_slot(slot)->any.kind == kind;
}

/* One thing more leads to the invocation in *from; the first brings those above it. Where there is none, or a
 * circle closes, *from becomes 0. */
static void refer(uint32_t *from)
{
  tree.walk++;
  for (bool first = true; first;) {
    uint32_t slot = *from;
    if (!is_a(slot, UVT_LIVE_INVOCATION) || tree.walks[slot] == tree.walk) {
      *from = 0;
      return;
    }
    tree.walks[slot] = tree.walk;
    first = !tree.references[slot]++;
    from = &uvt_live_invocation(slot)->parent;
  }
}

/* For the table: does the registration stay? What was lent of it is not. */
static bool take_registration(uint32_t slot)
{
  if (!is_a(slot, UVT_LIVE_REGISTRATION) || tree.references[slot])
    return false;
  tree.references[slot] = 1;
  struct uvt_live_registration *registration = uvt_live_registration(slot);
  UVT_SLOT_SET(registration->flags, registration->flags & ~(UVT_LIVE_LENT | UVT_LIVE_ENDED));
  refer(&registration->parent);
  return true;
}

/* What executes, or is about to, borrows nothing here. */
static void take_frame(struct uvt_frame *frame)
{
  if (frame->lender && (!is_a(frame->lender, UVT_LIVE_REGISTRATION) ||
                        uvt_live_registration(frame->lender)->id != frame->link_id))
    frame->parent = 0;
  frame->lender = 0;
  if (frame->slot && uvt_slot(frame->slot)->any.id != frame->execute_id)
    frame->slot = 0;
  if (!frame->slot)
    frame->bears = false;
  refer(&frame->slot);
  refer(&frame->parent);
}

void uvt_inherit(struct uvt_thread *thread)
{
  tree.count = uvt_arena_used();
  size_t size = 2 * (size_t)tree.count * sizeof(uint32_t);
  uint32_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    tree.count = 0; /* nothing is inherited */
  tree.references = memory;
  tree.walks = memory + tree.count;
  uvt_table_inherit(tree.count, take_registration);
  for (uint32_t depth = 0; depth <= thread->depth; depth++)
    take_frame(&thread->frames[depth]);
  uvt_arena_inherit(thread, tree.count ? tree.references : NULL);
  if (memory != MAP_FAILED)
    munmap(memory, size);
}

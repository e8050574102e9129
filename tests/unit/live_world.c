/* SPDX-License-Identifier: MIT */
/* What the live tree's modules need of announce.c, with nobody recording. */
#include "announce.h"
#include "js.h"
#include "js_buffer.h"
#include "stack.h"

static const int never = 0;
static const struct uvt_emit nothing = {.records_begin = &never, .records_link = &never};
const struct uvt_emit *uvt_emit = &nothing;
uint32_t uvt_process = 1, uvt_epoch;
uint8_t uvt_on;

bool uvt_announce(struct uvt_thread *thread)
{
  (void)thread;
  return false;
}

void uvt_recording_off(void)
{
}

void uvt_count_lost(uint64_t count)
{
  (void)count;
}

/* The JavaScript layer, of which there is none here. */
void uvt_js_buffer_flush(struct uvt_thread *thread)
{
  (void)thread;
}

uint32_t uvt_js_buffer_turn(struct uvt_thread *thread, uint64_t execute_id, uint64_t link_id)
{
  (void)thread, (void)execute_id, (void)link_id;
  return 0;
}

bool uvt_js_tsc;

uint64_t uvt_js_clock(void)
{
  return 0;
}

void uvt_js_tell_rejected(struct uvt_thread *thread)
{
  (void)thread;
}

/* Stacks, which nobody asks for here. */
bool uvt_stacks_on;

uint32_t uvt_stack_take(enum uvt_type type)
{
  (void)type;
  return 0;
}

void uvt_stack_tell_link(uint64_t link_id, uint32_t stack)
{
  (void)link_id, (void)stack;
}

/* SPDX-License-Identifier: MIT */
/* What the live tree's modules need of announce.c, with nobody recording. */
#include "js/js.h"
#include "recording/announce.h"
#include "stacks/stack.h"

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

void uvt_sends_catch_up(struct uvt_thread *thread)
{
  (void)thread;
}

void uvt_count_lost(uint64_t count)
{
  (void)count;
}

/* The JavaScript layer, of which there is none here. */
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

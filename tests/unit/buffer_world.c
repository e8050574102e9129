/* SPDX-License-Identifier: MIT */
/* Buffers (buffer.h) into which nothing comes, as nobody records. */
#include "recording/buffer.h"

void uvt_buffer_flush(struct uvt_thread *thread)
{
  (void)thread;
}

bool uvt_buffer_drop(struct uvt_thread *thread, enum uvt_batch_op op, uint64_t id)
{
  (void)thread, (void)op, (void)id;
  return false;
}

void uvt_buffer_release(struct uvt_thread *thread)
{
  (void)thread;
}

void uvt_buffer_turn(struct uvt_buffer *buffer, uint64_t execute_id, uint64_t link_id)
{
  (void)buffer, (void)execute_id, (void)link_id;
}

uint64_t *uvt_buffer_interrupt(struct uvt_buffer *buffer, uint64_t execute_id, uint64_t link_id)
{
  (void)execute_id, (void)link_id;
  return buffer->spare.words;
}

void uvt_buffer_interrupted(struct uvt_buffer *buffer)
{
  (void)buffer;
}

bool uvt_ticks_are_tsc;

uint64_t uvt_ticks_clock(void)
{
  return 0;
}

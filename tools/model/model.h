/* SPDX-License-Identifier: MIT */
/*
 * The state machine of uvtree-stream(7): takes the records of a trace in order of time and gives the events
 * of the stream to a sink. What it keeps grows with what is alive in the traced programs: registrations, open
 * invocations, and operations not yet Retired (pending.h).
 *
 * One thread at a time. Any order of any records is taken without harm: what a record refers to and nobody
 * introduced stays a reference to something unknown, and no event is made up for it.
 *
 * Stacks, and the code that their frames lie in, take at most UVT_STACK_STORE_BYTES (stack_store.h).
 */
#ifndef UVT_MODEL_H
#define UVT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/event.h"
#include "trace/record.h"

struct uvt_model;

/* `memory`: see uvt_pending_create. The sink is the caller's. NULL: out of memory. */
struct uvt_model *uvt_model_create(struct uvt_sink *sink, uint64_t memory);
void uvt_model_destroy(struct uvt_model *model);

/*
 * Returns 0, or a negative errno after which the model is of no more use: the sink's own, or -ENOMEM and the
 * like, or -EPROTO with the error set for a process recorded by another version of the schema.
 */
int uvt_model_record(struct uvt_model *model, const struct uvt_record *record, struct uvt_error *error);

struct uvt_model_losses {
  uint64_t count;
  bool unknown; /* more were lost that nobody counted */
};
struct uvt_model_losses uvt_model_losses(const struct uvt_model *model);

/* Before the first record: processes that do not belong to the recording are not left out. */
void uvt_model_take_all(struct uvt_model *model);

/* How many processes have been left out, as they do not belong to the recording (family.h). */
uint64_t uvt_model_strangers(const struct uvt_model *model);

/* How many stacks and pieces of code there was no room for. */
uint64_t uvt_model_stacks_refused(const struct uvt_model *model);

#endif

/* SPDX-License-Identifier: MIT */
#include "batches.h"

#include "batch.h"

uint64_t uvt_batches_missing(struct uvt_batches *batches, const struct uvt_rec_batch *batch)
{
  uint32_t missing = batch->number - batches->next;
  uint64_t records = batch->before - batches->before;
  bool goes_on = batches->begun && batch->number >= batches->next && batch->before >= batches->before;
  batches->begun = true;
  batches->next = batch->number + 1;
  batches->before = batch->before + uvt_batch_count(&batch->words);
  return goes_on && records > missing ? records - missing : 0;
}

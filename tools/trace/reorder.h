/* SPDX-License-Identifier: MIT */
/*
 * Unpacks the batches of threads (batch.h) and puts their records where their times say, among the records of
 * other threads. A batch was written later than what it tells: so records are held back for the `window` of
 * processes (of the trace's time), and longer where a thread has said that records of it are still to come
 * (`waiting`). Of a trace without such a process nothing is held.
 *
 * The order of one thread's records is kept whatever their times say. One that comes later than it may gets
 * the time of what was given before it, and is counted.
 *
 * What a thread said to come and did not is lost, its process was killed or ran on after the recording: a
 * `discarded` of unknown count says so at the end.
 *
 * Memory: what is recorded in one window, or in 2 s where a process was killed, and some 150 bytes for each
 * thread that ever wrote. What a record costs grows with the logarithm of how many threads have records held.
 * Everything runs on the caller's thread.
 */
#ifndef UVT_REORDER_H
#define UVT_REORDER_H

#include <stddef.h>
#include <stdint.h>

#include "trace_source.h"

struct uvt_reorder;

/* Gives the records on to `next`, which it does not own. NULL: no memory. */
struct uvt_reorder *uvt_reorder_create(struct uvt_trace_visitor *next);
void uvt_reorder_destroy(struct uvt_reorder *reorder);

/* What to give a trace's records to. Its record() gives back what next's did, or -1 where there is no memory.
 */
struct uvt_trace_visitor *uvt_reorder_visitor(struct uvt_reorder *reorder);

/* There are no more records: gives on what is held back. */
int uvt_reorder_finish(struct uvt_reorder *reorder);

/* How many records came later than the window allows, and by how many ns the latest did. */
uint64_t uvt_reorder_late(const struct uvt_reorder *reorder, int64_t *by);

/* What it took so far, for tests. */
struct uvt_reorder_work {
  uint64_t compared; /* threads looked at to find the one whose record is next */
  size_t rings;      /* threads that have room for records now */
};
struct uvt_reorder_work uvt_reorder_work(const struct uvt_reorder *reorder);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a child of fork() has of its parent's live tree. Slots are shared memory: what the child copies may
 * have been changed by the parent's threads since, and what they held is held by nobody. So the child looks
 * for what there is from what it has of its own, the table and the frames of the thread that forked; makes
 * one whole tree of that, with references as they are; and all other slots are free.
 */
#ifndef UVT_INHERIT_H
#define UVT_INHERIT_H

struct uvt_thread;

/* The child's memory must be its own already. `thread`: the one that forked. */
void uvt_inherit(struct uvt_thread *thread);

#endif

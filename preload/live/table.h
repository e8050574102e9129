/* SPDX-License-Identifier: MIT */
/*
 * From the object in which libuv stores a callback (address and kind, uvt_key) to the slot of its
 * registration. Chains run through the slots. Writers of one bucket exclude each other by a few instructions'
 * spin; readers never wait for long: a signal handler that interrupts a writer gives up.
 */
#ifndef UVT_TABLE_H
#define UVT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* Puts the slot (its key is set) in; returns the slot that had the key before, which is out now, or 0. */
uint32_t uvt_table_put(uint32_t slot);
/* Takes the slot with that key out; 0 if there is none. */
uint32_t uvt_table_take(uint64_t key);
/* Takes it out only if it has that ID. */
uint32_t uvt_table_take_id(uint64_t key, uint64_t link_id);
/* Looks; 0 if there is none. */
uint32_t uvt_table_find(uint64_t key);
/* The same in a signal handler. False: it cannot be known, as the handler interrupted a writer. */
bool uvt_table_try_find(uint64_t key, uint32_t *slot);
/* In a child of fork(): no writer is under way any more, and of each chain stays what `take` accepts, up to
 * the first that it does not; `slots`: how many there are (inherit.h). */
void uvt_table_inherit(uint32_t slots, bool (*take)(uint32_t slot));

#endif

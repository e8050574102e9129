/* SPDX-License-Identifier: MIT */
/*
 * Texts of the JavaScript layer (types, functions, places) by number: told once, in a `string` record, each
 * time recording is switched on. Any thread; a text that is new takes a lock and memory, which is never given
 * back.
 */
#ifndef UVT_JS_TEXT_H
#define UVT_JS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "announce.h"
#include "base/lock.h"

#define UVT_JS_TEXTS 65536 /* further ones are not told: number 0 */

/* Its number, from 1; 0 where there is no room. */
uint32_t uvt_js_text(const char *text, size_t length);

/* The text of a number that was given out; it stays. */
const char *uvt_js_text_of(uint32_t id);

/* Records what the number means, unless that has been done since recording was switched on. Recording must be
 * on. */
static inline void uvt_js_text_tell(struct uvt_thread *thread, uint32_t id);

extern pthread_mutex_t uvt_texts_lock; /* fork.c */

/* For the above. */
extern uint32_t *uvt_js_texts_told; /* by number: the recording epoch in which it was last */
void uvt_js_text_tell_now(struct uvt_thread *thread, uint32_t id);

static inline void uvt_js_text_tell(struct uvt_thread *thread, uint32_t id)
{
  if (id && __builtin_expect(__atomic_load_n(&uvt_js_texts_told[id], __ATOMIC_RELAXED) != uvt_epoch, 0))
    uvt_js_text_tell_now(thread, id);
}

#endif

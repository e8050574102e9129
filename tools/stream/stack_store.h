/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a stream, each kept once: lists of frames, which are kept once, too. What the function of a
 * native frame is called is looked up in its file (symbols.h) when somebody first asks for the frame's text.
 *
 * Bounded: everything in it, and what is charged to it, takes at most as many bytes as it was made with. What
 * does not fit is refused, and counted.
 *
 * Stacks are numbered from 1 and stay as long as the store does, which is as long as somebody holds it. One
 * thread at a time.
 */
#ifndef UVT_STACK_STORE_H
#define UVT_STACK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uvt_stack_store;

#define UVT_STACK_STORE_BYTES (UINT64_C(64) << 20)

/* With its end; longer texts are cut. */
#define UVT_FRAME_TEXT_MAX 1024

/* Held once. NULL: out of memory. */
struct uvt_stack_store *uvt_stack_store_create(uint64_t bytes);
struct uvt_stack_store *uvt_stack_store_hold(struct uvt_stack_store *store);
void uvt_stack_store_release(struct uvt_stack_store *store);

/* Frames and images by number, the same number for the same thing; 0: refused. */
uint32_t uvt_frame_of_text(struct uvt_stack_store *store, const char *text);
uint32_t uvt_frame_of_address(struct uvt_stack_store *store, uint64_t address);
uint32_t uvt_frame_in_image(struct uvt_stack_store *store, uint32_t image, uint64_t offset);
uint32_t uvt_image_of(struct uvt_stack_store *store, const char *path, const char *build_id);

/* The number of that stack, from the innermost frame to the outermost, without those of uvtree itself, which
 * are taken out of `frames`; 0: refused, or nothing is left. */
uint32_t uvt_stack_of(struct uvt_stack_store *store, uint32_t *frames, size_t count);

/* Room for something that is kept elsewhere on behalf of the stacks; false: refused. */
bool uvt_stack_store_charge(struct uvt_stack_store *store, uint64_t bytes);
void uvt_stack_store_refund(struct uvt_stack_store *store, uint64_t bytes);

/* How many stacks, and pieces of code, were refused. */
uint64_t uvt_stack_store_refused(const struct uvt_stack_store *store);

/* Of a stack: how many frames; the text of one, which holds as long as the store. */
size_t uvt_stack_length(const struct uvt_stack_store *store, uint32_t stack);
const char *uvt_stack_frame(struct uvt_stack_store *store, uint32_t stack, size_t index);

/* Where the program is in a stack: its innermost frame that is not the runtime's; else Node's innermost
 * function of JavaScript, else just the innermost. */
const char *uvt_stack_site(struct uvt_stack_store *store, uint32_t stack);

/* Whether a frame is of the runtime (Node, V8, libuv, libc), not of the program. */
bool uvt_frame_is_internal(const char *frame);

#endif

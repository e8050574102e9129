/* SPDX-License-Identifier: MIT */
/*
 * The mapped files that frames lie in, told in `image` records when a stack first has a frame in them. Under
 * the lock of whoever tells stacks (stack.c); reads mapped files and /proc/self/exe, no memory is taken.
 */
#ifndef UVT_IMAGES_H
#define UVT_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

/* Tells in which file the address lies, unless that has been done in this recording. True: another file lies
 * there now than before, what was remembered of its addresses is wrong. Recording must be on. */
bool uvt_image_tell(uintptr_t address);

#endif

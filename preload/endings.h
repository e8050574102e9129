/* SPDX-License-Identifier: MIT */
/*
 * The ways in which a process ends by itself, or becomes another program, without exit()'s handlers: _exit,
 * abort, a signal that it sends to itself and has no handler for, exec. They are interposed so that what
 * waits in buffers is written first (buffer.h); then the real function does what it does.
 */
#ifndef UVT_ENDINGS_H
#define UVT_ENDINGS_H

/* The real functions. Constructor. */
void uvt_endings_init(void);

#endif

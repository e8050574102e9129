/* SPDX-License-Identifier: MIT */
/*
 * What uvtree says on standard error, a line at a time: nothing else in tools writes there. What is said may
 * name files, programs and what stands in a trace, so all of it is made safe for a terminal.
 */
#ifndef UVT_SAY_H
#define UVT_SAY_H

/* "uvtree WHO: TEXT", or "uvtree: TEXT" where `who` is NULL. */
void uvt_say(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

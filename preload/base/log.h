/* SPDX-License-Identifier: MIT */
/*
 * The debug log: silent unless UVTREE_DEBUG names a file (or is 1: standard error). A line is one write(2);
 * nothing is allocated and errno stays as it is. Any thread.
 */
#ifndef UVT_LOG_H
#define UVT_LOG_H

void uvt_log_open(const char *where); /* the value of UVTREE_DEBUG, NULL: silent */
void uvt_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

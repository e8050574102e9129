/* SPDX-License-Identifier: MIT */
/*
 * Why something failed, for the one line that the user gets. The first cause wins: functions nearer to the
 * trouble know more, so uvt_error_set on an error that is already set changes nothing.
 */
#ifndef UVT_ERROR_H
#define UVT_ERROR_H

struct uvt_error {
  char text[512]; /* "" where nothing failed; one line, safe for a terminal (words.h) */
};

void uvt_error_set(struct uvt_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Texts from outside (a trace, a file's name, an argument) as they may be shown: no control characters, which
 * a terminal would obey, no marks that turn the order of what is read, no broken UTF-8. And durations.
 */
#ifndef UVT_WORDS_H
#define UVT_WORDS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies a text so that it is safe to print, with ? for what is not; cut at `size`, between characters. `to`
 * may be `text` itself. Returns to. */
char *uvt_words_clean(char *to, size_t size, const char *text, bool ascii);

/* As snprintf, but what is too long is cut between characters. `size` is not 0. */
void uvt_words_put(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void uvt_words_vput(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* How many bytes of a text to print (%.*s) that there be at most so many, and whole characters. */
int uvt_words_room(const char *text, size_t most);

/* Length of the well-formed UTF-8 sequence (RFC 3629) at the text; 0: there is none. */
size_t uvt_words_character(const char *text);

/* Columns of a text that uvt_words_clean made. */
size_t uvt_words_columns(const char *text);

/* "12.3 µs": 3 digits that count, and a unit. Returns text. */
const char *uvt_words_duration(char text[32], uint64_t ns, bool ascii);

#endif

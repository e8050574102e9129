/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t uvt_words_character(const char *text)
{
  const unsigned char *bytes = (const unsigned char *)text;
  unsigned char c = bytes[0];
  size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < length; i++) {
    if (bytes[i] < low || bytes[i] > high) /* also the end of the text */
      return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069; U+061C: they turn the order of what is shown, or break
 * the line. */
static bool is_reordering(const unsigned char *text, size_t length)
{
  if (length == 3 && text[0] == 0xe2 && text[1] == 0x80)
    return text[2] == 0x8e || text[2] == 0x8f || (text[2] >= 0xa8 && text[2] <= 0xae);
  if (length == 3 && text[0] == 0xe2 && text[1] == 0x81)
    return text[2] >= 0xa6 && text[2] <= 0xa9;
  return length == 2 && text[0] == 0xd8 && text[1] == 0x9c;
}

/* C0 and C1 controls, DEL. */
static bool is_control(const unsigned char *text, size_t length)
{
  return (length == 1 && (text[0] < 0x20 || text[0] == 0x7f)) ||
         (length == 2 && text[0] == 0xc2 && text[1] < 0xa0) || is_reordering(text, length);
}

char *uvt_words_clean(char *to, size_t size, const char *text, bool ascii)
{
  const unsigned char *from = (const unsigned char *)text;
  size_t used = 0;
  while (*from) {
    size_t length = uvt_words_character((const char *)from);
    bool keep = length && !is_control(from, length) && !(ascii && length > 1);
    if (used + (keep ? length : 1) >= size)
      break;
    if (keep)
      memmove(to + used, from, length);
    else
      to[used] = '?';
    used += keep ? length : 1;
    from += length ? length : 1;
  }
  to[used] = '\0';
  return to;
}

/* How many of the first `length` bytes there are without a character that was cut at their end. */
static size_t whole_length(const char *text, size_t length)
{
  size_t start = length;
  while (start && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
    start--;
  unsigned char lead = start ? (unsigned char)text[start - 1] : 0;
  size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  return needs > length - start + 1 ? start - 1 : length;
}

int uvt_words_room(const char *text, size_t most)
{
  size_t length = strnlen(text, most);
  return (int)(length < most ? length : whole_length(text, most));
}

void uvt_words_vput(char *text, size_t size, const char *format, va_list arguments)
{
  int length = vsnprintf(text, size, format, arguments);
  if (length >= 0 && (size_t)length >= size)
    text[whole_length(text, size - 1)] = '\0';
}

void uvt_words_put(char *text, size_t size, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  uvt_words_vput(text, size, format, arguments);
  va_end(arguments);
}

size_t uvt_words_columns(const char *text)
{
  size_t columns = 0;
  for (; *text; text++)
    columns += ((unsigned char)*text & 0xc0) != 0x80;
  return columns;
}

const char *uvt_words_duration(char text[32], uint64_t ns, bool ascii)
{
  static const struct {
    double ns;
    const char *name, *ascii;
  } units[] = {{1e9, "s", "s"}, {1e6, "ms", "ms"}, {1e3, "\u00b5s", "us"}};
  /* Compared with a little less than the unit, so that 999.9 µs is not rounded to 1000. */
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    double value = (double)ns / units[i].ns;
    if (value < 0.9995)
      continue;
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text, 32, "%.*f %s", digits, value, ascii ? units[i].ascii : units[i].name);
    return text;
  }
  snprintf(text, 32, "%" PRIu64 " ns", ns);
  return text;
}

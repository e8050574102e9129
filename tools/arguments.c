/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_DEFAULT = 80, WIDTH_LEAST = 40, WIDTH_MOST = 1000 };

/* A number, and where it ends. */
static bool parse_number(const char *text, const char **rest, uint64_t *number)
{
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  *number = value;
  *rest = end;
  return *text >= '0' && *text <= '9' && !errno;
}

bool uvt_parse_positive(const char *text, uint64_t most, uint64_t *number)
{
  const char *rest;
  return parse_number(text, &rest, number) && !*rest && *number > 0 && *number <= most;
}

bool uvt_parse_time(const char *text, uint64_t *time)
{
  static const struct {
    const char *name;
    uint64_t ns;
  } units[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
  const char *rest;
  uint64_t whole;
  double fraction = 0;
  if (!parse_number(text, &rest, &whole))
    return false;
  double scale = 0.1;
  if (*rest == '.') {
    for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
      fraction += (*rest - '0') * scale;
  }
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strcmp(rest, units[i].name) == 0)
      return !__builtin_mul_overflow(whole, units[i].ns, time) &&
             !__builtin_add_overflow(*time, (uint64_t)(fraction * (double)units[i].ns + 0.5), time);
  }
  return false;
}

static unsigned find_width(void)
{
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  uint64_t width = WIDTH_DEFAULT;
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
    width = size.ws_col;
  else if (columns && !uvt_parse_positive(columns, WIDTH_MOST, &width))
    width = WIDTH_DEFAULT;
  return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : (unsigned)width;
}

struct uvt_terminal uvt_terminal_find(void)
{
  const char *no_colour = getenv("NO_COLOR");
  const char *terminal = getenv("TERM");
  setlocale(LC_CTYPE, "");
  return (struct uvt_terminal){
      .width = find_width(),
      .ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
      .colour =
          isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && !(terminal && strcmp(terminal, "dumb") == 0),
  };
}

bool uvt_parse_layer(const char *text, enum uvt_layer *layer)
{
  static const char *const names[] = {[UVT_LAYER_ALL] = "all", [UVT_LAYER_UV] = "uv", [UVT_LAYER_JS] = "js"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!strcmp(names[i], text)) {
      *layer = (enum uvt_layer)i;
      return true;
    }
  }
  return false;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/say.h"
#include "cmd.h"

enum { WIDTH_DEFAULT = 80, WIDTH_LEAST = 40, WIDTH_MOST = 1000 };
enum { OPTIONS_MOST = 32, LONG_ONLY = 256 };

/* --- values --- */

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

static bool parse_positive(const char *text, uint64_t most, uint64_t *number)
{
  const char *rest;
  return parse_number(text, &rest, number) && !*rest && *number > 0 && *number <= most;
}

bool uvt_take_text(const char *value, void *field)
{
  *(const char **)field = value;
  return *value;
}

bool uvt_take_pid(const char *value, void *field)
{
  uint64_t number;
  if (!parse_positive(value, INT32_MAX, &number))
    return false;
  *(int64_t *)field = (int64_t)number;
  return true;
}

bool uvt_take_number(const char *value, void *field)
{
  return parse_positive(value, UINT64_MAX, field);
}

bool uvt_take_count(const char *value, void *field)
{
  uint64_t number;
  if (!parse_positive(value, UINT32_MAX, &number))
    return false;
  *(unsigned *)field = (unsigned)number;
  return true;
}

bool uvt_take_time(const char *value, void *field)
{
  static const struct {
    const char *name;
    uint64_t ns;
  } units[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
  uint64_t *time = field;
  const char *rest;
  uint64_t whole;
  double fraction = 0;
  if (!parse_number(value, &rest, &whole))
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

bool uvt_take_end(const char *value, void *field)
{
  return uvt_take_time(value, field) && *(uint64_t *)field;
}

bool uvt_take_size(const char *value, void *field)
{
  static const char units[] = "KMG";
  uint64_t *size = field;
  const char *rest;
  if (!parse_number(value, &rest, size) || !*size)
    return false;
  const char *unit = *rest ? strchr(units, *rest) : NULL;
  uint64_t scale = unit ? UINT64_C(1) << (10 * (unit - units + 1)) : 1;
  return !rest[unit != NULL] && !__builtin_mul_overflow(*size, scale, size);
}

bool uvt_take_layer(const char *value, void *field)
{
  static const char *const names[] = {[UVT_LAYER_ALL] = "all", [UVT_LAYER_UV] = "uv", [UVT_LAYER_JS] = "js"};
  int layer = uvt_choice(value, names, sizeof names / sizeof *names);
  *(enum uvt_layer *)field = layer < 0 ? UVT_LAYER_ALL : (enum uvt_layer)layer;
  return layer >= 0;
}

bool uvt_take_json(const char *value, void *field)
{
  static const char *const names[] = {"text", "json"};
  int format = uvt_choice(value, names, 2);
  *(bool *)field = format == 1;
  return format >= 0;
}

int uvt_choice(const char *text, const char *const *names, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(names[i], text))
      return (int)i;
  }
  return -1;
}

/* --- the command line --- */

int uvt_wrong_usage(const struct uvt_command *command, const char *format, ...)
{
  char *text;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  uvt_say(command->name, "%s (see uvtree %s --help)", length < 0 ? "wrong usage" : text, command->name);
  if (length >= 0)
    free(text);
  return UVT_EXIT_USAGE;
}

/* The table in the form that getopt takes; each row's own value is where it stands. */
static void make_getopt_tables(const struct uvt_command *command, struct option *names, char *letters)
{
  const struct uvt_option *rows = command->options;
  size_t count = 0;
  if (command->runs_program)
    *letters++ = '+';
  *letters++ = ':';
  for (; rows[count].name && count < OPTIONS_MOST; count++) {
    bool valued = rows[count].value;
    int has_value = !valued ? no_argument : rows[count].otherwise ? optional_argument : required_argument;
    names[count] = (struct option){rows[count].name, has_value, NULL, LONG_ONLY + (int)count};
    if (rows[count].letter)
      *letters++ = rows[count].letter;
    if (rows[count].letter && valued)
      *letters++ = ':';
  }
  names[count] = (struct option){0};
  *letters = '\0';
}

static size_t row_of(const struct uvt_option *rows, int option)
{
  if (option >= LONG_ONLY)
    return (size_t)(option - LONG_ONLY);
  size_t i = 0;
  while (rows[i].letter != option)
    i++;
  return i;
}

static bool take_value(const struct uvt_option *row, void *options, const char *value)
{
  void *field = (char *)options + row->field;
  if (row->take)
    return row->take(value ? value : row->otherwise, field);
  return *(bool *)field = true;
}

static int check_required(const struct uvt_command *command, const bool *given)
{
  for (size_t i = 0; command->options[i].name; i++) {
    const struct uvt_option *row = &command->options[i];
    if (row->required && !given[i])
      return uvt_wrong_usage(command, "no --%s %s: %s", row->name, row->value, row->help);
  }
  return UVT_EXIT_DONE;
}

int uvt_options_take(const struct uvt_command *command, int argc, char **argv, void *options, int *rest)
{
  struct option names[OPTIONS_MOST + 1];
  char letters[2 * OPTIONS_MOST + 3];
  bool given[OPTIONS_MOST] = {false};
  make_getopt_tables(command, names, letters);
  optind = 0; /* getopt may have run before */
  opterr = 0;
  int option;
  while ((option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
    if (option == ':')
      return uvt_wrong_usage(command, "%s needs a value", argv[optind - 1]);
    if (option == '?')
      return uvt_wrong_usage(command, "no such option: %s", argv[optind - 1]);
    size_t row = row_of(command->options, option);
    given[row] = true;
    const struct uvt_option *taken = &command->options[row];
    if (!take_value(taken, options, optarg))
      return uvt_wrong_usage(command, "--%s cannot be \"%s\": %s", taken->name, optarg, taken->help);
  }
  *rest = optind;
  return check_required(command, given);
}

int uvt_arguments_take(const struct uvt_command *command, int argc, char **argv, void *options,
                       const char **source)
{
  int rest = argc;
  int status = uvt_options_take(command, argc, argv, options, &rest);
  if (status)
    return status;
  if (rest == argc)
    return uvt_wrong_usage(command, "no SOURCE");
  if (rest + 1 < argc)
    return uvt_wrong_usage(command, "more than one SOURCE: %s", argv[rest + 1]);
  *source = argv[rest];
  return UVT_EXIT_DONE;
}

/* --- the terminal --- */

static unsigned find_width(void)
{
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  uint64_t width = WIDTH_DEFAULT;
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
    width = size.ws_col;
  else if (columns && !parse_positive(columns, WIDTH_MOST, &width))
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

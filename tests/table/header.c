/* SPDX-License-Identifier: MIT */
#include "header.h"

#include "table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Function pointer types, and structs that hold one. */
struct types {
  char names[128][64];
  size_t count;
};

static bool is_word(char c)
{
  return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *at)
{
  size_t length = 0;

  while (is_word(at[length]))
    length++;
  return length;
}

static bool word_is(const char *at, const char *word)
{
  return word_length(at) == strlen(word) && strncmp(at, word, strlen(word)) == 0;
}

static void blank(char *from, const char *to)
{
  for (; from < to; from++)
    if (*from != '\n')
      *from = ' ';
}

static char *end_of_comment(char *at)
{
  char *end = at[1] == '*' ? strstr(at + 2, "*/") : strchr(at, '\n');

  if (!end)
    return at + strlen(at);
  return at[1] == '*' ? end + 2 : end;
}

static void blank_comments(char *text)
{
  for (char *at = strchr(text, '/'); at; at = strchr(at + 1, '/'))
    if (at[1] == '*' || at[1] == '/') {
      char *end = end_of_comment(at);
      blank(at, end);
      at = end - 1;
    }
}

/* Lines that begin with #, and those that continue them */
static void blank_directives(char *text)
{
  char *next;

  for (char *line = text; line; line = next) {
    char *end = strchr(line, '\n');
    bool directive = line[strspn(line, " \t")] == '#';

    while (directive && end && end[-1] == '\\')
      end = strchr(end + 1, '\n');
    if (directive)
      blank(line, end ? end : line + strlen(line));
    next = end ? end + 1 : NULL;
  }
}

/* The next `word` as a whole word, or NULL. */
static const char *find_word(const char *text, const char *word)
{
  const char *at = text;

  while ((at = strstr(at, word))) {
    if ((at == text || !is_word(at[-1])) && word_is(at, word))
      return at;
    at++;
  }
  return NULL;
}

static void add_type(struct types *types, const char *name, size_t length)
{
  if (types->count < sizeof(types->names) / sizeof(types->names[0]))
    snprintf(types->names[types->count++], sizeof(types->names[0]), "%.*s", (int)length, name);
}

static bool has_type(const struct types *types, const char *at)
{
  for (size_t i = 0; i < types->count; i++)
    if (word_is(at, types->names[i]))
      return true;
  return false;
}

/* Does [from, to) name one of the types, or spell a function pointer out? */
static bool holds_callback(const struct types *types, const char *from, const char *to)
{
  for (const char *at = from; at < to; at += is_word(*at) ? word_length(at) : 1)
    if ((is_word(*at) && has_type(types, at)) || strncmp(at, "(*", 2) == 0)
      return true;
  return false;
}

/* typedef void (*uv_timer_cb)(uv_timer_t *handle); */
static void collect_function_pointers(const char *text, struct types *types)
{
  for (const char *at = find_word(text, "typedef"); at; at = find_word(at + 1, "typedef")) {
    const char *open = strchr(at, '(');

    if (open && open < at + strcspn(at, ";{") && open[1] == '*')
      add_type(types, open + 2, word_length(open + 2));
  }
}

/* typedef struct uv_process_options_s { ... } uv_process_options_t; where a field is a callback */
static void collect_options(const char *text, struct types *types)
{
  for (const char *at = find_word(text, "struct"); at; at = find_word(at + 1, "struct")) {
    const char *name = at + strcspn(at, " ") + 1;
    size_t length = word_length(name);
    const char *body = name + length + strspn(name + length, " \n");
    const char *end = strchr(body, '}');

    if (*body != '{' || !end || length < 10 || strncmp(name + length - 10, "_options_s", 10) != 0)
      continue;
    if (holds_callback(types, body, end)) {
      const char *alias = end + 1 + strspn(end + 1, " ");
      add_type(types, alias, word_length(alias));
    }
  }
}

/* UV_EXTERN int uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, ...); `at` is behind UV_EXTERN */
static void add_prototype(struct header *header, const struct types *types, const char *at)
{
  const char *open = strchr(at, '(');
  const char *end = strchr(at, ';');
  struct prototype *prototype = &header->prototypes[header->count];
  const char *name = open;

  if (!open || !end || open > end || header->count == sizeof(header->prototypes) / sizeof(*prototype))
    return;
  while (name > at && isspace((unsigned char)name[-1]))
    name--;
  while (name > at && is_word(name[-1]))
    name--;
  snprintf(prototype->function, sizeof(prototype->function), "%.*s", (int)word_length(name), name);
  prototype->takes_callback = holds_callback(types, open + 1, end);
  const char *fs = find_word(open, "uv_fs_cb");
  prototype->takes_fs_callback = fs && fs < end;
  header->count++;
}

static int number_after(const char *text, const char *word)
{
  const char *at = find_word(text, word);

  return at ? atoi(at + strlen(word)) : 0;
}

void header_parse(const char *text, struct header *header)
{
  struct types types = {.count = 0};
  char *plain = strdup(text);

  header->count = 0;
  blank_comments(plain);
  header->version =
      UV_VERSION_OF(number_after(plain, "UV_VERSION_MAJOR"), number_after(plain, "UV_VERSION_MINOR"),
                    number_after(plain, "UV_VERSION_PATCH"));
  blank_directives(plain);
  collect_function_pointers(plain, &types);
  collect_options(plain, &types);
  for (const char *at = find_word(plain, "UV_EXTERN"); at; at = find_word(at, "UV_EXTERN")) {
    at += strlen("UV_EXTERN");
    add_prototype(header, &types, at);
  }
  free(plain);
}

const struct prototype *header_prototype(const struct header *header, const char *function)
{
  for (size_t i = 0; i < header->count; i++)
    if (strcmp(header->prototypes[i].function, function) == 0)
      return &header->prototypes[i];
  return NULL;
}

/* SPDX-License-Identifier: MIT */
#include "help.h"

#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 24 };

/* Where on its line the next word goes, and where lines after a break begin. */
struct place {
  FILE *out;
  unsigned column, indent;
};

static void put_word(struct place *place, const char *word, size_t length)
{
  if (place->column > place->indent && place->column + 1 + length > WIDTH) {
    fprintf(place->out, "\n%*s", (int)place->indent, "");
    place->column = place->indent;
  } else if (place->column > place->indent) {
    fputc(' ', place->out);
    place->column++;
  }
  fwrite(word, 1, length, place->out);
  place->column += (unsigned)length;
}

/* The words of a line, broken where the page ends. */
static void put_words(struct place *place, const char *line, size_t length)
{
  const char *end = line + length;
  while (line < end) {
    size_t word = strcspn(line, " \n");
    if (word)
      put_word(place, line, word);
    line += word + 1;
  }
}

static void put_text(FILE *out, const char *text)
{
  while (*text) {
    size_t length = strcspn(text, "\n");
    struct place place = {.out = out};
    if (*text == ' ')
      fwrite(text, 1, length, out);
    else
      put_words(&place, text, length);
    fputc('\n', out);
    text += length + (text[length] == '\n');
  }
}

const char *uvt_help_option(const struct uvt_option *option, char words[UVT_HELP_OPTION])
{
  const char *value = option->value ? option->value : "";
  if (option->otherwise)
    snprintf(words, UVT_HELP_OPTION, "--%s[=%s]", option->name, value);
  else
    snprintf(words, UVT_HELP_OPTION, "--%s%s%s", option->name, *value ? " " : "", value);
  return words;
}

static void put_usage(const struct uvt_command *command, FILE *out)
{
  struct place place = {.out = out, .indent = 2};
  char words[128];
  size_t length = (size_t)snprintf(words, sizeof words, "usage: uvtree %s", command->name);
  fputs(words, out);
  place.column = (unsigned)length;
  if (!command->runs_program)
    put_word(&place, command->operand, strlen(command->operand));
  for (const struct uvt_option *option = command->options; option->name; option++) {
    char form[UVT_HELP_OPTION];
    int size = snprintf(words, sizeof words, "%s%s%s", option->required ? "" : "[",
                        uvt_help_option(option, form), option->required ? "" : "]");
    put_word(&place, words, (size_t)size);
  }
  if (command->runs_program)
    put_word(&place, command->operand, strlen(command->operand));
  fputc('\n', out);
}

static void put_option(const struct uvt_option *option, FILE *out)
{
  struct place place = {.out = out, .indent = OPTION_COLUMN};
  int column = option->letter ? fprintf(out, "  -%c, ", option->letter) : fprintf(out, "      ");
  char words[UVT_HELP_OPTION];
  column += fprintf(out, "%s", uvt_help_option(option, words));
  if (column + 2 > OPTION_COLUMN)
    fprintf(out, "\n%*s", OPTION_COLUMN, "");
  else
    fprintf(out, "%*s", OPTION_COLUMN - column, "");
  place.column = OPTION_COLUMN;
  put_words(&place, option->help, strlen(option->help));
  fputc('\n', out);
}

void uvt_help_command(const struct uvt_command *command, FILE *out)
{
  put_usage(command, out);
  fprintf(out, "\n%s\n", command->summary);
  if (command->about) {
    fputc('\n', out);
    put_text(out, command->about);
  }
  fputc('\n', out);
  for (const struct uvt_option *option = command->options; option->name; option++)
    put_option(option, out);
  if (command->notes) {
    fputc('\n', out);
    put_text(out, command->notes);
  }
}

void uvt_help_program(FILE *out)
{
  fprintf(out, "usage: uvtree COMMAND [OPTIONS]\n\n" UVT_HELP_WHAT "\n\n");
  for (size_t i = 0; i < uvt_commands_count; i++) {
    struct place place = {.out = out, .column = 13, .indent = 13};
    fprintf(out, "  %-10s ", uvt_commands[i]->name);
    put_words(&place, uvt_commands[i]->summary, strlen(uvt_commands[i]->summary));
    fputc('\n', out);
  }
  fprintf(out, "\nuvtree COMMAND --help tells the options of a command, --version the version.\n");
}

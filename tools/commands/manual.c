/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "help.h"

#ifndef UVT_VERSION
#define UVT_VERSION "unknown"
#endif

/* What troff would take for something of its own. */
static void put_escaped(FILE *out, const char *text, size_t length)
{
  if (length && (*text == '.' || *text == '\''))
    fputs("\\&", out);
  for (const char *end = text + length; text < end; text++) {
    if (*text == '\\')
      fputs("\\e", out);
    else if (*text == '-')
      fputs("\\-", out);
    else
      fputc(*text, out);
  }
}

/* Paragraphs, and between them lines that stay as they are. */
static void put_text(FILE *out, const char *text)
{
  bool literal = false;
  while (*text) {
    size_t length = strcspn(text, "\n");
    bool stays = *text == ' ';
    if (stays != literal)
      fputs(stays ? ".nf\n" : ".fi\n", out);
    literal = stays;
    put_escaped(out, text, length);
    text += length + (text[length] == '\n');
    fputs(!literal && *text && *text != '\n' && *text != ' ' ? "\n.PP\n" : "\n", out);
    if (*text == '\n') {
      fputs(".PP\n", out);
      text++;
    }
  }
  if (literal)
    fputs(".fi\n", out);
}

static void put_head(FILE *out, const char *name, const char *summary)
{
  fputs(".\\\" SPDX-License-Identifier: MIT\n", out);
  fprintf(out, ".TH %s 1 \"\" \"uvtree %s\" \"uvtree\"\n.SH NAME\n", name, UVT_VERSION);
  put_escaped(out, name, strlen(name));
  fputs(" \\- ", out);
  put_escaped(out, summary, strlen(summary));
  fputc('\n', out);
}

static void put_option(FILE *out, const struct uvt_option *option)
{
  char words[UVT_HELP_OPTION];
  uvt_help_option(option, words);
  size_t name = strcspn(words, " [");
  fputs(".TP\n", out);
  if (option->letter)
    fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
  fputs("\\fB", out);
  put_escaped(out, words, name);
  fputs("\\fR", out);
  put_escaped(out, words + name, strlen(words + name));
  fputc('\n', out);
  put_escaped(out, option->help, strlen(option->help));
  fputc('\n', out);
}

static void put_synopsis(FILE *out, const struct uvt_command *command)
{
  fprintf(out, ".SH SYNOPSIS\n.B uvtree %s\n", command->name);
  if (!command->runs_program)
    fprintf(out, "%s\n", command->operand);
  for (const struct uvt_option *option = command->options; option->name; option++) {
    char words[UVT_HELP_OPTION];
    uvt_help_option(option, words);
    fputs(option->required ? "" : "[", out);
    put_escaped(out, words, strlen(words));
    fputs(option->required ? "\n" : "]\n", out);
  }
  if (command->runs_program) {
    put_escaped(out, command->operand, strlen(command->operand));
    fputc('\n', out);
  }
}

static void put_see_also(FILE *out, const char *self)
{
  fputs(".SH SEE ALSO\n", out);
  const char *separator = "";
  if (self) {
    fputs(".BR uvtree (1)", out);
    separator = ",\n";
  }
  for (size_t i = 0; i < uvt_commands_count; i++) {
    if (self && !strcmp(self, uvt_commands[i]->name))
      continue;
    fprintf(out, "%s.BR uvtree\\-%s (1)", separator, uvt_commands[i]->name);
    separator = ",\n";
  }
  fputc('\n', out);
}

void uvt_manual_command(const struct uvt_command *command, FILE *out)
{
  char name[64];
  snprintf(name, sizeof name, "uvtree-%s", command->name);
  put_head(out, name, command->summary);
  put_synopsis(out, command);
  if (command->about) {
    fputs(".SH DESCRIPTION\n", out);
    put_text(out, command->about);
  }
  fputs(".SH OPTIONS\n", out);
  for (const struct uvt_option *option = command->options; option->name; option++)
    put_option(out, option);
  if (command->notes) {
    fputs(".SH NOTES\n", out);
    put_text(out, command->notes);
  }
  put_see_also(out, command->name);
}

void uvt_manual_program(FILE *out)
{
  put_head(out, "uvtree", "the async call tree of a program that runs on libuv");
  fputs(".SH SYNOPSIS\n.B uvtree\nCOMMAND [OPTIONS]\n.SH DESCRIPTION\n" UVT_HELP_WHAT "\n.SH COMMANDS\n",
        out);
  for (size_t i = 0; i < uvt_commands_count; i++) {
    fprintf(out, ".TP\n.B %s\n", uvt_commands[i]->name);
    put_escaped(out, uvt_commands[i]->summary, strlen(uvt_commands[i]->summary));
    fputc('\n', out);
  }
  fputs(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage; of\n.B uvtree record\nthat of the program.\n",
        out);
  put_see_also(out, NULL);
}

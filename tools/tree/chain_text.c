/* SPDX-License-Identifier: MIT */
/* A chain as text: its process, and its hops. */
#include <inttypes.h>
#include <string.h>

#include "base/text_table.h"
#include "base/words.h"
#include "chain.h"
#include "stream/describe.h"

#define NEVER UVT_TREE_NEVER

void uvt_chain_print_process(const struct uvt_chain_printer *printer)
{
  const struct uvt_chain *chain = printer->chain;
  char title[512];
  char line[600];
  uvt_words_clean(title, sizeof title, uvt_tree_text(chain->tree, chain->process->title), printer->ascii);
  uvt_words_put(line, sizeof line, "process %" PRId64 ": %s", chain->process->pid, title);
  if (*title)
    fprintf(printer->out, "%s\n", uvt_cut(line, printer->width, printer->ascii));
}

void uvt_chain_print_words(const struct uvt_chain_printer *printer, const struct uvt_words *words)
{
  size_t column = 0;
  for (size_t i = 0; i < words->count; i++) {
    size_t length = uvt_words_columns(words->word[i].text);
    if (column && column + 2 + length + 1 > printer->width) {
      fputs(",\n", printer->out);
      column = 0;
    }
    column += (size_t)fprintf(printer->out, column ? ", " : "%*s", column ? 0 : UVT_CHAIN_INDENT, "");
    fputs(words->word[i].text, printer->out);
    column += length;
  }
  if (words->count)
    fputc('\n', printer->out);
}

static const char *duration(const struct uvt_chain_printer *printer, char text[32], uint64_t ns)
{
  return uvt_words_duration(text, ns, printer->ascii);
}

/* "type detail", cut to that many columns. */
static void print_name(const struct uvt_chain_printer *printer,
                       const struct uvt_tree_registration *registration, size_t columns)
{
  char name[512];
  char clean[512];
  bool ascii = printer->ascii;
  uvt_words_put(name, sizeof name, "%s", uvt_tree_text(printer->chain->tree, registration->type));
  uvt_append(name, sizeof name, " %s", uvt_tree_text(printer->chain->tree, registration->detail));
  uvt_words_clean(clean, sizeof clean, name, ascii);
  fputs(uvt_cut(clean, columns, ascii), printer->out);
}

/* Where in its parent's life it was queued. */
static void say_queued(const struct uvt_chain_printer *printer, const struct uvt_hop *hop,
                       struct uvt_words *words)
{
  char text[32];
  uint64_t end = hop->parent->ended;
  if (hop->queued == NEVER || hop->parent->begun == NEVER || hop->queued < hop->parent->begun)
    return;
  if (end == NEVER || hop->queued <= end)
    uvt_words_add(words, UVT_STYLE_PLAIN, "queued %s into #%" PRIu64,
                  duration(printer, text, hop->queued - hop->parent->begun), hop->parent->execute);
  else
    uvt_words_add(words, UVT_STYLE_PLAIN, "queued %s after the end of #%" PRIu64,
                  duration(printer, text, hop->queued - end), hop->parent->execute);
}

static void say_hop(const struct uvt_chain_printer *printer, const struct uvt_hop *hop,
                    struct uvt_words *words)
{
  struct uvt_tree_operation operation = *hop->operation;
  char label[120];
  char text[32];
  operation.queued = hop->queued;
  operation.ready = hop->ready;
  operation.causer = 0; /* it has a line of its own */
  if (operation.label)
    uvt_words_add(words, UVT_STYLE_PLAIN, "%s",
                  uvt_words_clean(label, sizeof label, uvt_tree_text(printer->chain->tree, operation.label),
                                  printer->ascii));
  uvt_words_add(words, UVT_STYLE_PLAIN, "at %s", duration(printer, text, operation.begun));
  uvt_words_value(words, printer->chain->tree, &operation);
  if (hop->run > 1 && !hop->registration->root)
    uvt_words_add(words, UVT_STYLE_PLAIN, "run %" PRIu64 " of its registration", hop->run);
  if (!hop->registration->root)
    say_queued(printer, hop, words);
  uvt_words_times(words, printer->chain->tree, &operation, printer->ascii);
  uvt_words_marks(words, printer->chain->tree, &operation, printer->ascii);
}

static void print_causer(const struct uvt_chain_printer *printer, const struct uvt_hop *hop)
{
  const struct uvt_tree *tree = printer->chain->tree;
  char number[32];
  snprintf(number, sizeof number, "#%" PRIu64, hop->causer->execute);
  fprintf(printer->out, "%*scaused by %s ", UVT_CHAIN_INDENT, "", number);
  print_name(printer, uvt_tree_reg(tree, hop->causer->registration),
             printer->width - UVT_CHAIN_INDENT - strlen("caused by  ") - strlen(number));
  fputc('\n', printer->out);
}

static void print_request(const struct uvt_chain_printer *printer, const char *words, uint32_t request)
{
  const struct uvt_tree *tree = printer->chain->tree;
  char label[120];
  if (request)
    fprintf(printer->out, "%s%s #%" PRIu64, words,
            uvt_words_clean(label, sizeof label, uvt_tree_text(tree, uvt_tree_op(tree, request)->label),
                            printer->ascii),
            uvt_tree_op(tree, request)->execute);
  else
    fprintf(printer->out, "%sno request", words);
}

/* A link of one request that another's work caused: what they share. */
static void print_requests(const struct uvt_chain_printer *printer, size_t i)
{
  const struct uvt_tree *tree = printer->chain->tree;
  uint32_t operation = printer->chain->links[i].operation;
  uint32_t linker = uvt_tree_request(tree, operation);
  uint32_t causer = uvt_tree_request(tree, uvt_tree_op(tree, operation)->causer);
  if (linker == causer)
    return;
  fprintf(printer->out, "%*s", UVT_CHAIN_INDENT, "");
  print_request(printer, "of ", causer);
  print_request(printer, ", while its link is of ", linker);
  fputc('\n', printer->out);
}

void uvt_chain_print_name(const struct uvt_chain_printer *printer, size_t i)
{
  struct uvt_hop hop = uvt_chain_hop(printer->chain, i);
  char number[32];
  snprintf(number, sizeof number, "#%" PRIu64, hop.operation->execute);
  fprintf(printer->out, "%-*s ", UVT_CHAIN_INDENT - 1, number);
  size_t used = strlen(number) + 1;
  print_name(printer, hop.registration,
             printer->width - (used > UVT_CHAIN_INDENT ? used : (size_t)UVT_CHAIN_INDENT));
  fputc('\n', printer->out);
}

void uvt_chain_print_times(const struct uvt_chain_printer *printer, size_t i)
{
  struct uvt_hop hop = uvt_chain_hop(printer->chain, i);
  struct uvt_words words = {0};
  say_hop(printer, &hop, &words);
  uvt_chain_print_words(printer, &words);
}

void uvt_chain_print_causer(const struct uvt_chain_printer *printer, size_t i)
{
  struct uvt_hop hop = uvt_chain_hop(printer->chain, i);
  if (!hop.causer)
    return;
  print_causer(printer, &hop);
  print_requests(printer, i);
}

void uvt_chain_print_unknown(const struct uvt_chain_printer *printer)
{
  const struct uvt_chain *chain = printer->chain;
  uint32_t last = chain->count ? chain->links[chain->count - 1].operation : 0;
  if (!uvt_tree_reg(chain->tree, uvt_tree_op(chain->tree, last)->registration)->root)
    fprintf(printer->out, "%-*sunknown: lost, or from before the recording\n", UVT_CHAIN_INDENT, "?");
}

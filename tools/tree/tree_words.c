/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tree_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stream/describe.h"
#include "stream/uv_errors.h"

#define NEVER UVT_TREE_NEVER
#define END_OF_FILE (-4095) /* libuv's UV_EOF */

void uvt_words_add(struct uvt_words *words, enum uvt_style style, const char *format, ...)
{
  if (words->count == UVT_WORDS_MAX)
    return;
  char *text = words->word[words->count].text;
  va_list arguments;
  va_start(arguments, format);
  uvt_words_vput(text, sizeof words->word[0].text, format, arguments);
  va_end(arguments);
  uvt_words_clean(text, sizeof words->word[0].text, text, false);
  words->word[words->count++].style = style;
}

static void add_error(struct uvt_words *words, int64_t status)
{
  const char *name = uvt_uv_error(status);
  if (status == END_OF_FILE)
    uvt_words_add(words, UVT_STYLE_PLAIN, "end of file");
  else if (name)
    uvt_words_add(words, UVT_STYLE_BAD, "%s", name);
  else
    uvt_words_add(words, UVT_STYLE_BAD, "error %" PRId64, status);
}

static void add_bytes(struct uvt_words *words, int64_t bytes)
{
  uvt_words_add(words, UVT_STYLE_PLAIN, "%" PRId64 " byte%s", bytes, bytes == 1 ? "" : "s");
}

static bool moves_bytes(const char *type)
{
  return strcmp(type, "uv_fs_read") == 0 || strcmp(type, "uv_fs_write") == 0 ||
         strcmp(type, "uv_fs_sendfile") == 0;
}

const char *uvt_tree_error(const struct uvt_tree *tree, const struct uvt_tree_operation *operation)
{
  const struct uvt_datum datum = {
      .key = uvt_tree_text(tree, operation->value_name), .type = UVT_DATUM_INT, .number = operation->value};
  return operation->value_name ? uvt_datum_error(&datum) : NULL;
}

void uvt_words_value(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation)
{
  const char *name = uvt_tree_text(tree, operation->value_name);
  const char *type = uvt_tree_text(tree, uvt_tree_reg(tree, operation->registration)->type);
  int64_t value = operation->value;
  if (!*name || strcmp(name, "signum") == 0)
    return;
  if (strcmp(name, "events") == 0 || strcmp(name, "exit_status") == 0)
    uvt_words_add(words, UVT_STYLE_PLAIN, "%s %" PRId64, *name == 'e' && name[1] == 'x' ? "exit" : name,
                  value);
  else if (value < 0)
    add_error(words, value);
  else if (strcmp(name, "nread") == 0 || (strcmp(name, "result") == 0 && moves_bytes(type)))
    add_bytes(words, value);
  else if (strcmp(type, "uv_fs_open") == 0)
    uvt_words_add(words, UVT_STYLE_PLAIN, "fd %" PRId64, value);
}

static void add_span(struct uvt_words *words, const char *what, uint64_t from, uint64_t to, bool ascii)
{
  char text[32];
  if (from != NEVER && to != NEVER && to >= from)
    uvt_words_add(words, UVT_STYLE_DIM, "%s %s", what, uvt_words_duration(text, to - from, ascii));
}

/* A wait that is over: in the pool, or for anything else; then until the loop came to it. */
static void add_wait(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation, bool ascii)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  if (registration->pool_begun != NEVER) {
    add_span(words, "pool wait", operation->queued, registration->pool_begun, ascii);
    /* Of uv_queue_work the pool's work is the callback itself. */
    if (registration->pool_begun != operation->begun)
      add_span(words, "pool work", registration->pool_begun, registration->pool_ended, ascii);
  } else if (operation->ready == NEVER) {
    add_span(words, "waited", operation->queued, operation->begun, ascii);
  } else if (operation->queued != operation->ready) {
    add_span(words, "waited", operation->queued, operation->ready, ascii);
  }
  bool is_work = registration->pool_begun != NEVER && registration->pool_begun == operation->begun;
  if (!is_work && operation->ready != operation->begun)
    add_span(words, "delay", operation->ready, operation->begun, ascii);
}

/* A wait that is not over. */
static void add_pending(struct uvt_words *words, const struct uvt_tree *tree,
                        const struct uvt_tree_operation *operation, bool ascii)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  uint64_t now = uvt_tree_until(tree, registration->process);
  if (operation->state == UVT_STATE_Ready && operation->ready != NEVER) {
    add_span(words, "ready for", operation->ready, now, ascii);
  } else if (registration->pool_begun != NEVER) {
    add_span(words, "pool wait", operation->queued, registration->pool_begun, ascii);
    add_span(words, "in the pool for", registration->pool_begun, now, ascii);
  } else {
    add_span(words, "waiting for", operation->queued, now, ascii);
  }
}

void uvt_words_times(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation, bool ascii)
{
  uint32_t process = uvt_tree_reg(tree, operation->registration)->process;
  char text[32];
  if (operation->begun == NEVER) {
    if (operation->retired == NEVER)
      add_pending(words, tree, operation, ascii);
    return;
  }
  add_wait(words, tree, operation, ascii);
  if (operation->ended != NEVER)
    add_span(words, "ran", operation->begun, operation->ended, ascii);
  else
    add_span(words, "running for", operation->begun, uvt_tree_until(tree, process), ascii);
  if (operation->blocked_calls)
    uvt_words_add(words, UVT_STYLE_STATE, "blocked %s in %" PRIu32 " synchronous call%s",
                  uvt_words_duration(text, operation->blocked, ascii), operation->blocked_calls,
                  operation->blocked_calls == 1 ? "" : "s");
}

static bool is_causer_told(const struct uvt_tree *tree, const struct uvt_tree_operation *operation)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  return operation->causer && operation->causer != registration->parent;
}

void uvt_words_marks(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation, bool ascii)
{
  const struct uvt_tree_registration *registration = uvt_tree_reg(tree, operation->registration);
  const struct uvt_tree_operation *parent = uvt_tree_op(tree, registration->parent);
  char text[128];
  if (is_causer_told(tree, operation))
    uvt_words_add(words, UVT_STYLE_PLAIN, "caused by #%" PRIu64,
                  uvt_tree_op(tree, operation->causer)->execute);
  if (operation->coalesced)
    uvt_words_add(words, UVT_STYLE_PLAIN, "%" PRIu32 " more cause%s coalesced", operation->coalesced,
                  operation->coalesced == 1 ? "" : "s");
  if (registration->parent && parent->tid && operation->tid && parent->tid != operation->tid)
    uvt_words_add(words, UVT_STYLE_PLAIN, "on thread %" PRIu32, operation->tid);
  if (operation->flags & UVT_TREE_UNWOUND)
    uvt_words_add(words, UVT_STYLE_BAD, "unwound");
  if (operation->flags & UVT_TREE_FAILED)
    uvt_words_add(words, UVT_STYLE_BAD, "failed: %s",
                  uvt_words_clean(text, sizeof text, uvt_tree_text(tree, operation->failure), ascii));
  if (operation->state != UVT_STATE_NONE && operation->state != UVT_STATE_Retired)
    uvt_words_add(words, UVT_STYLE_STATE, "[%s]", uvt_state_name((enum uvt_state)operation->state));
}

void uvt_words_end(struct uvt_words *words, const struct uvt_tree *tree,
                   const struct uvt_tree_registration *registration)
{
  const char *reason = uvt_tree_text(tree, registration->reason);
  if (registration->cancelled == NEVER)
    return;
  enum uvt_style style =
      strncmp(reason, "refused", 7) == 0 || strncmp(reason, "error", 5) == 0 ? UVT_STYLE_BAD : UVT_STYLE_DIM;
  uvt_words_add(words, style, "%s", *reason ? reason : "cancelled");
}

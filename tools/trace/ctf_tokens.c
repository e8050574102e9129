/* SPDX-License-Identifier: MIT */
#include "ctf_tokens.h"

#include <string.h>

enum kind { WORD, STRING, SIGN, NOTHING };

struct token {
  enum kind kind; /* NOTHING: the end, or nothing that LTTng would write */
  const char *text;
  size_t size;
};

static bool is_word(char c)
{
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Also over comments; stops in front of one without an end. */
static void skip_space(struct uvt_ctf_tokens *tokens)
{
  const char *p = tokens->at;
  while (p < tokens->end) {
    if (*p == ' ' || *p == '\t' || *p == '\n') {
      p++;
      continue;
    }
    if (tokens->end - p < 4 || p[0] != '/' || p[1] != '*')
      break;
    const char *close = p + 2;
    while (tokens->end - close >= 2 && (close[0] != '*' || close[1] != '/'))
      close++;
    if (tokens->end - close < 2)
      break;
    p = close + 2;
  }
  tokens->at = p;
}

/* The size with both quotes; 0: it has no end, or signs in it that would need thought. */
static size_t string_size(const char *p, const char *end)
{
  for (const char *c = p + 1; c < end && c - p < UVT_CTF_TEXT_MAX; c++) {
    if (*c == '"')
      return (size_t)(c - p) + 1;
    if (*c == '\\' || *c < 0x20 || *c > 0x7e)
      return 0;
  }
  return 0;
}

static size_t sign_size(const char *p, const char *end)
{
  static const char *const signs[] = {":=", "...", "{", "}", "[", "]", "<", ">",
                                      "(",  ")",   ";", ":", ",", "=", "."};
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    size_t size = strlen(signs[i]);
    if ((size_t)(end - p) >= size && !memcmp(p, signs[i], size))
      return size;
  }
  return 0;
}

/* The next token, not yet taken. */
static struct token look(struct uvt_ctf_tokens *tokens)
{
  skip_space(tokens);
  struct token token = {.kind = NOTHING, .text = tokens->at};
  const char *end = tokens->end;
  if (tokens->failed || tokens->at == end)
    return token;
  if (*token.text == '"') {
    token.kind = STRING;
    token.size = string_size(token.text, end);
  } else if (is_word(*token.text)) {
    token.kind = WORD;
    while (token.text + token.size < end && is_word(token.text[token.size]))
      token.size++;
  } else {
    token.kind = SIGN;
    token.size = sign_size(token.text, end);
  }
  if (!token.size || token.size >= UVT_CTF_TEXT_MAX)
    token.kind = NOTHING;
  return token;
}

static struct token take(struct uvt_ctf_tokens *tokens, enum kind kind)
{
  struct token token = look(tokens);
  if (token.kind == kind)
    tokens->at += token.size;
  else
    tokens->failed = true;
  return token;
}

bool uvt_ctf_tokens_end(struct uvt_ctf_tokens *tokens)
{
  skip_space(tokens);
  return tokens->at == tokens->end;
}

bool uvt_ctf_accept(struct uvt_ctf_tokens *tokens, const char *text)
{
  struct uvt_ctf_tokens expected = {.at = text, .end = text + strlen(text)}, found = *tokens;
  while (!uvt_ctf_tokens_end(&expected)) {
    struct token wanted = look(&expected), token = look(&found);
    if (token.kind == NOTHING || token.size != wanted.size || memcmp(token.text, wanted.text, wanted.size))
      return false;
    expected.at += wanted.size;
    found.at += token.size;
  }
  *tokens = found;
  return true;
}

void uvt_ctf_expect(struct uvt_ctf_tokens *tokens, const char *text)
{
  if (!uvt_ctf_accept(tokens, text))
    tokens->failed = true;
}

uint64_t uvt_ctf_number(struct uvt_ctf_tokens *tokens)
{
  struct token token = take(tokens, WORD);
  uint64_t number = 0;
  bool sound =
      !tokens->failed && token.size < 20 && (token.size == 1 || token.text[0] != '0'); /* not octal */
  for (size_t i = 0; sound && i < token.size; i++) {
    sound = token.text[i] >= '0' && token.text[i] <= '9';
    number = number * 10 + (uint64_t)(token.text[i] - '0');
  }
  tokens->failed |= !sound;
  return sound ? number : 0;
}

void uvt_ctf_word(struct uvt_ctf_tokens *tokens, char word[UVT_CTF_TEXT_MAX])
{
  struct token token = take(tokens, WORD);
  if (tokens->failed || (token.text[0] >= '0' && token.text[0] <= '9')) {
    tokens->failed = true;
    token.size = 0;
  }
  memcpy(word, token.text, token.size);
  word[token.size] = '\0';
}

void uvt_ctf_string(struct uvt_ctf_tokens *tokens, char string[UVT_CTF_TEXT_MAX])
{
  struct token token = take(tokens, STRING);
  string[0] = '\0';
  if (tokens->failed)
    return;
  memcpy(string, token.text + 1, token.size - 2);
  string[token.size - 2] = '\0';
}

bool uvt_ctf_is_string_next(const struct uvt_ctf_tokens *tokens)
{
  struct uvt_ctf_tokens ahead = *tokens;
  return look(&ahead).kind == STRING;
}

/* SPDX-License-Identifier: MIT */
/*
 * The tokens of TSDL, the language of CTF 1.8 metadata, as far as LTTng uses them. Anything else is a
 * failure, which stays: so a parser may take many tokens and ask once.
 */
#ifndef UVT_CTF_TOKENS_H
#define UVT_CTF_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts in quotes, and words, are shorter. */
#define UVT_CTF_TEXT_MAX 256

struct uvt_ctf_tokens {
  const char *at, *end; /* what is left */
  bool failed;          /* something came that was not asked for */
};

bool uvt_ctf_tokens_end(struct uvt_ctf_tokens *tokens);

/* Takes the tokens of `text`, which are the ones that must come now. */
void uvt_ctf_expect(struct uvt_ctf_tokens *tokens, const char *text);
/* Takes them if they are next. */
bool uvt_ctf_accept(struct uvt_ctf_tokens *tokens, const char *text);

/* Each takes one token; 0 or "" where it is another, or too great. */
uint64_t uvt_ctf_number(struct uvt_ctf_tokens *tokens);
void uvt_ctf_word(struct uvt_ctf_tokens *tokens, char word[UVT_CTF_TEXT_MAX]);
void uvt_ctf_string(struct uvt_ctf_tokens *tokens, char string[UVT_CTF_TEXT_MAX]); /* without its quotes */
bool uvt_ctf_is_string_next(const struct uvt_ctf_tokens *tokens);

#endif

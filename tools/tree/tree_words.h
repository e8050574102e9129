/* SPDX-License-Identifier: MIT */
/*
 * What a node of the tree says in words: names, values, durations. Texts from a trace are made safe for a
 * terminal here: no control characters, no broken UTF-8, and nothing beyond ASCII where that is asked for.
 */
#ifndef UVT_TREE_WORDS_H
#define UVT_TREE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/words.h"
#include "tree_state.h"

enum uvt_style { UVT_STYLE_PLAIN, UVT_STYLE_DIM, UVT_STYLE_STATE, UVT_STYLE_BAD };

enum { UVT_WORDS_MAX = 16 };

/* A line: NAME DETAIL TAIL  word, word, ... */
struct uvt_words {
  const char *name;   /* the type, or what stands for it */
  const char *detail; /* may be cut to fit */
  char tail[128];
  struct {
    char text[160];
    enum uvt_style style;
  } word[UVT_WORDS_MAX];
  size_t count;
};

__attribute__((format(printf, 3, 4))) void uvt_words_add(struct uvt_words *words, enum uvt_style style,
                                                         const char *format, ...);

/* The name of the error that the callback was given; NULL: none. */
const char *uvt_tree_error(const struct uvt_tree *tree, const struct uvt_tree_operation *operation);

/* What the callback was given (bytes, an error, a descriptor), if that is worth a word. */
void uvt_words_value(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation);

/*
 * When one operation waited, worked, ran. `queued` and `ready` are its own, or those of the allocation
 * callback's operation before it, which is where libuv's wait for the data is.
 */
void uvt_words_times(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation, bool ascii);

/* State, cause, failure: what sets this operation apart. */
void uvt_words_marks(struct uvt_words *words, const struct uvt_tree *tree,
                     const struct uvt_tree_operation *operation, bool ascii);

/* How its registration ended, if it did. */
void uvt_words_end(struct uvt_words *words, const struct uvt_tree *tree,
                   const struct uvt_tree_registration *registration);

#endif

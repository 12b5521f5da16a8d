/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The word filter: which words a text must not have, and what takes the place of others. The list is the
 * operator's file (docs/configuration.md, words_file): one word a line, `word` refuses, `word=***` replaces, #
 * begins a comment. Words are found anywhere in a text, ASCII letters without case, the leftmost and of those the
 * longest first; what a word covers is not looked at again. Pure: once read it does not change, any thread. */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define WORDS_FILE_MAX 8388608 /* bytes */
#define WORDS_MAX      500000
#define WORD_MAX       255 /* bytes, of a word and of what replaces it */

struct words;

/* Reads the text of such a file. -1: a sentence in `error`, with the line; "" when `stop` has become true (NULL: it
 * will not). Takes some tenths of a second for 100,000 words. `text` is borrowed. */
__attribute__((warn_unused_result)) int words_read(struct words **out, const char *text, size_t len,
                                                   const atomic_bool *stop, char *error, size_t error_size);
/* The same for the file `path`: reads it first. A reason why it cannot be read is to stand behind its name, too: "cannot
 * be read: ...". A pipe is refused, not waited for. */
__attribute__((warn_unused_result)) int words_load(struct words **out, const char *path,
                                                   const atomic_bool *stop, char *error, size_t error_size);
/* NULL is fine. */
void words_free(struct words *words);
size_t words_count(const struct words *words);
/* What it keeps in memory. */
size_t words_bytes(const struct words *words);

enum words_verdict {
    WORDS_CLEAN,
    WORDS_MASKED,  /* something was replaced */
    WORDS_REFUSED, /* it has a word that is not allowed, or is longer than `max` after replacing */
    WORDS_NO_MEMORY
};

/* Of a text in UTF-8, which may have NULs. WORDS_MASKED: `*masked` is the new text, malloc'ed, with a NUL behind
 * it. Linear in the text; allocates only where a word is found. */
__attribute__((warn_unused_result)) enum words_verdict words_apply(const struct words *words,
                                                                   const char *text, size_t len, size_t max,
                                                                   char **masked, size_t *masked_len);

#endif

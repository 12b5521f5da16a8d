/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of options (plugin_options.c), for what is done with all of them. Pure. */
#ifndef LIB_OPTION_ROWS_H
#define LIB_OPTION_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plugin_options;

enum option_kind { NUMBER, WORD, WORDS, TEXT, ADMINS, KIND_COUNT };
enum option_flag { REQUIRED = 1, RUNNING = 2 }; /* RUNNING: may change while the broker runs */

struct option_row {
    const char *name;
    size_t offset; /* of an int64_t, of an int for WORD and WORDS, of a char * for TEXT and ADMINS */
    enum option_kind kind;
    int64_t min, max;     /* of a number; of a text max is its length in bytes */
    const char *fallback; /* as a user would write it; NULL: none */
    int flags;
    const char *words; /* of a WORD, or of WORDS */
};

#define OPTION_ROWS 42
extern const struct option_row option_rows[]; /* so many */

void *option_field(struct plugin_options *options, const struct option_row *row);
bool option_owns_text(const struct option_row *row);

#endif

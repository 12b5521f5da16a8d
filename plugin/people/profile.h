/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What users say about themselves: nickname, faceURL, selfSignature. Beside struct user in memory, and
 * columns of the user's row. Most say nothing, which costs a pointer. Pure: it keeps nothing, any thread. */
#ifndef PLUGIN_PEOPLE_PROFILE_H
#define PLUGIN_PEOPLE_PROFILE_H

#include <sqlite3.h>
#include <stdbool.h>

/* No profile is NULL; what has not been said is "". Freed as a whole, with free(). */
struct profile {
    const char *nickname, *face_url, *self_signature;
    char texts[]; /* which these point into */
};

/* Made of copies of the texts. NULL: out of memory. */
struct profile *profile_make(const char *nickname, const char *face_url, const char *self_signature);
/* The same of three columns of a row, which begin at `first`, into *out; NULL if all are empty. false: out of
 * memory. */
__attribute__((warn_unused_result)) bool profile_read(sqlite3_stmt *row, int first, struct profile **out);

#endif

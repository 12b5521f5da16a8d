/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How far a name is from another one, for "did you mean". Pure. */
#ifndef LIB_EDITS_H
#define LIB_EDITS_H

#include <stddef.h>
#include <stdint.h>

#define EDITS_MAX       2  /* of a suggestion: with more it would be another name */
#define EDITS_BYTES_MAX 48 /* of a name that is compared */

/* Characters to insert, remove or replace (Levenshtein's distance). More than EDITS_MAX where one of both is longer than
 * EDITS_BYTES_MAX. */
int64_t edits_between(const char *a, size_t len, const char *b);

#endif

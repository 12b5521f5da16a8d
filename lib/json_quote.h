/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Text as a JSON string with its quotes, in two halves, for a caller with a buffer of its own; and back. Control
 * characters are written as \u00XX or in their short forms; the text must be valid UTF-8. Pure: no state, any
 * thread. */
#ifndef LIB_JSON_QUOTE_H
#define LIB_JSON_QUOTE_H

#include <stddef.h>

/* The bytes needed, quotes included and without NUL; 0: would overflow. */
size_t json_quoted_len(const char *text, size_t len);
/* Writes exactly so many. */
void json_quote_write(char *out, size_t out_len, const char *text, size_t len);

/* The way back: what is between the quotes of a string that json_scan has accepted, as text. Writes at most `len`
 * bytes without NUL, and returns how many; \u0000 becomes a byte 0. `out` may be `raw`. */
size_t json_unquote(char *out, const char *raw, size_t len);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Texts: copied, and made fit for the wire. Pure, no state. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Copies `text` into `out` (size bytes, at least one), cut at its end; returns false when it was cut. */
bool text_copy(char *out, size_t size, const char *text);

/* How many bytes of valid UTF-8 fit, none of them through a character: into so many bytes; into so many
 * characters (code points); into so many bytes between the quotes of a JSON string, as cJSON prints it. */
size_t text_fit_bytes(const char *text, size_t bytes);
size_t text_fit_characters(const char *text, size_t characters);
size_t text_fit_json(const char *text, size_t json_bytes);

/* What may go when a payload is too long. */
struct text_cuts {
    cJSON *parent; /* of a member that is no use when cut: it goes as a whole, if it fills half of `max` */
    const char *whole;     /* its name */
    cJSON *first, *second; /* strings, cut at a character, to nothing if need be */
};
/* Prints `tree` in at most `max` bytes, changing it as `cuts` allows. For cJSON_free. NULL: out of memory, or
 * too long with all of that gone. */
char *text_print_within(cJSON *tree, size_t max, const struct text_cuts *cuts);

/* Makes a text of anybody's, cut anywhere, valid UTF-8: bytes that are no whole character become '?'. */
void text_mend(char *text);

#endif

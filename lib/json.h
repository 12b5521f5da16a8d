/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* JSON as strangers send it: a strict check in front of cJSON. Pure: no state, any thread.
 * cJSON is lax about grammar and UTF-8, ends a string at \u0000 and gives up on very long numbers: nothing
 * that comes from outside goes into it without json_scan first. */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include "lib/json_text.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX     64
#define JSON_DEPTH_PART    (JSON_DEPTH_MAX - 8) /* what is around it has some levels of its own */
#define JSON_MEMBERS_NOTED 8
#define SAFE_INTEGER_MAX   9007199254740991LL /* 2^53 - 1 */

/* Both as they were written, in the text given. */
struct json_member {
    struct json_span name; /* between its quotes */
    struct json_span value;
};

/* What a scan notes on its way; right up to the first error when the scan fails. Start from {0} or {.watch =
 * "name"}. */
struct json_facts {
    const char *watch; /* in: a name of ASCII letters and dots to look for among the members of the outermost
                          object, or NULL */
    const char *watched; /* its (last) value, untouched, in the text given */
    size_t watched_len;
    unsigned watched_count;                         /* how often it is there, however its name is escaped */
    bool nul;                                       /* a string or name has a \u0000 */
    bool nul_name;                                  /* a name has one */
    bool long_number;                               /* a number is longer than cJSON can read */
    size_t member_count;                            /* of the outermost object */
    struct json_member members[JSON_MEMBERS_NOTED]; /* the first of them */
};

/* Strict RFC 8259 text: valid UTF-8 (no surrogates, no overlong forms), no raw control characters in strings,
 * number grammar, \u escapes well-formed with paired surrogates, white space only space tab CR LF, nothing
 * after the value, nesting at most JSON_DEPTH_MAX. No memory; linear. */
bool json_scan(const char *text, size_t len, struct json_facts *facts);

/* Text that json_scan accepted, as a tree for cJSON_Delete. \u0000 reads as \ufffd, and a number of more than
 * 63 characters as -1. NULL: out of memory. */
cJSON *json_parse(const char *text, size_t len, const struct json_facts *facts);
/* Scan and parse in one. NULL: not strict JSON, or out of memory. */
cJSON *json_read(const char *text, size_t len);

/* The same for what becomes a part of another text, such as a request to the broker, which all of it is refused with: NULL, too,
 * where it is nested deeper than JSON_DEPTH_PART or an object has a name twice. */
cJSON *json_read_part(const char *text, size_t len);

/* No object in the tree has a name twice. Otherwise *twice is the name, or NULL when memory ran out. O(n log
 * n). */
__attribute__((warn_unused_result)) bool json_unique(const cJSON *tree, const char **twice);

/* Whole numbers, digit by digit: cJSON's own write 10^15 as 1e+15, which not every reader takes for whole. NULL,
 * false: out of memory. */
cJSON *json_create_whole(int64_t number);
bool json_add_whole(cJSON *object, const char *name, int64_t number);

/* The number of an item, without what is behind its point; `otherwise`: it is none (NULL is none), or beyond
 * SAFE_INTEGER_MAX, from where on a cast may be undefined. */
int64_t json_number(const cJSON *item, int64_t otherwise);

/* A new object at the end of the array; NULL: out of memory. */
cJSON *json_add_object(cJSON *array);

#endif

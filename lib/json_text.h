/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Walking JSON text that json_scan has accepted: where values begin and end, for what is to be passed on as
 * it was written. A tree that json_parse made of the same text has the same members in the same order. Pure:
 * no state, any thread. */
#ifndef LIB_JSON_TEXT_H
#define LIB_JSON_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool json_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *json_skip_space(const char *p)
{
    while (json_is_space(*p))
        p++;
    return p;
}

/* A byte order mark, which some libraries write in front of JSON: its bytes, or 0. */
static inline size_t json_mark_len(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* From its first quote to behind its last one. */
static inline const char *json_skip_string(const char *p)
{
    for (p++; *p != '"'; p++)
        p += *p == '\\';
    return p + 1;
}

/* From the first byte of a value inside an object or array to behind its last one. */
const char *json_skip_value(const char *p);

struct json_span {
    const char *at;
    size_t len;
};

/* The next item of an array, or the next member of an object, name and value. *p stands behind the bracket or
 * brace that opens it, later where the last call left it. false: there are no more. */
bool json_next_item(const char **p, struct json_span *out);
bool json_next_member(const char **p, struct json_span *out);

/* Where the value of a member begins that json_next_member has given. */
static inline const char *json_member_value(const char *member)
{
    return json_skip_space(json_skip_space(json_skip_string(member)) + 1);
}

/* Where the value of `child` begins, a direct child of the object that `text` was parsed into; NULL: it is
 * none. */
const char *json_text_of_child(const char *text, const cJSON *object, const cJSON *child);

#endif

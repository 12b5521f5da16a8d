/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/json_text.h"

static const char *skip_nested(const char *p)
{
    int depth = 0;
    do {
        if (*p == '"') {
            p = json_skip_string(p);
            continue;
        }
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p++;
    } while (depth > 0);
    return p;
}

static bool ends_plain(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *json_skip_value(const char *p)
{
    if (*p == '"')
        return json_skip_string(p);
    if (*p == '{' || *p == '[')
        return skip_nested(p);
    while (!ends_plain(*p))
        p++;
    return p;
}

/* To the next item or member; NULL at the end. */
static const char *next(const char *p)
{
    p = json_skip_space(p);
    if (*p == ',')
        p = json_skip_space(p + 1);
    return *p == '}' || *p == ']' ? NULL : p;
}

bool json_next_item(const char **p, struct json_span *out)
{
    const char *at = next(*p);
    if (!at)
        return false;
    *p = json_skip_value(at);
    *out = (struct json_span){at, (size_t)(*p - at)};
    return true;
}

bool json_next_member(const char **p, struct json_span *out)
{
    const char *at = next(*p);
    if (!at)
        return false;
    *p = json_skip_value(json_member_value(at));
    *out = (struct json_span){at, (size_t)(*p - at)};
    return true;
}

const char *json_text_of_child(const char *text, const cJSON *object, const cJSON *child)
{
    const char *p = json_skip_space(text) + 1;
    struct json_span member;
    for (const cJSON *at = object->child; at && json_next_member(&p, &member); at = at->next)
        if (at == child)
            return json_member_value(member.at);
    return NULL;
}

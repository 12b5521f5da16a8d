/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/payload_flat.h"

#include <string.h>

#include "lib/json_text.h"

#define MEMBERS_MAX 8

struct name {
    const char *at;
    size_t len;
};

static bool is(struct name name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.at, text, name.len) == 0;
}

/* The scan has made sure that every string ends, and the object too. */

static const char *skip_value(const char *p)
{
    if (*p == '"')
        return json_skip_string(p);
    while (*p != ',' && *p != '}')
        p++;
    return p;
}

static bool is_new(const struct name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].len == names[count].len && memcmp(names[i].at, names[count].at, names[count].len) == 0)
            return false;
    return true;
}

bool payload_is_flat_text(const char *p, bool (*known)(const char *name, size_t len), bool *has_random)
{
    struct name names[MEMBERS_MAX];
    bool has_text = false;
    *has_random = false;
    for (size_t count = 0; count < MEMBERS_MAX; count++) {
        p = json_skip_space(p);
        if (*p != '"')
            return false; /* an empty object */
        const char *end = json_skip_string(p);
        names[count] = (struct name){p + 1, (size_t)(end - p) - 2};
        if (memchr(names[count].at, '\\', names[count].len) || !is_new(names, count))
            return false;
        p = json_skip_space(json_skip_space(end) + 1);
        if (*p == '{' || *p == '[')
            return false;
        if (is(names[count], "text") && *p == '"')
            has_text = true;
        else if (is(names[count], "random"))
            *has_random = true;
        else if (known(names[count].at, names[count].len))
            return false;
        p = json_skip_space(skip_value(p));
        if (*p == '}')
            return has_text;
        p++;
    }
    return false;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/payload_flat.h"

#include <string.h>

static bool is(struct json_span name, const char *text)
{
    return name.len == strlen(text) && memcmp(name.at, text, name.len) == 0;
}

static bool is_new(const struct json_member *members, size_t count)
{
    const struct json_span name = members[count].name;
    for (size_t i = 0; i < count; i++)
        if (members[i].name.len == name.len && memcmp(members[i].name.at, name.at, name.len) == 0)
            return false;
    return true;
}

static bool is_plain(const struct json_member *member)
{
    const char first = member->value.at[0];
    return first != '{' && first != '[' && !memchr(member->name.at, '\\', member->name.len);
}

bool payload_is_flat_text(const struct json_facts *facts, bool (*known)(const char *name, size_t len),
                          bool *has_random)
{
    bool has_text = false;
    *has_random = false;
    if (facts->member_count > JSON_MEMBERS_NOTED)
        return false;
    for (size_t i = 0; i < facts->member_count; i++) {
        const struct json_member *member = &facts->members[i];
        if (!is_plain(member) || !is_new(facts->members, i))
            return false;
        if (is(member->name, "text") && member->value.at[0] == '"')
            has_text = true;
        else if (is(member->name, "random"))
            *has_random = true;
        else if (known(member->name.at, member->name.len))
            return false;
    }
    return has_text;
}

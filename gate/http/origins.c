/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/http/origins.h"

#include <string.h>

#define BETWEEN ", \t"

/* The next word of a list, and its length; NULL: there is none. */
static const char *next_word(const char *list, size_t *len)
{
    list += strspn(list, BETWEEN);
    *len = strcspn(list, BETWEEN);
    return *len > 0 ? list : NULL;
}

/* A scheme and a host, perhaps a port, and no path: a browser sends nothing else, so another one would never fit. */
static bool is_origin(const char *word, size_t len)
{
    const char *host = memmem(word, len, "://", 3);
    if (!host || host == word || host + 3 == word + len)
        return false;
    for (const char *c = word; c < word + len; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || (*c >= 'A' && *c <= 'Z') || (c > host + 2 && *c == '/'))
            return false;
    return true;
}

bool origins_valid(const char *list)
{
    size_t len, count = 0;
    bool all = false;
    for (const char *word = list; (word = next_word(word, &len)); word += len, count++) {
        const bool star = len == 1 && *word == '*';
        if (!star && !is_origin(word, len))
            return false;
        all = all || star;
    }
    return count > 0 && (!all || count == 1);
}

const char *origins_allow(const char *list, const char *origin)
{
    size_t len;
    for (const char *word = list; (word = next_word(word, &len)); word += len) {
        if (len == 1 && *word == '*')
            return "*";
        if (strlen(origin) == len && memcmp(origin, word, len) == 0)
            return origin;
    }
    return NULL;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/push_token.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define HEX "0123456789abcdefABCDEF"

/* How characters begin that show nothing, above ASCII; `last`: the greatest byte behind, from `first` on. */
static const struct {
    const char *lead;
    unsigned char first, last;
} blanks[] = {
    {"\xC2", 0x80, 0xA0},     /* C1, no-break space */
    {"\xC2", 0xAD, 0xAD},     /* soft hyphen */
    {"\xE1\x9A", 0x80, 0x80}, /* ogham */
    {"\xE2\x80", 0x80, 0x8F}, /* spaces of all widths, none, and directions */
    {"\xE2\x80", 0xA8, 0xAF}, /* separators, directions, narrow space */
    {"\xE2\x81", 0x9F, 0xAF}, /* mathematical space, joiners, directions */
    {"\xE3\x80", 0x80, 0x80}, /* ideographic space */
    {"\xEF\xBB", 0xBF, 0xBF}, /* byte order mark */
};

static bool shows_nothing(const unsigned char *p)
{
    if (*p <= ' ' || *p == 0x7F)
        return true;
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        size_t len = strlen(blanks[i].lead);
        if (strncmp((const char *)p, blanks[i].lead, len) == 0 && p[len] >= blanks[i].first &&
            p[len] <= blanks[i].last)
            return true;
    }
    return false;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
}

const char *push_token_spell(const char *provider, const char *given, char out[TOKEN_MAX + 1])
{
    size_t len = strlen(given);
    bool apple = strcmp(provider, "apns") == 0;
    for (const char *p = given; *p; p++)
        if (shows_nothing((const unsigned char *)p))
            return "has a blank or a control character";
    if (apple && (len % 2 != 0 || strspn(given, HEX) != len))
        return "must be whole bytes in hex";
    for (size_t i = 0; i <= len; i++)
        out[i] = apple ? lower(given[i]) : given[i];
    return NULL;
}

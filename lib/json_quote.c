/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/json_quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The letter of the short form, 0 when the byte has none. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

size_t json_quoted_len(const char *text, size_t len)
{
    if (len > (SIZE_MAX - 2) / 6)
        return 0;
    size_t total = len + 2;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (needs_escape(c))
            total += short_escape(c) ? 1 : 5;
    }
    return total;
}

static char *write_escape(char *out, unsigned char c)
{
    *out++ = '\\';
    char letter = short_escape(c);
    if (letter) {
        *out++ = letter;
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = "01"[c >> 4];
    out[4] = "0123456789abcdef"[c & 15];
    return out + 5;
}

void json_quote_write(char *out, size_t out_len, const char *text, size_t len)
{
    out[0] = out[out_len - 1] = '"';
    if (len && out_len == len + 2) {
        memcpy(out + 1, text, len);
        return;
    }
    out++;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (needs_escape(c))
            out = write_escape(out, c);
        else
            *out++ = (char)c;
    }
}

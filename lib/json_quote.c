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

static unsigned hex_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static unsigned read_unit(const char *digits)
{
    return hex_value(digits[0]) << 12 | hex_value(digits[1]) << 8 | hex_value(digits[2]) << 4 |
           hex_value(digits[3]);
}

static char *write_utf8(char *out, unsigned character)
{
    if (character < 0x80) {
        *out++ = (char)character;
        return out;
    }
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char begins[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (char)(begins[more] | character >> (6 * more));
    while (more-- > 0)
        *out++ = (char)(0x80 | (character >> (6 * more) & 0x3F));
    return out;
}

/* *p is at the u; goes behind the digits, of both halves of a pair. */
static char *unquote_unit(char *out, const char **p)
{
    unsigned unit = read_unit(*p + 1);
    *p += 5;
    if (unit < 0xD800 || unit > 0xDFFF)
        return write_utf8(out, unit);
    unsigned low = read_unit(*p + 2);
    *p += 6;
    return write_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
}

static char unquoted_letter(char c)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *at = strchr(letters, c);
    return at ? bytes[at - letters] : c;
}

size_t json_unquote(char *out, const char *raw, size_t len)
{
    const char *end = raw + len;
    char *begin = out;
    while (raw < end)
        if (*raw != '\\')
            *out++ = *raw++;
        else if (*++raw == 'u')
            out = unquote_unit(out, &raw);
        else
            *out++ = unquoted_letter(*raw++);
    return (size_t)(out - begin);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure, any thread. */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at p, where `left` bytes are; 0: it is none. */
static inline size_t utf8_length(const unsigned char *p, size_t left)
{
    unsigned char c = p[0];
    size_t length = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (c == 0xE0 && p[1] < 0xA0) || (c == 0xF0 && p[1] < 0x90);
    bool surrogate = c == 0xED && p[1] > 0x9F;
    bool too_high = c == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || too_high ? 0 : length;
}

/* In a valid text: does a character begin with this byte? */
static inline bool utf8_begins(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

bool utf8_valid(const char *text, size_t len);

#endif

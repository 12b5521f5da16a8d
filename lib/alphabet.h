/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The characters that some texts are made of, numbered as letters: the more often a character is used, the smaller
 * its number. ASCII letters count without case. Pure: once built it does not change, any thread. */
#ifndef LIB_ALPHABET_H
#define LIB_ALPHABET_H

#include <stddef.h>
#include <stdint.h>

#define CHARACTERS  0x110000
#define LETTERS_MAX UINT16_MAX
#define LETTER_PAGE 256 /* characters */

struct alphabet {
    uint16_t pages[CHARACTERS / LETTER_PAGE]; /* 0: none of these characters is used */
    uint16_t (*letters)[LETTER_PAGE];
    size_t page_count;
    uint32_t count; /* letters are 1..count; 0 stands for a character that is not used */
};

/* `uses` has CHARACTERS numbers: how often each is used. -1: out of memory, or more than LETTERS_MAX are; `out` is
 * empty then. */
__attribute__((warn_unused_result)) int alphabet_build(struct alphabet *out, const uint32_t *uses);
void alphabet_clear(struct alphabet *alphabet);

static inline uint16_t alphabet_letter(const struct alphabet *alphabet, uint32_t character)
{
    return alphabet->letters[alphabet->pages[character / LETTER_PAGE]][character % LETTER_PAGE];
}

/* The character in valid UTF-8 that ends before *at; *at moves to where it begins. */
static inline uint32_t character_before(const char *text, size_t *at)
{
    unsigned char byte = (unsigned char)text[--*at];
    if (byte < 0x80)
        return byte >= 'A' && byte <= 'Z' ? byte | 0x20U : byte;
    uint32_t character = 0;
    unsigned shift = 0;
    for (; (byte & 0xC0) == 0x80 && *at > 0; byte = (unsigned char)text[--*at], shift += 6)
        character |= (byte & 0x3FU) << shift;
    return character | (byte & (0x7FU >> (shift / 6 + 1))) << shift;
}

#endif

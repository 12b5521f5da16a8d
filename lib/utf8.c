/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t ascii_span(const char *text, size_t len)
{
    size_t i = 0;
    for (uint64_t word; len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, text + i, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool utf8_valid(const char *text, size_t len)
{
    size_t i = ascii_span(text, len);
    while (i < len) {
        size_t step = utf8_length((const unsigned char *)text + i, len - i);
        if (!step)
            return false;
        i += step;
    }
    return true;
}

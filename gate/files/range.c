/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/files/range.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define UNIT "bytes="

/* Digits, at least one; a number that is too large counts as the largest. */
static bool read_number(const char **text, uint64_t *out)
{
    const char *start = *text;
    *out = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        const uint64_t digit = (uint64_t)(**text - '0');
        *out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
    }
    return *text > start;
}

/* "-500": the last of it. */
static enum range_result read_last(const char *text, uint64_t size, uint64_t *first, uint64_t *count)
{
    uint64_t wanted;
    if (!read_number(&text, &wanted) || *text)
        return RANGE_WHOLE;
    if (wanted == 0 || size == 0)
        return RANGE_OUTSIDE;
    *count = wanted < size ? wanted : size;
    *first = size - *count;
    return RANGE_PART;
}

enum range_result range_read(const char *header, uint64_t size, uint64_t *first, uint64_t *count)
{
    uint64_t last = UINT64_MAX;
    if (!header || strncmp(header, UNIT, strlen(UNIT)) != 0)
        return RANGE_WHOLE;
    header += strlen(UNIT);
    if (*header == '-')
        return read_last(header + 1, size, first, count);
    if (!read_number(&header, first) || *header++ != '-')
        return RANGE_WHOLE;
    if (*header && (!read_number(&header, &last) || *header || last < *first))
        return RANGE_WHOLE;
    if (*first >= size)
        return RANGE_OUTSIDE;
    *count = (last < size ? last + 1 : size) - *first;
    return RANGE_PART;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Text put together by hand, where printf would be a large part of the work. Each writes at `p`, where there has to be
 * room, no NUL, and returns the place behind. Pure, any thread. */
#ifndef LIB_PUT_H
#define LIB_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline char *put_bytes(char *p, const char *bytes, size_t len)
{
    memcpy(p, bytes, len);
    return p + len;
}

#define PUT(p, literal) put_bytes(p, literal, sizeof(literal) - 1)

#define PUT_NUMBER_MAX 19 /* bytes of a number */

/* What is less than 0 becomes 0. */
static inline char *put_number(char *p, int64_t value)
{
    char digits[PUT_NUMBER_MAX], *end = digits + sizeof(digits), *d = end;
    uint64_t rest = value < 0 ? 0 : (uint64_t)value;
    do {
        *--d = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    return put_bytes(p, d, (size_t)(end - d));
}

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/basics.h"
#include "lib/utf8.h"

static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x0000, 0x001F},                   /* C0 */
    {0x007F, 0x009F},                   /* DEL, C1 */
    {0x061C, 0x061C},                   /* direction, as are the next and the last */
    {0x200E, 0x200F}, {0x2028, 0x202E}, /* line, paragraph, direction */
    {0x2066, 0x2069},
};

static bool is_unsafe(uint32_t character)
{
    for (size_t i = 0; i < COUNT(unsafe); i++)
        if (character >= unsafe[i].first && character <= unsafe[i].last)
            return true;
    return false;
}

/* Of a valid character of `len` bytes. */
static uint32_t number_of(const unsigned char *bytes, size_t len)
{
    uint32_t number = len == 1 ? bytes[0] : bytes[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        number = number << 6 | (bytes[i] & 0x3F);
    return number;
}

void say_safely(char *text)
{
    const unsigned char *in = (const unsigned char *)text, *end = in + strlen(text);
    while (in < end) {
        size_t len = utf8_length(in, (size_t)(end - in));
        if (len == 0 || is_unsafe(number_of(in, len))) {
            *text++ = '?';
            in += len > 0 ? len : 1;
            continue;
        }
        for (; len > 0; len--)
            *text++ = (char)*in++;
    }
    *text = '\0';
}

void say_line(const char *format, ...)
{
    char text[1000], when[32];
    time_t now = time(NULL);
    struct tm utc;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say_safely(text);
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    fprintf(stderr, "%s %s\n", when, text);
}

int say_check(bool good, const char *what, const char *how)
{
    char line[600];
    snprintf(line, sizeof line, "%s: %s%s%s", what, good ? "ok" : "FAILED", *how ? ", " : "", how);
    say_safely(line);
    puts(line);
    fflush(stdout);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

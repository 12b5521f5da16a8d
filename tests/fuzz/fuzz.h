/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the fuzz targets have in common. Each is a file fuzz_x.c with a function that libFuzzer calls with bytes of its
 * own making; beside "no crash, nothing that sanitizers see", HOLDS says what else must be true. scripts/fuzz builds and
 * runs them; a seed is a file in seeds/x, and x.dict has words that help. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly this length with a NUL behind it, so that a step over its end is seen. To be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    HOLDS(text);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* Takes the first line, without its end, from the input. To be freed. */
static inline char *fuzz_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
    const size_t len = end ? (size_t)(end - *data) : *size, taken = len + (end != NULL);
    char *line = fuzz_text(*data, len);
    *data += taken;
    *size -= taken;
    return line;
}

/* Takes the first byte; 0 where there is none. */
static inline uint8_t fuzz_byte(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    --*size;
    return *(*data)++;
}

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is too small for a noun, and would stand in every second file. */
#ifndef LIB_BASICS_H
#define LIB_BASICS_H

#include <stdint.h>

/* Elements of an array; not for a pointer. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DAY_MS INT64_C(86400000)

static inline int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The clocks: one that never jumps, for waiting and measuring; one that people and providers share, which is wrong
 * now and then. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of any clock. */
static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Milliseconds since some moment. */
static inline int64_t clock_steady(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* Microseconds since the same. */
static inline int64_t clock_steady_us(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000;
}

/* The same as of the last tick of the kernel, some milliseconds ago at most; the cheapest to ask. */
static inline int64_t clock_steady_coarse(void)
{
    return clock_ns(CLOCK_MONOTONIC_COARSE) / 1000000;
}

/* Milliseconds since the machine was started, those that it slept included. */
static inline int64_t clock_boot(void)
{
    return clock_ns(CLOCK_BOOTTIME) / 1000000;
}

/* Milliseconds since 1970. */
static inline int64_t clock_wall(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Both clocks, in milliseconds: one that never jumps for waiting, one that people and providers share. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t clock_steady(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static inline int64_t clock_wall(void)
{
    return clock_ms(CLOCK_REALTIME);
}

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A token bucket in two numbers: what may come so often a second, and for a while more often. Pure: no clock,
 * any thread. */
#ifndef PLUGIN_PEOPLE_BUCKET_H
#define PLUGIN_PEOPLE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    int64_t filled; /* ms: when it was last refilled; 0: never, it is full */
    int64_t tokens; /* thousandths */
};

/* At `now` (ms): takes one token from a bucket of `size` that gains `rate` a second, if more than `reserve`
 * of them are left. rate 0: no limit. */
static inline bool bucket_take(struct bucket *bucket, int64_t now, int64_t rate, int64_t size,
                               int64_t reserve)
{
    if (rate == 0)
        return true;
    if (bucket->filled == 0)
        bucket->tokens = size * 1000;
    else if (now > bucket->filled)
        bucket->tokens += (now - bucket->filled > 3600000 ? 3600000 : now - bucket->filled) * rate;
    if (bucket->tokens > size * 1000)
        bucket->tokens = size * 1000;
    bucket->filled = now;
    if (bucket->tokens < reserve * 1000 + 1000)
        return false;
    bucket->tokens -= 1000;
    return true;
}

#endif

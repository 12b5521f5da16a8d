/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A token bucket in two numbers: what may come so often a second, and for a while more often. Pure: no clock,
 * any thread. `now` is in ms; the bucket has `size` and gains `rate` a second. */
#ifndef PLUGIN_PEOPLE_BUCKET_H
#define PLUGIN_PEOPLE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    int64_t filled; /* ms: when it was last refilled; 0: never, it is full */
    int64_t tokens; /* thousandths; below 0: it has given what it did not have yet */
};

static inline void bucket_fill(struct bucket *bucket, int64_t now, int64_t rate, int64_t size)
{
    if (bucket->filled == 0)
        bucket->tokens = size * 1000;
    else if (now > bucket->filled)
        bucket->tokens += (now - bucket->filled > 3600000 ? 3600000 : now - bucket->filled) * rate;
    if (bucket->tokens > size * 1000)
        bucket->tokens = size * 1000;
    bucket->filled = now;
}

/* After this long every bucket is full that is never larger than ten seconds' gain, and never further below zero. */
#define BUCKET_REST_MS 30000

/* Is it full, like a new one? */
static inline bool bucket_rests(const struct bucket *bucket, int64_t now)
{
    return bucket->filled == 0 || now - bucket->filled > BUCKET_REST_MS;
}

/* Takes one token, if more than `reserve` of them are left. rate 0: no limit. */
static inline bool bucket_take(struct bucket *bucket, int64_t now, int64_t rate, int64_t size,
                               int64_t reserve)
{
    if (rate == 0)
        return true;
    bucket_fill(bucket, now, rate, size);
    if (bucket->tokens < reserve * 1000 + 1000)
        return false;
    bucket->tokens -= 1000;
    return true;
}

#endif

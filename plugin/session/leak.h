/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A leaky bucket in two numbers: how much of what was put in has not had the time to run out. Pure: no clock,
 * any thread. */
#ifndef PLUGIN_SESSION_LEAK_H
#define PLUGIN_SESSION_LEAK_H

#include <stdint.h>

/* All zero: empty. */
struct leak {
    int64_t at;    /* ms: when something was put in last */
    int64_t level; /* thousandths, at that time */
};

#define LEAK_LONGEST_MS 3600000 /* counted at once: no product is too large */

/* What is in it at `now` (ms), in thousandths, when `rate` run out in a second. */
static inline int64_t leak_level(const struct leak *leak, int64_t now, int64_t rate)
{
    int64_t passed = now > leak->at ? now - leak->at : 0;
    int64_t gone = (passed > LEAK_LONGEST_MS ? LEAK_LONGEST_MS : passed) * rate;
    return gone < leak->level ? leak->level - gone : 0;
}

static inline void leak_add(struct leak *leak, int64_t now, int64_t rate, int64_t thousandths)
{
    leak->level = leak_level(leak, now, rate) + thousandths;
    leak->at = now;
}

/* No more than this is in it. */
static inline void leak_lower(struct leak *leak, int64_t now, int64_t rate, int64_t thousandths)
{
    int64_t level = leak_level(leak, now, rate);
    leak->level = level < thousandths ? level : thousandths;
    leak->at = now;
}

#endif

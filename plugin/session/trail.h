/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where a position was earlier: at a time, or when so many messages had been handed. A few samples, the closer
 * together the younger they are. Pure: no clock, any thread. */
#ifndef PLUGIN_SESSION_TRAIL_H
#define PLUGIN_SESSION_TRAIL_H

#include <stdint.h>

#define TRAIL_SAMPLES 12

/* All zero: it has not moved. */
struct trail {
    unsigned count;
    struct {
        int64_t at, position;
    } sample[TRAIL_SAMPLES]; /* oldest first */
};

static inline void trail_remove(struct trail *trail, unsigned index)
{
    trail->count--;
    for (unsigned i = index; i < trail->count; i++)
        trail->sample[i] = trail->sample[i + 1];
}

/* The one between two that are close together for their age goes; never the oldest. */
static inline void trail_thin(struct trail *trail, int64_t at)
{
    unsigned least = 1;
    int64_t closest = INT64_MAX;
    for (unsigned i = 1; i + 1 < trail->count; i++) {
        int64_t between = trail->sample[i + 1].at - trail->sample[i - 1].at;
        int64_t closeness = between * 1024 / (at - trail->sample[i + 1].at + 1);
        if (closeness >= closest)
            continue;
        closest = closeness;
        least = i;
    }
    trail_remove(trail, least);
}

/* Call before the position moves on from `position`, at `at`, which rises (what is not after the last one is
 * left out). Less than `gap` after the last sample none is taken; what matters only to who asks for a time
 * before `needed` is forgotten. */
static inline void trail_note(struct trail *trail, int64_t at, int64_t gap, int64_t needed, int64_t position)
{
    if (needed >= at)
        trail->count = 0;
    if (trail->count > 0 && at - trail->sample[trail->count - 1].at < gap)
        return;
    while (trail->count > 1 && trail->sample[1].at <= needed)
        trail_remove(trail, 0);
    if (trail->count == TRAIL_SAMPLES)
        trail_thin(trail, at);
    trail->sample[trail->count].at = at;
    trail->sample[trail->count++].position = position;
}

/* A position that was not passed later than at `then`; `position`, the present one, when it has not moved
 * since. */
static inline int64_t trail_at(const struct trail *trail, int64_t then, int64_t position)
{
    for (unsigned i = trail->count; i-- > 0;) {
        position = trail->sample[i].position;
        if (trail->sample[i].at <= then)
            break;
    }
    return position;
}

/* The latest sample at which the position had not come to `position` yet; `never` when there is none. */
static inline int64_t trail_when(const struct trail *trail, int64_t position, int64_t never)
{
    for (unsigned i = trail->count; i-- > 0;)
        if (trail->sample[i].position < position)
            return trail->sample[i].at;
    return never;
}

#endif

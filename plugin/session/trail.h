/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where a position was some time ago: a few samples, at least an eighth of the window apart. No clock. */
#ifndef PLUGIN_SESSION_TRAIL_H
#define PLUGIN_SESSION_TRAIL_H

#include <stdint.h>

#define TRAIL_SAMPLES 9 /* nine that are an eighth apart reach back a whole window */

struct trail {
    unsigned count, first;
    struct {
        int64_t time, position;
    } sample[TRAIL_SAMPLES];
};

/* Call before the position moves on from `position`. */
static inline void trail_note(struct trail *trail, int64_t now, int64_t window, int64_t position)
{
    unsigned newest = (trail->first + trail->count + TRAIL_SAMPLES - 1) % TRAIL_SAMPLES;
    if (trail->count > 0 && now - trail->sample[newest].time < window / (TRAIL_SAMPLES - 1))
        return;
    if (trail->count == TRAIL_SAMPLES)
        trail->first = (trail->first + 1) % TRAIL_SAMPLES;
    else
        trail->count++;
    newest = (trail->first + trail->count - 1) % TRAIL_SAMPLES;
    trail->sample[newest].time = now;
    trail->sample[newest].position = position;
}

/* A position that was not passed later than at `then`; `position`, the present one, when it has not moved
 * since. */
static inline int64_t trail_at(const struct trail *trail, int64_t then, int64_t position)
{
    for (unsigned i = trail->count; i-- > 0;) {
        unsigned at = (trail->first + i) % TRAIL_SAMPLES;
        position = trail->sample[at].position;
        if (trail->sample[at].time <= then)
            break;
    }
    return position;
}

#endif

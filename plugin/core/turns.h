/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How long the turns of the broker's loop are, since everybody waits while one lasts: from the first login,
 * subscription, message or command of a turn to the end of its TICK. What the broker does before that, flushing what
 * the turn before has queued, is in the processor time since the last TICK: where that is more, it counts. So the
 * time in which the broker waits for the network is in neither. Broker thread only. */
#ifndef PLUGIN_CORE_TURNS_H
#define PLUGIN_CORE_TURNS_H

#include "lib/clock.h"
#include <stdint.h>

#define TURN_BOUNDS 4

extern const int64_t turn_bounds_ms[TURN_BOUNDS];

/* Begins as zeros. */
struct turns {
    int64_t began;     /* the present one: us, steady; 0: nothing has come yet */
    int64_t processor; /* us of the thread's time, at the last TICK; 0: there was none */
    uint64_t all, over[TURN_BOUNDS];
    double milliseconds, longest; /* of all; of one */
};

/* Something has come. Looks at the clock once a turn. */
static inline void turn_begin(struct turns *turns)
{
    if (turns->began == 0)
        turns->began = clock_steady_us();
}

/* At the end of TICK. */
void turn_end(struct turns *turns);
/* The same with what it took, in us: from its beginning, and of processor time. */
void turn_add(struct turns *turns, int64_t passed, int64_t worked);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/turns.h"

#include "lib/basics.h"

const int64_t turn_bounds_ms[TURN_BOUNDS] = {1, 5, 20, 100};

void turn_add(struct turns *turns, int64_t passed, int64_t worked)
{
    const int64_t took = larger(passed, worked);
    const double ms = (double)took / 1000.0;
    turns->all++;
    for (int i = 0; i < TURN_BOUNDS && took > turn_bounds_ms[i] * 1000; i++)
        turns->over[i]++;
    turns->milliseconds += ms;
    if (ms > turns->longest)
        turns->longest = ms;
}

void turn_end(struct turns *turns)
{
    const int64_t processor = clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1000;
    if (turns->processor > 0)
        turn_add(turns, clock_steady_us() - turns->began, processor - turns->processor);
    turns->processor = processor;
    turns->began = 0;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Turns of the broker's loop when nothing comes: Mosquitto 2.0 rests for 100 ms then, and no plugin can ask it for less.
 * (2.1 is asked in TICK.) While it is wanted, a timer sends the broker's own thread a signal, which ends that rest and does
 * nothing else. It is SIGURG, which is ignored by default, so that one which comes late harms nobody; where somebody else
 * has a use for it, it stays theirs, and there are no such turns. Set up when it is wanted first. Broker thread only. */
#ifndef PLUGIN_CORE_WAKE_H
#define PLUGIN_CORE_WAKE_H

#include <signal.h>
#include <stdbool.h>
#include <time.h>

/* All zero at first. */
struct wake {
    bool tried, open, running;
    timer_t timer;
    struct sigaction before;
};

/* From now on there is a turn at least every WAKE_MS; or only the usual ones. */
void wake_want(struct wake *wake, bool wanted);
#define WAKE_MS 2
void wake_close(struct wake *wake);

#endif

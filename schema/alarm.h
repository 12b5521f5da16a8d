/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Something is bad, or well again: each is told once. Between what is bad and what is well lies a part that is neither,
 * and it must have been well for a while: what goes up and down is not told again and again. Pure. */
#ifndef SCHEMA_ALARM_H
#define SCHEMA_ALARM_H

#include <stdbool.h>
#include <stdint.h>

enum alarm_state { ALARM_WELL, ALARM_BETWEEN, ALARM_BAD };
enum alarm_news { ALARM_NO_NEWS, ALARM_BEGINS, ALARM_ENDS };

/* Begins as zeros. */
struct alarm {
    bool on;
    int64_t well_since; /* ms, steady; 0: it is not */
};

/* It is so at `now` (ms, steady, more than 0). It ends when it has been well for `patience` ms. */
enum alarm_news alarm_look(struct alarm *alarm, enum alarm_state state, int64_t now, int64_t patience);

#endif

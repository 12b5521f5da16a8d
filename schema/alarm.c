/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/alarm.h"

enum alarm_news alarm_look(struct alarm *alarm, enum alarm_state state, int64_t now, int64_t patience)
{
    if (state != ALARM_WELL)
        alarm->well_since = 0;
    else if (alarm->well_since == 0)
        alarm->well_since = now;
    if (state == ALARM_BAD && !alarm->on) {
        alarm->on = true;
        return ALARM_BEGINS;
    }
    if (!alarm->on || alarm->well_since == 0 || now - alarm->well_since < patience)
        return ALARM_NO_NEWS;
    alarm->on = false;
    return ALARM_ENDS;
}

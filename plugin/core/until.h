/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What ends by itself after some time: mutes and bans. They go by the time that is expected, so that a clock which is wrong
 * for a while neither ends them nor makes them last (schema/store.h: store_expected_time). Times are milliseconds since 1970.
 * Broker thread only. */
#ifndef PLUGIN_CORE_UNTIL_H
#define PLUGIN_CORE_UNTIL_H

#include <stdbool.h>
#include <stdint.h>

struct chat;

int64_t until_now(const struct chat *chat);
/* The end of what begins now; 0, which is none, when `seconds` are. */
int64_t until_after(const struct chat *chat, int64_t seconds);
/* Is that still to come? 0 never is. */
bool until_lasts(const struct chat *chat, int64_t end);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counters: below $SYS/broker/chat/, retained, every 10 seconds, and for getStats. */
#ifndef PLUGIN_COMMANDS_STATS_H
#define PLUGIN_COMMANDS_STATS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct chat;

/* TICK. */
bool stats_tick(struct chat *chat);
/* The same as members of `data`. false: out of memory. */
bool stats_add(struct chat *chat, cJSON *data);

#endif

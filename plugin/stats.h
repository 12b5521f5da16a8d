/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counters below $SYS/broker/chat/, retained, every 10 seconds. */
#ifndef PLUGIN_STATS_H
#define PLUGIN_STATS_H

struct chat;

void stats_tick(struct chat *chat);

#endif

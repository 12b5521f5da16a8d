/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Clients that do not read what they are sent. Broker thread only. */
#ifndef PLUGIN_LIFE_STUCK_H
#define PLUGIN_LIFE_STUCK_H

#include <stdbool.h>

struct chat;

/* TICK: looks, ten times a second, at those whose backlog (session/backlog.h) is over the bound; who has read nothing
 * for a keepalive is closed. */
bool stuck_tick(struct chat *chat);

#endif

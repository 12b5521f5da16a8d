/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a connection ends: what it has had is written, or kept until it can be (departed.h). Broker thread
 * only. */
#ifndef PLUGIN_LIFE_LEAVING_H
#define PLUGIN_LIFE_LEAVING_H

#include <stdbool.h>

struct chat;
struct mosquitto;

/* DISCONNECT or CLIENT_OFFLINE. Writes cursors, ends live memberships. `lost`: the broker says that the
 * connection died (2.1 tells, 2.0 does not); then, and after a takeover, the cursors of a clean session go
 * back by 1.5 keepalives. Unknown pointers are fine. */
void session_end(struct chat *chat, const struct mosquitto *client, bool lost);
/* The broker stops: ends every session, and so writes every cursor; touches no client pointer. */
void sessions_end(struct chat *chat);
/* TICK: writes the ends for which there was no room in the ring, a bounded number a turn. */
bool leaving_tick(struct chat *chat);

#endif

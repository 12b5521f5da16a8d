/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a device has not had yet: pages of the log, handed out on TICK, one subscription of a client at a
 * time, until the end of the log is reached; from that very moment the subscription is live. Broker thread
 * only. */
#ifndef PLUGIN_DELIVERY_REPLAY_H
#define PLUGIN_DELIVERY_REPLAY_H

#include <stdbool.h>

struct chat;
struct subscription;

/* Queues the stored subscription for replay, from what it has been given (cursor.h) on. One that is replaying
 * goes on. */
void replay_start(struct chat *chat, struct subscription *subscription);
/* The same for one that was live and could not be given a message: all that comes meanwhile is brought, however
 * much. */
void replay_resume(struct chat *chat, struct subscription *subscription);
/* Ends it, wherever it is (the end of the log, UNSUBSCRIBE, covered by a feed, the session ends). */
void replay_cancel(struct chat *chat, struct subscription *subscription);
/* TICK: the next pages, within a bound of rows and time. Returns true while there is more to do at
 * once. */
bool replay_tick(struct chat *chat);

#endif

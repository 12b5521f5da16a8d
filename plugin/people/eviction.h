/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who leaves memory: users and conversations that nobody has used for cache_seconds, or a little longer. What is
 * named again is read again.
 *
 * Whoever keeps a pointer to a user, a conversation or a member beyond an event of the broker must be seen here, in
 * what user_is_held, conversation_is_held and member_is_held ask; there is no other place that knows. Whoever
 * changes one, with whatever pointer, sets `used` to chat->era in the same frame: what an earlier era has changed is
 * in the database before it may go.
 *
 * An era lasts cache_seconds. In each a hand goes once over all that is in memory, some at a TICK. Broker thread
 * only. */
#ifndef PLUGIN_PEOPLE_EVICTION_H
#define PLUGIN_PEOPLE_EVICTION_H

#include <stdbool.h>

struct chat;

/* -1: out of memory. */
__attribute__((warn_unused_result)) int eviction_open(struct chat *chat);
/* What was never opened is fine. */
void eviction_close(struct chat *chat);
/* The last of a TICK: nobody has a pointer on the stack, no frame is open. false: it does not wait for another. */
bool eviction_tick(struct chat *chat);

#endif

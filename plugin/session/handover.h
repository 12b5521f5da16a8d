/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How much of what has been handed to the broker for a client the client has surely taken.
 *
 * A broker tells no plugin of PUBACKs. Of what it was given at QoS 1 or 2 it has max_inflight_messages (20) on
 * the wire; the rest waits in its memory, and is gone when the connection ends, or the broker. So this is
 * reckoned: a client takes `device_rate` messages a second at least, whatever else it does. What is more than
 * that may still be waiting. Messages at QoS 0 never wait, and are not counted. Broker thread only. */
#ifndef PLUGIN_SESSION_HANDOVER_H
#define PLUGIN_SESSION_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct session;

/* A stored message of `len` bytes has been handed to the broker for this client. */
void session_handed(struct chat *chat, struct session *session, size_t len, int qos);
/* Of the messages counted in session->handover.count, in their order, so many have been taken in any case. */
int64_t handover_sure(const struct chat *chat, const struct session *session);
/* The same at an end that is none of the network's: what fits on the wire is there, and counts as taken. */
int64_t handover_taken(const struct chat *chat, const struct session *session);
/* The client has said itself that it has had the first `count` of them. */
void session_has_taken(struct chat *chat, struct session *session, int64_t count);
/* A message at QoS 0 may have come to the client before others that were handed earlier. */
bool handover_overtaken(const struct chat *chat, const struct session *session);
/* Would one more not surely fit into the broker's queue for this client? */
bool session_full(struct chat *chat, struct session *session);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What goes to everybody in a live group, but not with the publish that the broker is about to deliver: tips,
 * and messages of QoS 2. It is published once, on the group's topic, and the broker's own subscription tree
 * hands it out when it flushes. The broker makes a payload of its own then, so READ knows a live publish by
 * its bytes: nothing gets onto the topic without the server's stamp, and none but the server writes `tips`.
 * Each is remembered until the flush is over. A subscription gets those made after it (subscription->since).
 * Broker thread only. */
#ifndef PLUGIN_DELIVERY_LIVE_PUBLISH_H
#define PLUGIN_DELIVERY_LIVE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

struct live_publish;
struct chat;
struct conversation;
struct session;

/* To those who are subscribed now, `origin` (NULL: nobody) left out; payload: stamp and body, `len` bytes,
 * copied. false: out of memory, nobody gets it. */
__attribute__((warn_unused_result)) bool live_publish_send(struct chat *chat,
                                                           struct conversation *conversation,
                                                           const struct session *origin, const void *payload,
                                                           size_t len, int qos);
/* READ: the publish that this is, at one of the session's subscriptions; NULL: it is none. */
struct live_publish *live_publish_find(const struct session *session, const char *topic, const void *payload,
                                       size_t len);
/* READ: may this session have it? Says yes once. */
bool live_publish_may_read(struct chat *chat, struct live_publish *publish, struct session *session);
/* Is something for this group not flushed? What the broker hands out now would overtake it. */
bool live_publish_waits(const struct conversation *conversation);
/* The group is about to end, and with it all subscriptions: what is not flushed goes to each of its clients as a copy. */
void live_publishes_copy_out(struct chat *chat, const struct conversation *conversation);
/* Every event but READ begins with this, and TICK too: forgets what has been flushed. */
void live_publishes_prune(struct chat *chat);
void live_publishes_close(struct chat *chat);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the broker holds for a kept session, and sends again on its own when the session returns: between AUTH and
 * CONNACK it asks READ for each. Broker thread only. */
#ifndef PLUGIN_DELIVERY_HELD_H
#define PLUGIN_DELIVERY_HELD_H

#include <stdbool.h>
#include <stddef.h>

struct chat;
struct session;

/* May this session, which is connecting, have what was held for it? A message that is not there for its user any
 * more (recalled, deleted, of a group that has ended or was left) it may not, nor what one was before an edit: a replay
 * brings that as it is now. What it may have is noted in
 * session->delivery.in_flight: no replay is to bring it again. Where the store cannot be read it may have what was
 * its own when it was sent; so it may beyond the first HELD_LOOKED_AT. */
bool held_may_read(struct chat *chat, struct session *session, const char *topic, const void *payload,
                   size_t len);
#define HELD_LOOKED_AT 1000
/* With each message on its way that is withheld the broker leaks a place in the client's window (of 20), until the
 * next connection. Was that all of them, perhaps, or too many of them? */
bool held_narrows(const struct session *session);

/* A publish at QoS 2 that copies have been made of: the broker will give it to subscribers when its sender
 * releases it, without an event. READ is to know it by its last byte then, which takes the place of the NUL
 * behind it (broker_payload). Returns the new length. */
size_t held_mark_released(char *payload, size_t len);

#endif

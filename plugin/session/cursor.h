/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a device has had of a subscription: positions in this connection, and the cursor that the store keeps.
 * All are ids of messages, 0 before the first. Broker thread only. */
#ifndef PLUGIN_SESSION_CURSOR_H
#define PLUGIN_SESSION_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct session;
struct subscription;

/* Positions. The id has been handed to the broker for this client (queued: and waits for a flush). */
void subscription_hand(struct chat *chat, struct subscription *subscription, int64_t id, bool queued);
/* The same for a message of this conversation: what came by the feed has been had by the narrower filter
 * too. */
void subscription_hand_all(struct chat *chat, struct subscription *subscription,
                           const struct conversation *conversation, int64_t id, bool queued);
/* What has been handed and flushed. */
int64_t subscription_position(struct chat *chat, struct subscription *subscription);
/* What has been handed, flushed or not. */
int64_t subscription_given(struct chat *chat, struct subscription *subscription);
/* Up to here everything has been taken by the device, by all that can be known (or acked by hand): neither may
 * it be in the broker's queue (handover.h), nor have been written to a connection that was dead, unnoticed, for
 * 1.5 keepalives. */
int64_t subscription_sure(struct chat *chat, struct subscription *subscription);
/* The connection ends: positions go back to before what may still be in the broker's queue; `lost`: to before
 * what was handed when it may have been dead already, too. Those of ended subscriptions as well. */
void subscriptions_rewind(struct chat *chat, struct session *session, bool lost);
/* What was handed after this may have got lost. */
int64_t subscription_doubtful_after(struct chat *chat, struct subscription *subscription);
/* The lowest of these; INT64_MAX: there is none. */
int64_t subscriptions_doubtful_after(struct chat *chat, struct session *session);
/* cursor_begin.c: sets the positions of a new subscription. This device's own cursor; the feed's where that
 * is further; for a device without one, that of the user's other device that is furthest; what this very
 * connection has had already is not given again; a group begins where the user joined. Everything begins, for a
 * device without a cursor, with what comes now. `topic` as the store names it. */
void cursor_begin(struct chat *chat, struct subscription *subscription, const char *topic);
/* Up to which id this connection has had the conversation by a narrower filter than the feed, in force or
 * ended; 0: not at all. */
int64_t subscriptions_had(struct chat *chat, const struct session *session,
                          const struct conversation *conversation);
/* What the store is to have as its cursor: the position, or what was acked by hand. */
int64_t subscription_cursor(struct chat *chat, struct subscription *subscription);
/* What a frame needs for the cursors of the session, written once, for store_begin. */
size_t subscriptions_frame_bytes(const struct session *session);
/* Records for every cursor that moved, in the open frame: where they are, at the end of a session. */
void subscriptions_put_cursors(struct chat *chat, struct session *session);
/* The same while it goes on: as far as they are sure. */
void subscriptions_put_sure(struct chat *chat, struct session *session);
/* The same, for the moment: what may have got lost comes after them. For push_put_handed, at the end of a session. */
void subscriptions_put_doubtful(struct chat *chat, struct session *session);
/* TICK: writes what of the cursors of connected sessions has become sure, every two seconds, a bounded number a
 * turn. */
bool cursors_tick(struct chat *chat);
/* The subscription by which the session gets the message of this id. NULL: none, no such message, or the store
 * cannot be read (store_reads_failed tells). */
struct subscription *subscription_of_message(struct chat *chat, const struct session *session, int64_t id);
/* `ack`: the client has had the message of this id, brought by that subscription (NULL: nobody knows), and what
 * was handed to it before. The cursor of that subscription goes to it, those of the others to where they were
 * then; from now on they move by this only. An id of before the connection takes them back, the first time. In
 * the open frame. */
void subscriptions_ack(struct chat *chat, struct session *session, int64_t id, struct subscription *by);
/* The same in memory only. */
void subscriptions_take_ack(struct chat *chat, struct session *session, int64_t id, struct subscription *by);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How subscriptions come about and end: by SUBSCRIBE, joinGroup of a live group or a kept session's return;
 * by UNSUBSCRIBE or the end of the session. Their cursors are the device's, in the store. Broker thread
 * only. */
#ifndef PLUGIN_DELIVERY_SUBSCRIBE_H
#define PLUGIN_DELIVERY_SUBSCRIBE_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct conversation;
struct session;
struct topic;

/* SUBSCRIBE: may this session have the filter? 0, or a code (the SUBACK says failure). Starts the replay
 * where there is one. */
__attribute__((warn_unused_result)) int subscription_add(struct chat *chat, struct session *session,
                                                         const struct topic *topic, int qos);
/* After that, when the broker has told what an MQTT 5 client calls the filter (0: nothing, and always on 2.0): it
 * comes with each message, a live group's last ones first, which are sent now. */
void subscription_identify(struct chat *chat, struct session *session, const struct topic *topic,
                           uint32_t identifier);
/* What the session calls its subscription to that topic of answers; 0: nothing, or it is a topic of its own. */
uint32_t subscription_answer_identifier(const struct session *session, const char *topic);
/* UNSUBSCRIBE. One that the session has not got is fine. */
void subscription_remove(struct chat *chat, struct session *session, const struct topic *topic);
/* The options have been read anew: what only administrators may have ends for who is none any more. */
void subscription_check(struct chat *chat, struct session *session);
/* joinGroup of a live group: may send and is counted, receives nothing before SUBSCRIBE. false: out of
 * memory. */
bool subscription_join_live(struct chat *chat, struct session *session, struct conversation *conversation);
/* quitGroup of a live group, dismissal: delivery ends for this session. */
void subscription_leave(struct chat *chat, struct session *session, struct conversation *conversation);
/* Puts the filters of a kept session back that does not subscribe again (all = true), or forgets them. false:
 * not each of them, as memory is out, the ring is full, or the store cannot be read; what is missing is done
 * by another call. */
__attribute__((warn_unused_result)) bool subscriptions_restore(struct chat *chat, struct session *session,
                                                               bool all);
/* TICK: feeds begin that were too many for the turn in which they were subscribed. true: some wait still. */
bool subscriptions_tick(struct chat *chat);
/* The session ends, and all it is subscribed to; `lost`: by no DISCONNECT, as far as the broker tells. */
void subscriptions_end(struct chat *chat, struct session *session, bool lost);

#endif

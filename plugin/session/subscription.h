/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Subscriptions of a session: made by SUBSCRIBE, joinGroup of a live group or a kept session's return; ended
 * by UNSUBSCRIBE or the end of the session. Their cursors are the device's, in the store. */
#ifndef PLUGIN_SESSION_SUBSCRIPTION_H
#define PLUGIN_SESSION_SUBSCRIPTION_H

#include "acl/identity.h"
#include "plugin/session/session.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct topic;

/* SUBSCRIBE: may this session have the filter? 0, or a code (the SUBACK says failure). Starts the replay
 * where there is one. */
__attribute__((warn_unused_result)) int subscription_add(struct chat *chat, struct session *session,
                                                         const struct topic *topic, int qos);
void subscription_remove(struct chat *chat, struct session *session, const struct topic *topic);
/* joinGroup of a live group: may send and is counted, receives nothing before SUBSCRIBE. false: out of
 * memory. */
bool subscription_join_live(struct chat *chat, struct session *session, struct conversation *conversation);
/* quitGroup of a live group, dismissal: delivery ends for this session. */
void subscription_leave(struct chat *chat, struct session *session, struct conversation *conversation);
/* The session's subscription to a group by name (GROUP or LIVE), NULL if none. */
struct subscription *subscription_find(const struct session *session,
                                       const struct conversation *conversation);
/* The session's subscription to what this conversation is in, not counting the feed: the inbox for a pair, else
 * by the group's name. NULL if none. */
struct subscription *subscription_named(const struct session *session,
                                        const struct conversation *conversation);
/* Has any session of the user but `except` (NULL: any) a subscription to the group? */
bool subscription_of_user(const struct user *user, const struct conversation *conversation,
                          const struct session *except);
/* The same for any stored kind. */
struct subscription *subscription_find_kind(const struct session *session, enum subscription_kind kind,
                                            const struct conversation *conversation);
static inline bool subscription_stored(const struct subscription *subscription)
{
    return subscription->kind != SUBSCRIPTION_LIVE;
}
/* Puts the filters of a kept session back that does not subscribe again (all = true), or forgets them. */
void subscriptions_restore(struct chat *chat, struct session *session, bool all);
void subscriptions_end(struct chat *chat, struct session *session);

/* The name under which the store keeps a subscription: "inbox", "feed", "group/<groupID>". */
#define STORED_TOPIC_MAX (sizeof "group/" + GROUP_ID_MAX)
void subscription_topic(char out[STORED_TOPIC_MAX], enum subscription_kind kind,
                        const struct conversation *conversation);

#endif

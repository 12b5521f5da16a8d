/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The record of what a session is subscribed to: made, found, named. How subscriptions come about and end is
 * in delivery/subscribe.h, the positions are cursor.h's. Broker thread only. */
#ifndef PLUGIN_SESSION_SUBSCRIPTION_H
#define PLUGIN_SESSION_SUBSCRIPTION_H

#include "acl/identity.h"
#include "plugin/session/trail.h"
#include <stdbool.h>
#include <stdint.h>

struct conversation;
struct merge;
struct session;
struct user;

enum subscription_kind {
    SUBSCRIPTION_INBOX,
    SUBSCRIPTION_FEED,
    SUBSCRIPTION_GROUP,
    SUBSCRIPTION_LIVE,
    SUBSCRIPTION_EVERYTHING /* chat/feed: whatever is written, by anybody */
};

/* Where a position was when so many messages had been handed, and when. */
struct trails {
    struct trail by_count, by_time;
};

/* What a session is subscribed to. Each group is written by the files named above it; all may read. */
struct subscription {
    /* subscription.c */
    enum subscription_kind kind;
    struct session *session;
    struct conversation *conversation; /* GROUP and LIVE */
    struct subscription *prev, *next;  /* session->subscriptions, or ->ended */
    struct subscription *group_prev,
        *group_next; /* conversation->subscriptions; EVERYTHING: chat->listeners */

    /* delivery/subscribe.c */
    int qos;
    uint32_t identifier; /* what an MQTT 5 client calls it; 0: nothing, or Mosquitto 2.0 */
    uint64_t asked;      /* stored kinds: the mark of the frame of its last SUBSCRIBE */
    bool copied;     /* ... which was before the broker's start: it may not know of it. All comes as copies */
    bool subscribed; /* LIVE: false when only joined by command, without SUBSCRIBE */
    bool untold;     /* LIVE: the group's last messages are still to be sent */
    uint64_t since;  /* LIVE: the last live publish made before SUBSCRIBE (live_publish.h) */

    /* delivery/replay.c */
    bool replaying; /* what came before has not all been handed yet: live messages wait their turn */
    bool replay_started;
    struct merge *merge; /* while replaying */

    /* Stored kinds: cursor.c, and cursor_begin.c at first. `handed` is the last id handed to the broker for
     * this client and flushed, `queued` one that waits for a flush (see deliver.h). */
    int64_t handed;
    int64_t queued;
    int64_t early; /* what was queued a turn before `queued` and may not be flushed either */
    uint64_t early_until;
    uint64_t queued_until; /* the tick at which `queued` has been flushed */
    int64_t cursor;        /* what the store has (or is about to have) */
    int64_t begun;         /* the cursor with which it began on this connection */
    int64_t acked;         /* devices that use `ack`: cursor by hand */
    bool acked_now;        /* ... on this connection */
    bool returning;        /* this device has had it before: on an earlier connection, or on this one */
    int64_t moved_count;   /* so many messages had been handed (session->handover) when it moved last */
    int64_t moved_time;    /* ... and when that was (chat->steady) */
    struct trails *trails; /* NULL: all is sure, or memory was out, and nothing after the cursor is */
};

/* Is it of a kind whose messages are stored? */
static inline bool subscription_stored(const struct subscription *subscription)
{
    return subscription->kind != SUBSCRIPTION_LIVE;
}

/* A new one, in the lists of its session and its conversation (NULL: inbox and feed). NULL: out of memory. */
struct subscription *subscription_create(struct session *session, enum subscription_kind kind,
                                         struct conversation *conversation);
/* It is in those lists no more. */
void subscription_unlink(struct subscription *subscription);
/* Frees one that is in no list. */
void subscription_free(struct subscription *subscription);

/* Has the session joined LIVE_MAX live groups? */
bool subscription_live_full(const struct session *session);
/* The session's subscription to a group by name (GROUP or LIVE), NULL if none. */
struct subscription *subscription_find(const struct session *session,
                                       const struct conversation *conversation);
/* The session's subscription to everything, NULL if none. */
struct subscription *subscription_everything(const struct session *session);
/* The session's subscription to what this conversation is in, not counting the feed: the inbox for a pair,
 * else by the group's name. NULL if none. */
struct subscription *subscription_named(const struct session *session,
                                        const struct conversation *conversation);
/* At which QoS a message of the conversation comes by it: a private one matches feed and inbox, the higher counts
 * (MQTT 3.3.5). */
int subscription_qos(const struct subscription *subscription, const struct conversation *conversation);
/* The session's subscription of a stored kind. */
struct subscription *subscription_find_kind(const struct session *session, enum subscription_kind kind,
                                            const struct conversation *conversation);
/* Has any session of the user but `except` (NULL: any) a subscription to the group? */
bool subscription_of_user(const struct user *user, const struct conversation *conversation,
                          const struct session *except);

/* The name under which the store keeps a subscription: "inbox", "feed", "group/<groupID>", "everything". */
#define STORED_TOPIC_MAX (sizeof "group/" + GROUP_ID_MAX)
/* What a frame takes for the cursor of one at most. */
#define CURSOR_BYTES (CLIENT_ID_MAX + STORED_TOPIC_MAX + 64)
void subscription_topic(char out[STORED_TOPIC_MAX], enum subscription_kind kind,
                        const struct conversation *conversation);
/* Has the session a subscription that is kept under this name? */
bool subscriptions_have(const struct session *session, const char *topic);
/* And back from a name: what it means. `group`: the groupID in it, NULL when the kind has none. */
enum subscription_kind subscription_of_topic(const char *topic, const char **group);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/deliver.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/topic.h"
#include "lib/basics.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/copy.h"
#include "plugin/delivery/everything.h"
#include "plugin/delivery/held.h"
#include "plugin/delivery/listeners.h"
#include "plugin/delivery/live_publish.h"
#include "plugin/delivery/replay.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/cursor.h"
#include "plugin/session/handover.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

struct deliver_turn {
    struct outgoing current;
    bool open;    /* READ may let `current` pass */
    bool dressed; /* the sender has given it properties, which MQTT 5 clients get too */
    /* of the message: READ says yes once per client and message (2.1 asks for each filter) */
    uint64_t serial;
    uint64_t *delivered; /* where its deliveries are counted */
    /* of its group: whom the broker probably asks about next, as both keep who subscribes in the order of coming.
     * NULL: nobody */
    const struct subscription *expected;
};

int delivery_open(struct chat *chat)
{
    chat->delivery = calloc(1, sizeof *chat->delivery);
    return chat->delivery ? 0 : -1;
}

void delivery_close(struct chat *chat)
{
    free(chat->delivery);
    chat->delivery = NULL;
}

void deliver_reset(struct chat *chat)
{
    chat->delivery->open = chat->delivery->dressed = false;
    chat->delivery->expected = NULL;
    live_publishes_prune(chat);
}

/* Is something queued for this client that the broker has not flushed? */
static bool has_unflushed(const struct chat *chat, const struct session *session)
{
    return chat->tick < session->delivery.flushed_at;
}

/* ... or is something still to be replayed to it? */
static bool is_behind(const struct chat *chat, const struct session *session)
{
    return session->replay.running > 0 || has_unflushed(chat, session);
}

/* The subscription by which this session has the conversation: the feed, where there is one, for everything
 * stored. */
static struct subscription *subscription_for(const struct session *session,
                                             const struct conversation *conversation)
{
    if (session->feed && conversation_stored(conversation))
        return session->feed;
    return subscription_named(session, conversation);
}

/* A stored message: does the replay come to it, or will it, since the broker's queue is full? */
static bool is_left_to_replay(struct chat *chat, struct subscription *subscription)
{
    if (!subscription->replaying && session_full(chat, subscription->session))
        replay_resume(chat, subscription);
    return subscription->replaying;
}

/* Who listens to everything */

/* NULL: out of memory. */
static char *print_for_listeners(struct chat *chat, const struct outgoing *outgoing, size_t *len)
{
    const struct everything_message message = {.conversation = outgoing->conversation,
                                               .sender = outgoing->sender,
                                               .client_id = outgoing->client ? outgoing->client : "",
                                               .address = outgoing->address};
    return outgoing->payload ? everything_print_stamped(chat, &message, outgoing->payload, outgoing->len, len)
                             : NULL;
}

static void copy_to_listener(struct chat *chat, struct subscription *listener,
                             const struct outgoing *outgoing, const char *text, size_t len)
{
    const bool sent = text && listener_send(chat, listener, text, len);
    if (outgoing->id == 0)
        return;
    if (!sent) { /* out of memory: it comes from the log */
        replay_resume(chat, listener);
        return;
    }
    subscription_hand(chat, listener, outgoing->id, true);
    session_handed(chat, listener->session, len, listener_qos(listener));
    session_note_stray(chat, listener->session, -outgoing->id);
}

/* Before anybody else: what comes to the same client by another filter, too, comes behind it (subscription_of_message
 * relies on that). */
static void copy_to_listeners(struct chat *chat, const struct outgoing *outgoing)
{
    struct subscription *listener;
    size_t len = 0;
    char *text = print_for_listeners(chat, outgoing, &len);
    DL_FOREACH2 (chat->listeners, listener, group_next)
        if (!(outgoing->id != 0 ? is_left_to_replay(chat, listener) : listener_sheds(chat, listener)))
            copy_to_listener(chat, listener, outgoing, text, len);
    free(text);
}

static int delivered_qos(const struct subscription *subscription, const struct outgoing *outgoing)
{
    const int qos = subscription_qos(subscription, outgoing->conversation);
    return outgoing->qos < qos ? outgoing->qos : qos;
}

/* Of the current message. */
static void count_delivery(const struct chat *chat)
{
    ++*chat->delivery->delivered;
}

static void hand(struct chat *chat, struct subscription *subscription, const struct outgoing *outgoing,
                 bool queued)
{
    subscription_hand_all(chat, subscription, outgoing->conversation, outgoing->id, queued);
    session_handed(chat, subscription->session, outgoing->len, delivered_qos(subscription, outgoing));
}

static void copy_to(struct chat *chat, struct session *session, struct subscription *subscription,
                    const struct outgoing *outgoing)
{
    char topic[TOPIC_MAX];
    int qos = delivered_qos(subscription, outgoing);
    if (outgoing->id != 0 ? is_left_to_replay(chat, subscription) : backlog_sheds(chat, session))
        return;
    copy_topic(topic, subscription, outgoing->conversation);
    bool sent = outgoing->payload &&
                copy_send(chat, subscription, topic, outgoing->payload, outgoing->len, NULL, 0, qos);
    if (sent)
        count_delivery(chat);
    if (outgoing->id == 0)
        return;
    if (!sent) { /* out of memory: it comes from the log */
        replay_resume(chat, subscription);
        return;
    }
    hand(chat, subscription, outgoing, true);
    session_note_stray(chat, session, outgoing->id);
}

/* Copies for the sessions of one user (NULL: none is connected), the origin left out. `unsure`: only where the broker
 * may not know of the subscription. */
static void copy_to_user(struct chat *chat, const struct user *user, const struct outgoing *outgoing,
                         bool unsure)
{
    struct session *session;
    if (!user)
        return;
    DL_FOREACH2 (user->sessions, session, user_next) {
        struct subscription *subscription = subscription_for(session, outgoing->conversation);
        if (session != outgoing->origin && subscription && (subscription->copied || !unsure))
            copy_to(chat, session, subscription, outgoing);
    }
}

static void copy_to_feeds(struct chat *chat, const struct outgoing *outgoing)
{
    struct member *member;
    struct session *session;
    DL_FOREACH2 (outgoing->conversation->feeders, member, feed_next) {
        if (member->receive_option == RECEIVE_DISCARD)
            continue;
        DL_FOREACH2 (member->user->sessions, session, user_next)
            if (session->feed && session != outgoing->origin)
                copy_to(chat, session, session->feed, outgoing);
    }
}

static bool may_have_group(struct chat *chat, const struct session *session,
                           struct conversation *conversation)
{
    if (conversation->group->dismissed != 0)
        return false;
    if (!conversation_stored(conversation))
        return true;
    return member_receives(member_find(chat, conversation, session->user->id));
}

/* Sessions subscribed by the group's name; those with a feed have it there already. `unsure`: the same. */
static void copy_to_subscribers(struct chat *chat, const struct outgoing *outgoing, bool unsure)
{
    struct subscription *subscription;
    DL_FOREACH2 (outgoing->conversation->subscriptions, subscription, group_next) {
        struct session *session = subscription->session;
        bool live = subscription->kind == SUBSCRIPTION_LIVE;
        if (session == outgoing->origin || (live ? !subscription->subscribed : session->feed != NULL))
            continue;
        if ((subscription->copied || !unsure) && may_have_group(chat, session, outgoing->conversation))
            copy_to(chat, session, subscription, outgoing);
    }
}

/* Of a live group the broker's tree knows them all: however many they are, one is published. Not to a group
 * that ends: when the broker flushes, nobody is left. */
static bool send_to_subscribers(struct chat *chat, const struct outgoing *outgoing)
{
    if (!conversation_stored(outgoing->conversation) && !outgoing->last)
        return live_publish_send(chat, outgoing->conversation, outgoing->origin, outgoing->payload,
                                 outgoing->len, outgoing->qos);
    copy_to_subscribers(chat, outgoing, false);
    return true;
}

/* The sender's own device has its message: its cursor goes on, where nothing before it is outstanding. */
static void count_own(struct chat *chat, const struct outgoing *outgoing)
{
    struct session *origin = (struct session *)outgoing->origin;
    if (!origin || outgoing->id == 0)
        return;
    struct subscription *subscription = subscription_for(origin, outgoing->conversation);
    if (subscription && !subscription->replaying)
        subscription_hand_all(chat, subscription, outgoing->conversation, outgoing->id,
                              is_behind(chat, origin));
}

/* What READ will not let pass natively is copied, or published anew. */
static bool send_to_group(struct chat *chat, const struct outgoing *outgoing, bool native)
{
    copy_to_feeds(chat, outgoing);
    if (native && chat->copied > 0 && conversation_stored(outgoing->conversation))
        copy_to_subscribers(chat, outgoing, true);
    return native || send_to_subscribers(chat, outgoing);
}

static bool send_to_pair(struct chat *chat, const struct outgoing *outgoing, bool native)
{
    const struct session *origin = outgoing->origin;
    if (!outgoing->absent)
        copy_to_user(chat, origin ? origin->user : user_in_memory(chat, outgoing->sender), outgoing, false);
    if (!native || chat->copied > 0)
        copy_to_user(chat, user_in_memory(chat, outgoing->receiver), outgoing, native);
    return true;
}

bool deliver(struct chat *chat, const struct outgoing *outgoing, bool native)
{
    struct deliver_turn *delivery = chat->delivery;
    delivery->serial++;
    delivery->current = *outgoing;
    delivery->open = native;
    delivery->expected = outgoing->conversation->subscriptions;
    delivery->delivered = &chat->count.deliveries[conversation_counts_as(outgoing->conversation)];
    if (listeners_any(chat))
        copy_to_listeners(chat, outgoing);
    count_own(chat, outgoing);
    return outgoing->conversation->group ? send_to_group(chat, outgoing, native)
                                         : send_to_pair(chat, outgoing, native);
}

/* READ */

/* Does it get the message by what it is subscribed to itself? */
static bool is_receiver(struct chat *chat, const struct session *session, const struct outgoing *current)
{
    if (session == current->origin)
        return false;
    if (current->conversation->group)
        return may_have_group(chat, session, current->conversation);
    return strcmp(session->user->id, current->receiver) == 0;
}

/* Natively when nothing is outstanding for this client, else a copy in its turn. */
static bool read_stored(struct chat *chat, struct session *session, struct subscription *subscription,
                        const struct outgoing *current)
{
    if (is_left_to_replay(chat, subscription))
        return false;
    if (is_behind(chat, session)) {
        copy_to(chat, session, subscription, current);
        return false;
    }
    hand(chat, subscription, current, false);
    backlog_add(session, current->len);
    count_delivery(chat);
    return true;
}

/* What is not stored, natively: not for who does not read. */
static inline bool take_passing(struct chat *chat, struct session *session, const struct outgoing *current)
{
    if (backlog_sheds(chat, session))
        return false;
    backlog_add(session, current->len);
    count_delivery(chat);
    return true;
}

/* Who has just come is given the last messages first: until they are flushed, live ones wait their turn
 * behind them; and everybody's behind a live publish that is not flushed. */
static bool read_live(struct chat *chat, struct session *session, struct subscription *subscription,
                      const struct outgoing *current)
{
    if (!has_unflushed(chat, session) && !live_publish_waits(subscription->conversation))
        return take_passing(chat, session, current);
    copy_to(chat, session, subscription, current);
    return false;
}

/* The broker asks about feed and inbox in an order of its own, and would deliver at the QoS of the first. */
static bool is_between_two(const struct session *session, const struct outgoing *current)
{
    return session->feed && session->inbox && session->feed->qos != session->inbox->qos &&
           !current->conversation->group;
}

/* The message that was just accepted, on its own topic. */
static bool read_current(struct chat *chat, struct session *session)
{
    const struct outgoing *current = &chat->delivery->current;
    if (session->delivery.passed == chat->delivery->serial || !is_receiver(chat, session, current))
        return false;
    session->delivery.passed = chat->delivery->serial;
    struct subscription *subscription = subscription_for(session, current->conversation);
    if (!subscription || (current->conversation->group && subscription->kind == SUBSCRIPTION_FEED))
        return false; /* with a feed, groups come on the feed's own topic only */
    chat->delivery->expected = subscription->group_next;
    if (subscription->copied)
        return false; /* it has its copy */
    if (is_between_two(session, current)) {
        copy_to(chat, session, subscription, current);
        return false;
    }
    if (current->id != 0)
        return read_stored(chat, session, subscription, current);
    if (subscription->kind == SUBSCRIPTION_LIVE)
        return subscription->subscribed && read_live(chat, session, subscription, current);
    return take_passing(chat, session, current); /* onlineOnly: no order to keep */
}

static bool may_read(struct chat *chat, struct session *session, const char *topic, const void *payload,
                     size_t len)
{
    struct live_publish *publish =
        chat->live_publishes ? live_publish_find(session, topic, payload, len) : NULL;
    if (publish) /* before the current one, whose address the broker may have used again */
        return live_publish_may_read(chat, publish, session);
    if (chat->delivery->open && payload == chat->delivery->current.payload)
        return read_current(chat, session);
    return session_connecting(chat, session) && held_may_read(chat, session, topic, payload, len);
}

void deliver_detached(struct chat *chat, const struct subscription *subscription)
{
    if (chat->delivery->expected == subscription)
        chat->delivery->expected = NULL;
}

void deliver_dressed(struct chat *chat)
{
    chat->delivery->dressed = true;
}

/* Of a large group nearly everybody is the one expected, and need not be searched for: in many sessions that is mostly
 * waiting for memory. */
static struct session *find_asked(struct chat *chat, const struct mosquitto *client)
{
    const struct subscription *expected = chat->delivery->expected;
    return expected && expected->session->client == client ? expected->session : session_find(chat, client);
}

bool deliver_may_read(struct chat *chat, const struct mosquitto *client, const char *topic,
                      const void *payload, size_t len)
{
    struct session *session = find_asked(chat, client);
    if (!session || !may_read(chat, session, topic, payload, len))
        return false;
    proof_given(session, strlen(topic), len);
    if (chat->delivery->dressed && session->mqtt5)
        session->provable = false; /* nobody knows their length */
    return true;
}

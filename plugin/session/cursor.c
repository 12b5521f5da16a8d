/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/cursor.h"

#include <string.h>
#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define CURSOR_AGE_MS  2000
#define CURSORS_A_TICK 50

/* 2.0.11 flushes after TICK what the turn has queued before it; 2.1 has done so by then. Inside TICK of 2.0,
 * and when it was the last one, only what is older is sure. */
static bool flushed(const struct chat *chat, uint64_t until)
{
    return until < chat->tick || (until == chat->tick && !chat->unflushed);
}

int64_t subscription_position(struct chat *chat, struct subscription *subscription)
{
    if (subscription->early > subscription->handed && flushed(chat, subscription->early_until))
        subscription->handed = subscription->early;
    if (subscription->queued > subscription->handed && flushed(chat, subscription->queued_until))
        subscription->handed = subscription->queued;
    return subscription->handed;
}

int64_t subscription_given(struct chat *chat, struct subscription *subscription)
{
    return larger(subscription_position(chat, subscription), subscription->queued);
}

/* How long a connection may have been dead before the broker notices (MQTT 3.1.2.10: one and a half
 * keepalives). */
static int64_t doubt_ms(const struct session *session)
{
    return session->keepalive_seconds * 1500;
}

static int64_t position_before_doubt(struct chat *chat, struct subscription *subscription)
{
    int64_t position = subscription_position(chat, subscription);
    return trail_at(&subscription->trail, chat->now - doubt_ms(subscription->session), position);
}

void subscription_hand(struct chat *chat, struct subscription *subscription, int64_t id, bool queued)
{
    int64_t before = subscription_position(chat, subscription);
    if (id <= before || id <= subscription->queued)
        return;
    trail_note(&subscription->trail, chat->now, doubt_ms(subscription->session), before);
    if (queued && subscription->queued_until != chat->tick + 1) {
        subscription->early = subscription->queued;
        subscription->early_until = subscription->queued_until;
        subscription->queued_until = chat->tick + 1;
    }
    subscription->queued = id;
    if (!queued)
        subscription->handed = id;
    session_dirty(chat, subscription->session);
}

void subscription_hand_all(struct chat *chat, struct subscription *subscription,
                           const struct conversation *conversation, int64_t id, bool queued)
{
    subscription_hand(chat, subscription, id, queued);
    if (subscription->kind != SUBSCRIPTION_FEED)
        return;
    struct subscription *named = subscription_named(subscription->session, conversation);
    if (named)
        subscription_hand(chat, named, id, queued);
}

int64_t subscription_cursor(struct chat *chat, struct subscription *subscription)
{
    if (subscription->session->device.acks)
        return subscription->acked;
    return subscription_position(chat, subscription);
}

static void put_cursor(struct chat *chat, struct subscription *subscription, int64_t position)
{
    char topic[STORED_TOPIC_MAX];
    if (position == subscription->cursor)
        return;
    subscription_topic(topic, subscription->kind, subscription->conversation);
    subscription->cursor = position;
    store_put(chat->store, W_SUBSCRIPTION_CURSOR, "tti", subscription->session->client_id, topic, position);
}

void subscriptions_put_cursors(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription) {
        if (!subscription_stored(subscription))
            continue;
        subscription->settling = subscription_cursor(chat, subscription);
        put_cursor(chat, subscription, subscription->settling);
    }
}

bool subscriptions_put_settled(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    bool more = false;
    DL_FOREACH (session->subscriptions, subscription) {
        if (!subscription_stored(subscription))
            continue;
        put_cursor(chat, subscription, subscription->settling);
        subscription->settling = subscription_cursor(chat, subscription);
        more = more || subscription->settling != subscription->cursor;
    }
    return more;
}

size_t subscriptions_frame_bytes(const struct session *session)
{
    const struct subscription *subscription;
    size_t count;
    DL_COUNT(session->subscriptions, subscription, count);
    return count * CURSOR_BYTES;
}

void subscriptions_rewind(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        subscription->handed = subscription->early = subscription->queued =
            position_before_doubt(chat, subscription);
}

int64_t subscriptions_doubtful_after(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    int64_t lowest = INT64_MAX;
    DL_FOREACH (session->subscriptions, subscription) {
        if (!subscription_stored(subscription))
            continue;
        int64_t sure =
            larger(position_before_doubt(chat, subscription), session->device.acks ? subscription->acked : 0);
        lowest = sure < lowest ? sure : lowest;
    }
    return lowest;
}

void subscriptions_ack(struct chat *chat, struct session *session, int64_t id)
{
    struct subscription *subscription;
    if (!session->device.acks) {
        session->device.acks = true;
        store_put(chat->store, W_DEVICE_ACKS, "t", session->client_id);
    }
    DL_FOREACH (session->subscriptions, subscription)
        if (id > subscription->acked)
            subscription->acked = id;
    subscriptions_put_cursors(chat, session);
}

bool cursors_tick(struct chat *chat)
{
    struct session *session;
    for (int i = 0; i < CURSORS_A_TICK && (session = sessions_dirty(chat)) &&
                    session->dirty.since + CURSOR_AGE_MS <= chat->now;
         i++) {
        if (!store_begin_sized(chat->store, subscriptions_frame_bytes(session)))
            return false;
        bool more = subscriptions_put_settled(chat, session);
        store_commit(chat->store);
        session_written(chat, session);
        if (more)
            session_dirty(chat, session);
    }
    return false;
}

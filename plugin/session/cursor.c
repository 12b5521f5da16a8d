/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/cursor.h"

#include <stdlib.h>
#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/log.h"
#include "schema/store.h"

#define CURSOR_AGE_MS   2000
#define CURSORS_A_TICK  50
#define SESSIONS_A_TICK 500 /* looked at: most have nothing that is sure by now */
/* Between two samples of a trail: messages, and a part of the time that is in doubt. */
#define SAMPLE_COUNT     8
#define SAMPLES_OF_DOUBT 8

/* Positions */

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
 * keepalives), or what was written to it be in the broker's buffers. */
static int64_t doubt_ms(const struct session *session)
{
    return larger(CURSOR_AGE_MS, session->keepalive_seconds * 1500);
}

/* Before it moves on. */
static void note_position(struct chat *chat, struct subscription *subscription, int64_t position)
{
    const struct session *session = subscription->session;
    const int64_t count = session->handover.count, doubt = doubt_ms(session);
    struct trails *trails = subscription->trails;
    if (!trails)
        trails = subscription->trails = calloc(1, sizeof *trails);
    if (trails) {
        trail_note(&trails->by_count, count, SAMPLE_COUNT, handover_sure(chat, session), position);
        trail_note(&trails->by_time, chat->steady, doubt / SAMPLES_OF_DOUBT, chat->steady - doubt, position);
    }
    subscription->moved_count = count;
    subscription->moved_time = chat->steady;
}

void subscription_hand(struct chat *chat, struct subscription *subscription, int64_t id, bool queued)
{
    int64_t before = subscription_position(chat, subscription);
    if (id <= before || id <= subscription->queued)
        return;
    note_position(chat, subscription, before);
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

/* Doubts */

/* Everything up to here had been handed when `count` messages had. */
static int64_t position_at_count(const struct subscription *subscription, int64_t count, int64_t position)
{
    if (subscription->moved_count < count)
        return position;
    return subscription->trails ? trail_at(&subscription->trails->by_count, count, position)
                                : subscription->cursor;
}

/* What comes after this may still be in the broker's queue. */
static int64_t position_taken(struct chat *chat, struct subscription *subscription)
{
    int64_t position = subscription_position(chat, subscription);
    int64_t taken = handover_taken(chat, subscription->session);
    if (taken == subscription->session->handover.count)
        return position;
    return smaller(position, position_at_count(subscription, taken, position));
}

/* What comes after this may have been written to a dead connection. */
static int64_t position_alive(struct chat *chat, struct subscription *subscription)
{
    int64_t position = subscription_position(chat, subscription);
    int64_t alive = chat->steady - doubt_ms(subscription->session);
    if (subscription->moved_time < alive)
        return position;
    return subscription->trails ? trail_at(&subscription->trails->by_time, alive, position)
                                : subscription->cursor;
}

static int64_t position_sure(struct chat *chat, struct subscription *subscription)
{
    return smaller(position_taken(chat, subscription), position_alive(chat, subscription));
}

int64_t subscription_sure(struct chat *chat, struct subscription *subscription)
{
    return subscription->session->device.acks ? subscription->acked : position_sure(chat, subscription);
}

static void rewind_one(struct chat *chat, struct subscription *subscription, bool lost)
{
    int64_t position = position_taken(chat, subscription);
    if (lost)
        position = smaller(position, position_alive(chat, subscription));
    subscription->handed = subscription->early = subscription->queued = position;
}

void subscriptions_rewind(struct chat *chat, struct session *session, bool lost)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        rewind_one(chat, subscription, lost);
    DL_FOREACH (session->ended, subscription)
        rewind_one(chat, subscription, lost);
}

int64_t subscription_doubtful_after(struct chat *chat, struct subscription *subscription)
{
    const int64_t acked = subscription->session->device.acks ? subscription->acked : 0;
    return larger(position_sure(chat, subscription), acked);
}

int64_t subscriptions_doubtful_after(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    int64_t lowest = INT64_MAX;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription_stored(subscription) && subscription->kind != SUBSCRIPTION_EVERYTHING)
            lowest = smaller(lowest, subscription_doubtful_after(chat, subscription));
    return lowest;
}

/* Cursors */

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

/* Unsubscribed and not subscribed again: its cursor is its own. */
static bool has_ended(const struct subscription *ended)
{
    return !subscription_find_kind(ended->session, ended->kind, ended->conversation);
}

typedef int64_t cursor_function(struct chat *chat, struct subscription *subscription);

static void put_cursors(struct chat *chat, struct session *session, cursor_function *cursor)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription_stored(subscription))
            put_cursor(chat, subscription, cursor(chat, subscription));
    DL_FOREACH (session->ended, subscription)
        if (has_ended(subscription))
            put_cursor(chat, subscription, cursor(chat, subscription));
}

void subscriptions_put_cursors(struct chat *chat, struct session *session)
{
    put_cursors(chat, session, subscription_cursor);
}

void subscriptions_put_sure(struct chat *chat, struct session *session)
{
    put_cursors(chat, session, subscription_sure);
}

void subscriptions_put_doubtful(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription_stored(subscription))
            put_cursor(chat, subscription, subscription_doubtful_after(chat, subscription));
}

size_t subscriptions_frame_bytes(const struct session *session)
{
    const struct subscription *subscription;
    size_t active, ended;
    DL_COUNT(session->subscriptions, subscription, active);
    DL_COUNT(session->ended, subscription, ended);
    return (active + ended) * CURSOR_BYTES;
}

/* ack */

static bool take_conversation(void *context, const struct message *message)
{
    *(int64_t *)context = message->conversation;
    return false;
}

struct subscription *subscription_of_message(struct chat *chat, const struct session *session, int64_t id)
{
    int64_t number = 0;
    struct subscription *everything = subscription_everything(session);
    const bool stray = ids_have(&session->delivery.in_flight, -id); /* it has come before what is behind it */
    if (everything && id <= subscription_given(chat, everything) && !stray)
        return everything; /* it is told first */
    if (session->feed || (session->inbox && session->subscriptions->next == NULL))
        return session->feed ? session->feed : session->inbox;
    if (!log_find(chat->log, id, take_conversation, &number) || number == 0)
        return NULL;
    const struct conversation *conversation = conversation_by_id(chat, number);
    struct subscription *found = conversation ? subscription_named(session, conversation) : NULL;
    return found && subscription_stored(found) ? found : NULL;
}

/* What an id that was acked says of a connection. */
struct acknowledged {
    int64_t id;
    const struct subscription
        *by;       /* brought it, and everything up to it has been taken; NULL: nobody knows */
    int64_t count; /* so many messages had been handed before it in any case, and have been taken */
    bool earlier;  /* it was brought on an earlier connection */
};

/* So many had been handed when the subscription had not come to this id yet. */
static int64_t count_before(struct chat *chat, struct subscription *subscription, int64_t id)
{
    const struct trails *trails = subscription->trails;
    if (id >= subscription_given(chat, subscription))
        return subscription->moved_count;
    return trails ? trail_when(&trails->by_count, id, 0) : 0;
}

static bool began_after(const struct session *session, int64_t id)
{
    const struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription_stored(subscription) && subscription->begun < id)
            return false;
    return true;
}

/* An id says nothing for sure that nobody brought, or that may have overtaken others at QoS 0. */
static struct acknowledged find_acknowledged(struct chat *chat, struct session *session, int64_t id,
                                             struct subscription *by)
{
    struct acknowledged found = {.id = id, .by = by, .count = handover_taken(chat, session)};
    bool known = by && id <= subscription_given(chat, by);
    found.earlier = known ? id <= by->begun : began_after(session, id);
    if (!known || handover_overtaken(chat, session))
        found.by = NULL;
    else
        found.count = count_before(chat, by, id);
    return found;
}

/* On a connection the acked position only rises. But at first it may go back: who returns may know of less
 * than was believed. */
static void ack_one(struct chat *chat, struct subscription *subscription, const struct acknowledged *found)
{
    int64_t position = subscription_given(chat, subscription);
    if (found->by != subscription && !found->earlier)
        position = position_at_count(subscription, found->count, position);
    position = smaller(position, found->id);
    if (position > subscription->acked || (found->earlier && !subscription->acked_now))
        subscription->acked = position;
    subscription->acked_now = true;
}

void subscriptions_take_ack(struct chat *chat, struct session *session, int64_t id, struct subscription *by)
{
    const struct acknowledged found = find_acknowledged(chat, session, id, by);
    struct subscription *subscription;
    session->device.acks = true;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription_stored(subscription))
            ack_one(chat, subscription, &found);
    if (found.by && !found.earlier)
        session_has_taken(chat, session, smaller(found.count, session->handover.count));
}

void subscriptions_ack(struct chat *chat, struct session *session, int64_t id, struct subscription *by)
{
    if (!session->device.acks)
        store_put(chat->store, W_DEVICE_ACKS, "t", session->client_id);
    subscriptions_take_ack(chat, session, id, by);
    subscriptions_put_cursors(chat, session);
}

/* Has a cursor more to be written now, or later? */
struct unwritten {
    bool now, later;
};

static struct unwritten look_for_unwritten(struct chat *chat, struct session *session)
{
    struct unwritten unwritten = {false, false};
    struct subscription *lists[] = {session->subscriptions, session->ended}, *subscription;
    for (size_t i = 0; i < COUNT(lists); i++)
        DL_FOREACH (lists[i], subscription) {
            if (!subscription_stored(subscription) || (i == 1 && !has_ended(subscription)))
                continue;
            unwritten.now = unwritten.now || subscription_sure(chat, subscription) != subscription->cursor;
            unwritten.later = unwritten.later ||
                              position_sure(chat, subscription) != subscription_position(chat, subscription);
        }
    return unwritten;
}

/* All is sure. */
static void drop_trails(struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription) {
        free(subscription->trails);
        subscription->trails = NULL;
    }
}

static bool write_sure(struct chat *chat, struct session *session)
{
    if (!store_begin_sized(chat->store, subscriptions_frame_bytes(session)))
        return false;
    subscriptions_put_sure(chat, session);
    store_commit(chat->store);
    return true;
}

bool cursors_tick(struct chat *chat)
{
    struct session *session;
    for (int looked = 0, written = 0; looked < SESSIONS_A_TICK && written < CURSORS_A_TICK; looked++) {
        session = sessions_dirty(chat);
        if (!session || session->dirty.since + CURSOR_AGE_MS > chat->steady)
            break;
        struct unwritten unwritten = look_for_unwritten(chat, session);
        if (unwritten.now && !write_sure(chat, session))
            break;
        written += unwritten.now;
        session_written(chat, session);
        if (unwritten.later)
            session_dirty(chat, session);
        else
            drop_trails(session);
    }
    return false;
}

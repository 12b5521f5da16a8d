/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/replay.h"

#include <string.h>
#include <utlist.h>

#include "acl/topic.h"
#include "lib/clock.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/deliver.h"
#include "plugin/delivery/event.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/merge.h"
#include "plugin/people/user.h"
#include "plugin/session/cursor.h"
#include "plugin/session/subscription.h"

#define PAGE         100
#define PAGES_A_TICK 5
#define TURN_US      1000 /* no further page in this turn: others wait meanwhile */
/* After this many messages to one client pages keep a distance, so that the broker's queue for it can
 * drain. */
#define UNPACED  500
#define PAUSE_MS 10

void replay_start(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    if (subscription->replaying)
        return;
    subscription->replaying = true;
    if (session->replays++ == 0) {
        session->replay_sent = 0;
        DL_APPEND2(chat->replays, session, replay_prev, replay_next);
    }
}

void replay_cancel(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    if (!subscription->replaying)
        return;
    subscription->replaying = subscription->replay_started = false;
    merge_close(subscription->merge);
    subscription->merge = NULL;
    if (--session->replays == 0)
        DL_DELETE2(chat->replays, session, replay_prev, replay_next);
}

struct page {
    struct chat *chat;
    struct subscription *subscription;
    bool failed;
};

/* Under a feed a narrower filter may have brought it already, on this device. */
static bool had_otherwise(struct chat *chat, const struct subscription *subscription,
                          const struct conversation *conversation, int64_t id)
{
    return subscription->kind == SUBSCRIPTION_FEED &&
           id <= subscriptions_had(chat, subscription->session, conversation);
}

static bool discarded(struct chat *chat, const struct session *session, struct conversation *conversation)
{
    if (!conversation->group)
        return false;
    const struct member *member = member_find(chat, conversation, session->user->id);
    return !member || member->role == ROLE_NONE || member->receive_option == RECEIVE_DISCARD;
}

static bool skip(const struct page *page, struct conversation *conversation, const struct message *message)
{
    const struct session *session = page->subscription->session;
    return strcmp(message->client, session->client_id) == 0 || ids_have(&session->in_flight, message->id) ||
           had_otherwise(page->chat, page->subscription, conversation, message->id) ||
           discarded(page->chat, session, conversation);
}

static bool send_row(void *context, struct conversation *conversation, const struct message *message)
{
    struct page *page = context;
    struct session *session = page->subscription->session;
    char topic[TOPIC_MAX], stamp[STAMP_MAX];
    if (!skip(page, conversation, message)) {
        size_t stamp_len = conversation_stamp(stamp, conversation, message);
        deliver_topic(topic, page->subscription, conversation);
        if (!deliver_copy(page->chat, session, topic, stamp, stamp_len, message->body, message->body_len,
                          page->subscription->qos > 0 ? 1 : 0)) {
            page->failed = true; /* out of memory: later */
            return false;
        }
        page->chat->count.replayed++;
        session->replay_sent++;
    }
    subscription_hand_all(page->chat, page->subscription, conversation, message->id, true);
    return true;
}

static struct merge *open_merge(struct chat *chat, const struct subscription *subscription, int64_t after)
{
    static const enum merge_scope scope[] = {[SUBSCRIPTION_INBOX] = MERGE_PAIRS,
                                             [SUBSCRIPTION_FEED] = MERGE_ALL,
                                             [SUBSCRIPTION_GROUP] = MERGE_ONE};
    return merge_open(chat, subscription->session->user, scope[subscription->kind],
                      subscription->conversation, after);
}

/* What was replayed so far, flushed or not. */
static int64_t replayed_to(struct chat *chat, struct subscription *subscription)
{
    int64_t position = subscription_position(chat, subscription);
    return subscription->queued > position ? subscription->queued : position;
}

/* As the client has subscribed it. */
static void print_filter(char filter[TOPIC_MAX], const struct subscription *subscription)
{
    const char *self = subscription->session->user->id;
    if (subscription->kind == SUBSCRIPTION_GROUP)
        topic_print_group(filter, subscription->conversation->group->id);
    else if (subscription->kind == SUBSCRIPTION_FEED)
        topic_print_feed(filter, self);
    else
        topic_print_inbox(filter, self);
}

/* The first page: how much is there at all? */
static void cut_to_limit(struct chat *chat, struct subscription *subscription)
{
    char filter[TOPIC_MAX];
    int64_t before = merge_newest(subscription->merge, (size_t)chat->options.replay_limit);
    if (before == 0)
        return;
    print_filter(filter, subscription);
    event_more(subscription->session, filter, before);
    subscription_hand(chat, subscription, before - 1, true);
}

static bool begin_page(struct chat *chat, struct subscription *subscription)
{
    if (subscription->merge)
        return true;
    subscription->merge = open_merge(chat, subscription, replayed_to(chat, subscription));
    if (!subscription->merge)
        return false;
    if (!subscription->replay_started)
        cut_to_limit(chat, subscription);
    subscription->replay_started = true;
    return true;
}

/* One page. A merge knows the conversations of when it was opened: at its end another one tells whether there
 * is more. When there is not, the subscription is live from this very moment on. */
static void page_of(struct chat *chat, struct subscription *subscription)
{
    struct page page = {.chat = chat, .subscription = subscription};
    bool complete;
    if (!begin_page(chat, subscription))
        return;
    merge_read(subscription->merge, PAGE, send_row, &page, &complete);
    if (!complete || page.failed)
        return;
    subscription_hand(chat, subscription, merge_end(subscription->merge), true);
    merge_close(subscription->merge);
    subscription->merge = NULL;
    if (begin_page(chat, subscription) && merge_empty(subscription->merge))
        replay_cancel(chat, subscription);
}

static struct subscription *next_to_replay(const struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription->replaying)
            return subscription;
    return NULL;
}

static bool paused(struct chat *chat, struct session *session)
{
    if (session->replay_paused_until > chat->now && session->replay_paused_until - chat->now <= PAUSE_MS)
        return true;
    session->replay_paused_until = session->replay_sent >= UNPACED ? chat->now + PAUSE_MS : 0;
    return false;
}

bool replay_tick(struct chat *chat)
{
    const int64_t until = chat->replays ? clock_steady_us() + TURN_US : 0;
    for (int i = 0; i < PAGES_A_TICK && chat->replays && (i == 0 || clock_steady_us() < until); i++) {
        struct session *session = chat->replays;
        /* To the end of the row, so that everybody gets a turn. */
        DL_DELETE2(chat->replays, session, replay_prev, replay_next);
        DL_APPEND2(chat->replays, session, replay_prev, replay_next);
        struct subscription *subscription = next_to_replay(session);
        if (subscription && !paused(chat, session))
            page_of(chat, subscription);
    }
    return chat->replays != NULL;
}

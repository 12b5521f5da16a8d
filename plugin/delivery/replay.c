/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/replay.h"

#include <string.h>
#include <utlist.h>

#include "acl/topic.h"
#include "lib/clock.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/copy.h"
#include "plugin/delivery/erased.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/everything.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/merge.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/cursor.h"
#include "plugin/session/handover.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define PAGE            100
#define PAGES_A_TICK    5
#define SESSIONS_A_TICK 100  /* looked at: many may have a pause */
#define TURN_US         1000 /* no further page in this turn: others wait meanwhile */
/* After this many messages to one client pages keep a distance: the broker's queue for it is to drain. */
#define UNPACED  500
#define PAUSE_MS 10
#define STUCK_MS 1000 /* the broker's queue is full, the store cannot be read, or memory is out */
#define FULL_MS  50   /* ... where it is known when there is room again */

void replay_start(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    if (subscription->replaying)
        return;
    subscription->replaying = true;
    if (session->replay.running++ == 0) {
        session->replay.sent = session->replay.paused_until = 0;
        DL_APPEND2(chat->replays, session, replay.prev, replay.next);
    }
}

void replay_resume(struct chat *chat, struct subscription *subscription)
{
    replay_start(chat, subscription);
    subscription->replay_started = true;
}

void replay_cancel(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    if (!subscription->replaying)
        return;
    subscription->replaying = subscription->replay_started = false;
    merge_close(subscription->merge);
    subscription->merge = NULL;
    session->replay.told = 0;
    if (--session->replay.running == 0)
        DL_DELETE2(chat->replays, session, replay.prev, replay.next);
}

/* Queueing a page */

struct replay_page {
    struct chat *chat;
    struct subscription *subscription;
    bool failed; /* out of memory: the row comes again */
    bool full;   /* the broker's queue is, but maybe not for long */
};

/* Under a feed a narrower filter may have brought it already, on this device. */
static bool had_otherwise(struct chat *chat, const struct subscription *subscription,
                          const struct conversation *conversation, int64_t id)
{
    return subscription->kind == SUBSCRIPTION_FEED &&
           id <= subscriptions_had(chat, subscription->session, conversation);
}

static bool has_left_or_discards(struct chat *chat, const struct session *session,
                                 struct conversation *conversation)
{
    return conversation->group && !member_receives(member_find(chat, conversation, session->user->id));
}

/* Not for this device, or it has it already; what was imported is for none. */
static bool is_passed_over(const struct replay_page *page, struct conversation *conversation,
                           const struct message *message)
{
    const struct session *session = page->subscription->session;
    return message->imported != 0 || strcmp(message->client, session->client_id) == 0 ||
           ids_have(&session->delivery.in_flight, message->id) ||
           had_otherwise(page->chat, page->subscription, conversation, message->id) ||
           has_left_or_discards(page->chat, session, conversation);
}

static bool send_copy(struct replay_page *page, const struct conversation *conversation,
                      const struct message *message)
{
    struct subscription *subscription = page->subscription;
    struct session *session = subscription->session;
    char topic[TOPIC_MAX], stamp[STAMP_MAX];
    size_t stamp_len = conversation_stamp(stamp, conversation, message);
    int qos = subscription_qos(subscription, conversation) > 0 ? 1 : 0;
    copy_topic(topic, subscription, conversation);
    if (!copy_send(page->chat, subscription, topic, stamp, stamp_len, message->body, message->body_len, qos))
        return false;
    subscription_hand_all(page->chat, subscription, conversation, message->id, true);
    session_handed(page->chat, session, stamp_len + message->body_len, qos);
    page->chat->count.replayed++;
    session->replay.sent++;
    return true;
}

/* What does not surely fit into the broker's queue comes in a later page. */
static bool replay_row(void *context, struct conversation *conversation, const struct message *message)
{
    struct replay_page *page = context;
    if (is_passed_over(page, conversation, message)) {
        subscription_hand_all(page->chat, page->subscription, conversation, message->id, true);
        return true;
    }
    if (session_full(page->chat, page->subscription->session)) {
        page->full = handover_is_known(page->subscription->session);
        return false;
    }
    page->failed = !send_copy(page, conversation, message);
    return !page->failed;
}

/* From page to page */

static struct merge *open_merge(struct chat *chat, const struct subscription *subscription, int64_t after)
{
    static const enum merge_scope scope[] = {[SUBSCRIPTION_INBOX] = MERGE_PAIRS,
                                             [SUBSCRIPTION_FEED] = MERGE_ALL,
                                             [SUBSCRIPTION_GROUP] = MERGE_ONE};
    struct merge *merge = merge_open(chat, subscription->session->user, scope[subscription->kind],
                                     subscription->conversation, after);
    if (merge)
        merge_skip_past(merge);
    return merge;
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

static bool is_given(void *context, struct conversation *conversation, const struct message *message)
{
    return !is_passed_over(context, conversation, message);
}

/* Before the first page. What is more than the limit is left out, and the client is told where it begins. */
static void cut_to_limit(struct chat *chat, struct subscription *subscription)
{
    struct replay_page page = {.chat = chat, .subscription = subscription};
    char filter[TOPIC_MAX];
    int64_t before = merge_newest(subscription->merge, (size_t)chat->options.replay_limit, is_given, &page);
    if (before == 0)
        return;
    print_filter(filter, subscription);
    event_more(subscription->session, filter, before);
    subscription_hand(chat, subscription, before - 1, true);
}

/* Nothing can be done now. `soon`: but perhaps in a moment. */
static void rest(struct chat *chat, struct session *session, bool soon)
{
    session->replay.paused_until = chat->steady + (soon ? FULL_MS : STUCK_MS);
}

static bool begin_page(struct chat *chat, struct subscription *subscription)
{
    bool stuck;
    if (subscription->merge)
        return true;
    if (!erased_tell(chat, subscription, &stuck)) {
        if (stuck)
            rest(chat, subscription->session, handover_is_known(subscription->session));
        return false;
    }
    subscription->merge = open_merge(chat, subscription, subscription_given(chat, subscription));
    if (!subscription->merge)
        return false;
    if (!subscription->replay_started)
        cut_to_limit(chat, subscription);
    subscription->replay_started = true;
    return true;
}

/* One page. A merge knows the conversations of when it was opened: at its end another one tells whether there
 * is more. When there is not, the subscription is live from this very moment on. */
static void send_page(struct chat *chat, struct subscription *subscription)
{
    struct replay_page page = {.chat = chat, .subscription = subscription};
    bool complete;
    if (!begin_page(chat, subscription))
        return;
    int64_t before = merge_position(subscription->merge);
    merge_read(subscription->merge, PAGE, replay_row, &page, &complete);
    if ((!complete || page.failed) && merge_position(subscription->merge) == before)
        rest(chat, subscription->session, page.full);
    if (!complete || page.failed)
        return;
    subscription_hand(chat, subscription, merge_end(subscription->merge), true);
    merge_close(subscription->merge);
    subscription->merge = NULL;
    if (!begin_page(chat, subscription) || !merge_empty(subscription->merge))
        return;
    subscription_hand(chat, subscription, merge_end(subscription->merge), true);
    replay_cancel(chat, subscription);
}

/* The same of everything. */
static void send_page_of_everything(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    switch (everything_page(chat, subscription, PAGE)) {
    case EVERYTHING_DONE:
        replay_cancel(chat, subscription);
        break;
    case EVERYTHING_MORE:
        break;
    case EVERYTHING_FULL:
        rest(chat, session, handover_is_known(session));
        break;
    case EVERYTHING_STUCK:
        rest(chat, session, false);
        break;
    }
}

/* Whose turn it is; then everybody else's comes first. */
static struct session *next_session(struct chat *chat)
{
    struct session *session = chat->replays;
    DL_DELETE2(chat->replays, session, replay.prev, replay.next);
    DL_APPEND2(chat->replays, session, replay.prev, replay.next);
    return session;
}

static struct subscription *next_subscription(const struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription->replaying)
            return subscription;
    return NULL;
}

static int64_t pause_left(const struct chat *chat, const struct session *session)
{
    return session->replay.paused_until - chat->steady;
}

/* After UNPACED messages every page is followed by a pause. */
static void give_page(struct chat *chat, struct session *session)
{
    struct subscription *subscription = next_subscription(session);
    session->replay.paused_until = session->replay.sent >= UNPACED ? chat->steady + PAUSE_MS : 0;
    store_reads_begin(chat->store);
    if (!subscription || backlog_over(chat, session))
        return;
    if (subscription->kind == SUBSCRIPTION_EVERYTHING)
        send_page_of_everything(chat, subscription);
    else
        send_page(chat, subscription);
}

bool replay_tick(struct chat *chat)
{
    const int64_t until = chat->replays ? clock_steady_us() + TURN_US : 0;
    bool soon = false;
    int pages = 0;
    for (int i = 0; i < SESSIONS_A_TICK && pages < PAGES_A_TICK && chat->replays; i++) {
        struct session *session = next_session(chat);
        soon = soon || pause_left(chat, session) <= PAUSE_MS;
        if (pause_left(chat, session) > 0)
            continue;
        if (pages > 0 && clock_steady_us() >= until)
            break;
        give_page(chat, session);
        pages++;
    }
    return soon;
}

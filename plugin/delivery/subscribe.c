/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/subscribe.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/rules.h"
#include "acl/topic.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/audience.h"
#include "plugin/delivery/copy.h"
#include "plugin/delivery/deliver.h"
#include "plugin/delivery/feed_later.h"
#include "plugin/delivery/listeners.h"
#include "plugin/delivery/replay.h"
#include "plugin/delivery/review.h"
#include "plugin/people/conversation.h"
#include "plugin/people/live_history.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/push/push.h"
#include "plugin/session/backlog.h"
#include "plugin/session/cursor.h"
#include "plugin/session/departed.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

/* Starting */

/* The feed delivers what narrower filters would: they wait for nothing any more. */
static void cover_others(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription->kind == SUBSCRIPTION_INBOX || subscription->kind == SUBSCRIPTION_GROUP)
            replay_cancel(chat, subscription);
}

/* The user's memberships are loaded. */
static void feed_begin(struct chat *chat, struct session *session, struct subscription *feed)
{
    memberships_feed_begin(session->user);
    session->feed = feed;
    cover_others(chat, session);
}

static void feed_end(struct session *session)
{
    memberships_feed_end(session->user);
    session->feed = NULL;
}

/* A broker that keeps sessions saves them every half hour: after a crash one may be there whose younger filters are
 * not. The plugin cannot see which. So nothing of a subscription of before the start is left to the broker. */
static void set_asked(struct chat *chat, struct subscription *subscription, uint64_t mark)
{
    const bool copied = mark <= chat->began && subscription->kind != SUBSCRIPTION_EVERYTHING;
    subscription->asked = mark;
    chat->copied += copied - subscription->copied;
    subscription->copied = copied;
}

/* Nothing comes by it any more. */
static void detach_subscription(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    replay_cancel(chat, subscription);
    if (session->feed == subscription)
        feed_end(session);
    if (subscription->kind == SUBSCRIPTION_EVERYTHING)
        listener_remove(chat, subscription);
    chat->copied -= subscription->copied;
    subscription->copied = false;
    deliver_detached(chat, subscription);
    subscription_unlink(subscription);
}

static void destroy_subscription(struct chat *chat, struct subscription *subscription,
                                 enum audience_reason reason)
{
    detach_subscription(chat, subscription);
    if (subscription->kind == SUBSCRIPTION_LIVE)
        audience_moved(chat, subscription->session, subscription->conversation, reason);
    subscription_free(subscription);
}

/* A new one, from where the device is. NULL: out of memory, or the store cannot be read: a wrong cursor would
 * cost messages. */
static struct subscription *begin_stored(struct chat *chat, struct session *session,
                                         enum subscription_kind kind, struct conversation *conversation,
                                         const char *topic)
{
    if (kind == SUBSCRIPTION_FEED && !memberships_load(chat, session->user))
        return NULL;
    struct subscription *subscription = subscription_create(session, kind, conversation);
    if (!subscription)
        return NULL;
    cursor_begin(chat, subscription, topic);
    if (!store_reads_failed(chat->store))
        return subscription;
    destroy_subscription(chat, subscription, WENT_BY_UNSUBSCRIBE);
    return NULL;
}

/* What is known of a SUBSCRIBE. */
struct filter {
    char topic[STORED_TOPIC_MAX];
    int qos;
    uint64_t asked;      /* the mark of its frame; 0: this is it */
    uint32_t identifier; /* 0: none, or it is still to be told */
};

static int start_stored(struct chat *chat, struct session *session, enum subscription_kind kind,
                        struct conversation *conversation, const struct filter *filter)
{
    char topic[STORED_TOPIC_MAX];
    struct subscription *subscription = subscription_find_kind(session, kind, conversation);
    bool fresh = !subscription;
    subscription_topic(topic, kind, conversation);
    if (fresh)
        subscription = begin_stored(chat, session, kind, conversation, topic);
    if (!subscription || !store_begin(chat->store)) {
        if (fresh && subscription)
            destroy_subscription(chat, subscription, WENT_BY_UNSUBSCRIBE);
        return CODE_BUSY;
    }
    subscription->qos = filter->qos;
    subscription->identifier = filter->identifier;
    set_asked(chat, subscription, filter->asked ? filter->asked : store_mark(chat->store));
    store_put(chat->store, W_SUBSCRIPTION_BEGIN, "ttiiii", session->client_id, topic, (int64_t)filter->qos,
              subscription->cursor, (int64_t)subscription->asked, (int64_t)filter->identifier);
    store_commit(chat->store);
    if (!fresh)
        return CODE_OK; /* a second SUBSCRIBE of the same filter changes the QoS; nothing comes twice */
    if (kind == SUBSCRIPTION_INBOX)
        session->inbox = subscription;
    if (kind == SUBSCRIPTION_FEED)
        feed_begin(chat, session, subscription);
    if (kind == SUBSCRIPTION_EVERYTHING)
        listener_add(chat, subscription);
    if (kind == SUBSCRIPTION_FEED || kind == SUBSCRIPTION_EVERYTHING || !session->feed)
        replay_start(chat, subscription);
    return CODE_OK;
}

static struct subscription *join_live(struct chat *chat, struct session *session,
                                      struct conversation *conversation, enum audience_reason reason)
{
    struct subscription *subscription = subscription_find(session, conversation);
    if (subscription)
        return subscription;
    subscription = subscription_create(session, SUBSCRIPTION_LIVE, conversation);
    if (subscription)
        audience_moved(chat, session, conversation, reason);
    return subscription;
}

/* The group's last messages, oldest first; none that this device has sent itself. */
static void send_history(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    const struct conversation *conversation = subscription->conversation;
    const struct live_message *message = NULL;
    char topic[TOPIC_MAX];
    copy_topic(topic, subscription, conversation);
    while ((message = live_history_after(conversation->live_history, message)))
        if (strcmp(message->client_id, session->client_id) != 0 && !backlog_sheds(chat, session) &&
            copy_send(chat, subscription, topic, message->payload, message->len, NULL, 0,
                      subscription->qos > 0 ? 1 : 0))
            chat->count.deliveries[GROUP_LIVE]++;
}

static int start_live(struct chat *chat, struct session *session, struct conversation *conversation, int qos)
{
    if (!subscription_find(session, conversation) && subscription_live_full(session))
        return CODE_TOO_MANY_GROUPS;
    struct subscription *subscription = join_live(chat, session, conversation, CAME_BY_SUBSCRIBE);
    if (!subscription)
        return CODE_BUSY;
    bool first = !subscription->subscribed;
    subscription->subscribed = true;
    subscription->qos = qos;
    if (!first)
        return CODE_OK;
    subscription->since = chat->live_publish_serial;
    subscription->untold = true;
    return CODE_OK;
}

static int start_group(struct chat *chat, struct session *session, const struct topic *topic, int qos)
{
    const struct filter filter = {.qos = qos};
    char id[GROUP_ID_MAX + 1];
    topic_copy_name(id, topic);
    struct conversation *conversation = conversation_group(chat, id);
    if (!conversation)
        return CODE_NO_GROUP;
    enum role role = member_role(chat, conversation, session->user->id);
    int code = rules_may(conversation->group->type, role, false, ACTION_SUBSCRIBE);
    if (code == CODE_OK && role == ROLE_NONE && !session->admin) /* a live group: subscribing is joining */
        code = group_check_ban(chat, conversation, session->user->id);
    if (code != CODE_OK)
        return code;
    return conversation_stored(conversation)
               ? start_stored(chat, session, SUBSCRIPTION_GROUP, conversation, &filter)
               : start_live(chat, session, conversation, qos);
}

static int start_feed_now(struct chat *chat, struct session *session, const struct filter *filter)
{
    const int64_t began = clock_steady_us();
    int code = start_stored(chat, session, SUBSCRIPTION_FEED, NULL, filter);
    feed_begun(chat, began);
    return code;
}

/* A kept session's cannot wait: the broker would keep a filter of which the store does not know. */
static int start_feed(struct chat *chat, struct session *session, const struct filter *filter)
{
    if (!session->clean || session->feed || feed_may_begin(chat))
        return start_feed_now(chat, session, filter);
    return feed_put_off(chat, session, filter->qos) ? CODE_OK : CODE_BUSY;
}

/* false: not now; it stays the next. */
static bool start_put_off(struct chat *chat, struct session *session)
{
    const struct filter filter = {.qos = feed_later(chat, session)->qos,
                                  .identifier = feed_later(chat, session)->identifier};
    store_reads_begin(chat->store);
    if (!session_closing(session) && start_feed_now(chat, session, &filter) != CODE_OK)
        return false;
    feed_wait_ends(chat, session);
    return true;
}

bool subscriptions_tick(struct chat *chat)
{
    struct session *session;
    while ((session = feed_next(chat)))
        if (!start_put_off(chat, session))
            return false;
    return chat->feeds.waiting;
}

static int start_filter(struct chat *chat, struct session *session, const struct topic *topic, int qos)
{
    const struct filter filter = {.qos = qos};
    if (session->closing.silenced)
        return CODE_NOT_ALLOWED; /* in the moment before the close */
    switch (topic->kind) {
    case TOPIC_INBOX:
        return topic_names(topic, session->user->id)
                   ? start_stored(chat, session, SUBSCRIPTION_INBOX, NULL, &filter)
                   : CODE_NOT_ALLOWED;
    case TOPIC_FEED:
        return topic_names(topic, session->user->id) ? start_feed(chat, session, &filter) : CODE_NOT_ALLOWED;
    case TOPIC_GROUP:
        return start_group(chat, session, topic, qos);
    case TOPIC_EVENT: /* events are sent to the client in any case */
        return topic_names(topic, session->user->id) ? CODE_OK : CODE_NOT_ALLOWED;
    case TOPIC_RESPONSE:
        return CODE_OK;
    case TOPIC_PUSH:
        if (!session->admin)
            return CODE_NOT_ADMIN;
        push_worker_add(chat, session);
        return CODE_OK;
    case TOPIC_EVERYTHING:
        return session->admin ? start_stored(chat, session, SUBSCRIPTION_EVERYTHING, NULL, &filter)
                              : CODE_NOT_ADMIN;
    case TOPIC_REVIEW:
        if (!session->admin)
            return CODE_NOT_ADMIN;
        return reviewer_add(chat, session) ? CODE_OK : CODE_BUSY;
    case TOPIC_STATS:
        return session->admin ? CODE_OK : CODE_NOT_ADMIN;
    default:
        return CODE_NOT_ALLOWED;
    }
}

int subscription_add(struct chat *chat, struct session *session, const struct topic *topic, int qos)
{
    int code = start_filter(chat, session, topic, qos);
    session->subscribes += code == CODE_OK;
    return code;
}

/* Ending */

/* The feed may have been on its way to what narrower filters have not had: they go on from where it was. */
static void uncover_others(struct chat *chat, struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription_stored(subscription))
            replay_start(chat, subscription);
}

/* Of each filter the last end is kept. */
static void keep_ended(struct session *session, struct subscription *subscription)
{
    struct subscription *earlier, *next;
    DL_FOREACH_SAFE (session->ended, earlier, next) {
        if (earlier->kind != subscription->kind || earlier->conversation != subscription->conversation)
            continue;
        DL_DELETE(session->ended, earlier);
        subscription_free(earlier);
    }
    DL_APPEND(session->ended, subscription);
}

static void unsubscribe_stored(struct chat *chat, struct subscription *subscription)
{
    struct session *session = subscription->session;
    char topic[STORED_TOPIC_MAX];
    subscription_topic(topic, subscription->kind, subscription->conversation);
    if (store_begin_sized(chat->store, subscriptions_frame_bytes(session))) {
        subscriptions_put_sure(chat, session);
        store_put(chat->store, W_SUBSCRIPTION_END, "tt", session->client_id, topic);
        store_commit(chat->store);
    }
    detach_subscription(chat, subscription);
    keep_ended(session, subscription);
    if (subscription->kind == SUBSCRIPTION_FEED)
        uncover_others(chat, session);
}

/* NULL: it has none of this name. */
static struct subscription *find_by_topic(struct chat *chat, const struct session *session,
                                          const struct topic *topic)
{
    char id[GROUP_ID_MAX + 1];
    struct subscription *subscription = NULL;
    if ((topic->kind == TOPIC_INBOX || topic->kind == TOPIC_FEED) && topic_names(topic, session->user->id))
        subscription = topic->kind == TOPIC_INBOX ? session->inbox : session->feed;
    if (topic->kind == TOPIC_EVERYTHING)
        subscription = subscription_everything(session);
    if (topic->kind == TOPIC_GROUP) {
        topic_copy_name(id, topic);
        struct conversation *conversation = conversation_group_any(chat, id);
        subscription = conversation ? subscription_find(session, conversation) : NULL;
    }
    return subscription;
}

/* Of what is sent to a client in any case. NULL: it is another filter. */
static uint32_t *identifier_of(struct chat *chat, struct session *session, const struct topic *topic)
{
    switch (topic->kind) {
    case TOPIC_EVENT:
        return &session->identifiers.events;
    case TOPIC_RESPONSE:
        return &session->identifiers.responses;
    case TOPIC_PUSH:
        return &session->identifiers.jobs;
    case TOPIC_REVIEW:
        return reviewer_identifier(chat, session);
    default:
        return NULL;
    }
}

/* A kept session that comes back may not say it again. false: the ring is full, and it will have none then. */
static bool note_identifier(struct chat *chat, const struct subscription *subscription, uint32_t identifier)
{
    char topic[STORED_TOPIC_MAX];
    subscription_topic(topic, subscription->kind, subscription->conversation);
    return store_write(chat->store, W_SUBSCRIPTION_IDENTIFIER, "tti", subscription->session->client_id, topic,
                       (int64_t)identifier);
}

void subscription_identify(struct chat *chat, struct session *session, const struct topic *topic,
                           uint32_t identifier)
{
    uint32_t *named = identifier_of(chat, session, topic);
    struct subscription *subscription = named ? NULL : find_by_topic(chat, session, topic);
    if (named)
        *named = identifier;
    if (topic->kind == TOPIC_FEED && session->feed_waits)
        feed_later(chat, session)->identifier = identifier;
    if (!subscription)
        return;
    if (identifier != 0 && subscription_stored(subscription))
        (void)note_identifier(chat, subscription, identifier);
    subscription->identifier = identifier;
    if (subscription->untold)
        send_history(chat, subscription);
    subscription->untold = false;
}

uint32_t subscription_answer_identifier(const struct session *session, const char *topic)
{
    return strcmp(topic, RESPONSE_TOPIC) == 0 ? session->identifiers.responses : 0;
}

void subscription_remove(struct chat *chat, struct session *session, const struct topic *topic)
{
    struct subscription *subscription = find_by_topic(chat, session, topic);
    uint32_t *named = identifier_of(chat, session, topic);
    if (named)
        *named = 0;
    if (topic->kind == TOPIC_FEED && topic_names(topic, session->user->id))
        feed_wait_ends(chat, session);
    if (topic->kind == TOPIC_PUSH && session->push.worker)
        push_worker_remove(chat, session);
    if (topic->kind == TOPIC_REVIEW)
        reviewer_remove(chat, session);
    if (!subscription)
        return;
    if (subscription_stored(subscription))
        unsubscribe_stored(chat, subscription);
    else
        destroy_subscription(chat, subscription, WENT_BY_UNSUBSCRIBE);
}

void subscription_check(struct chat *chat, struct session *session)
{
    struct subscription *everything = session->admin ? NULL : subscription_everything(session);
    if (everything)
        unsubscribe_stored(chat, everything);
}

bool subscription_join_live(struct chat *chat, struct session *session, struct conversation *conversation)
{
    return join_live(chat, session, conversation, CAME_BY_COMMAND) != NULL;
}

void subscription_leave(struct chat *chat, struct session *session, struct conversation *conversation)
{
    struct subscription *subscription = subscription_find(session, conversation);
    if (subscription && !subscription_stored(subscription))
        destroy_subscription(chat, subscription, WENT_BY_COMMAND);
}

void subscriptions_end(struct chat *chat, struct session *session, bool lost)
{
    struct subscription *ended, *next;
    feed_wait_ends(chat, session);
    while (session->subscriptions)
        destroy_subscription(chat, session->subscriptions, lost ? WENT_LOST : WENT_BY_DISCONNECT);
    DL_FOREACH_SAFE (session->ended, ended, next)
        subscription_free(ended);
    session->ended = NULL;
}

/* Kept sessions. Two passes: starting a subscription reads the store itself. */

#define RESTORE_MAX 1024

/* What was asked for before this was noted down counts as long ago. */
static void take_filter(struct filter *filter, const char *topic, int qos, uint64_t asked,
                        uint32_t identifier)
{
    text_copy(filter->topic, sizeof filter->topic, topic);
    filter->qos = qos;
    filter->asked = asked ? asked : 1;
    filter->identifier = identifier;
}

static size_t departed_filters(const struct departed *departed, struct filter *filters)
{
    size_t count = 0;
    for (size_t i = 0; i < departed->count && count < RESTORE_MAX; i++) {
        const struct departed_filter *filter = &departed->filters[i];
        if (!filter->ended)
            take_filter(&filters[count++], filter->topic, filter->qos, filter->asked, filter->identifier);
    }
    return count;
}

static size_t active_filters(struct chat *chat, const struct session *session, struct filter *filters)
{
    size_t count = 0;
    const struct departed *departed = departed_find(chat, session->client_id);
    if (session->login.past == ID_INHERITED)
        return 0;
    if (departed && departed->settled)
        return departed_filters(departed, filters);
    sqlite3_stmt *row = store_read(chat->store, R_SUBSCRIPTIONS);
    sqlite3_bind_text(row, 1, session->client_id, -1, SQLITE_STATIC);
    while (count < RESTORE_MAX && store_row(chat->store, row)) {
        if (sqlite3_column_int(row, 2) == 0)
            continue;
        take_filter(&filters[count++], store_text(row, 0), sqlite3_column_int(row, 1),
                    (uint64_t)sqlite3_column_int64(row, 4), (uint32_t)sqlite3_column_int64(row, 5));
    }
    store_done(row);
    return count;
}

static void forget_one(struct chat *chat, struct session *session, const struct filter *filter)
{
    if (!subscriptions_have(session, filter->topic) &&
        !store_write(chat->store, W_SUBSCRIPTION_END, "tt", session->client_id, filter->topic))
        return; /* the ring is full: forgotten at the next login */
}

/* Of a group he is no member of nothing is delivered, until he is invited again; nothing of everything to who is no
 * administrator any more. false: not now. */
static bool restore_one(struct chat *chat, struct session *session, const struct filter *filter)
{
    const char *group;
    enum subscription_kind kind = subscription_of_topic(filter->topic, &group);
    struct conversation *conversation = group ? conversation_group(chat, group) : NULL;
    if (group && (!conversation || !conversation_stored(conversation)))
        return !store_reads_failed(chat->store);
    if (kind == SUBSCRIPTION_EVERYTHING && !session->admin) {
        forget_one(chat, session, filter);
        return true;
    }
    return start_stored(chat, session, kind, conversation, filter) == CODE_OK;
}

bool subscriptions_restore(struct chat *chat, struct session *session, bool all)
{
    struct filter *filters = malloc(RESTORE_MAX * sizeof *filters);
    if (!filters)
        return false;
    size_t count = active_filters(chat, session, filters);
    bool good = !store_reads_failed(chat->store);
    for (size_t i = 0; i < count; i++)
        if (!all)
            forget_one(chat, session, &filters[i]);
        else if (!subscriptions_have(session, filters[i].topic))
            good = restore_one(chat, session, &filters[i]) && good;
    free(filters);
    return good;
}

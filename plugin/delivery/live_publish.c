/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/live_publish.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/topic.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/copy.h"
#include "plugin/people/conversation.h"
#include "plugin/session/backlog.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

#define FLUSH_TICKS 2 /* 2.0 flushes what an event has queued after the next TICK only */

struct live_publish {
    struct conversation *conversation;
    const struct session *origin; /* compared only */
    uint64_t serial, tick;
    bool flushing; /* READ has met it */
    int qos;
    size_t len;
    struct live_publish *prev, *next;             /* chat->live_publishes */
    struct live_publish *group_prev, *group_next; /* conversation->live_publishes */
    char payload[];
};

static void forget_publish(struct chat *chat, struct live_publish *publish)
{
    DL_DELETE(chat->live_publishes, publish);
    DL_DELETE2(publish->conversation->live_publishes, publish, group_prev, group_next);
    free(publish);
}

static struct live_publish *make_publish(struct chat *chat, struct conversation *conversation,
                                         const struct session *origin, const void *payload, size_t len,
                                         int qos)
{
    struct live_publish *publish = calloc(1, sizeof *publish + len);
    if (!publish)
        return NULL;
    publish->conversation = conversation;
    publish->origin = origin;
    publish->serial = ++chat->live_publish_serial;
    publish->tick = chat->tick;
    publish->qos = qos;
    publish->len = len;
    memcpy(publish->payload, payload, len);
    DL_APPEND(chat->live_publishes, publish);
    DL_APPEND2(conversation->live_publishes, publish, group_prev, group_next);
    return publish;
}

bool live_publish_send(struct chat *chat, struct conversation *conversation, const struct session *origin,
                       const void *payload, size_t len, int qos)
{
    char topic[TOPIC_MAX];
    struct live_publish *publish = make_publish(chat, conversation, origin, payload, len, qos);
    if (!publish)
        return false;
    topic_print_group(topic, conversation->group->id);
    if (broker_send(NULL, topic, payload, len, NULL, 0, qos, 0))
        return true;
    forget_publish(chat, publish);
    return false;
}

static struct live_publish *find_bytes(const struct conversation *conversation, const void *payload,
                                       size_t len)
{
    struct live_publish *publish;
    DL_FOREACH2 (conversation->live_publishes, publish, group_next)
        if (publish->len == len && memcmp(publish->payload, payload, len) == 0)
            return publish;
    return NULL;
}

struct live_publish *live_publish_find(const struct session *session, const char *topic, const void *payload,
                                       size_t len)
{
    const struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription->kind == SUBSCRIPTION_LIVE && subscription->conversation->live_publishes &&
            topic_is_group(topic, subscription->conversation->group->id))
            return find_bytes(subscription->conversation, payload, len);
    return NULL;
}

/* Flushed in the order in which they were made: what comes again comes by another filter, or natively with a
 * PUBREL. */
/* Flushed in the order in which they were made: what comes again comes by another filter, or natively with a
 * PUBREL. */
static bool is_for(const struct live_publish *publish, const struct subscription *subscription)
{
    const struct session *session = subscription->session;
    return subscription->subscribed && subscription->since < publish->serial && session != publish->origin &&
           session->delivery.live_publish < publish->serial;
}

bool live_publish_may_read(struct chat *chat, struct live_publish *publish, struct session *session)
{
    const struct subscription *subscription = subscription_find(session, publish->conversation);
    publish->flushing = true;
    if (!subscription || !is_for(publish, subscription))
        return false;
    session->delivery.live_publish = publish->serial;
    if (publish->conversation->group->dismissed != 0 || backlog_sheds(chat, session))
        return false;
    backlog_add(session, publish->len);
    chat->count.deliveries[GROUP_LIVE]++;
    return true;
}

bool live_publish_waits(const struct conversation *conversation)
{
    const struct live_publish *publish;
    DL_FOREACH2 (conversation->live_publishes, publish, group_next)
        if (!publish->flushing)
            return true;
    return false;
}

static void copy_out(struct chat *chat, const struct live_publish *publish)
{
    const struct subscription *subscription;
    char topic[TOPIC_MAX];
    topic_print_group(topic, publish->conversation->group->id);
    DL_FOREACH2 (publish->conversation->subscriptions, subscription, group_next) {
        if (!is_for(publish, subscription) || backlog_sheds(chat, subscription->session))
            continue;
        const int qos = publish->qos < subscription->qos ? publish->qos : subscription->qos;
        subscription->session->delivery.live_publish = publish->serial;
        if (copy_send(chat, subscription, topic, publish->payload, publish->len, NULL, 0, qos))
            chat->count.deliveries[GROUP_LIVE]++;
    }
}

void live_publishes_copy_out(struct chat *chat, const struct conversation *conversation)
{
    const struct live_publish *publish;
    DL_FOREACH2 (conversation->live_publishes, publish, group_next)
        copy_out(chat, publish);
}

void live_publishes_prune(struct chat *chat)
{
    while (chat->live_publishes &&
           (chat->live_publishes->flushing || chat->live_publishes->tick + FLUSH_TICKS <= chat->tick))
        forget_publish(chat, chat->live_publishes);
}

void live_publishes_close(struct chat *chat)
{
    while (chat->live_publishes)
        forget_publish(chat, chat->live_publishes);
}

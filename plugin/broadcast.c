/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/broadcast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "plugin/broker.h"
#include "plugin/chat.h"
#include "plugin/conversation.h"
#include "plugin/deliver.h"
#include "plugin/session.h"
#include "plugin/subscription.h"

#define FLUSH_TICKS 2 /* 2.0 flushes what an event has queued after the next TICK only */

static const char topic_prefix[] = "chat/group/";

struct broadcast {
    struct conversation *conversation;
    const struct session *origin; /* compared only */
    uint64_t serial, tick;
    bool flushing; /* READ has met it */
    size_t len;
    struct broadcast *prev, *next;             /* chat->broadcasts */
    struct broadcast *group_prev, *group_next; /* conversation->broadcasts */
    char payload[];
};

static void forget(struct chat *chat, struct broadcast *broadcast)
{
    DL_DELETE(chat->broadcasts, broadcast);
    DL_DELETE2(broadcast->conversation->broadcasts, broadcast, group_prev, group_next);
    free(broadcast);
}

static struct broadcast *make(struct chat *chat, struct conversation *conversation,
                              const struct session *origin, const void *payload, size_t len)
{
    struct broadcast *broadcast = calloc(1, sizeof *broadcast + len);
    if (!broadcast)
        return NULL;
    broadcast->conversation = conversation;
    broadcast->origin = origin;
    broadcast->serial = ++chat->broadcast_serial;
    broadcast->tick = chat->tick;
    broadcast->len = len;
    memcpy(broadcast->payload, payload, len);
    DL_APPEND(chat->broadcasts, broadcast);
    DL_APPEND2(conversation->broadcasts, broadcast, group_prev, group_next);
    return broadcast;
}

bool broadcast_send(struct chat *chat, struct conversation *conversation, const struct session *origin,
                    const void *payload, size_t len, int qos)
{
    char topic[TOPIC_MAX];
    struct broadcast *broadcast = make(chat, conversation, origin, payload, len);
    if (!broadcast)
        return false;
    snprintf(topic, sizeof topic, "%s%s", topic_prefix, conversation->group->id);
    if (broker_send(NULL, topic, payload, len, NULL, 0, qos))
        return true;
    forget(chat, broadcast);
    return false;
}

static struct broadcast *find_bytes(const struct conversation *conversation, const void *payload, size_t len)
{
    struct broadcast *broadcast;
    DL_FOREACH2(conversation->broadcasts, broadcast, group_next)
    if (broadcast->len == len && memcmp(broadcast->payload, payload, len) == 0)
        return broadcast;
    return NULL;
}

struct broadcast *broadcast_find(const struct session *session, const char *topic, const void *payload,
                                 size_t len)
{
    const struct subscription *subscription;
    if (strncmp(topic, topic_prefix, sizeof topic_prefix - 1) != 0)
        return NULL;
    DL_FOREACH(session->subscriptions, subscription)
    if (subscription->kind == SUBSCRIPTION_LIVE && subscription->conversation->broadcasts &&
        strcmp(subscription->conversation->group->id, topic + sizeof topic_prefix - 1) == 0)
        return find_bytes(subscription->conversation, payload, len);
    return NULL;
}

/* Flushed in the order in which they were made: what comes again comes by another filter, or natively with a
 * PUBREL. */
bool broadcast_may_read(struct broadcast *broadcast, struct session *session)
{
    const struct subscription *subscription = subscription_find(session, broadcast->conversation);
    broadcast->flushing = true;
    if (!subscription || !subscription->subscribed || subscription->since >= broadcast->serial)
        return false;
    if (session == broadcast->origin || session->broadcast >= broadcast->serial)
        return false;
    session->broadcast = broadcast->serial;
    return broadcast->conversation->group->dismissed == 0;
}

bool broadcast_waits(const struct conversation *conversation)
{
    const struct broadcast *broadcast;
    DL_FOREACH2(conversation->broadcasts, broadcast, group_next)
    if (!broadcast->flushing)
        return true;
    return false;
}

void broadcasts_prune(struct chat *chat)
{
    while (chat->broadcasts &&
           (chat->broadcasts->flushing || chat->broadcasts->tick + FLUSH_TICKS <= chat->tick))
        forget(chat, chat->broadcasts);
}

void broadcasts_close(struct chat *chat)
{
    while (chat->broadcasts)
        forget(chat, chat->broadcasts);
}

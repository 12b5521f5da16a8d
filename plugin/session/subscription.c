/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/limits.h"
#include "lib/basics.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"

static const char group_prefix[] = "group/";
static const char *const names[] = {
    [SUBSCRIPTION_INBOX] = "inbox", [SUBSCRIPTION_FEED] = "feed", [SUBSCRIPTION_EVERYTHING] = "everything"};

void subscription_topic(char out[STORED_TOPIC_MAX], enum subscription_kind kind,
                        const struct conversation *conversation)
{
    if (kind == SUBSCRIPTION_GROUP)
        snprintf(out, STORED_TOPIC_MAX, "%s%s", group_prefix, conversation->group->id);
    else
        snprintf(out, STORED_TOPIC_MAX, "%s", names[kind]);
}

enum subscription_kind subscription_of_topic(const char *topic, const char **group)
{
    *group = NULL;
    if (strncmp(topic, group_prefix, sizeof group_prefix - 1) == 0) {
        *group = topic + sizeof group_prefix - 1;
        return SUBSCRIPTION_GROUP;
    }
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i] && strcmp(names[i], topic) == 0)
            return (enum subscription_kind)i;
    return SUBSCRIPTION_INBOX;
}

struct subscription *subscription_create(struct session *session, enum subscription_kind kind,
                                         struct conversation *conversation)
{
    struct subscription *subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return NULL;
    subscription->session = session;
    subscription->kind = kind;
    subscription->conversation = conversation;
    DL_APPEND(session->subscriptions, subscription);
    if (!conversation)
        return subscription;
    conversation->holders++;
    DL_APPEND2(conversation->subscriptions, subscription, group_prev, group_next);
    return subscription;
}

void subscription_unlink(struct subscription *subscription)
{
    struct session *session = subscription->session;
    if (session->inbox == subscription)
        session->inbox = NULL;
    DL_DELETE(session->subscriptions, subscription);
    if (subscription->conversation)
        DL_DELETE2(subscription->conversation->subscriptions, subscription, group_prev, group_next);
}

void subscription_free(struct subscription *subscription)
{
    if (subscription->conversation)
        subscription->conversation->holders--;
    free(subscription->trails);
    free(subscription);
}

bool subscription_live_full(const struct session *session)
{
    const struct subscription *subscription;
    int count = 0;
    DL_FOREACH (session->subscriptions, subscription)
        count += subscription->kind == SUBSCRIPTION_LIVE;
    return count >= LIVE_MAX;
}

struct subscription *subscription_find(const struct session *session, const struct conversation *conversation)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription->conversation == conversation)
            return subscription;
    return NULL;
}

struct subscription *subscription_everything(const struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (subscription->kind == SUBSCRIPTION_EVERYTHING)
            return subscription;
    return NULL;
}

struct subscription *subscription_named(const struct session *session,
                                        const struct conversation *conversation)
{
    return conversation->group ? subscription_find(session, conversation) : session->inbox;
}

int subscription_qos(const struct subscription *subscription, const struct conversation *conversation)
{
    const struct subscription *inbox = subscription->session->inbox;
    const bool both = subscription->kind == SUBSCRIPTION_FEED && !conversation->group && inbox;
    return both && inbox->qos > subscription->qos ? inbox->qos : subscription->qos;
}

struct subscription *subscription_find_kind(const struct session *session, enum subscription_kind kind,
                                            const struct conversation *conversation)
{
    switch (kind) {
    case SUBSCRIPTION_INBOX:
        return session->inbox;
    case SUBSCRIPTION_FEED:
        return session->feed;
    case SUBSCRIPTION_EVERYTHING:
        return subscription_everything(session);
    default:
        return subscription_find(session, conversation);
    }
}

bool subscription_of_user(const struct user *user, const struct conversation *conversation,
                          const struct session *except)
{
    const struct session *session;
    DL_FOREACH2 (user->sessions, session, user_next)
        if (session != except && subscription_find(session, conversation))
            return true;
    return false;
}

bool subscriptions_have(const struct session *session, const char *topic)
{
    const struct subscription *subscription;
    char name[STORED_TOPIC_MAX];
    DL_FOREACH (session->subscriptions, subscription) {
        if (!subscription_stored(subscription))
            continue;
        subscription_topic(name, subscription->kind, subscription->conversation);
        if (strcmp(name, topic) == 0)
            return true;
    }
    return false;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/copy.h"

#include <string.h>

#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

void copy_topic(char topic[TOPIC_MAX], const struct subscription *subscription,
                const struct conversation *conversation)
{
    const char *self = subscription->session->user->id;
    if (!conversation->group)
        topic_print_inbox(topic, self);
    else if (subscription->kind == SUBSCRIPTION_FEED)
        topic_print_feed_group(topic, self, conversation->group->id);
    else
        topic_print_group(topic, conversation->group->id);
}

bool copy_send(struct chat *chat, const struct subscription *subscription, const char *topic,
               const void *head, size_t head_len, const void *tail, size_t tail_len, int qos)
{
    struct session *session = subscription->session;
    session->delivery.flushed_at = chat->tick + 1;
    backlog_add(session, head_len + tail_len);
    proof_given(session, strlen(topic), head_len + tail_len);
    return broker_send(session->client_id, topic, head, head_len, tail, tail_len, qos,
                       subscription->identifier);
}

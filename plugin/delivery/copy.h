/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A copy of a message for one client, queued in the broker, where the broker's own delivery would not be
 * right (deliver.h says when). Broker thread only. */
#ifndef PLUGIN_DELIVERY_COPY_H
#define PLUGIN_DELIVERY_COPY_H

#include "acl/topic.h"
#include <stdbool.h>
#include <stddef.h>

struct chat;
struct conversation;
struct session;
struct subscription;

/* The topic on which a message of this conversation comes by this subscription. */
void copy_topic(char topic[TOPIC_MAX], const struct subscription *subscription,
                const struct conversation *conversation);
/* Queues a message (head, then tail) for the client of this subscription, in order, on that topic, with the
 * identifier that the client gave it. false: out of memory. */
bool copy_send(struct chat *chat, const struct subscription *subscription, const char *topic,
               const void *head, size_t head_len, const void *tail, size_t tail_len, int qos);

#endif

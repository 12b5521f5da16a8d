/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A publish to a chat topic, from payload to stamp, log and delivery. When it returns PUBLISH_ACCEPT the
 * message is in the ring: the ack that the broker sends next is true. */
#ifndef PLUGIN_MESSAGE_H
#define PLUGIN_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct chat;
struct session;

struct publish {
    const char *topic;
    const void *payload;
    size_t len;
    int qos;
    void
        *new_payload; /* out: what the broker is to deliver instead, from mosquitto_malloc; NULL: unchanged */
    size_t new_len;
};

enum publish_result {
    PUBLISH_ACCEPT,
    PUBLISH_REFUSE, /* an event `rejected` has been sent */
    PUBLISH_CLOSE   /* it cannot be stored now: no ack, the client is to send again */
};

enum publish_result message_publish(struct chat *chat, struct session *session, struct publish *publish);

#endif

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A message, by publish or command, from payload to stamp, log and delivery. When it returns PUBLISH_ACCEPT
 * the message is in the ring: the ack that the broker sends next is true. Each call opens frames of its own.
 * Broker thread only. */
#ifndef PLUGIN_DELIVERY_MESSAGE_H
#define PLUGIN_DELIVERY_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct actor;
struct chat;
struct payload;
struct review;
struct review_kind;
struct session;
struct user;

/* What came, borrowed, and what is to go out. */
struct publish {
    const char *topic;
    const void *payload;
    size_t len; /* bytes */
    int qos;
    /* out: what the broker is to deliver instead, for it or for broker_free (broker.h); NULL: unchanged */
    void *new_payload;
    size_t new_len;
};

enum publish_result {
    PUBLISH_ACCEPT,
    PUBLISH_REFUSE, /* an event `rejected` has been sent */
    PUBLISH_CLOSE   /* it cannot be stored now: no ack, the client is to send again */
};

/* A client publishes to an inbox or a group. new_payload is set only with PUBLISH_ACCEPT, and not when the
 * message was shed, is the repetition of an earlier one (recent.h) or waits for a reviewer (review.h): then nobody
 * gets it. */
__attribute__((warn_unused_result)) enum publish_result
message_publish(struct chat *chat, struct session *session, struct publish *publish);

/* What became of it. id 0: it was not stored; seq < 0: it has none; time (ms) 0: it was shed. */
struct receipt {
    int64_t id, seq, time;
};

/* Of publishes that somebody is to look at first. */
extern const struct review_kind message_review;

#define REASON_BYTES 200 /* for a sentence about what is wrong; "": the code says it all */

/* Is it a message at all? CODE_OK, or what it would be refused with, and perhaps a reason. */
__attribute__((warn_unused_result)) int message_check(struct chat *chat, struct publish *publish,
                                                      char reason[REASON_BYTES]);

/* An app admin sends in the name of somebody, who need not be in the group. Form, `random` and the group's
 * rate count as for a publish, mutes and the sender's own rate do not. All devices of the sender get it.
 * CODE_OK and the receipt, or a code and perhaps a reason; CODE_BUSY: it cannot be stored now. new_payload is
 * NULL afterwards. */
__attribute__((warn_unused_result)) int message_send_as(struct chat *chat, struct user *sender,
                                                        struct publish *publish, struct receipt *receipt,
                                                        char reason[REASON_BYTES]);

/* Would it be accepted, if the actor published it now? For what comes in another way and is no message of its own.
 * Takes from the rates; the words are replaced; neither after the review that it has waited for (NULL: none). CODE_OK, or a code and perhaps a reason. `payload` is to be cleared
 * in any case; it points into publish->payload. */
__attribute__((warn_unused_result)) int message_try(struct chat *chat, const struct actor *actor,
                                                    const struct review *review,
                                                    const struct publish *publish, struct payload *payload,
                                                    char reason[REASON_BYTES]);

#endif

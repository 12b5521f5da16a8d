/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How much of what has been handed to the broker for a client the client has surely taken.
 *
 * A broker tells no plugin of PUBACKs. Of what it was given at QoS 1 or 2 it has max_inflight_messages (20) on
 * the wire; the rest waits in its memory, and is gone when the connection ends, or the broker. So this is
 * reckoned: a client takes `device_rate` messages a second at least, whatever else it does. What is more than
 * that may still be waiting. Messages at QoS 0 never wait, and are not counted.
 *
 * Where that would be much the kernel is asked: bytes that TCP has brought to the client's machine wait in the
 * broker no more. That is believed where nothing but MQTT is on the connection, since TLS and WebSockets add bytes
 * of their own, and every packet to the client is counted. It leaves out nothing that may wait: the broker answers
 * to what it has received with no more bytes than that; of what it has received at least the PUBACKs of all
 * messages that are neither waiting nor in the client's window, and its messages and requests, get none or fewer.
 * Broker thread only. */
#ifndef PLUGIN_SESSION_HANDOVER_H
#define PLUGIN_SESSION_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin/session/session.h"

struct chat;

/* What a client has logged in with. */
struct handover_login {
    bool mqtt5;
    size_t user_len, sig_len; /* userID, userSig */
};

/* It has, and has had no answer yet. A system call. */
void handover_begin(const struct chat *chat, struct session *session, const struct handover_login *login);

/* Bytes of a PUBLISH packet to it, at most. */
static inline size_t proof_packet(const struct session *session, size_t topic_len, size_t len)
{
    const size_t properties = session->mqtt5 ? 1 + 5 : 0; /* their length, a subscription identifier */
    const size_t rest = 2 + topic_len + 2 + properties + len;
    return 1U + (rest < 128 ? 1 : rest < 16384 ? 2 : 4) + rest;
}

/* The broker is given a message for it, of any kind: with backlog_add, or when READ lets it pass. */
static inline void proof_given(struct session *session, size_t topic_len, size_t len)
{
    session->proof.given += (int64_t)proof_packet(session, topic_len, len);
}

/* It has sent a message or a request with so much of payload, or a filter of this length. */
static inline void proof_sent(struct session *session, size_t len)
{
    session->proof.sent += (int64_t)len;
}

/* A stored message of `len` bytes has been handed to the broker for this client. */
void session_handed(struct chat *chat, struct session *session, size_t len, int qos);
/* Of the messages counted in session->handover.count, in their order, so many have been taken in any case. */
int64_t handover_sure(const struct chat *chat, const struct session *session);
/* The same at an end that is none of the network's: what fits on the wire is there, and counts as taken. Where TCP
 * tells that nothing waits in the broker all is there. */
int64_t handover_taken(const struct chat *chat, struct session *session);
/* The client has said itself that it has had the first `count` of them. */
void session_has_taken(const struct chat *chat, struct session *session, int64_t count);
/* A message at QoS 0 may have come to the client before others that were handed earlier. */
bool handover_overtaken(const struct chat *chat, const struct session *session);
/* Would one more not surely fit into the broker's queue for this client? */
bool session_full(struct chat *chat, struct session *session);
/* Is a client that is full asked for what has come to it, or does it say so (`ack`), so that it may have room again in no
 * time? */
bool handover_is_known(const struct session *session);

#endif

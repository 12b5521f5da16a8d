/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* From an accepted message to its receivers.
 *
 * The broker's own subscription tree delivers most: the accepted payload is "current", and READ lets it pass
 * for who may have it. A payload's address is good only until the next event that is not READ (addresses are
 * used again), so every other event ends it. Where the tree cannot be right, a copy is queued for the client
 * instead:
 *   - feeds get groups on a topic of their own, the sender's other devices get private messages on the
 *     sender's inbox;
 *   - a client that is behind: something queued for it has not been flushed. The broker flushes what plugins
 *     queue at the start of a later loop turn, so a native delivery would overtake it;
 *   - QoS 2: the broker would deliver at PUBREL, if ever; we deliver at PUBLISH.
 * For everybody in a live group these copies, and tips, are one publish (live_publish.h). While a
 * subscription is replaying, nothing is delivered to it here: the replay reads the log to its end (replay.h).
 * What is queued at tick n has been flushed when tick n+1 begins, on Mosquitto 2.0.11 and 2.1. Broker thread
 * only. */
#ifndef PLUGIN_DELIVERY_DELIVER_H
#define PLUGIN_DELIVERY_DELIVER_H

#include "plugin/session/session.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;

/* 0, or -1: out of memory. */
__attribute__((warn_unused_result)) int delivery_open(struct chat *chat);
void delivery_close(struct chat *chat);

/* A message on its way. Texts and payload are borrowed. */
struct outgoing {
    struct conversation *conversation;
    const char *sender;   /* userID; outlives the event */
    const char *receiver; /* userID of a pair's other side, outlives the event too; NULL: a group's */
    const struct session
        *origin;        /* the sending session; NULL when the server sends, or it is not there any more */
    const char *client; /* the client id that has sent it; NULL or "": the server, or somebody by a command */
    const char *address; /* ... from where; NULL: not known, or nobody listens to everything */
    int64_t id;          /* 0: not stored */
    /* stamp and body; this very address is what READ will see. NULL: there was no memory for it, who is
     * connected gets it from the log */
    const void *payload;
    size_t len;
    int qos;     /* of the publish */
    bool last;   /* the group ends with it */
    bool absent; /* of a pair: the sender was deleted; who has the name now does not get it */
};

/* A message was accepted: queues the copies, and (native) lets READ pass the payload until the next event. A
 * stored one for which memory does not suffice comes to who is connected from the log, a little later. false:
 * out of memory, and nobody will have it; only so for a live group's that is not native. */
bool deliver(struct chat *chat, const struct outgoing *outgoing, bool native);
/* Every event of the broker but READ begins with this. */
void deliver_reset(struct chat *chat);
/* ... and where the message comes with MQTT 5 properties this follows. */
void deliver_dressed(struct chat *chat);
/* The subscription ends. */
void deliver_detached(struct chat *chat, const struct subscription *subscription);
/* READ of a chat topic: may this client have this payload now? Once for each receiver of each message;
 * payload: the bytes at the address that the broker names. */
bool deliver_may_read(struct chat *chat, const struct mosquitto *client, const char *topic,
                      const void *payload, size_t len);

#endif

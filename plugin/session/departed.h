/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Devices that left a moment ago: what their last session knew, until the store has it. A phone that comes
 * back at once, or its user's other one, finds its cursors here. Lives for one group commit, or, where the
 * ring was full (it is late then), until life/leaving.c has written it; and to the end of the turn of the
 * broker's loop, which is why it is no list of young.h. Broker thread only. */
#ifndef PLUGIN_SESSION_DEPARTED_H
#define PLUGIN_SESSION_DEPARTED_H

#include "acl/identity.h"
#include "lib/keyed_hash.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct session;

/* What the store is to know of the end of a device's last session, besides its cursors. */
struct ending {
    int64_t at; /* when, ms since 1970 */
    int64_t
        after; /* what has a higher id may have got lost, or never came (push_put_handed); INT64_MAX: nothing */
    bool expired; /* its userSig: no pushes any more */
    bool told;    /* of why the device has lost its place */
};

struct departed_filter {
    char topic[STORED_TOPIC_MAX];
    int qos;
    uint64_t asked;
    uint32_t identifier;
    bool ended; /* unsubscribed in that session: it counts for its cursor only */
    int64_t cursor;
    int64_t doubtful; /* what was handed after it may have got lost */
};

struct departed {
    char *client_id;
    char user[USER_ID_MAX + 1];
    enum platform platform;
    bool acks, has_token;
    bool settled;         /* it had all its filters; one that ended before its first TICK had not */
    uint64_t left;        /* the tick in which its last session ended */
    struct strays strays; /* of the session */
    struct ending ending;
    uint64_t mark; /* of the frame that tells the store; 0: it is late */
    size_t count;
    struct departed_filter *filters; /* those it was subscribed to, at its end or before */
    struct departed *prev, *next;
    UT_hash_handle hh;
};

/* -1: out of memory. */
__attribute__((warn_unused_result)) int departed_open(struct chat *chat);
/* What was never opened is fine. */
void departed_close(struct chat *chat);

/* The session ends; `mark` is that of the frame that says so, 0: the ring was full. Out of memory: the store's word
 * counts, a few messages may come twice; and of one that is late, its device counts as connected until it comes
 * back. */
void departed_add(struct chat *chat, struct session *session, const struct ending *ending, uint64_t mark);
/* The one that has been late for longest, and over ->next the others, in their order; NULL: none. */
struct departed *departed_late(struct chat *chat);
/* It is in the frame of this mark, and late no more. */
void departed_written(struct chat *chat, struct departed *departed, uint64_t mark);
/* NULL: no device with this client id has just left. Good until one
 * comes or goes. */
const struct departed *departed_find(struct chat *chat, const char *client_id);
/* The highest cursor among the user's departed devices for this topic or the feed, leaving `client_id` out;
 * -1: none. */
int64_t departed_cursor(struct chat *chat, const char *user, const char *client_id, const char *topic);
/* The device's push token is gone, or those of all devices of the user. */
void departed_token_lost(struct chat *chat, const char *client_id);
void departed_tokens_lost(struct chat *chat, const char *user);
/* TICK: forgets who the store knows by now. */
bool departed_tick(struct chat *chat);

#endif

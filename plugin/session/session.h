/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is connected. A session is one connection; it is found by the broker's client pointer, because during a
 * takeover two clients have the same id (Mosquitto: AUTH of the new one, then DISCONNECT of the old one).
 * This module alone knows who is connected; how one comes and goes is told in life/login.h and
 * life/leaving.h. Broker thread only. */
#ifndef PLUGIN_SESSION_SESSION_H
#define PLUGIN_SESSION_SESSION_H

#include "acl/identity.h"
#include "plugin/session/expiry.h"
#include "schema/ids.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct chat;
struct displacement;
struct mosquitto;
struct session;
struct subscription;
struct user;
struct watch;

struct session {
    const struct mosquitto *client; /* key; never dereferenced by us after DISCONNECT */
    char *client_id;
    struct user *user;
    enum platform platform;
    bool mqtt5, clean, assigned_id;
    bool admin;
    bool fresh;     /* no TICK since AUTH: stored filters of a kept session are not restored yet */
    bool own_id;    /* the client id was this user's before: what broker and store keep under it is his */
    bool inherited; /* ... or another user's: nothing of that is for this one */
    bool acks;      /* this device moves its cursors by `ack` */
    bool has_token; /* this device has a push token */
    bool background;
    uint64_t close_at;   /* the tick at which the connection is closed at the earliest; 0: it goes on */
    int64_t close_after; /* ... and the time (ms) */
    bool untold;         /* has lost its place, and the store says that it is still to be told */
    uint64_t told_at;    /* the tick at which it has been told (flushed); 0: it has not */
    /* it lost its place while it was away, and is let in to be told this only */
    struct displacement *farewell;
    bool unknown_device; /* its first login: nothing is stored about it */
    bool taken_over;     /* a new connection with the same client id has logged in */
    bool orphan;         /* its user was deleted: what it still sends is nobody's */
    int keepalive_seconds;
    struct expiry_entry expiry; /* of the userSig, in seconds */
    int subscribes;             /* SUBSCRIBE filters accepted on this connection */
    struct subscription *subscriptions;
    struct subscription *inbox, *feed; /* into subscriptions, or NULL */
    struct subscription *ended; /* unsubscribed on this connection: their positions go on if they come back */
    int replays;                /* subscriptions that are replaying */
    uint64_t flushed_at;        /* the tick at which everything queued for this client has been flushed */
    uint64_t live_publish;      /* serial of the last live publish let through */
    uint64_t passed;            /* serial of the last message let through natively */
    struct ids in_flight;       /* what the broker delivers on its own: no replay is to bring it again */
    struct ids strays; /* copies queued in the events since the last TICK (of number strays_tick): the broker
                          gives them to whoever has the client id when it flushes */
    uint64_t strays_tick;
    int64_t replay_sent, replay_paused_until;
    int64_t dirty_since;                     /* a cursor has moved since; 0: none */
    struct watch *watches;                   /* whose status it is told of: presence.h */
    int watching;                            /* ... how many */
    int push_out;                            /* jobs out to this worker */
    bool worker;                             /* subscribed to chat/push */
    struct session *prev, *next;             /* all */
    struct session *user_prev, *user_next;   /* user->sessions */
    struct session *dirty_prev, *dirty_next; /* sessions with cursors to write */
    struct session *replay_prev, *replay_next;
    struct session *fresh_prev, *fresh_next;
    struct session *close_prev, *close_next; /* closing.c */
    UT_hash_handle hh, hh_id;                /* by client; the newest with its client id */
};

__attribute__((warn_unused_result)) int sessions_open(struct chat *chat);
/* When the last session has ended: leaving.h. */
void sessions_close(struct chat *chat);

struct session *session_find(struct chat *chat, const struct mosquitto *client);
/* The newest session with this client id, NULL when none is connected. */
struct session *session_by_client_id(struct chat *chat, const char *client_id);
/* Every session, over ->next. */
struct session *sessions_first(struct chat *chat);
int sessions_count(struct chat *chat);
int sessions_user_count(struct chat *chat);
/* A session that the caller has made is there for everybody, and is no more. One that comes with the client
 * id of another takes that over; when it ends first, the other one has it again. false: out of memory,
 * nothing has changed. */
__attribute__((warn_unused_result)) bool session_enlist(struct chat *chat, struct session *session);
void session_delist(struct chat *chat, struct session *session);
/* Frees one that is not there. */
void session_free(struct session *session);

/* The one that has waited longest for its first TICK, NULL: none; and that it has had it. */
struct session *sessions_fresh(struct chat *chat);
void session_settled(struct chat *chat, struct session *session);

/* A cursor of the session has moved. */
void session_dirty(struct chat *chat, struct session *session);
/* The one whose cursors wait longest to be written, NULL: none; and that they have been. */
struct session *sessions_dirty(struct chat *chat);
void session_written(struct chat *chat, struct session *session);

/* From its AUTH on the broker re-sends to a kept session what was in flight, before any other event (but the
 * end of the connection it takes over). Every other event ends that. NULL: there is nothing to re-send. */
void session_connects(struct chat *chat, const struct session *session);
bool session_connecting(const struct chat *chat, const struct session *session);
void sessions_connected(struct chat *chat);
/* Has forceOffline been flushed to it? */
bool session_told(const struct chat *chat, const struct session *session);
/* A copy of the stored message `id` has been queued for this client, outside TICK. */
void session_note_stray(struct chat *chat, struct session *session, int64_t id);

#endif

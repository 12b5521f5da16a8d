/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is connected, on what device, subscribed to what. A session is one connection; it is found by the
 * broker's client pointer, because during a takeover two clients have the same id (Mosquitto: AUTH of the new
 * one, then DISCONNECT of the old one). This module alone knows who is connected. */
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

/* What the broker tells at login. */
struct login {
    const struct mosquitto *client;
    const char *client_id, *user, *password, *address;
    bool mqtt5, clean;
    int keepalive_seconds;
};

enum login_result { LOGIN_OK, LOGIN_REFUSED, LOGIN_DEFERRED };

__attribute__((warn_unused_result)) int sessions_open(struct chat *chat);
/* The broker stops: writes every cursor; touches no client pointer. */
void sessions_close(struct chat *chat);

/* BASIC_AUTH. Checks userID, client id and userSig, creates user and device, makes the session. Refusals are
 * logged in one line with userID, client id, address, code and its text. */
enum login_result session_login(struct chat *chat, const struct login *login);
/* BASIC_AUTH between RELOAD and the next TICK: the broker asks again for everyone. Changes nothing. */
enum login_result session_recheck(struct chat *chat, const struct login *login);
/* DISCONNECT or CLIENT_OFFLINE. Writes cursors, ends live memberships. `lost`: the broker says that the
 * connection died (2.1 tells, 2.0 does not); then, and after a takeover, the cursors of a clean session go
 * back by 1.5 keepalives. Unknown pointers are fine. */
void session_end(struct chat *chat, const struct mosquitto *client, bool lost);
struct session *session_find(struct chat *chat, const struct mosquitto *client);
/* The newest session with this client id, NULL when none is connected. */
struct session *session_by_client_id(struct chat *chat, const char *client_id);
/* Every session, over ->next. */
struct session *sessions_first(struct chat *chat);
int sessions_count(struct chat *chat);
int sessions_user_count(struct chat *chat);
/* A cursor of the session has moved: it is written within 5 seconds. */
void session_dirty(struct chat *chat, struct session *session);
/* TICK: restores kept sessions' filters, closes, writes cursors that are 4 s old, a bounded number a turn.
 * The function tells how many subscriptions the broker has for a client. true: there is more to close. */
bool sessions_tick(struct chat *chat, int (*broker_subscriptions)(const struct mosquitto *client));
/* From its AUTH on the broker re-sends to a kept session what was in flight, before any other event (but the
 * end of the connection it takes over). Every other event ends that. */
bool session_connecting(const struct chat *chat, const struct session *session);
void sessions_connected(struct chat *chat);
/* A copy of the stored message `id` has been queued for this client, outside TICK. */
void session_note_stray(struct chat *chat, struct session *session, int64_t id);

#endif

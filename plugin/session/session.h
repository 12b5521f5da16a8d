/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is connected. A session is one connection; it is found by the broker's client pointer, because during a
 * takeover two clients have the same id (Mosquitto: AUTH of the new one, then DISCONNECT of the old one).
 * This module alone knows who is connected; how one comes and goes is told in life/login.h and
 * life/leaving.h. Broker thread only. */
#ifndef PLUGIN_SESSION_SESSION_H
#define PLUGIN_SESSION_SESSION_H

#include "acl/identity.h"
#include "lib/keyed_hash.h"
#include "plugin/session/expiry.h"
#include "plugin/session/leak.h"
#include "schema/ids.h"
#include <stdbool.h>
#include <stdint.h>

struct batch_queue;
struct chat;
struct displacement;
struct later;
struct mosquitto;
struct session;
struct subscription;
struct user;
struct watch;

/* The life of a session. session_change_state() alone takes it from one state to another, and with that from
 * one list to another.
 *
 *                AUTH            first TICK (a later one, where its filters could not be restored)
 *      ABSENT ---------> FRESH --------------> LIVE
 *                          |                    |
 *                          | has to go          | has to go
 *                          v      first TICK    v       has been told      broker_kick
 *                   FRESH_CLOSING ---------> CLOSING -----------------------------------> CLOSED
 *
 * It has to go when it is displaced or kicked, its user is deleted, it logs out or its userSig expires. The
 * connection may end in any state: then the session is ABSENT, and freed.
 *
 * What may be so in several states is none:
 * - taken_over: a newer connection has its client id. It is undone when the newer one ends first.
 * - login.farewell: it is let in only to be told that it has lost its place. At its first TICK it has to go.
 * - device.untold: the store says that the device is still to be told, and closing.told_at: it has been. Of
 *   those that have to go some are told nothing (logout), and to some the store owes nothing (kickUser).
 * - closing.silenced: its user was kicked, banned or deleted; what it sends until it is closed is refused.
 * - dirty, replay: there is something to do for it. */
enum session_state {
    SESSION_ABSENT, /* not among the sessions: not yet, or no more */
    SESSION_FRESH,  /* no TICK yet: the filters of a kept session are not restored */
    SESSION_LIVE,
    SESSION_FRESH_CLOSING, /* from here on it has to go */
    SESSION_CLOSING,
    SESSION_CLOSED
};

/* Whose the client id was before. */
enum id_past {
    ID_NEW,      /* nobody's: nothing is stored about it */
    ID_OWN,      /* this user's: so is what broker and store keep under it */
    ID_INHERITED /* another user's: nothing of that is for this one */
};

/* What who listens to everything has been told of it, or would have been. */
enum session_news {
    NEWS_LOGIN, /* nothing: its login is still to come */
    NEWS_THERE, /* that it is there */
    NEWS_OVER   /* how it ended, or ends */
};

/* Copies queued in the events since the last TICK (of this number): the broker gives them to whoever has the
 * client id when it flushes. */
struct strays {
    struct ids ids;
    uint64_t tick;
};

/* Each group is written by the files named above it, after life/login.c has filled it in; all may read. */
struct session {
    /* Who it is: nobody; `admin` when the options have been read anew: plugin.c. */
    const struct mosquitto *client; /* key; never dereferenced by us after DISCONNECT */
    char *client_id;
    struct user *user;
    enum platform platform;
    bool clean, assigned_id;
    bool admin;
    bool feed_waits; /* a feed of its is still to begin: delivery/feed_later.c, which has the rest */
    int keepalive_seconds;

    /* What is told of it: life/news.c. */
    enum session_news news;

    /* Where it is: session.c. */
    enum session_state state;
    bool taken_over; /* a new connection with the same client id has logged in */
    bool provable;   /* its connection carries MQTT alone, and nothing but what proof counts: handover.c */
    bool mqtt5;      /* it is of that version: nobody else changes it */
    struct session *prev, *next;             /* all */
    struct session *user_prev, *user_next;   /* user->sessions */
    struct session *state_prev, *state_next; /* FRESH and FRESH_CLOSING; CLOSING */
    UT_hash_handle hh, hh_id;                /* by client; the newest with its client id */
    struct {
        int64_t since; /* chat->steady when a cursor moved; 0: none has */
        struct session *prev, *next;
    } dirty;
    struct strays strays;

    /* What it came with: nobody. */
    struct {
        enum id_past past;
        /* it lost its place while it was away, and is let in to be told this only; NULL: it did not */
        struct displacement *farewell;
    } login;

    /* Its device, as the store has it. */
    struct {
        bool acks;      /* it moves its cursors by `ack`: cursor.c */
        bool has_token; /* a push token: push/push_answer.c */
        bool untold;    /* it has lost its place, and is still to be told: device.c */
    } device;

    /* Its end from our side: life/closing.c. */
    struct {
        uint64_t at;                /* the tick at which the connection is closed at the earliest */
        int64_t after;              /* ... and the time (ms) */
        uint64_t told_at;           /* the tick at which forceOffline has been flushed; 0: it was not told */
        bool expired;               /* its userSig is: its push token goes with it */
        bool silenced;              /* kicked, banned or deleted: what it still sends is refused */
        struct expiry_entry expiry; /* of the userSig, in seconds */
    } closing;

    /* What it is subscribed to: subscription.c, delivery/subscribe.c. */
    struct subscription *subscriptions;
    struct subscription *inbox, *feed; /* into subscriptions, or NULL */
    struct subscription *ended; /* unsubscribed on this connection: their positions go on if they come back */
    int subscribes;             /* SUBSCRIBE filters accepted on this connection */
    struct {
        uint32_t events, responses,
            jobs; /* what an MQTT 5 client calls these; 0: nothing, or Mosquitto 2.0 */
    } identifiers;

    /* What of stored messages has been handed to the broker, at QoS 1 and 2: handover.c. */
    struct handover {
        int64_t count;       /* on this connection */
        struct leak waiting; /* those that may not have been taken */
        struct leak queued;  /* those that may be in the broker: fewer, where TCP tells more than that */
        int64_t calm;        /* so many had been handed when all had been taken for the last time */
        int64_t bytes;       /* of those that were handed since */
        int32_t longest, shortest; /* of these, in bytes */
        int64_t looked_at;         /* chat->steady when TCP was asked last */
        int64_t overtaking;        /* so many had been handed when something was at QoS 0 */
    } handover;

    /* What TCP's count of bytes is compared with: handover.c; whoever gives it something says so (proof_given). */
    struct proof {
        int64_t given; /* bytes of all that the broker was given for it, as PUBLISH packets: at most */
        int64_t sent;  /* bytes that it has sent, of its CONNECT and its PUBLISH packets: at least */
    } proof;

    /* What the broker has for it of all that was given to it, as far as is known: backlog.c. */
    struct backlog {
        int64_t bytes, messages;
        int64_t look_bytes, look_messages; /* that is looked into when there are so many */
        int64_t looked_at, moved_at;       /* chat->steady; when something came to the client last */
        int64_t acked;                     /* by TCP, when it was looked at last */
        int64_t over_since;                /* chat->steady when it went over the bound; 0: it is not */
        struct session *prev, *next;       /* chat->backlogs */
    } backlog;

    /* What it is given now: delivery/deliver.c, delivery/live_publish.c; in_flight by delivery/held.c and
     * life/leaving.c too. */
    struct {
        uint64_t flushed_at;   /* the tick at which everything queued for this client has been flushed */
        uint64_t live_publish; /* serial of the last live publish let through */
        uint64_t passed;       /* serial of the last message let through natively */
        /* what the broker delivers on its own: no replay is to bring it again; an item of chat/feed by its negative id */
        struct ids in_flight;
    } delivery;

    /* What the broker held for it and was asked about when it came: delivery/held.c. */
    struct {
        int passed, withheld; /* messages */
        bool blocked;         /* the first of them was withheld */
        int64_t edited;       /* the first id that was withheld for an edit: a replay brings it; 0: none */
    } held;

    /* What it has missed: delivery/replay.c. */
    struct {
        int running; /* subscriptions that are replaying */
        int64_t sent, paused_until;
        /* Of what the user has deleted, that up to the place `untold` has not been told on this connection, where a
         * cursor has not passed it; but it has up to `told` for the subscription that is replaying: delivery/erased.c;
         * at first life/login.c */
        int64_t untold, told;
        struct session *prev, *next; /* chat->replays */
    } replay;

    /* Who is told of whom: life/presence.c; `background` by commands/status.c. */
    struct {
        struct watch *watches; /* whose status it is told of */
        int watching;          /* ... how many */
        bool background;
    } presence;

    /* Its requests that wait: commands/batch.c. */
    struct batch_queue *batches; /* NULL: none */

    /* Its commands that are answered later: commands/later.c. */
    struct later *laters; /* NULL: none */

    /* As a worker: push/push.c, push/push_out.c. */
    struct {
        bool worker; /* subscribed to chat/push */
        int out;     /* jobs out to this worker */
    } push;
};

/* Has it had no TICK yet? */
static inline bool session_fresh(const struct session *session)
{
    return session->state == SESSION_FRESH || session->state == SESSION_FRESH_CLOSING;
}

/* Does it have to go? */
static inline bool session_closing(const struct session *session)
{
    return session->state >= SESSION_FRESH_CLOSING;
}

/* -1: out of memory. */
__attribute__((warn_unused_result)) int sessions_open(struct chat *chat);
/* When the last session has ended (leaving.h). What was never opened is fine. */
void sessions_close(struct chat *chat);

/* The session of the broker's client, NULL when it has none: it is no chat user, or a bridge. */
struct session *session_find(struct chat *chat, const struct mosquitto *client);
/* The newest session with this client id, NULL when none is connected. */
struct session *session_by_client_id(struct chat *chat, const char *client_id);
/* Every session, over ->next, the oldest first; NULL: there is none. */
struct session *sessions_first(struct chat *chat);
int sessions_count(struct chat *chat);
/* How many users have one; walks over all. */
int sessions_user_count(struct chat *chat);

/* A session that the caller has made is there for everybody, and is no more. One that comes with the client
 * id of another takes that over; when it ends first, the other one has it again. false: out of memory,
 * nothing has changed. */
__attribute__((warn_unused_result)) bool session_enlist(struct chat *chat, struct session *session);
void session_delist(struct chat *chat, struct session *session);
/* Frees one that is ABSENT. */
void session_free(struct session *session);

/* Only as drawn above. */
void session_change_state(struct chat *chat, struct session *session, enum session_state state);
/* The one that has been FRESH, or FRESH_CLOSING, for longest; the one that has been CLOSING. NULL: none. */
struct session *sessions_fresh(const struct chat *chat);
struct session *sessions_closing(const struct chat *chat);

/* A cursor of the session has moved, or must be looked at again. */
void session_dirty(struct chat *chat, struct session *session);
/* The one whose cursors wait longest to be written, NULL: none; and that they have been. */
struct session *sessions_dirty(struct chat *chat);
void session_written(struct chat *chat, struct session *session);

/* From its AUTH on the broker re-sends to a kept session what was in flight, before any other event (but the
 * end of the connection it takes over). This one has just come (NULL: one that has nothing in flight); is it
 * this one; it was, for there is another event. */
void session_connects(struct chat *chat, const struct session *session);
bool session_connecting(const struct chat *chat, const struct session *session);
void sessions_connected(struct chat *chat);

/* Has forceOffline been flushed to it? */
bool session_told(const struct chat *chat, const struct session *session);
/* A copy of the stored message `id` (or its item of chat/feed: -id) has been queued for this client, outside TICK. */
void session_note_stray(struct chat *chat, struct session *session, int64_t id);

#endif

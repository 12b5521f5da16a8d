/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/presence.h"

#include <stdint.h>
#include <stdlib.h>
#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"

#define TELL_A_TURN  200
#define TELL_AT_ONCE 100 /* of one user's watchers, before the next user's turn */
#define PAUSE_MS     1000

/* One session watches one user. */
struct watch {
    struct session *session;
    struct watched *watched;
    enum user_status told;                     /* what the session knows */
    struct watch *prev, *next;                 /* watched->watches */
    struct watch *session_prev, *session_next; /* session->presence.watches */
};

/* While anybody watches him. */
struct watched {
    struct user *user;
    struct watch *watches;
    struct watch *to_tell; /* in presence_turns.ready: who is told next */
    int64_t changed;       /* when his status last changed */
    int64_t due;           /* in presence_turns.paused: the end of the pause */
    enum { IDLE, READY, PAUSED } state;
    bool again; /* something has changed since his watchers' turn began, or in the pause after it */
    struct watched *prev, *next; /* presence_turns.ready or .paused */
};

/* Watched users whose watchers are being told, and those who have just been: not again before their second is
 * over. */
struct presence_turns {
    struct watched *ready, *paused;
};

int presence_open(struct chat *chat)
{
    chat->presence = calloc(1, sizeof *chat->presence);
    return chat->presence ? 0 : -1;
}

void presence_close(struct chat *chat)
{
    free(chat->presence);
    chat->presence = NULL;
}

const char *presence_name(enum user_status status)
{
    static const char *const names[] = {
        [STATUS_OFFLINE] = "offline", [STATUS_BACKGROUND] = "background", [STATUS_ONLINE] = "online"};
    return names[status];
}

enum user_status presence_status(const struct user *user)
{
    const struct session *session;
    DL_FOREACH2 (user->sessions, session, user_next)
        if (!session->presence.background)
            return STATUS_ONLINE;
    return user->sessions ? STATUS_BACKGROUND : STATUS_OFFLINE;
}

/* Turns */

static void leave_turns(struct chat *chat, struct watched *watched)
{
    if (watched->state == READY)
        DL_DELETE(chat->presence->ready, watched);
    else if (watched->state == PAUSED)
        DL_DELETE(chat->presence->paused, watched);
    watched->state = IDLE;
}

static void begin_turn(struct chat *chat, struct watched *watched)
{
    leave_turns(chat, watched);
    watched->state = READY;
    watched->again = false;
    watched->to_tell = watched->watches;
    DL_APPEND(chat->presence->ready, watched);
}

static void begin_pause(struct chat *chat, struct watched *watched)
{
    leave_turns(chat, watched);
    watched->state = PAUSED;
    watched->due = chat->steady + PAUSE_MS;
    DL_APPEND(chat->presence->paused, watched);
}

void presence_changed(struct chat *chat, struct user *user)
{
    struct watched *watched = user->watched;
    if (!watched)
        return;
    watched->changed = chat->now;
    if (watched->state == IDLE)
        begin_turn(chat, watched);
    else
        watched->again = true;
}

/* Watching */

static struct watched *watched_of(struct user *user)
{
    if (!user->watched && (user->watched = calloc(1, sizeof *user->watched)))
        user->watched->user = user;
    return user->watched;
}

static void forget_unwatched(struct chat *chat, struct watched *watched)
{
    if (watched->watches)
        return;
    leave_turns(chat, watched);
    watched->user->watched = NULL;
    free(watched);
}

static struct watch *find(const struct session *session, const struct user *user)
{
    struct watch *watch;
    DL_FOREACH2 (session->presence.watches, watch, session_next)
        if (watch->watched == user->watched)
            return watch;
    return NULL;
}

bool presence_watches(const struct session *session, const struct user *user)
{
    return user->watched && find(session, user);
}

bool presence_watch(struct chat *chat, struct session *session, struct user *user)
{
    if (presence_watches(session, user))
        return true;
    struct watched *watched = watched_of(user);
    struct watch *watch = watched ? calloc(1, sizeof *watch) : NULL;
    if (!watch) {
        if (watched)
            forget_unwatched(chat, watched);
        return false;
    }
    watch->session = session;
    watch->watched = watched;
    watch->told = presence_status(user);
    DL_APPEND(watched->watches, watch);
    DL_APPEND2(session->presence.watches, watch, session_prev, session_next);
    session->presence.watching++;
    return true;
}

static void end_watch(struct chat *chat, struct watch *watch)
{
    struct watched *watched = watch->watched;
    struct session *session = watch->session;
    if (watched->to_tell == watch)
        watched->to_tell = watch->next;
    DL_DELETE(watched->watches, watch);
    DL_DELETE2(session->presence.watches, watch, session_prev, session_next);
    session->presence.watching--;
    free(watch);
    forget_unwatched(chat, watched);
}

void presence_unwatch(struct chat *chat, struct session *session, const struct user *user)
{
    struct watch *watch = user->watched ? find(session, user) : NULL;
    if (watch)
        end_watch(chat, watch);
}

void presence_unwatch_all(struct chat *chat, struct session *session)
{
    while (session->presence.watches)
        end_watch(chat, session->presence.watches);
}

/* Telling */

static void tell(struct watch *watch, enum user_status status)
{
    const struct watched *watched = watch->watched;
    if (watch->told == status)
        return;
    watch->told = status;
    event_status(watch->session, watched->user, presence_name(status), watched->changed);
}

/* Some of the watchers of the user whose turn it is; how many. */
static int tell_some(struct chat *chat, struct watched *watched, int most)
{
    enum user_status status = presence_status(watched->user);
    int told = 0;
    while (watched->to_tell && told < most) {
        struct watch *watch = watched->to_tell;
        watched->to_tell = watch->next;
        tell(watch, status);
        told++;
    }
    if (!watched->to_tell) {
        begin_pause(chat, watched);
        return told;
    }
    DL_DELETE(chat->presence->ready, watched); /* the others first */
    DL_APPEND(chat->presence->ready, watched);
    return told;
}

/* They are in the order of their ends. */
static void end_pauses(struct chat *chat)
{
    struct watched *watched;
    for (int i = 0; i < TELL_A_TURN && (watched = chat->presence->paused); i++) {
        if (watched->due > chat->steady)
            return;
        leave_turns(chat, watched);
        if (watched->again)
            begin_turn(chat, watched);
    }
}

bool presence_tick(struct chat *chat)
{
    int left = TELL_A_TURN;
    end_pauses(chat);
    while (left > 0 && chat->presence->ready) {
        int told = tell_some(chat, chat->presence->ready, left < TELL_AT_ONCE ? left : TELL_AT_ONCE);
        left -= told > 0 ? told : 1; /* all who were to be told may have gone */
    }
    return chat->presence->ready != NULL;
}

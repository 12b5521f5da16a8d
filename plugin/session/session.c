/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/session.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/people/user.h"

struct sessions {
    struct session *by_client, *by_id;
    struct session *all;
    struct session *dirty; /* oldest first */
    struct session *fresh, *closing;
    const struct session *connecting;
    int count;
};

int sessions_open(struct chat *chat)
{
    chat->sessions = calloc(1, sizeof *chat->sessions);
    return chat->sessions ? 0 : -1;
}

void sessions_close(struct chat *chat)
{
    free(chat->sessions);
    chat->sessions = NULL;
}

struct session *sessions_first(struct chat *chat)
{
    return chat->sessions->all;
}

int sessions_count(struct chat *chat)
{
    return chat->sessions->count;
}

int sessions_user_count(struct chat *chat)
{
    const struct session *session;
    int count = 0;
    DL_FOREACH (chat->sessions->all, session)
        count += session->user->sessions == session;
    return count;
}

struct session *session_find(struct chat *chat, const struct mosquitto *client)
{
    struct session *session;
    HASH_FIND_NUMBER(hh, chat->sessions->by_client, client, session);
    return session;
}

struct session *session_by_client_id(struct chat *chat, const char *client_id)
{
    struct session *session;
    HASH_FIND(hh_id, chat->sessions->by_id, client_id, strlen(client_id), session);
    return session;
}

void session_connects(struct chat *chat, const struct session *session)
{
    chat->sessions->connecting = session;
}

bool session_connecting(const struct chat *chat, const struct session *session)
{
    return chat->sessions->connecting == session;
}

void sessions_connected(struct chat *chat)
{
    chat->sessions->connecting = NULL;
}

void session_note_stray(struct chat *chat, struct session *session, int64_t id)
{
    if (session->strays.tick != chat->tick)
        session->strays.ids.count = 0;
    session->strays.tick = chat->tick;
    ids_add(&session->strays.ids, id);
}

/* Flushed as queued copies are (cursor.c): in the last turn of 2.0 it never is. */
bool session_told(const struct chat *chat, const struct session *session)
{
    uint64_t told = session->closing.told_at;
    return told != 0 && (told < chat->tick || (told == chat->tick && !chat->unflushed));
}

/* States */

/* The list that mirrors a state. */
static struct session **list_of(struct sessions *all, enum session_state state)
{
    if (state == SESSION_FRESH || state == SESSION_FRESH_CLOSING)
        return &all->fresh;
    return state == SESSION_CLOSING ? &all->closing : NULL;
}

void session_change_state(struct chat *chat, struct session *session, enum session_state state)
{
    struct session **from = list_of(chat->sessions, session->state);
    struct session **to = list_of(chat->sessions, state);
    session->state = state;
    if (from == to)
        return;
    if (from)
        DL_DELETE2(*from, session, state_prev, state_next);
    if (to)
        DL_APPEND2(*to, session, state_prev, state_next);
}

struct session *sessions_fresh(const struct chat *chat)
{
    return chat->sessions->fresh;
}

struct session *sessions_closing(const struct chat *chat)
{
    return chat->sessions->closing;
}

/* Coming and going */

void session_free(struct session *session)
{
    ids_clear(&session->delivery.in_flight);
    ids_clear(&session->strays.ids);
    free(session->login.farewell);
    free(session->client_id);
    free(session);
}

bool session_enlist(struct chat *chat, struct session *session)
{
    struct sessions *all = chat->sessions;
    struct session *older = session_by_client_id(chat, session->client_id);
    HASH_ADD_NUMBER(hh, all->by_client, client, session);
    if (!session->hh.tbl)
        return false;
    HASH_ADD_KEYPTR(hh_id, all->by_id, session->client_id, strlen(session->client_id), session);
    if (!session->hh_id.tbl) {
        HASH_DELETE(hh, all->by_client, session);
        return false;
    }
    if (older) {
        older->taken_over = true;
        session->provable = false; /* what is queued for the older one comes to this one */
        HASH_DELETE(hh_id, all->by_id, older);
    }
    session_change_state(chat, session, SESSION_FRESH);
    DL_APPEND(all->all, session);
    DL_APPEND2(session->user->sessions, session, user_prev, user_next);
    all->count++;
    return true;
}

/* A login that fails after AUTH took nothing over: the connection before it goes on with the client id. */
static void reinstate(struct chat *chat, const struct session *gone)
{
    struct session *session;
    DL_FOREACH2 (gone->user->sessions, session, user_next) {
        if (strcmp(session->client_id, gone->client_id) != 0)
            continue;
        HASH_ADD_KEYPTR(hh_id, chat->sessions->by_id, session->client_id, strlen(session->client_id),
                        session);
        session->provable = false;
        session->taken_over = !session->hh_id.tbl; /* out of memory: it writes nothing any more */
        return;
    }
}

void session_delist(struct chat *chat, struct session *session)
{
    struct sessions *all = chat->sessions;
    if (all->connecting == session)
        all->connecting = NULL;
    HASH_DELETE(hh, all->by_client, session);
    session_change_state(chat, session, SESSION_ABSENT);
    DL_DELETE(all->all, session);
    DL_DELETE2(session->user->sessions, session, user_prev, user_next);
    session->user->used = chat->era;
    all->count--;
    if (session_by_client_id(chat, session->client_id) == session) {
        HASH_DELETE(hh_id, all->by_id, session);
        reinstate(chat, session);
    }
    if (session->dirty.since != 0)
        DL_DELETE2(all->dirty, session, dirty.prev, dirty.next);
}

/* Cursors */

void session_dirty(struct chat *chat, struct session *session)
{
    if (session->dirty.since != 0)
        return;
    session->dirty.since = chat->steady;
    DL_APPEND2(chat->sessions->dirty, session, dirty.prev, dirty.next);
}

struct session *sessions_dirty(struct chat *chat)
{
    return chat->sessions->dirty;
}

void session_written(struct chat *chat, struct session *session)
{
    session->dirty.since = 0;
    DL_DELETE2(chat->sessions->dirty, session, dirty.prev, dirty.next);
}

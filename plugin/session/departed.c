/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/departed.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "plugin/session/cursor.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

struct departures {
    struct departed *by_id;
    struct departed *oldest; /* utlist DL */
};

int departed_open(struct chat *chat)
{
    chat->departures = calloc(1, sizeof *chat->departures);
    return chat->departures ? 0 : -1;
}

static void destroy(struct departed *departed)
{
    ids_clear(&departed->strays.ids);
    free(departed->filters);
    free(departed->client_id);
    free(departed);
}

static void forget(struct chat *chat, struct departed *departed)
{
    HASH_DEL(chat->departures->by_id, departed);
    DL_DELETE(chat->departures->oldest, departed);
    destroy(departed);
}

static bool knows(const struct departed *departed, const char *topic)
{
    for (size_t i = 0; i < departed->count; i++)
        if (strcmp(departed->filters[i].topic, topic) == 0)
            return true;
    return false;
}

static void copy_filter(struct departed *departed, struct chat *chat, struct subscription *subscription,
                        bool ended)
{
    struct departed_filter *filter = &departed->filters[departed->count];
    if (subscription->kind == SUBSCRIPTION_LIVE)
        return;
    subscription_topic(filter->topic, subscription->kind, subscription->conversation);
    if (ended && knows(departed, filter->topic))
        return; /* unsubscribed, and subscribed again */
    filter->qos = subscription->qos;
    filter->ended = ended;
    filter->cursor = subscription_cursor(chat, subscription);
    departed->count++;
}

static void copy_filters(struct departed *departed, struct chat *chat, const struct session *session)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        copy_filter(departed, chat, subscription, false);
    DL_FOREACH (session->ended, subscription)
        copy_filter(departed, chat, subscription, true);
}

/* What the session before knew, and the store perhaps not yet. */
static void copy_earlier(struct departed *departed, const struct departed *earlier)
{
    for (size_t i = 0; i < earlier->count; i++) {
        if (knows(departed, earlier->filters[i].topic))
            continue;
        departed->filters[departed->count] = earlier->filters[i];
        departed->filters[departed->count++].ended = true;
    }
}

static size_t count_filters(const struct session *session)
{
    const struct subscription *subscription;
    size_t active, ended;
    DL_COUNT(session->subscriptions, subscription, active);
    DL_COUNT(session->ended, subscription, ended);
    return active + ended;
}

static struct departed *create(const struct session *session, size_t filters)
{
    struct departed *departed = calloc(1, sizeof *departed);
    if (!departed)
        return NULL;
    departed->client_id = strdup(session->client_id);
    departed->filters = calloc(filters + 1, sizeof *departed->filters);
    if (departed->client_id && departed->filters)
        return departed;
    free(departed->client_id);
    free(departed->filters);
    free(departed);
    return NULL;
}

void departed_add(struct chat *chat, struct session *session, uint64_t mark)
{
    struct departed *earlier = (struct departed *)departed_find(chat, session->client_id);
    bool unsettled = session_fresh(session) || session->login.farewell;
    bool same_user = earlier && strcmp(earlier->user, session->user->id) == 0;
    if (same_user && earlier->settled && unsettled) {
        /* The one before knows all that this one did, and its filters. */
        earlier->mark = earlier->mark == 0 ? 0 : mark;
        earlier->left = chat->tick;
        DL_DELETE(chat->departures->oldest, earlier);
        DL_APPEND(chat->departures->oldest, earlier);
        return;
    }
    struct departed *departed = create(session, count_filters(session) + (same_user ? earlier->count : 0));
    if (departed) {
        text_copy(departed->user, sizeof departed->user, session->user->id);
        departed->acks = session->device.acks;
        departed->has_token = session->device.has_token;
        departed->settled = !unsettled;
        departed->left = chat->tick;
        departed->strays = session->strays;
        session->strays = (struct strays){0};
        departed->mark = mark;
        copy_filters(departed, chat, session);
        if (same_user)
            copy_earlier(departed, earlier);
    }
    if (earlier)
        forget(chat, earlier);
    if (!departed)
        return;
    HASH_ADD_KEYPTR(hh, chat->departures->by_id, departed->client_id, strlen(departed->client_id), departed);
    if (departed->hh.tbl)
        DL_APPEND(chat->departures->oldest, departed);
    else
        destroy(departed);
}

const struct departed *departed_find(struct chat *chat, const char *client_id)
{
    struct departed *departed;
    HASH_FIND_STR(chat->departures->by_id, client_id, departed);
    return departed;
}

int64_t departed_cursor(struct chat *chat, const char *user, const char *client_id, const char *topic)
{
    const struct departed *departed;
    int64_t furthest = -1;
    DL_FOREACH (chat->departures->oldest, departed) {
        if (strcmp(departed->user, user) != 0 || strcmp(departed->client_id, client_id) == 0)
            continue;
        for (size_t i = 0; i < departed->count; i++) {
            const struct departed_filter *filter = &departed->filters[i];
            if ((strcmp(filter->topic, topic) == 0 || strcmp(filter->topic, "feed") == 0) &&
                filter->cursor > furthest)
                furthest = filter->cursor;
        }
    }
    return furthest;
}

void departed_token_lost(struct chat *chat, const char *client_id)
{
    struct departed *departed = (struct departed *)departed_find(chat, client_id);
    if (departed)
        departed->has_token = false;
}

void departed_tokens_lost(struct chat *chat, const char *user)
{
    struct departed *departed;
    DL_FOREACH (chat->departures->oldest, departed)
        if (strcmp(departed->user, user) == 0)
            departed->has_token = false;
}

static bool write_late(struct chat *chat, struct departed *departed)
{
    if (!store_begin_session(chat->store, departed->count * CURSOR_BYTES, false))
        return false;
    for (size_t i = 0; i < departed->count; i++)
        store_put(chat->store, W_SUBSCRIPTION_CURSOR, "tti", departed->client_id, departed->filters[i].topic,
                  departed->filters[i].cursor);
    if (!session_by_client_id(chat, departed->client_id))
        store_put(chat->store, W_DEVICE_OFFLINE, "ti", departed->client_id, chat->now);
    departed->mark = store_commit(chat->store);
    return true;
}

bool departed_tick(struct chat *chat)
{
    struct departed *departed;
    while ((departed = chat->departures->oldest)) {
        if (departed->mark == 0 && !write_late(chat, departed))
            break;
        if (!store_has(chat->store, departed->mark))
            break;
        forget(chat, departed);
    }
    return false;
}

void departed_close(struct chat *chat)
{
    while (chat->departures && chat->departures->oldest)
        forget(chat, chat->departures->oldest);
    free(chat->departures);
    chat->departures = NULL;
}

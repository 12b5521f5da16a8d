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
    struct departed *written, *late; /* utlist DL, the oldest first */
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

static struct departed **list_of(struct departures *departures, const struct departed *departed)
{
    return departed->mark == 0 ? &departures->late : &departures->written;
}

static void append(struct departures *departures, struct departed *departed, uint64_t mark)
{
    departed->mark = mark;
    struct departed **list = list_of(departures, departed);
    DL_APPEND(*list, departed);
}

static void take(struct departures *departures, struct departed *departed)
{
    struct departed **list = list_of(departures, departed);
    DL_DELETE(*list, departed);
}

static void forget(struct chat *chat, struct departed *departed)
{
    HASH_DEL(chat->departures->by_id, departed);
    take(chat->departures, departed);
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
    filter->asked = subscription->asked;
    filter->identifier = subscription->identifier;
    filter->ended = ended;
    filter->cursor = subscription_cursor(chat, subscription);
    filter->doubtful = subscription_doubtful_after(chat, subscription);
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

static bool is_unsettled(const struct session *session)
{
    return session_fresh(session) || session->login.farewell;
}

/* NULL: out of memory. */
static struct departed *create_full(struct chat *chat, struct session *session,
                                    const struct departed *earlier)
{
    struct departed *departed = create(session, count_filters(session) + (earlier ? earlier->count : 0));
    if (!departed)
        return NULL;
    text_copy(departed->user, sizeof departed->user, session->user->id);
    departed->platform = session->platform;
    departed->acks = session->device.acks;
    departed->has_token = session->device.has_token;
    departed->settled = !is_unsettled(session);
    departed->strays = session->strays;
    session->strays = (struct strays){0};
    copy_filters(departed, chat, session);
    if (earlier)
        copy_earlier(departed, earlier);
    return departed;
}

static void insert(struct chat *chat, struct departed *departed, uint64_t mark)
{
    HASH_ADD_KEYPTR(hh, chat->departures->by_id, departed->client_id, strlen(departed->client_id), departed);
    if (departed->hh.tbl)
        append(chat->departures, departed, mark);
    else
        destroy(departed);
}

/* Of one that was late and came back nothing has been written: it stays late, with what it owes. */
static struct ending merge_endings(const struct departed *earlier, const struct ending *ending)
{
    struct ending merged = *ending;
    if (earlier && earlier->mark == 0 && earlier->ending.after < merged.after)
        merged.after = earlier->ending.after;
    return merged;
}

void departed_add(struct chat *chat, struct session *session, const struct ending *ending, uint64_t mark)
{
    struct departed *found = (struct departed *)departed_find(chat, session->client_id);
    struct departed *earlier = found && strcmp(found->user, session->user->id) == 0 ? found : NULL;
    const struct ending merged = merge_endings(earlier, ending);
    /* Of one that came before its filters, the one before knows all that it did, and these. */
    bool keep = earlier && earlier->settled && is_unsettled(session);
    struct departed *departed = keep ? earlier : create_full(chat, session, earlier);
    if (earlier && earlier->mark == 0)
        mark = 0;
    if (keep)
        take(chat->departures, earlier);
    else if (found)
        forget(chat, found);
    if (!departed)
        return;
    departed->ending = merged;
    departed->left = chat->tick;
    if (keep)
        append(chat->departures, departed, mark);
    else
        insert(chat, departed, mark);
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
    for (departed = chat->departures->by_id; departed; departed = departed->hh.next) {
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
    for (departed = chat->departures->by_id; departed; departed = departed->hh.next)
        if (strcmp(departed->user, user) == 0)
            departed->has_token = false;
}

struct departed *departed_late(struct chat *chat)
{
    return chat->departures->late;
}

void departed_written(struct chat *chat, struct departed *departed, uint64_t mark)
{
    take(chat->departures, departed);
    append(chat->departures, departed, mark);
}

bool departed_tick(struct chat *chat)
{
    struct departed *departed;
    while ((departed = chat->departures->written) && store_has(chat->store, departed->mark))
        forget(chat, departed);
    return false;
}

void departed_close(struct chat *chat)
{
    while (chat->departures && chat->departures->by_id)
        forget(chat, chat->departures->by_id);
    free(chat->departures);
    chat->departures = NULL;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where a new subscription begins: see cursor.h. */
#include "plugin/people/member.h"
#include "plugin/session/cursor.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/departed.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

struct stored {
    bool known;
    int64_t cursor;
};

/* On one device an inbox after a feed starts at the higher of the two. */
static void consider(struct stored *stored, const char *name, const char *topic, int64_t cursor)
{
    const char *group;
    const bool covered = subscription_of_topic(topic, &group) != SUBSCRIPTION_EVERYTHING;
    if (strcmp(name, topic) != 0 && !(covered && strcmp(name, "feed") == 0))
        return;
    stored->known = true;
    stored->cursor = larger(stored->cursor, cursor);
}

static bool departed_knows(const struct departed *departed, const char *topic)
{
    for (size_t i = 0; departed && i < departed->count; i++)
        if (strcmp(departed->filters[i].topic, topic) == 0)
            return true;
    return false;
}

/* What the last session had counts even where it is lower: cursors go back too (subscriptions_rewind). */
static struct stored stored_cursor(struct chat *chat, const struct session *session, const char *topic)
{
    struct stored stored = {0};
    if (session->login.past == ID_INHERITED)
        return stored;
    const struct departed *departed = departed_find(chat, session->client_id);
    for (size_t i = 0; departed && i < departed->count; i++)
        consider(&stored, departed->filters[i].topic, topic, departed->filters[i].cursor);
    sqlite3_stmt *row = store_read(chat->store, R_SUBSCRIPTIONS);
    sqlite3_bind_text(row, 1, session->client_id, -1, SQLITE_STATIC);
    while (store_row(chat->store, row))
        if (!departed_knows(departed, store_text(row, 0)))
            consider(&stored, store_text(row, 0), topic, sqlite3_column_int64(row, 3));
    store_done(row);
    return stored;
}

static bool covers(const struct subscription *wide, const struct subscription *narrow)
{
    return (wide->kind == SUBSCRIPTION_FEED && narrow->kind != SUBSCRIPTION_EVERYTHING) ||
           (wide->kind == narrow->kind && wide->conversation == narrow->conversation);
}

/* Where a session is with what this subscription is about, by those it has and those it has ended; -1:
 * nowhere. */
static int64_t furthest_of(struct chat *chat, const struct session *session,
                           const struct subscription *subscription)
{
    struct subscription *theirs;
    int64_t furthest = -1;
    DL_FOREACH (session->subscriptions, theirs)
        if (covers(theirs, subscription))
            furthest = larger(furthest, subscription_cursor(chat, theirs));
    DL_FOREACH (session->ended, theirs)
        if (covers(theirs, subscription))
            furthest = larger(furthest, subscription_cursor(chat, theirs));
    return furthest;
}

/* The furthest another device of this user is: connected ones from memory, of the rest a hundred at most from the
 * store. -1: there is none. */
static int64_t cursor_of_others(struct chat *chat, const struct subscription *subscription, const char *topic)
{
    const struct session *session = subscription->session, *other;
    int64_t furthest = -1;
    sqlite3_stmt *row = store_read(chat->store, R_CURSOR_OF_OTHERS);
    sqlite3_bind_text(row, 1, session->user->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, session->client_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, topic, -1, SQLITE_STATIC);
    if (store_row(chat->store, row) && sqlite3_column_type(row, 0) != SQLITE_NULL)
        furthest = sqlite3_column_int64(row, 0);
    store_done(row);
    furthest = larger(furthest, departed_cursor(chat, session->user->id, session->client_id, topic));
    DL_FOREACH2 (session->user->sessions, other, user_next) {
        if (other == session || strcmp(other->client_id, session->client_id) == 0)
            continue;
        furthest = larger(furthest, furthest_of(chat, other, subscription));
    }
    return furthest;
}

/* A young cursor may not be in the store yet: the session that this one takes over still has it. */
static int64_t cursor_of_predecessor(struct chat *chat, const struct subscription *subscription)
{
    const struct session *session = subscription->session, *other;
    int64_t furthest = -1;
    DL_FOREACH2 (session->user->sessions, other, user_next) {
        if (other == session || strcmp(other->client_id, session->client_id) != 0)
            continue;
        furthest = larger(furthest, furthest_of(chat, other, subscription));
    }
    return furthest;
}

int64_t subscriptions_had(struct chat *chat, const struct session *session,
                          const struct conversation *conversation)
{
    enum subscription_kind kind = conversation->group ? SUBSCRIPTION_GROUP : SUBSCRIPTION_INBOX;
    struct subscription *narrow = subscription_named(session, conversation);
    int64_t had = narrow ? subscription_given(chat, narrow) : 0;
    DL_FOREACH (session->ended, narrow)
        if (narrow->kind == kind && (!narrow->conversation || narrow->conversation == conversation))
            had = larger(had, subscription_given(chat, narrow));
    return had;
}

/* Where this very connection is with it already, by this filter or by the feed; -1: it is new. */
struct had {
    int64_t sure, given;
};

static void had_by(struct chat *chat, struct subscription *earlier, struct had *had)
{
    had->sure = larger(had->sure, subscription_sure(chat, earlier));
    had->given = larger(had->given, subscription_given(chat, earlier));
}

static struct had had_on_connection(struct chat *chat, const struct subscription *subscription)
{
    const struct session *session = subscription->session;
    struct subscription *earlier;
    struct had had = {-1, -1};
    DL_FOREACH (session->ended, earlier)
        if (covers(earlier, subscription))
            had_by(chat, earlier, &had);
    if (session->feed && subscription != session->feed && covers(session->feed, subscription))
        had_by(chat, session->feed, &had);
    return had;
}

/* A feed that has waited (delivery/feed_later.h) has been asked for a while ago: what another device has had since then
 * comes to this one, too. By what the session has been told of deletions, which is from its login on, that is certain. */
static int64_t start_by_others(struct chat *chat, const struct subscription *subscription, const char *topic)
{
    const int64_t start = larger(cursor_of_others(chat, subscription, topic), 0);
    const bool waited = subscription->kind == SUBSCRIPTION_FEED && subscription->session->feed_waits;
    return waited ? smaller(start, subscription->session->replay.untold) : start;
}

static int64_t first_cursor(struct chat *chat, struct subscription *subscription, const char *topic,
                            int64_t had)
{
    struct session *session = subscription->session;
    struct stored stored = stored_cursor(chat, session, topic);
    int64_t start = larger(stored.known ? stored.cursor : -1, cursor_of_predecessor(chat, subscription));
    start = larger(start, had);
    if (subscription->kind == SUBSCRIPTION_EVERYTHING)
        return start < 0 ? store_last_id(chat->store) : start;
    subscription->returning = start >= 0;
    if (start < 0)
        start = start_by_others(chat, subscription, topic);
    if (session->held.edited > 0)
        start = smaller(start, session->held.edited - 1);
    if (subscription->conversation) {
        const struct member *member = member_find(chat, subscription->conversation, session->user->id);
        if (member)
            start = larger(start, member->joined_id);
    }
    return start;
}

/* What this connection has been given already by an earlier subscription is in doubt as that was. */
static void inherit_doubt(struct chat *chat, struct subscription *subscription, int64_t sure)
{
    subscription->moved_count = subscription->session->handover.count - 1;
    subscription->moved_time = chat->steady;
    subscription->trails = calloc(1, sizeof *subscription->trails);
    if (subscription->trails) {
        trail_note(&subscription->trails->by_count, 0, 0, -1, sure);
        trail_note(&subscription->trails->by_time, 0, 0, -1, sure);
    }
    session_dirty(chat, subscription->session);
}

void cursor_begin(struct chat *chat, struct subscription *subscription, const char *topic)
{
    const struct had had = had_on_connection(chat, subscription);
    int64_t start = first_cursor(chat, subscription, topic, had.sure);
    subscription->begun = subscription->cursor = subscription->acked = start;
    subscription->handed = subscription->queued = larger(start, had.given);
    if (subscription->handed > start)
        inherit_doubt(chat, subscription, start);
}

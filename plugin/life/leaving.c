/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/leaving.h"

#include <string.h>
#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/review.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/life/closing.h"
#include "plugin/life/news.h"
#include "plugin/life/presence.h"
#include "plugin/people/user.h"
#include "plugin/push/push.h"
#include "plugin/push/push_put.h"
#include "plugin/push/push_token.h"
#include "plugin/session/backlog.h"
#include "plugin/session/cursor.h"
#include "plugin/session/departed.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define LATE_BYTES  ((size_t)64 << 10) /* of a frame that has the ends of several */
#define LATE_FRAMES 4                  /* in a turn */

/* A device is away when its last session is: after a takeover the newer one goes on with the same client id, and
 * the older one where the newer has not come to anything. NULL: it is away. */
static struct session *survivor(const struct session *gone)
{
    struct session *session;
    DL_FOREACH2 (gone->user->sessions, session, user_next)
        if (session != gone && strcmp(session->client_id, gone->client_id) == 0)
            return session;
    return NULL;
}

/* In the open frame, where its cursors are those of before the doubt: the device is away. `user` may be NULL: it cannot be read. */
static void put_away(struct chat *chat, struct user *user, const char *client_id, enum platform platform,
                     const struct ending *ending)
{
    store_put(chat->store, W_DEVICE_OFFLINE, "ti", client_id, ending->at);
    if (ending->expired)
        push_put_token_lost(chat, client_id);
    else
        push_put_handed(chat, client_id, ending->after);
    if (user && ending->told)
        device_told(chat, user, client_id, platform);
}

static void write_end(struct chat *chat, struct session *session, bool lost)
{
    struct ending ending = {.at = chat->now,
                            .after = subscriptions_doubtful_after(chat, session),
                            .expired = session->closing.expired,
                            .told = session->device.untold && session_told(chat, session)};
    subscriptions_rewind(chat, session, session->clean && (lost || session->taken_over));
    if (!store_begin_session(chat->store, 2 * subscriptions_frame_bytes(session), false)) {
        ending.after = smaller(ending.after, store_last_id(chat->store));
        departed_add(chat, session, &ending, 0);
        return;
    }
    if (!survivor(session)) {
        subscriptions_put_doubtful(chat, session);
        put_away(chat, session->user, session->client_id, session->platform, &ending);
    }
    subscriptions_put_cursors(chat, session);
    departed_add(chat, session, &ending, store_commit(chat->store));
}

/* A takeover: the new connection is there already. */
static void leave_strays(struct chat *chat, const struct session *session)
{
    struct session *other = survivor(session);
    if (other && session->strays.tick == chat->tick)
        ids_add_all(&other->delivery.in_flight, &session->strays.ids);
}

void session_end(struct chat *chat, const struct mosquitto *client, bool lost)
{
    struct session *session = session_find(chat, client);
    if (!session)
        return;
    if (session->push.worker)
        push_worker_remove(chat, session);
    reviewer_remove(chat, session);
    leave_strays(chat, session);
    write_end(chat, session, lost);
    subscriptions_end(chat, session, lost);
    presence_unwatch_all(chat, session);
    news_end(chat, session, !survivor(session), lost);
    session_delist(chat, session);
    backlog_end(chat, session);
    expiry_unwatch(chat, session);
    presence_changed(chat, session->user);
    if (session->device.has_token)
        push_user_changed(chat, session->user);
    session_free(session);
}

/* Late ends */

static size_t late_bytes(const struct departed *departed)
{
    return (2 * departed->count + 3) * CURSOR_BYTES;
}

/* The session that has come back since has written where it is itself. */
static bool has_written(const struct session *session, const char *topic)
{
    return session && subscriptions_have(session, topic);
}

/* In the open frame. */
static void put_late_cursors(struct chat *chat, const struct departed *departed, const struct session *back)
{
    for (size_t i = 0; i < departed->count; i++)
        if (!has_written(back, departed->filters[i].topic))
            store_put(chat->store, W_SUBSCRIPTION_CURSOR, "tti", departed->client_id,
                      departed->filters[i].topic, departed->filters[i].cursor);
}

static void put_late_doubts(struct chat *chat, const struct departed *departed)
{
    for (size_t i = 0; i < departed->count; i++)
        if (!departed->filters[i].ended)
            store_put(chat->store, W_SUBSCRIPTION_CURSOR, "tti", departed->client_id,
                      departed->filters[i].topic, departed->filters[i].doubtful);
}

/* In the open frame. What has come since its end made no job for a device that counted as connected: the device's
 * conversations may want one again. */
static void put_late(struct chat *chat, const struct departed *departed)
{
    const struct session *back = session_by_client_id(chat, departed->client_id);
    if (!back) {
        struct user *user = user_find_any(chat, departed->user);
        put_late_doubts(chat, departed);
        put_away(chat, user, departed->client_id, departed->platform, &departed->ending);
        if (user && departed->has_token)
            push_user_changed(chat, user);
    }
    put_late_cursors(chat, departed, back);
}

/* As many as fit into one frame; false: none is left, or the ring is full still. */
static bool write_late(struct chat *chat)
{
    struct departed *departed;
    size_t bytes = 0, count = 0;
    DL_FOREACH (departed_late(chat), departed) {
        if (count > 0 && bytes + late_bytes(departed) > LATE_BYTES)
            break;
        bytes += late_bytes(departed);
        count++;
    }
    if (count == 0 || !store_begin_session(chat->store, bytes, false))
        return false;
    const uint64_t mark = store_mark(chat->store);
    while (count-- > 0) {
        departed = departed_late(chat);
        put_late(chat, departed);
        departed_written(chat, departed, mark);
    }
    store_commit(chat->store);
    return true;
}

bool leaving_tick(struct chat *chat)
{
    for (int i = 0; i < LATE_FRAMES && write_late(chat); i++)
        ;
    return false;
}

void sessions_end(struct chat *chat)
{
    struct session *session;
    while (chat->sessions && (session = sessions_first(chat)))
        session_end(chat, session->client, false);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/leaving.h"

#include "plugin/core/chat.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/life/closing.h"
#include "plugin/life/presence.h"
#include "plugin/push/push.h"
#include "plugin/push/push_put.h"
#include "plugin/session/cursor.h"
#include "plugin/session/departed.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* A device is away when its last session is: after a takeover the new one goes on with the same client id. */
static bool goes_on(struct chat *chat, const struct session *session)
{
    const struct session *newest = session_by_client_id(chat, session->client_id);
    return newest && newest != session;
}

static void write_end(struct chat *chat, struct session *session, bool lost)
{
    int64_t doubtful_after = subscriptions_doubtful_after(chat, session);
    if (session->clean && (lost || session->taken_over))
        subscriptions_rewind(chat, session);
    if (!store_begin_session(chat->store, subscriptions_frame_bytes(session), false)) {
        departed_add(chat, session, 0); /* the ring is full: written later */
        return;
    }
    subscriptions_put_cursors(chat, session);
    if (!goes_on(chat, session)) {
        store_put(chat->store, W_DEVICE_OFFLINE, "ti", session->client_id, chat->now);
        push_put_handed(chat, session, doubtful_after);
        if (session->device.untold && session_told(chat, session))
            device_told(chat, session);
    }
    departed_add(chat, session, store_commit(chat->store));
}

/* A takeover: the new connection is there already. */
static void leave_strays(struct chat *chat, const struct session *session)
{
    if (goes_on(chat, session) && session->strays.tick == chat->tick)
        ids_add_all(&session_by_client_id(chat, session->client_id)->delivery.in_flight,
                    &session->strays.ids);
}

void session_end(struct chat *chat, const struct mosquitto *client, bool lost)
{
    struct session *session = session_find(chat, client);
    if (!session)
        return;
    if (session->push.worker)
        push_worker_remove(chat, session);
    leave_strays(chat, session);
    write_end(chat, session, lost);
    subscriptions_end(chat, session);
    presence_unwatch_all(chat, session);
    session_delist(chat, session);
    expiry_unwatch(chat, session);
    presence_changed(chat, session->user);
    if (session->device.has_token)
        push_user_changed(chat, session->user);
    session_free(session);
}

void sessions_end(struct chat *chat)
{
    struct session *session;
    while (chat->sessions && (session = sessions_first(chat)))
        session_end(chat, session->client, false);
}

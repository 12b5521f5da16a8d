/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/closing.h"

#include <stdlib.h>
#include <utlist.h>

#include "lib/clock.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/life/news.h"
#include "plugin/people/user.h"
#include "plugin/push/push_token.h"
#include "plugin/session/rivals.h"
#include "schema/store.h"

/* Idle, 2.0 has ten turns a second: within two seconds 20,000 who expire at once are told. */
#define EXPIRED_A_TICK 1000
#define CLOSED_A_TICK  1000
/* What is flushed when the connection is closed has not been read: a client that writes at that moment, an
 * ack for instance, is told by its kernel that the connection is gone, and may never look at what has
 * come. */
#define GRACE_MS 500

int closing_open(struct chat *chat)
{
    chat->expiry = calloc(1, sizeof *chat->expiry);
    return chat->expiry ? 0 : -1;
}

void closing_close(struct chat *chat)
{
    if (chat->expiry)
        expiry_clear(chat->expiry);
    free(chat->expiry);
    chat->expiry = NULL;
}

/* Seen on 2.0.11 and 2.1.2: what was queued two ticks before a kick arrives before the close. */
void session_close_soon(struct chat *chat, struct session *session)
{
    if (session->state == SESSION_FRESH_CLOSING || session->state == SESSION_CLOSING)
        return;
    session->closing.at = chat->tick + 2;
    session->closing.after = chat->steady + GRACE_MS;
    session_change_state(chat, session, session_fresh(session) ? SESSION_FRESH_CLOSING : SESSION_CLOSING);
}

void session_force_offline(struct chat *chat, struct session *session, const struct displacement *why)
{
    event_force_offline(session, why);
    news_kicked(chat, session, why);
    if (why->reason == OFFLINE_OTHER_DEVICE)
        rivals_add(&session->user->rivals, session->client_id, clock_steady());
    if (session->closing.told_at == 0)
        session->closing.told_at = chat->tick + 1;
    session_close_soon(chat, session);
}

void sessions_force_offline(struct chat *chat, const struct user *user, enum offline_reason reason)
{
    const struct displacement why = {.reason = reason};
    struct session *session;
    DL_FOREACH2 (user->sessions, session, user_next) {
        session->closing.silenced = true;
        session_force_offline(chat, session, &why);
    }
}

/* Devices */

void device_lose_place(struct chat *chat, struct user *user, const struct device_entry *device,
                       const struct displacement *why)
{
    device_displace(chat, user, device, why);
    push_put_token_lost(chat, device->client_id);
}

void devices_lose_all(struct chat *chat, struct user *user)
{
    push_put_tokens_lost(chat, user);
    devices_end(chat, user);
}

/* userSigs */

static struct session *session_of(struct expiry_entry *entry)
{
    return (struct session *)((char *)entry - offsetof(struct session, closing.expiry));
}

bool expiry_watch(struct chat *chat, struct session *session, int64_t expires_seconds)
{
    return expiry_add(chat->expiry, &session->closing.expiry, expires_seconds);
}

void expiry_renew(struct chat *chat, struct session *session, int64_t expires_seconds)
{
    expiry_move(chat->expiry, &session->closing.expiry, expires_seconds);
}

/* The second `at` itself is still valid. */
static struct session *find_expired(struct chat *chat)
{
    struct expiry_entry *first = expiry_first(chat->expiry);
    return first && first->at < chat->now / 1000 ? session_of(first) : NULL;
}

static void tell_expired(struct chat *chat)
{
    struct session *session;
    for (int i = 0; i < EXPIRED_A_TICK && (session = find_expired(chat)); i++) {
        expiry_remove(chat->expiry, &session->closing.expiry);
        if (session_leaves(session))
            continue;
        event_sig_expired(session);
        news_closing(chat, session, "expired");
        session->closing.expired = store_believes_clock(chat->store);
        session_close_soon(chat, session);
    }
}

/* The close */

static struct session *find_due(const struct chat *chat)
{
    struct session *first = sessions_closing(chat);
    return first && first->closing.at <= chat->tick && first->closing.after <= chat->steady ? first : NULL;
}

static void close_due(struct chat *chat)
{
    struct session *session;
    for (int i = 0; i < CLOSED_A_TICK && (session = find_due(chat)); i++) {
        session_change_state(chat, session, SESSION_CLOSED);
        /* The broker closes by client id: one that has been taken over is closing already. */
        if (session_by_client_id(chat, session->client_id) == session)
            broker_kick(session->client_id);
    }
}

bool closing_tick(struct chat *chat)
{
    tell_expired(chat);
    close_due(chat);
    return find_due(chat) || find_expired(chat);
}

void expiry_unwatch(struct chat *chat, struct session *session)
{
    expiry_remove(chat->expiry, &session->closing.expiry);
}

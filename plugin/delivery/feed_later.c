/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/feed_later.h"

#include <stdlib.h>
#include <utlist.h>

#include "lib/clock.h"
#include "plugin/core/chat.h"
#include "plugin/session/session.h"

#define TURN_US 2000

static bool has_time(const struct chat *chat)
{
    return chat->feeds.tick != chat->tick || chat->feeds.used < TURN_US;
}

bool feed_may_begin(const struct chat *chat)
{
    return !chat->feeds.waiting && has_time(chat);
}

void feed_begun(struct chat *chat, int64_t began)
{
    if (chat->feeds.tick != chat->tick)
        chat->feeds.used = 0;
    chat->feeds.tick = chat->tick;
    chat->feeds.used += clock_steady_us() - began;
}

struct feed_later *feed_later(const struct chat *chat, const struct session *session)
{
    struct feed_later *later = session->feed_waits ? chat->feeds.waiting : NULL;
    while (later && later->session != session)
        later = later->next;
    return later;
}

bool feed_put_off(struct chat *chat, struct session *session, int qos)
{
    struct feed_later *later = feed_later(chat, session);
    if (!later) {
        later = calloc(1, sizeof *later);
        if (!later)
            return false;
        later->session = session;
        session->feed_waits = true;
        DL_APPEND(chat->feeds.waiting, later);
    }
    later->qos = qos;
    return true;
}

void feed_wait_ends(struct chat *chat, struct session *session)
{
    struct feed_later *later = feed_later(chat, session);
    if (!later)
        return;
    DL_DELETE(chat->feeds.waiting, later);
    free(later);
    session->feed_waits = false;
}

struct session *feed_next(const struct chat *chat)
{
    return has_time(chat) && chat->feeds.waiting ? chat->feeds.waiting->session : NULL;
}

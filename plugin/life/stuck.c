/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/stuck.h"

#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/life/closing.h"
#include "plugin/session/backlog.h"

#define LOOK_MS 100

static void close_stuck(struct chat *chat, struct session *session)
{
    broker_info("client %s reads nothing: its connection is closed, with %lld KiB for it", session->client_id,
                (long long)session->backlog.bytes / 1024);
    session_close_soon(chat, session);
}

bool stuck_tick(struct chat *chat)
{
    struct session *session, *next;
    for (session = backlogs_over(chat); session; session = next) {
        next = session->backlog.next;
        if (chat->steady - session->backlog.looked_at < LOOK_MS)
            continue;
        backlog_look(chat, session);
        if (backlog_stuck(chat, session) && !session_closing(session))
            close_stuck(chat, session);
    }
    return false;
}

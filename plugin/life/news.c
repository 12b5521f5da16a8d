/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/news.h"

#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"

void news_login(struct chat *chat, struct session *session)
{
    if (session->news != NEWS_LOGIN || session->login.farewell)
        return;
    session->news = NEWS_THERE;
    happening_state(chat, session, "login");
}

/* true: nothing has been told of its end yet. */
static bool begin_end(struct chat *chat, struct session *session)
{
    const bool first = session->news != NEWS_OVER;
    news_login(chat, session); /* it goes before its first TICK */
    session->news = NEWS_OVER;
    return first;
}

void news_kicked(struct chat *chat, struct session *session, const struct displacement *why)
{
    if (begin_end(chat, session))
        happening_kicked(chat, session, event_reason(why->reason), why);
}

void news_closing(struct chat *chat, struct session *session, const char *action)
{
    if (begin_end(chat, session))
        happening_state(chat, session, action);
}

void news_end(struct chat *chat, struct session *session, bool alone, bool lost)
{
    const bool farewell = session->login.farewell && session->news == NEWS_LOGIN;
    if (alone && !farewell && begin_end(chat, session))
        happening_state(chat, session, lost ? "lost" : "disconnect");
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/erasing.h"

#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/replay.h"
#include "plugin/people/user.h"
#include "plugin/session/actor.h"
#include "plugin/session/cursor.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

/* What is the user's own. Nothing is delivered by one that a feed covers: its cursor is not to pass what the feed has
 * still to bring. */
static bool delivers(const struct subscription *subscription)
{
    const struct session *session = subscription->session;
    return subscription->kind != SUBSCRIPTION_EVERYTHING && subscription_stored(subscription) &&
           (!session->feed || session->feed == subscription);
}

static void pass(struct chat *chat, struct session *session, int64_t at)
{
    struct subscription *subscription;
    DL_FOREACH (session->subscriptions, subscription)
        if (delivers(subscription) && !subscription->replaying)
            subscription_hand(chat, subscription, at, true);
}

/* The replay waits until the client reads again. */
static void leave_to_replay(struct chat *chat, struct session *session, int64_t at)
{
    struct subscription *subscription;
    session->replay.untold = at;
    DL_FOREACH (session->subscriptions, subscription)
        if (delivers(subscription))
            replay_resume(chat, subscription);
}

void erasing_pass(struct chat *chat, const struct actor *deleter, int64_t at)
{
    struct session *session;
    DL_FOREACH2 (deleter->user->sessions, session, user_next)
        if (session == deleter->device || event_is_heard(session))
            pass(chat, session, at);
        else
            leave_to_replay(chat, session, at);
}

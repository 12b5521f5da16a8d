/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/erased.h"

#include <stddef.h>

#include "acl/limits.h"
#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/people/erasures.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/cursor.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

#define EVENTS_A_TURN 10

/* What has happened on this connection has been told. */
static void leave_out_told(struct erasures *gone, int64_t untold)
{
    if (gone->end >= untold)
        gone->end = INT64_MAX;
    while (gone->count > 0 && gone->list[gone->count - 1].at > untold)
        gone->count--;
}

/* As many as one event names: a conversation, or messages, those of one command together. */
static size_t count_at_once(const struct erasure *first, size_t left)
{
    size_t count = 1;
    while (!first->cleared && count < left && count < DELETE_MAX && !first[count].cleared)
        count++;
    if (count < left)
        while (count > 1 && first[count - 1].at == first[count].at)
            count--;
    return count;
}

/* Some of them, in their order. */
static size_t tell_some(struct chat *chat, struct session *session, const struct erasures *gone)
{
    size_t told = 0;
    for (int events = 0; events < EVENTS_A_TURN && told < gone->count; events++) {
        const size_t count = count_at_once(&gone->list[told], gone->count - told);
        if (session_full(chat, session) || !event_erased(chat, session, &gone->list[told], count))
            break;
        told += count;
        session->replay.told = gone->list[told - 1].at;
        session->replay.sent++;
    }
    return told;
}

bool erased_tell(struct chat *chat, struct subscription *subscription, bool *stuck)
{
    struct session *session = subscription->session;
    const int64_t begin = subscription_given(chat, subscription);
    struct erasures gone;
    *stuck = false;
    if (begin >= session->replay.untold || !(subscription->returning || subscription->replay_started))
        return true;
    *stuck = !memberships_load(chat, session->user);
    if (*stuck)
        return false;
    /* Who has had nothing may have had what is in doubt. */
    erasures_read(chat, session->user, larger(1, larger(begin, session->replay.told)), &gone);
    *stuck = store_reads_failed(chat->store);
    if (*stuck)
        return false;
    leave_out_told(&gone, session->replay.untold);
    const size_t told = tell_some(chat, session, &gone);
    *stuck = told == 0 && gone.count > 0;
    if (told < gone.count || gone.end != INT64_MAX)
        return false;
    session->replay.untold = begin;
    session->replay.told = 0;
    return true;
}

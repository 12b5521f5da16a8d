/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/backlog.h"

#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/core/wire.h"

#define BOUND_BYTES  INT64_C(8388608)
#define KEEPALIVE_MS 60000 /* of who has none */
#define LONGEST_MS   3600000
/* So much more, and it is looked at again. */
#define LOOK_BYTES    INT64_C(262144)
#define LOOK_MESSAGES INT64_C(250)

/* Half of what the broker may queue. */
static int64_t bound(int64_t limit, int64_t most)
{
    return limit > 0 ? smaller(limit / 2, most) : most;
}

static int64_t bound_bytes(const struct chat *chat)
{
    return bound(chat->limits.max_queued_bytes, BOUND_BYTES);
}

static int64_t bound_messages(const struct chat *chat)
{
    return bound(chat->limits.max_queued_messages, INT64_MAX);
}

/* A part of it has gone: so many of `whole`, of whatever that is a measure. */
static void drain(struct backlog *backlog, int64_t part, int64_t whole)
{
    const double left = part < whole ? (double)(whole - part) / (double)whole : 0;
    backlog->bytes = (int64_t)(left * (double)backlog->bytes);
    backlog->messages = (int64_t)(left * (double)backlog->messages);
}

/* What every device takes. Nothing else is known where TCP has nothing more for it: what is counted may be
 * waiting for a PUBACK, or have been dropped by the broker. */
static void drain_by_time(const struct chat *chat, struct backlog *backlog)
{
    const int64_t since = backlog->looked_at > 0 ? backlog->looked_at : chat->steady;
    const int64_t passed = smaller(chat->steady - since, LONGEST_MS);
    drain(backlog, passed * chat->options.device_rate / 1000, backlog->messages);
}

static void drain_by_wire(const struct chat *chat, struct backlog *backlog, const struct wire *wire)
{
    const int64_t come = wire->acked - backlog->acked;
    backlog->acked = wire->acked;
    if (come > 0)
        drain(backlog, come, backlog->bytes);
    else if (wire->idle)
        drain_by_time(chat, backlog);
    if (come > 0 || wire->idle)
        backlog->moved_at = chat->steady;
}

static bool is_over(const struct chat *chat, const struct backlog *backlog, int64_t part)
{
    return backlog->bytes >= bound_bytes(chat) / part || backlog->messages >= bound_messages(chat) / part;
}

static void judge(struct chat *chat, struct session *session)
{
    struct backlog *backlog = &session->backlog;
    if (backlog->over_since == 0 && is_over(chat, backlog, 1)) {
        backlog->over_since = chat->steady;
        DL_APPEND2(chat->backlogs, session, backlog.prev, backlog.next);
    } else if (backlog->over_since != 0 && !is_over(chat, backlog, 2)) {
        backlog_end(chat, session);
    }
}

void backlog_look(struct chat *chat, struct session *session)
{
    struct backlog *backlog = &session->backlog;
    struct wire wire;
    if (wire_look(session->client, &wire)) {
        drain_by_wire(chat, backlog, &wire);
    } else {
        drain_by_time(chat, backlog);
        backlog->moved_at = chat->steady;
    }
    backlog->looked_at = chat->steady;
    judge(chat, session);
    backlog->look_bytes = backlog->bytes + smaller(LOOK_BYTES, bound_bytes(chat) / 8 + 1);
    backlog->look_messages = backlog->messages + smaller(LOOK_MESSAGES, bound_messages(chat) / 8 + 1);
}

bool backlog_count_shed(struct chat *chat)
{
    chat->count.shed.readers++;
    return true;
}

bool backlog_far_over(struct chat *chat, struct session *session)
{
    return backlog_over(chat, session) && (session->backlog.bytes >= bound_bytes(chat) / 4 * 5 ||
                                           session->backlog.messages / 5 >= bound_messages(chat) / 4);
}

bool backlog_stuck(const struct chat *chat, const struct session *session)
{
    const struct backlog *backlog = &session->backlog;
    const int64_t keepalive = session->keepalive_seconds * INT64_C(1000);
    return backlog->over_since != 0 && chat->steady - larger(backlog->over_since, backlog->moved_at) >=
                                           (keepalive > 0 ? keepalive : KEEPALIVE_MS);
}

struct session *backlogs_over(const struct chat *chat)
{
    return chat->backlogs;
}

void backlog_end(struct chat *chat, struct session *session)
{
    if (session->backlog.over_since == 0)
        return;
    session->backlog.over_since = 0;
    DL_DELETE2(chat->backlogs, session, backlog.prev, backlog.next);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/handover.h"

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/session/backlog.h"
#include "plugin/session/session.h"

#define WIRE 20 /* Mosquitto's max_inflight_messages, if nobody sets it */
/* For which a client may take nothing before it does: while the connection lasts, and at its end, where what is
 * believed too little comes twice. */
#define PAUSE_MS     2000
#define END_PAUSE_MS 1000

static int64_t waiting(const struct chat *chat, const struct session *session)
{
    return (leak_level(&session->handover.waiting, chat->steady, chat->options.device_rate) + 999) / 1000;
}

static void calm_down(struct handover *handover)
{
    handover->calm = handover->count;
    handover->bytes = handover->longest = 0;
}

void session_handed(struct chat *chat, struct session *session, size_t len, int qos)
{
    struct handover *handover = &session->handover;
    if (qos == 0) {
        handover->overtaking = handover->count;
        return;
    }
    if (waiting(chat, session) == 0)
        calm_down(handover);
    handover->count++;
    handover->bytes += (int64_t)len;
    handover->longest = larger(handover->longest, (int64_t)len);
    leak_add(&handover->waiting, chat->steady, chat->options.device_rate, 1000);
}

static int64_t taken_after(const struct chat *chat, const struct session *session, int64_t pause_ms)
{
    const struct handover *handover = &session->handover;
    const int64_t left = waiting(chat, session);
    if (left == 0)
        return handover->count;
    return larger(handover->calm, handover->count - left - pause_ms * chat->options.device_rate / 1000);
}

int64_t handover_sure(const struct chat *chat, const struct session *session)
{
    return taken_after(chat, session, PAUSE_MS);
}

/* What fits on the wire. If that is more than usual, no more of it is believed to be there. */
static int64_t on_wire(const struct chat *chat)
{
    const int64_t most = chat->limits.max_inflight_messages;
    return most > 0 ? smaller(most, WIRE) : WIRE;
}

int64_t handover_taken(const struct chat *chat, const struct session *session)
{
    if (waiting(chat, session) <= on_wire(chat))
        return session->handover.count;
    return taken_after(chat, session, END_PAUSE_MS);
}

void session_has_taken(struct chat *chat, struct session *session, int64_t count)
{
    struct handover *handover = &session->handover;
    leak_lower(&handover->waiting, chat->steady, chat->options.device_rate, 1000 * (handover->count - count));
    handover->calm = larger(handover->calm, count);
    if (count == handover->count)
        calm_down(handover);
}

bool handover_overtaken(const struct chat *chat, const struct session *session)
{
    return session->handover.overtaking > handover_sure(chat, session);
}

/* A quarter is left for what else is queued, and for a client that rests. */
static bool is_near(int64_t level, int64_t limit)
{
    return limit > 0 && level >= limit - limit / 4;
}

bool session_full(struct chat *chat, struct session *session)
{
    const struct handover *handover = &session->handover;
    const int64_t messages = waiting(chat, session);
    return backlog_over(chat, session) || is_near(messages, chat->limits.max_queued_messages) ||
           is_near(smaller(handover->bytes, messages * handover->longest), chat->limits.max_queued_bytes);
}

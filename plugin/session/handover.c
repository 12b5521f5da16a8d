/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/handover.h"

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/core/wire.h"
#include "plugin/session/backlog.h"
#include "plugin/session/session.h"

#define WIRE 20 /* Mosquitto's max_inflight_messages, if nobody sets it */
/* For which a client may take nothing before it does: while the connection lasts, and at its end, where what is
 * believed too little comes twice. */
#define PAUSE_MS     2000
#define END_PAUSE_MS 1000
/* TCP is asked no more often while a client stays full. */
#define LOOK_MS 10

#define PUBACK 4 /* bytes, at least; as a PUBREL has */
/* What a PUBLISH at QoS 1 has besides its payload, at least: fixed header, length of the topic, "chat/...", id. */
#define LEAST_HEAD 17
#define MOST_FLYING                                                                                          \
    65535 /* without a limit; and MQTT 5 clients say themselves how many they take at a time */

static int64_t waiting(const struct chat *chat, const struct session *session)
{
    return (leak_level(&session->handover.waiting, chat->steady, chat->options.device_rate) + 999) / 1000;
}

static void calm_down(struct handover *handover)
{
    handover->calm = handover->count;
    handover->bytes = 0;
    handover->longest = handover->shortest = 0;
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
    handover->longest = (int32_t)larger(handover->longest, (int64_t)len);
    if (handover->shortest == 0 || (int64_t)len < handover->shortest)
        handover->shortest = (int32_t)len;
    leak_add(&handover->waiting, chat->steady, chat->options.device_rate, 1000);
    leak_add(&handover->queued, chat->steady, chat->options.device_rate, 1000);
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

/* What TCP tells */

/* A CONNECT has 18 bytes besides, and a CONNACK four of them; one of MQTT 5 has fewer than a userSig. */
void handover_begin(const struct chat *chat, struct session *session, const struct handover_login *login)
{
    struct wire wire;
    /* TLS and WebSockets have said something by now. */
    session->provable =
        chat->keeps_window && wire_look(session->client, &wire) && wire.acked == 0 && wire.idle;
    session->mqtt5 = login->mqtt5;
    proof_sent(session, login->mqtt5 ? 0 : 14 + login->user_len + login->sig_len);
}

/* So many are on the wire at most, without a PUBACK. */
static int64_t most_flying(const struct chat *chat, const struct session *session)
{
    const int64_t most = chat->limits.max_inflight_messages;
    return most > 0 && !session->mqtt5 ? most : MOST_FLYING;
}

/* Bytes of stored messages that may be in the broker, and of answers to what it has received. */
static int64_t unproved_bytes(const struct chat *chat, const struct session *session, const struct wire *wire)
{
    const struct proof *proof = &session->proof;
    const int64_t released = session->clean || session->login.past != ID_OWN
                                 ? 0
                                 : PUBACK * most_flying(chat, session); /* PUBRELs, once more */
    return larger(0, proof->given - wire->acked + larger(0, wire->received - proof->sent) + released);
}

/* With w of n messages in the broker, n - w have been sent, and all of these but those that are flying have a
 * PUBACK among what was received, which is answered with nothing. So the unproved bytes are not fewer than w
 * messages and n - w - flying PUBACKs have. */
static int64_t most_queued(const struct chat *chat, const struct session *session, const struct wire *wire)
{
    const struct handover *handover = &session->handover;
    const int64_t bytes = unproved_bytes(chat, session, wire);
    const int64_t least = (int64_t)handover->shortest + LEAST_HEAD;
    const int64_t answered = handover->count - session->held.passed - most_flying(chat, session);
    const int64_t besides = larger(0, bytes - PUBACK * answered) / (least - PUBACK);
    return smaller(handover->count, answered > 0 ? besides : bytes / least);
}

static void lower(const struct chat *chat, struct leak *leak, int64_t messages)
{
    leak_lower(leak, chat->steady, chat->options.device_rate, 1000 * messages);
}

/* What flies is believed to be there at an end only where nothing is behind it, and it is no more than usual. */
static void look(const struct chat *chat, struct session *session)
{
    struct handover *handover = &session->handover;
    const int64_t flying = most_flying(chat, session);
    struct wire wire;
    handover->looked_at = chat->steady;
    if (!session->provable || !wire_look(session->client, &wire))
        return;
    const int64_t queued = most_queued(chat, session, &wire);
    lower(chat, &handover->queued, queued);
    if (flying <= WIRE)
        session_has_taken(chat, session, handover->count - (queued > 0 ? queued + flying : 0));
}

int64_t handover_taken(const struct chat *chat, struct session *session)
{
    if (waiting(chat, session) > on_wire(chat))
        look(chat, session);
    if (waiting(chat, session) <= on_wire(chat))
        return session->handover.count;
    return taken_after(chat, session, END_PAUSE_MS);
}

void session_has_taken(const struct chat *chat, struct session *session, int64_t count)
{
    struct handover *handover = &session->handover;
    lower(chat, &handover->waiting, handover->count - count);
    lower(chat, &handover->queued, handover->count - count);
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

static bool queue_is_full(const struct chat *chat, const struct session *session)
{
    const struct handover *handover = &session->handover;
    const int64_t rate = chat->options.device_rate;
    const int64_t messages = (leak_level(&handover->queued, chat->steady, rate) + 999) / 1000;
    return is_near(messages, chat->limits.max_queued_messages) ||
           is_near(smaller(handover->bytes, messages * handover->longest), chat->limits.max_queued_bytes);
}

bool session_full(struct chat *chat, struct session *session)
{
    if (backlog_over(chat, session))
        return true;
    if (queue_is_full(chat, session) && chat->steady - session->handover.looked_at >= LOOK_MS)
        look(chat, session);
    return queue_is_full(chat, session);
}

bool handover_is_known(const struct session *session)
{
    return session->provable || session->device.acks;
}

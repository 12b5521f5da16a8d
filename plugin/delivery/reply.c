/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/keyed_hash.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* Of what waits: of one client, and of all. A receipt takes some 350 bytes. */
#define CLIENT_BYTES_MAX ((size_t)1 << 20)
#define ALL_BYTES_MAX    ((size_t)64 << 20)
#define TURN_MAX         2000 /* handed out in a turn */

/* One that waits. */
struct waiting_reply {
    struct reply_queue *queue;
    uint64_t mark; /* the store has to have it; never falls from one to the next */
    int64_t since; /* chat->steady */
    size_t size;
    struct waiting_reply *prev, *next;             /* chat->replies */
    struct waiting_reply *queue_prev, *queue_next; /* of the same client */
    struct reply_answer answer;                    /* its texts are in `data`; no topic: it is a receipt */
    char data[];
};

/* What waits of one client. Most sessions never have one: it takes no room in them. */
struct reply_queue {
    struct session *session; /* key */
    struct waiting_reply *first;
    size_t bytes;
    UT_hash_handle hh;
};

/* Giving */

static bool give(struct session *session, const struct reply_answer *answer)
{
    if (!answer->topic) {
        event_send(session, answer->text);
        return true;
    }
    backlog_add(session, answer->len);
    proof_given(session, strlen(answer->topic), answer->len + CORRELATION_HEAD + answer->correlation_len);
    return broker_respond(session->client_id, answer->topic, answer->text, answer->len, answer->qos,
                          answer->correlation, answer->correlation_len,
                          subscription_answer_identifier(session, answer->topic));
}

/* Waiting */

/* NULL: nothing waits. */
static struct reply_queue *queue_of(const struct chat *chat, const struct session *session)
{
    struct reply_queue *queue = NULL;
    if (chat->replies.queues)
        HASH_FIND_NUMBER(hh, chat->replies.queues, session, queue);
    return queue;
}

static struct reply_queue *queue_make(struct chat *chat, struct session *session)
{
    struct reply_queue *queue = queue_of(chat, session);
    if (queue || !(queue = calloc(1, sizeof *queue)))
        return queue;
    queue->session = session;
    HASH_ADD_NUMBER(hh, chat->replies.queues, session, queue);
    if (queue->hh.tbl)
        return queue;
    free(queue);
    return NULL;
}

static void queue_end(struct chat *chat, struct reply_queue *queue)
{
    if (queue->first)
        return;
    HASH_DELETE(hh, chat->replies.queues, queue);
    free(queue);
}

static bool over(const struct chat *chat, const struct session *session, size_t part)
{
    const struct reply_queue *queue = queue_of(chat, session);
    return chat->replies.bytes >= ALL_BYTES_MAX / 4 * part ||
           (queue && queue->bytes >= CLIENT_BYTES_MAX / 4 * part);
}

bool replies_full(const struct chat *chat, const struct session *session)
{
    return over(chat, session, 4);
}

bool replies_far_over(const struct chat *chat, const struct session *session)
{
    return over(chat, session, 5);
}

static void forget(struct chat *chat, struct waiting_reply *reply)
{
    struct reply_queue *queue = reply->queue;
    DL_DELETE(chat->replies.first, reply);
    DL_DELETE2(queue->first, reply, queue_prev, queue_next);
    chat->replies.bytes -= reply->size;
    queue->bytes -= reply->size;
    free(reply);
    queue_end(chat, queue);
}

/* Copies into the data, and moves `at` on; with a NUL behind. NULL stays NULL. */
static void *keep(char **at, const void *from, size_t len)
{
    char *copy = *at;
    if (!from)
        return NULL;
    memcpy(copy, from, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

static bool hold(struct chat *chat, struct session *session, const struct reply_answer *answer)
{
    const size_t topic_len = answer->topic ? strlen(answer->topic) : 0;
    const size_t size = sizeof(struct waiting_reply) + topic_len + answer->len + answer->correlation_len + 3;
    struct reply_queue *queue = queue_make(chat, session);
    struct waiting_reply *reply = queue ? malloc(size) : NULL;
    if (queue && !reply)
        queue_end(chat, queue);
    if (!reply)
        return false;
    *reply = (struct waiting_reply){.queue = queue,
                                    .mark = store_last_mark(chat->store),
                                    .since = chat->steady,
                                    .size = size,
                                    .answer = *answer};
    char *at = reply->data;
    reply->answer.topic = keep(&at, answer->topic, topic_len);
    reply->answer.text = keep(&at, answer->text, answer->len);
    reply->answer.correlation = keep(&at, answer->correlation, answer->correlation_len);
    DL_APPEND(chat->replies.first, reply);
    DL_APPEND2(queue->first, reply, queue_prev, queue_next);
    chat->replies.bytes += size;
    queue->bytes += size;
    return true;
}

/* Is everything where it has to be? */
static bool is_safe(const struct chat *chat, uint64_t mark)
{
    return chat->options.sent_after == SENT_AFTER_ACCEPTED || store_has(chat->store, mark);
}

/* Whoever has to go will not be there any more: what waits for nothing goes before what does. */
static bool must_wait(const struct chat *chat, const struct session *session, bool safe)
{
    if (queue_of(chat, session))
        return safe || !session_closing(session);
    return safe && !is_safe(chat, store_last_mark(chat->store));
}

bool reply_answer(struct chat *chat, struct session *session, const struct reply_answer *answer)
{
    return must_wait(chat, session, answer->safe) ? hold(chat, session, answer) : give(session, answer);
}

/* Receipts */

static void give_receipt(struct chat *chat, struct session *session, const char *text)
{
    const struct reply_answer receipt = {.text = text, .len = strlen(text), .safe = true};
    if (!replies_full(chat, session))
        (void)!reply_answer(chat, session, &receipt); /* or it is missing */
}

void reply_sent(struct chat *chat, struct session *session, const struct conversation *conversation,
                int64_t id, int64_t seq, int64_t time, int64_t random)
{
    char text[400];
    snprintf(text, sizeof text,
             "{\"event\":\"sent\",\"id\":%lld,\"seq\":%lld,\"time\":%lld,\"%s\":\"%s\",\"random\":%lld}",
             (long long)id, (long long)seq, (long long)time, conversation_kind(conversation),
             conversation_name(conversation, session->user->id), (long long)random);
    give_receipt(chat, session, text);
}

void reply_sent_to_nobody(struct chat *chat, struct session *session, const char *kind, const char *name,
                          int64_t random)
{
    char text[300];
    snprintf(text, sizeof text, "{\"event\":\"sent\",\"time\":%lld,\"%s\":\"%s\",\"random\":%lld}",
             (long long)chat->now, kind, name, (long long)random);
    give_receipt(chat, session, text);
}

/* TICK */

bool replies_tick(struct chat *chat)
{
    struct waiting_reply *reply;
    for (int i = 0; (reply = chat->replies.first) && is_safe(chat, reply->mark); i++) {
        if (i == TURN_MAX)
            return true;
        if (!give(reply->queue->session, &reply->answer))
            return true; /* out of memory: in another turn */
        forget(chat, reply);
    }
    return false;
}

int64_t replies_waiting_since(const struct chat *chat)
{
    return chat->replies.first ? chat->replies.first->since : 0;
}

void replies_drop(struct chat *chat, struct session *session)
{
    struct reply_queue *queue;
    while (session && (queue = queue_of(chat, session)))
        forget(chat, queue->first);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/import.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/recent.h"
#include "plugin/payload/payload.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/past.h"
#include "plugin/people/user.h"
#include "schema/log.h"
#include "schema/store.h"

#define CLOCKS_APART_MS 300000
#define RECORDS_BYTES   1024 /* of a message, but for its texts */

/* One on its way through the steps. */
struct arrival {
    struct chat *chat;
    const struct import *import;
    struct payload payload;
    struct user *receiver;             /* of a private message */
    struct conversation *conversation; /* NULL: a pair's first message */
    char *reason;
};

static int refuse(const struct arrival *arrival, int code, const char *reason)
{
    snprintf(arrival->reason, REASON_BYTES, "%s", reason);
    return code;
}

static int check_form(struct arrival *arrival)
{
    const struct import *import = arrival->import;
    int code = payload_parse(&arrival->payload, import->payload, import->len,
                             (size_t)arrival->chat->options.max_message_bytes, arrival->reason, REASON_BYTES);
    if (code == CODE_OK && arrival->payload.online_only)
        return refuse(arrival, CODE_BAD_MESSAGE, "onlineOnly: the message is stored");
    return code;
}

static int find_pair(struct arrival *arrival)
{
    struct chat *chat = arrival->chat;
    const char *sender = arrival->import->sender->id, *to = arrival->import->to;
    arrival->receiver = strcmp(to, sender) != 0 ? user_find(chat, to) : NULL;
    if (!arrival->receiver)
        return CODE_NO_USER;
    arrival->conversation = conversation_pair(chat, sender, to);
    return CODE_OK;
}

static int find_conversation(struct arrival *arrival)
{
    arrival->conversation = arrival->import->group;
    if (!arrival->conversation)
        return find_pair(arrival);
    return conversation_stored(arrival->conversation) ? CODE_OK : CODE_LIVE_NOT_RECALLED;
}

/* Some systems know the second only: within one it is the order in which they come. */
static int check_time(struct arrival *arrival)
{
    struct chat *chat = arrival->chat;
    const int64_t time = arrival->import->time;
    if (time > chat->now + CLOCKS_APART_MS)
        return refuse(arrival, CODE_BAD_REQUEST, "time: is still to come");
    if (arrival->conversation && time / 1000 < past_last_time(chat, arrival->conversation) / 1000)
        return refuse(arrival, CODE_BAD_REQUEST, "time: is before the last message there");
    return CODE_OK;
}

/* The pair's first message, or one of them was deleted and has come again. */
static bool open_pair(struct arrival *arrival)
{
    struct chat *chat = arrival->chat;
    if (!arrival->receiver)
        return true;
    if (!arrival->conversation)
        arrival->conversation = pair_join(chat, arrival->import->sender->id, arrival->import->to);
    else if (arrival->receiver->kicked != 0 || arrival->import->sender->kicked != 0)
        return pair_rejoin(chat, arrival->conversation);
    return arrival->conversation != NULL;
}

/* What does not count for others does not count for the sender. */
static void count_sent(const struct arrival *arrival, const struct message *message)
{
    struct member *member = message->kind == MESSAGE_CONTENT
                                ? member_find(arrival->chat, arrival->conversation, message->sender)
                                : NULL;
    if (member)
        member_sent(arrival->chat, member, message->id);
}

static bool put(struct arrival *arrival, struct message *message)
{
    struct chat *chat = arrival->chat;
    message->id = store_next_id(chat->store);
    if (message->id == 0 || !open_pair(arrival) || !past_add(chat, arrival->conversation, message))
        return false;
    count_sent(arrival, message);
    return true;
}

static int store(struct arrival *arrival, struct receipt *receipt)
{
    struct chat *chat = arrival->chat;
    char mentions[MENTIONS_MAX];
    arrival->payload.no_unread = arrival->payload.no_unread || !arrival->import->unread;
    struct message message = {.random = arrival->payload.random,
                              .sender = arrival->import->sender->id,
                              .client = "",
                              .time = arrival->import->time,
                              .kind = arrival->payload.no_unread ? MESSAGE_QUIET : MESSAGE_CONTENT,
                              .push = PUSH_NOBODY,
                              .body = arrival->payload.body,
                              .body_len = arrival->payload.body_len,
                              .mentions = payload_mentions(&arrival->payload, mentions)};
    if (message.random != 0 && !recent_expect(chat))
        return CODE_BUSY;
    if (!store_begin_command(chat->store, message.body_len + MENTIONS_MAX + RECORDS_BYTES))
        return CODE_BUSY;
    bool stored = put(arrival, &message);
    store_commit(chat->store); /* or what was put so far, which is whole in itself: a new pair, an id mark */
    if (!stored)
        return CODE_BUSY;
    chat->count.stored++;
    recent_note(chat, &message);
    *receipt = (struct receipt){message.id, message.seq, message.time};
    return CODE_OK;
}

static const struct recent *same_as(const struct arrival *arrival)
{
    if (arrival->payload.random == 0 || !arrival->conversation)
        return NULL;
    return recent_find(arrival->chat, arrival->import->sender->id, arrival->conversation->id,
                       arrival->payload.random);
}

static int accept(struct arrival *arrival, struct receipt *receipt)
{
    const struct recent *recent = same_as(arrival);
    if (recent) {
        *receipt = (struct receipt){recent->id, recent->seq, recent->time};
        return CODE_OK;
    }
    int code = check_time(arrival);
    if (code == CODE_OK && arrival->conversation && !past_expect(arrival->chat, arrival->conversation))
        code = CODE_BUSY;
    if (store_reads_failed(arrival->chat->store)) /* what was found out may be wrong */
        code = CODE_BUSY;
    return code == CODE_OK ? store(arrival, receipt) : code;
}

int import_message(struct chat *chat, const struct import *import, struct receipt *receipt,
                   char reason[REASON_BYTES])
{
    struct arrival arrival = {.chat = chat, .import = import, .reason = reason};
    reason[0] = '\0';
    int code = check_form(&arrival);
    if (code == CODE_OK)
        code = find_conversation(&arrival);
    if (code == CODE_OK)
        code = accept(&arrival, receipt);
    payload_clear(&arrival.payload);
    return code;
}

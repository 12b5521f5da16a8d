/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/roaming.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "gate/rest/history.h"
#include "gate/tencent/elements.h"
#include "gate/tencent/message_key.h"

#define CONVERSATIONS_MAX 500 /* of getConversations */
#define FLAG_RECALLED     8
#define BAD_KEY           90054

/* admin_getroammsg: the newest that one side sees, oldest first; the page before it begins at the oldest given */

const struct rest_field roam_fields[] = {{"Operator_Account", "From_Account", REST_TEXT, true, 0, 0},
                                         {"Peer_Account", "To_Account", REST_TEXT, true, 0, 0},
                                         {"MaxCnt", NULL, REST_NUMBER, true, 0, 0},
                                         {"MinTime", NULL, REST_NUMBER, true, 0, 0},
                                         {"MaxTime", NULL, REST_NUMBER, true, 0, 0},
                                         {"LastMsgKey", NULL, REST_TEXT, false, 0, BAD_KEY},
                                         {0}};

static int64_t seconds_of(const cJSON *message)
{
    return object_number(message, "time", NULL, 0) / 1000;
}

static void print_key(char key[MESSAGE_KEY_MAX], const cJSON *message)
{
    message_key_print(key, object_number(message, "seq", NULL, 0), object_number(message, "random", NULL, 0),
                      seconds_of(message));
}

/* `read_id`: up to which the other side has read. */
static void put_message(struct call *call, cJSON *list, const cJSON *message, int64_t read_id)
{
    char key[MESSAGE_KEY_MAX];
    const char *sender = object_text(message, "sender", NULL);
    const int64_t id = object_number(message, "id", NULL, 0);
    const bool own = sender && strcmp(sender, call_text(call, "Operator_Account")) == 0;
    cJSON *entry = add_object(call, list);
    put_text(call, entry, "From_Account", sender);
    put_text(call, entry, "To_Account", object_text(message, "to", NULL));
    put_number(call, entry, "MsgSeq", object_number(message, "seq", NULL, 0));
    put_number(call, entry, "MsgRandom", message_their_random(object_number(message, "random", NULL, 0)));
    put_number(call, entry, "MsgTimeStamp", seconds_of(message));
    put_number(call, entry, "MsgFlagBits", cJSON_HasObjectItem(message, "recalled") ? FLAG_RECALLED : 0);
    put_number(call, entry, "IsPeerRead", own && id <= read_id ? 1 : 0);
    print_key(key, message);
    put_text(call, entry, "MsgKey", key);
    put_item(call, entry, "MsgBody", elements_write(message));
    put_text(call, entry, "CloudCustomData", object_text(message, "cloudCustomData", NULL));
}

/* Newest first, as they are found. */
static void answer_page(struct call *call, const cJSON *messages, bool complete, int64_t read_id)
{
    char key[MESSAGE_KEY_MAX];
    cJSON *answer = call_answer(call);
    const int count = cJSON_GetArraySize(messages);
    put_number(call, answer, "Complete", complete ? 1 : 0);
    put_number(call, answer, "MsgCnt", count);
    cJSON *list = put_list(call, answer, "MsgList");
    for (int i = count - 1; i >= 0; i--)
        put_message(call, list, cJSON_GetArrayItem(messages, i), read_id);
    if (count == 0)
        return;
    const cJSON *oldest = cJSON_GetArrayItem(messages, count - 1);
    print_key(key, oldest);
    put_number(call, answer, "LastMsgTime", seconds_of(oldest));
    put_text(call, answer, "LastMsgKey", key);
}

/* In the list of the other side. */
static int64_t find_read_id(const struct call *call)
{
    const cJSON *conversation;
    cJSON_ArrayForEach (conversation, reply_member(call_reply(call, 0), "conversations")) {
        const char *to = object_text(conversation, "to", NULL);
        if (to && strcmp(to, call_text(call, "Operator_Account")) == 0)
            return object_number(conversation, "readID", NULL, 0);
    }
    return 0;
}

static void list_came(struct call *call)
{
    const struct history *history = history_found(call);
    answer_page(call, history->messages, history->complete, find_read_id(call));
}

static void history_came(struct call *call)
{
    cJSON *command = call_ask_as(call, call_text(call, "Peer_Account"), "getConversations");
    put_number(call, command, "limit", CONVERSATIONS_MAX);
    call_then(call, list_came);
}

void roam(struct call *call)
{
    const char *key = call_text(call, "LastMsgKey");
    int64_t seq = 0;
    if (key && !message_key_read(key, &seq)) {
        call_fail(call, BAD_KEY, "LastMsgKey must be <seq>_<random>_<seconds>");
        return;
    }
    if (key && seq <= 1) { /* there is none before the first */
        answer_page(call, NULL, true, 0);
        return;
    }
    const struct history_query query = {.as = call_text(call, "Operator_Account"),
                                        .to = call_text(call, "Peer_Account"),
                                        .wanted = call_number(call, "MaxCnt", 0),
                                        .after_ms = call_number(call, "MinTime", 0) * 1000,
                                        .before_ms = call_number(call, "MaxTime", 0) * 1000 + 999,
                                        .seq = seq - 1};
    history_collect(call, &query, history_came);
}

/* admin_set_msg_read: up to a time, or everything */

const struct rest_field read_fields[] = {{"Report_Account", NULL, REST_TEXT, true, 0, 0},
                                         {"Peer_Account", NULL, REST_TEXT, true, 0, 0},
                                         {"MsgReadTime", NULL, REST_NUMBER, false, 0, 0},
                                         {0}};

static void was_read(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static cJSON *ask_reader(struct call *call, const char *command)
{
    cJSON *object = call_ask_as(call, call_text(call, "Report_Account"), command);
    put_text(call, object, "to", call_text(call, "Peer_Account"));
    return object;
}

static void last_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *messages = reply_member(reply, "messages");
    if (call_refused(call, reply) || !messages || !messages->child)
        return;
    put_number(call, ask_reader(call, "markRead"), "id", object_number(messages->child, "id", NULL, 0));
    call_then(call, was_read);
}

void read_up_to(struct call *call)
{
    const int64_t seconds = call_number(call, "MsgReadTime", 0);
    if (seconds == 0) {
        (void)ask_reader(call, "markRead");
        call_then(call, was_read);
        return;
    }
    cJSON *command = ask_reader(call, "getHistory");
    put_number(call, command, "beforeTime", (seconds + 1) * 1000);
    put_number(call, command, "limit", 1);
    call_then(call, last_came);
}

/* get_c2c_unread_msg_num: of each that is named, or of all together */

const struct rest_field unread_fields[] = {
    {"To_Account", NULL, REST_TEXT, true, 0, 0}, {"Peer_Account", NULL, REST_TEXTS, false, 10, 0}, {0}};

struct unread {
    int64_t all, of[10];
};

static void add_unread(struct call *call, struct unread *unread, const cJSON *conversation)
{
    const char *to = object_text(conversation, "to", NULL);
    const int64_t number = object_number(conversation, "unread", NULL, 0);
    const cJSON *peer;
    size_t i = 0;
    if (!to)
        return;
    unread->all += number;
    cJSON_ArrayForEach (peer, call_list(call, "Peer_Account")) {
        if (strcmp(peer->valuestring, to) == 0)
            unread->of[i] = number;
        i++;
    }
}

static void answer_unread(struct call *call, const struct unread *unread)
{
    const cJSON *peer, *peers = call_list(call, "Peer_Account");
    size_t i = 0;
    if (!peers) {
        put_number(call, call_answer(call), "AllC2CUnreadMsgNum", unread->all);
        return;
    }
    cJSON *list = put_list(call, call_answer(call), "C2CUnreadMsgNumList");
    cJSON_ArrayForEach (peer, peers) {
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "Peer_Account", peer->valuestring);
        put_number(call, entry, "C2CUnreadMsgNum", unread->of[i++]);
    }
    (void)put_list(call, call_answer(call), "ErrorList");
}

static void conversations_came(struct call *call);

static void ask_conversations(struct call *call, int64_t before)
{
    cJSON *command = call_ask_as(call, call_text(call, "To_Account"), "getConversations");
    put_number(call, command, "limit", CONVERSATIONS_MAX);
    if (before > 0)
        put_number(call, command, "before", before);
    call_then(call, conversations_came);
}

static void conversations_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *conversation, *last = NULL;
    if (call_refused(call, reply))
        return;
    cJSON_ArrayForEach (conversation, reply_member(reply, "conversations")) {
        add_unread(call, call_kept(call), conversation);
        last = cJSON_GetObjectItemCaseSensitive(conversation, "lastMessage");
    }
    if (cJSON_IsFalse(reply_member(reply, "complete")) && last)
        ask_conversations(call, object_number(last, "id", NULL, 0));
    else
        answer_unread(call, call_kept(call));
}

void count_unread(struct call *call)
{
    struct unread *unread = calloc(1, sizeof *unread);
    if (!unread) {
        call_refuse(call, CODE_BUSY, "out of memory");
        return;
    }
    call_keep(call, unread, free);
    ask_conversations(call, 0);
}

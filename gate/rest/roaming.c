/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/roaming.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "gate/rest/elements.h"
#include "gate/rest/message_key.h"
#include "lib/basics.h"

#define PAGE_MAX          100 /* of getHistory */
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

struct roaming {
    cJSON *found;    /* the messages as the broker gives them, newest first */
    int64_t read_id; /* up to which the other side has read */
    int wanted;
    bool complete;
};

static void release(void *kept)
{
    struct roaming *roaming = kept;
    cJSON_Delete(roaming->found);
    free(roaming);
}

/* What people wrote; a tip or a recall has no place in Tencent's list. */
static bool is_content(const cJSON *message)
{
    static const char *const others[] = {"tips", "notice", "recall", "edit"};
    for (size_t i = 0; i < COUNT(others); i++)
        if (cJSON_HasObjectItem(message, others[i]))
            return false;
    return true;
}

static void put_message(struct call *call, const struct roaming *roaming, const cJSON *message)
{
    char key[MESSAGE_KEY_MAX];
    const char *sender = object_text(message, "sender", NULL), *to = object_text(message, "to", NULL);
    const int64_t seq = object_number(message, "seq", NULL, 0), id = object_number(message, "id", NULL, 0);
    const int64_t random = object_number(message, "random", NULL, 0);
    const int64_t seconds = object_number(message, "time", NULL, 0) / 1000;
    const bool own = sender && strcmp(sender, call_text(call, "Operator_Account")) == 0;
    cJSON *entry = add_object(call, cJSON_GetObjectItemCaseSensitive(call_answer(call), "MsgList"));
    put_text(call, entry, "From_Account", sender);
    put_text(call, entry, "To_Account", to);
    put_number(call, entry, "MsgSeq", seq);
    put_number(call, entry, "MsgRandom", message_their_random(random));
    put_number(call, entry, "MsgTimeStamp", seconds);
    put_number(call, entry, "MsgFlagBits", cJSON_HasObjectItem(message, "recalled") ? FLAG_RECALLED : 0);
    put_number(call, entry, "IsPeerRead", own && id <= roaming->read_id ? 1 : 0);
    message_key_print(key, seq, random, seconds);
    put_text(call, entry, "MsgKey", key);
    put_item(call, entry, "MsgBody", elements_write(message));
    put_text(call, entry, "CloudCustomData", object_text(message, "cloudCustomData", NULL));
}

static void put_last(struct call *call, const cJSON *entry)
{
    cJSON *answer = call_answer(call);
    put_number(call, answer, "LastMsgTime", object_number(entry, "MsgTimeStamp", NULL, 0));
    put_copy(call, answer, "LastMsgKey", cJSON_GetObjectItemCaseSensitive(entry, "MsgKey"));
}

static void answer_page(struct call *call, const struct roaming *roaming)
{
    cJSON *answer = call_answer(call);
    const int count = cJSON_GetArraySize(roaming->found);
    put_number(call, answer, "Complete", roaming->complete ? 1 : 0);
    put_number(call, answer, "MsgCnt", count);
    cJSON *list = put_list(call, answer, "MsgList");
    for (int i = count - 1; i >= 0; i--)
        put_message(call, roaming, cJSON_GetArrayItem(roaming->found, i));
    if (list && list->child)
        put_last(call, list->child);
}

static void ask_history(struct call *call, const struct roaming *roaming, int64_t before);

/* The page from its end on, as far as it is wanted. */
static void take_page(struct call *call, struct roaming *roaming, const cJSON *messages)
{
    for (int i = cJSON_GetArraySize(messages) - 1; i >= 0; i--) {
        const cJSON *message = cJSON_GetArrayItem(messages, i);
        if (!is_content(message))
            continue;
        if (cJSON_GetArraySize(roaming->found) == roaming->wanted) {
            roaming->complete = false;
            return;
        }
        cJSON *copy = cJSON_Duplicate(message, true);
        if (!copy || !cJSON_AddItemToArray(roaming->found, copy)) {
            cJSON_Delete(copy);
            call_refuse(call, CODE_BUSY, "out of memory");
        }
    }
}

static void history_came(struct call *call)
{
    struct roaming *roaming = call_kept(call);
    const struct reply *reply = call_reply(call, 0);
    if (call_refused(call, reply))
        return;
    const cJSON *messages = reply_member(reply, "messages");
    const int64_t cut = object_number(reply->data, "before", NULL, 0); /* all of the page has been deleted */
    roaming->complete = cJSON_IsTrue(reply_member(reply, "complete"));
    take_page(call, roaming, messages);
    const int64_t first = messages && messages->child ? object_number(messages->child, "id", NULL, 0) : cut;
    if (!cJSON_IsTrue(reply_member(reply, "complete")) && first > 0 &&
        cJSON_GetArraySize(roaming->found) < roaming->wanted)
        ask_history(call, roaming, first);
    else
        answer_page(call, roaming);
}

/* `before`: an id; 0: as the request says. */
static void ask_history(struct call *call, const struct roaming *roaming, int64_t before)
{
    const char *key = call_text(call, "LastMsgKey");
    int64_t seq = 0;
    cJSON *command = call_ask_as(call, call_text(call, "Operator_Account"), "getHistory");
    put_text(call, command, "to", call_text(call, "Peer_Account"));
    put_number(call, command, "limit", larger(1, smaller(roaming->wanted, PAGE_MAX)));
    put_number(call, command, "afterTime", larger(0, call_number(call, "MinTime", 0) * 1000 - 1));
    if (before > 0)
        put_number(call, command, "before", before);
    else if (key && message_key_read(key, &seq))
        put_number(call, command, "seq", seq - 1);
    else
        put_number(call, command, "beforeTime", (call_number(call, "MaxTime", 0) + 1) * 1000);
    call_then(call, history_came);
}

/* Of the other side's list. */
static void list_came(struct call *call)
{
    struct roaming *roaming = call_kept(call);
    const cJSON *conversation;
    cJSON_ArrayForEach (conversation, reply_member(call_reply(call, 0), "conversations")) {
        const char *to = object_text(conversation, "to", NULL);
        if (to && strcmp(to, call_text(call, "Operator_Account")) == 0)
            roaming->read_id = object_number(conversation, "readID", NULL, 0);
    }
    ask_history(call, roaming, 0);
}

/* A page that begins at the first message there is: there is none before it. */
static bool is_over(struct call *call)
{
    int64_t seq = 0;
    const char *key = call_text(call, "LastMsgKey");
    if (key && !message_key_read(key, &seq))
        call_fail(call, BAD_KEY, "LastMsgKey must be <seq>_<random>_<seconds>");
    return key && seq <= 1;
}

void roam(struct call *call)
{
    struct roaming *roaming = calloc(1, sizeof *roaming);
    cJSON *found = cJSON_CreateArray();
    if (!roaming || !found) {
        call_refuse(call, CODE_BUSY, "out of memory");
        free(roaming);
        cJSON_Delete(found);
        return;
    }
    *roaming = (struct roaming){.found = found, .complete = true};
    roaming->wanted = (int)smaller(call_number(call, "MaxCnt", 0), PAGE_MAX);
    call_keep(call, roaming, release);
    if (is_over(call)) {
        answer_page(call, roaming);
        return;
    }
    put_number(call, call_ask_as(call, call_text(call, "Peer_Account"), "getConversations"), "limit",
               CONVERSATIONS_MAX);
    call_then(call, list_came);
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

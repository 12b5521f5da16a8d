/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* group_open_http_svc: messages, notices, recalls, receipts. */
#include "gate/rest/group_commands.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl/code.h"
#include "gate/rest/history.h"
#include "gate/rest/outgoing.h"
#include "gate/tencent/elements.h"
#include "gate/tencent/message_key.h"
#include "lib/basics.h"

#define RANDOM_MAX   4294967295
#define NOTIFIED_MAX 500
#define USERS_MAX    100 /* of sendNotice */
#define RECALLED_MAX 10
#define PAGE_MAX     20
#define IMPORTED_MAX 20
#define RECEIPTS_MAX 30

enum { PLACE_NONE, PLACE_DELETED, PLACE_RECALLED };

/* send_group_msg */

const struct rest_field send_group_fields[] = {
    GROUP_FIELD,
    {"Random", "MsgRandom", REST_NUMBER, false, RANDOM_MAX, 0},
    {"MsgBody", NULL, REST_OBJECTS, true, 0, 0},
    {"From_Account", NULL, REST_TEXT, false, 0, 0},
    {"To_Account", NULL, REST_TEXTS, false, 0, 0},
    {"OnlineOnlyFlag", "MsgOnlineOnlyFlag", REST_NUMBER, false, 1, 0},
    {"GroupAtInfo", NULL, REST_OBJECTS, false, 0, 0},
    {0}};

/* Everybody, or those who are named. */
static void put_at(struct call *call, cJSON *command)
{
    const cJSON *entry, *list = call_list(call, "GroupAtInfo");
    cJSON *at = NULL;
    cJSON_ArrayForEach (entry, list)
        if (object_number(entry, "GroupAtAllFlag", NULL, 0) == 1) {
            put_text(call, command, "at", "@all");
            return;
        }
    cJSON_ArrayForEach (entry, list) {
        const char *user = object_text(entry, "GroupAt_Account", NULL);
        if (user && !at)
            at = put_list(call, command, "at");
        if (user)
            add_text(call, at, user);
    }
}

static void group_sent(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const int64_t seq = object_number(reply->data, "seq", NULL, 0);
    cJSON *answer = call_answer(call);
    if (call_refused(call, reply))
        return;
    put_number(call, answer, "MsgTime",
               object_number(reply->data, "time", NULL, (int64_t)time(NULL) * 1000) / 1000);
    put_number(call, answer, "MsgSeq", seq);
    if (!reply_member(reply, "time"))
        put_text(call, answer, "MsgDropReason", "MsgFreqCtrl"); /* a busy live group has shed it */
}

void send_group(struct call *call)
{
    const char *from = call_text(call, "From_Account");
    const int64_t random = call_number(call, "Random", 0);
    if (cJSON_GetArraySize(call_list(call, "To_Account")) > 0) {
        call_refuse(call, CODE_BAD_REQUEST, "To_Account is not built: a message goes to the whole group");
        return;
    }
    cJSON *command = call_ask(call, "sendMessage");
    put_text(call, command, "sender", from ? from : call_admin(call));
    put_text(call, command, "group", call_text(call, "GroupId"));
    if (random > 0)
        put_number(call, command, "random", random);
    if (call_number(call, "OnlineOnlyFlag", 0) == 1)
        put_bool(call, command, "onlineOnly", true);
    put_at(call, command);
    outgoing_put(call, call_body(call), command);
    call_then(call, group_sent);
}

/* send_broadcast_msg */

const struct rest_field broadcast_fields[] = {{"MsgBody", NULL, REST_OBJECTS, true, 0, 0}, {0}};

void broadcast_live(struct call *call)
{
    outgoing_put(call, call_body(call), call_ask(call, "broadcastLive"));
    call_then(call, group_done);
}

/* send_group_system_notification: to members who are named, or to all */

const struct rest_field notify_fields[] = {GROUP_FIELD,
                                           {"ToMembers_Account", NULL, REST_TEXTS, false, NOTIFIED_MAX, 0},
                                           {"Content", NULL, REST_TEXT, true, 0, 0},
                                           {0}};

static void ask_to_notify(struct call *call, cJSON *command)
{
    put_text(call, command, "text", call_text(call, "Content"));
}

void notify(struct call *call)
{
    const cJSON *user, *users = call_list(call, "ToMembers_Account");
    cJSON *command = NULL, *names = NULL;
    int count = 0;
    if (cJSON_GetArraySize(users) == 0) {
        command = call_ask(call, "sendNotice");
        put_text(call, command, "group", call_text(call, "GroupId"));
        ask_to_notify(call, command);
    }
    cJSON_ArrayForEach (user, users) {
        if (count++ % USERS_MAX == 0) {
            command = call_ask(call, "sendNotice");
            names = put_list(call, command, "userIDs");
            ask_to_notify(call, command);
        }
        add_text(call, names, user->valuestring);
    }
    call_then(call, group_done);
}

/* A command about the message of a seq. */
static cJSON *ask_seq(struct call *call, const char *command, int64_t seq)
{
    cJSON *object = call_ask(call, command);
    put_text(call, object, "group", call_text(call, "GroupId"));
    put_number(call, object, "seq", seq);
    return object;
}

static int64_t seq_of(const cJSON *entry)
{
    return object_number(entry, "MsgSeq", NULL, 0);
}

/* group_msg_recall: what has been recalled before is fine */

const struct rest_field recall_fields[] = {GROUP_FIELD,
                                           {"MsgSeqList", NULL, REST_OBJECTS, true, RECALLED_MAX, 0},
                                           {"Reason", NULL, REST_TEXT, false, 0, 0},
                                           {0}};

static void recalled(struct call *call)
{
    const cJSON *entry;
    size_t i = 0;
    cJSON *list = put_list(call, call_answer(call), "RecallRetList");
    cJSON_ArrayForEach (entry, call_list(call, "MsgSeqList")) {
        const int code = call_reply(call, i++)->code;
        if (code == CODE_NO_GROUP) {
            call_refuse(call, code, code_text(code));
            return;
        }
        cJSON *result = add_object(call, list);
        put_number(call, result, "MsgSeq", seq_of(entry));
        put_number(call, result, "RetCode", code == CODE_ALREADY_RECALLED ? CODE_OK : code);
    }
}

void recall(struct call *call)
{
    const cJSON *entry;
    cJSON_ArrayForEach (entry, call_list(call, "MsgSeqList"))
        put_text(call, ask_seq(call, "recallMessage", seq_of(entry)), "reason", call_text(call, "Reason"));
    call_then(call, recalled);
}

/* group_msg_get_simple: newest first */

const struct rest_field group_history_fields[] = {GROUP_FIELD,
                                                  {"ReqMsgNumber", NULL, REST_NUMBER, true, 0, 0},
                                                  {"ReqMsgSeq", NULL, REST_NUMBER, false, 0, 0},
                                                  {0}};

static int their_priority(const cJSON *message)
{
    const char *priority = object_text(message, "priority", NULL);
    return priority && strcmp(priority, "high") == 0 ? 1 : priority && strcmp(priority, "low") == 0 ? 3 : 2;
}

static void put_group_message(struct call *call, cJSON *list, const cJSON *message)
{
    const bool gone = cJSON_HasObjectItem(message, "recalled");
    cJSON *entry = add_object(call, list);
    put_text(call, entry, "From_Account", object_text(message, "sender", NULL));
    put_number(call, entry, "IsPlaceMsg", gone ? PLACE_RECALLED : PLACE_NONE);
    put_number(call, entry, "IsSystemMsg", 0);
    put_item(call, entry, "MsgBody", elements_write(message));
    put_number(call, entry, "MsgPriority", their_priority(message));
    put_number(call, entry, "MsgRandom", message_their_random(object_number(message, "random", NULL, 0)));
    put_number(call, entry, "MsgSeq", object_number(message, "seq", NULL, 0));
    put_number(call, entry, "MsgTimeStamp", object_number(message, "time", NULL, 0) / 1000);
    put_text(call, entry, "CloudCustomData", object_text(message, "cloudCustomData", NULL));
}

static void group_history_came(struct call *call)
{
    const struct history *history = history_found(call);
    const cJSON *message;
    cJSON *answer = call_answer(call);
    put_text(call, answer, "GroupId", call_text(call, "GroupId"));
    put_number(call, answer, "IsFinished", history->complete ? 1 : 0);
    cJSON *list = put_list(call, answer, "RspMsgList");
    cJSON_ArrayForEach (message, history->messages)
        put_group_message(call, list, message);
}

void group_history(struct call *call)
{
    const struct history_query query = {.group = call_text(call, "GroupId"),
                                        .wanted = smaller(PAGE_MAX, call_number(call, "ReqMsgNumber", 0)),
                                        .seq = call_number(call, "ReqMsgSeq", 0)};
    history_collect(call, &query, group_history_came);
}

/* import_group_msg */

const struct rest_field import_group_messages_fields[] = {
    GROUP_FIELD, {"MsgList", NULL, REST_OBJECTS, true, IMPORTED_MAX, 0}, {0}};

static void messages_imported(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *entry, *made = reply_member(reply, "messages");
    int i = 0;
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, call_answer(call), "ImportMsgResult");
    cJSON_ArrayForEach (entry, call_list(call, "MsgList")) {
        const cJSON *message = cJSON_GetArrayItem(made, i++);
        cJSON *result = add_object(call, list);
        put_number(call, result, "Result", 0);
        put_number(call, result, "MsgSeq", object_number(message, "seq", NULL, 0));
        put_number(call, result, "MsgTime", object_number(entry, "SendTime", NULL, 0));
    }
}

void import_group_messages(struct call *call)
{
    const cJSON *entry;
    cJSON *list = put_list(call, call_ask(call, "importMessages"), "messages");
    cJSON_ArrayForEach (entry, call_list(call, "MsgList")) {
        const int64_t random = object_number(entry, "Random", "MsgRandom", 0);
        cJSON *message = add_object(call, list);
        put_text(call, message, "sender", object_text(entry, "From_Account", NULL));
        put_text(call, message, "group", call_text(call, "GroupId"));
        put_number(call, message, "time", object_number(entry, "SendTime", NULL, 0) * 1000);
        if (random > 0)
            put_number(call, message, "random", random);
        outgoing_put(call, entry, message);
    }
    call_then(call, messages_imported);
}

/* delete_group_msg_by_sender */

const struct rest_field purge_fields[] = {GROUP_FIELD, {"Sender_Account", NULL, REST_TEXT, true, 0, 0}, {0}};

void purge(struct call *call)
{
    cJSON *command = call_ask(call, "purgeMessages");
    put_text(call, command, "group", call_text(call, "GroupId"));
    put_text(call, command, "userID", call_text(call, "Sender_Account"));
    call_then(call, group_done);
}

/* Receipts: the broker names messages by their ids, which history knows */

static void ask_id(struct call *call, int64_t seq)
{
    put_number(call, ask_seq(call, "getHistory", seq), "limit", 1);
}

/* 0: there is no such message. */
static int64_t id_of(const struct reply *reply, int64_t seq)
{
    const cJSON *messages = reply_member(reply, "messages");
    const cJSON *message = messages ? messages->child : NULL;
    return message && object_number(message, "seq", NULL, 0) == seq ? object_number(message, "id", NULL, 0)
                                                                    : 0;
}

/* get_group_msg_receipt */

const struct rest_field receipts_fields[] = {
    GROUP_FIELD, {"MsgSeqList", NULL, REST_OBJECTS, true, RECEIPTS_MAX, 0}, {0}};

/* NULL: there is none. */
static const cJSON *receipt_of(const struct reply *reply, int64_t id)
{
    const cJSON *receipt;
    cJSON_ArrayForEach (receipt, reply_member(reply, "receipts"))
        if (object_number(receipt, "id", NULL, -1) == id)
            return receipt;
    return NULL;
}

/* The ids of the messages asked about, 0 where there is none: kept until their receipts are there. */
static void receipts_came(struct call *call)
{
    static const struct reply none = {0};
    const struct reply *reply = call_replies(call) > 0 ? call_reply(call, 0) : &none;
    const int64_t *ids = call_kept(call);
    const cJSON *entry;
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, call_answer(call), "GroupMsgReceiptList");
    cJSON_ArrayForEach (entry, call_list(call, "MsgSeqList")) {
        const cJSON *receipt = receipt_of(reply, *ids++);
        cJSON *result = add_object(call, list);
        put_number(call, result, "MsgSeq", seq_of(entry));
        put_number(call, result, "Code", receipt ? CODE_OK : CODE_NO_GROUP_MESSAGE);
        put_number(call, result, "ReadNum", object_number(receipt, "read", NULL, 0));
        put_number(call, result, "UnreadNum", object_number(receipt, "unread", NULL, 0));
    }
}

static void ask_receipts(struct call *call, const int64_t *ids, size_t count)
{
    cJSON *list = NULL;
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == 0)
            continue;
        if (!list) {
            cJSON *command = call_ask(call, "getReadReceipts");
            put_text(call, command, "group", call_text(call, "GroupId"));
            list = put_list(call, command, "ids");
        }
        add_number(call, list, ids[i]);
    }
    call_then(call, receipts_came);
}

static void ids_came(struct call *call)
{
    const cJSON *entry;
    size_t count = 0;
    int64_t *ids = call_kept(call);
    cJSON_ArrayForEach (entry, call_list(call, "MsgSeqList")) {
        if (call_refused(call, call_reply(call, count)))
            return;
        ids[count] = id_of(call_reply(call, count), seq_of(entry));
        count++;
    }
    ask_receipts(call, ids, count);
}

void get_receipts(struct call *call)
{
    const cJSON *entry;
    int64_t *ids = calloc(RECEIPTS_MAX, sizeof *ids);
    if (!ids) {
        call_refuse(call, CODE_BUSY, "out of memory");
        return;
    }
    call_keep(call, ids, free);
    cJSON_ArrayForEach (entry, call_list(call, "MsgSeqList"))
        ask_id(call, seq_of(entry));
    call_then(call, ids_came);
}

/* get_group_msg_receipt_detail: Flag 0 are those who have read it, 1 the others */

const struct rest_field readers_fields[] = {GROUP_FIELD,
                                            {"MsgSeq", NULL, REST_NUMBER, true, 0, 0},
                                            {"Flag", "Filter", REST_NUMBER, false, 1, 0},
                                            {"Num", "Count", REST_NUMBER, false, 0, 0},
                                            {"Cursor", NULL, REST_NUMBER, false, 0, 0},
                                            {0}};

static void readers_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const bool unread = call_number(call, "Flag", 0) == 1;
    const cJSON *user;
    cJSON *answer = call_answer(call);
    if (call_refused(call, reply))
        return;
    const int64_t next = object_number(reply->data, "next", NULL, 0);
    cJSON *list = put_list(call, answer, unread ? "UnreadList" : "ReadList");
    cJSON_ArrayForEach (user, reply_member(reply, "users"))
        put_text(call, add_object(call, list), unread ? "Unread_Account" : "Read_Account", user->valuestring);
    put_number(call, answer, "MsgSeq", call_number(call, "MsgSeq", 0));
    put_number(call, answer, "Cursor", next);
    put_number(call, answer, "IsFinish", next == 0);
}

static void id_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const int64_t id = id_of(reply, call_number(call, "MsgSeq", 0));
    if (call_refused(call, reply))
        return;
    if (id == 0) {
        call_refuse(call, CODE_NO_GROUP_MESSAGE, code_text(CODE_NO_GROUP_MESSAGE));
        return;
    }
    cJSON *command = call_ask(call, "getMessageReaders");
    put_text(call, command, "group", call_text(call, "GroupId"));
    put_number(call, command, "id", id);
    put_bool(call, command, "read", call_number(call, "Flag", 0) == 0);
    put_number(call, command, "offset", call_number(call, "Cursor", 0));
    put_number(call, command, "limit",
               larger(1, smaller(GROUP_MEMBERS_MAX, call_number(call, "Num", GROUP_MEMBERS_MAX))));
    call_then(call, readers_came);
}

void get_readers(struct call *call)
{
    ask_id(call, call_number(call, "MsgSeq", 0));
    call_then(call, id_came);
}

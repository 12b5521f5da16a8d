/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* openim: private messages, written and changed. What is read is in roaming.c and online.c. */
#include "gate/rest/services.h"

#include <string.h>
#include <time.h>

#include "acl/code.h"
#include "gate/rest/online.h"
#include "gate/rest/outgoing.h"
#include "gate/rest/roaming.h"
#include "gate/tencent/message_key.h"

#define RANDOM_MAX   4294967295
#define LIFETIME_MAX 604800
#define BAD_TO       90003
#define BAD_RANDOM   90005
#define BAD_TIME     90006
#define BODY_NO_LIST 90007
#define BAD_FROM     90008
#define BAD_LIFETIME 90026

/* What sendmsg and batchsendmsg have alike; the first row is theirs. */
#define SEND_FIELDS                                                                                          \
    {"From_Account", NULL, REST_TEXT, false, 0, BAD_FROM},                                                   \
        {"MsgRandom", "Random", REST_NUMBER, false, RANDOM_MAX, BAD_RANDOM},                                 \
        {"MsgTimeStamp", NULL, REST_NUMBER, false, 0, BAD_TIME},                                             \
        {"MsgLifeTime", NULL, REST_NUMBER, false, LIFETIME_MAX, BAD_LIFETIME},                               \
        {"MsgBody", NULL, REST_OBJECTS, true, 0, BODY_NO_LIST},                                              \
    {                                                                                                        \
        0                                                                                                    \
    }

static const struct rest_field send_fields[] = {{"To_Account", NULL, REST_TEXT, true, 0, BAD_TO},
                                                SEND_FIELDS};
static const struct rest_field batch_fields[] = {{"To_Account", NULL, REST_TEXTS, true, 500, BAD_TO},
                                                 SEND_FIELDS};

/* One message to one user. */
static void ask_to_send(struct call *call, const char *to)
{
    const char *from = call_text(call, "From_Account");
    const int64_t random = message_random((int64_t)time(NULL), call_number(call, "MsgRandom", 0));
    cJSON *command = call_ask(call, "sendMessage");
    put_text(call, command, "sender", from ? from : call_admin(call));
    put_text(call, command, "to", to);
    if (random != 0)
        put_number(call, command, "random", random);
    if (call_number(call, "MsgLifeTime", -1) == 0)
        put_bool(call, command, "onlineOnly", true);
    outgoing_put(call, call_body(call), command);
}

static void put_key(struct call *call, const struct reply *reply)
{
    char key[MESSAGE_KEY_MAX];
    const int64_t seconds = object_number(reply->data, "time", NULL, (int64_t)time(NULL) * 1000) / 1000;
    message_key_print(key, object_number(reply->data, "seq", NULL, 0), call_number(call, "MsgRandom", 0),
                      seconds);
    put_number(call, call_answer(call), "MsgTime", seconds);
    put_text(call, call_answer(call), "MsgKey", key);
}

static void sent(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    if (!call_refused(call, reply))
        put_key(call, reply);
}

static void send(struct call *call)
{
    ask_to_send(call, call_text(call, "To_Account"));
    call_then(call, sent);
}

static void batch_sent(struct call *call)
{
    const struct reply *good = NULL;
    const cJSON *to;
    size_t i = 0;
    cJSON *failed = put_list(call, call_answer(call), "ErrorList");
    cJSON_ArrayForEach (to, call_list(call, "To_Account")) {
        const struct reply *reply = call_reply(call, i++);
        if (reply->code == 0) {
            good = reply;
            continue;
        }
        cJSON *entry = add_object(call, failed);
        put_text(call, entry, "To_Account", to->valuestring);
        put_number(call, entry, "ErrorCode", call_code(call, reply->code));
    }
    if (cJSON_GetArraySize(failed) > 0)
        call_some_failed(call);
    if (good)
        put_key(call, good);
}

static void send_batch(struct call *call)
{
    const cJSON *to;
    cJSON_ArrayForEach (to, call_list(call, "To_Account"))
        ask_to_send(call, to->valuestring);
    call_then(call, batch_sent);
}

/* importmsg: 2 is history; what happens now (5, and 1 of older clients) is sent */

#define HISTORY 2

static const struct rest_field import_fields[] = {
    {"SyncFromOldSystem", NULL, REST_NUMBER, true, 5, 0},
    {"From_Account", NULL, REST_TEXT, true, 0, BAD_FROM},
    {"To_Account", NULL, REST_TEXT, true, 0, BAD_TO},
    {"MsgRandom", "Random", REST_NUMBER, false, RANDOM_MAX, BAD_RANDOM},
    {"MsgTimeStamp", NULL, REST_NUMBER, true, 0, BAD_TIME},
    {"MsgBody", NULL, REST_OBJECTS, true, 0, BODY_NO_LIST},
    {0}};

static void imported(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static void import_history(struct call *call)
{
    const int64_t seconds = call_number(call, "MsgTimeStamp", 0);
    cJSON *message = add_object(call, put_list(call, call_ask(call, "importMessages"), "messages"));
    put_text(call, message, "sender", call_text(call, "From_Account"));
    put_text(call, message, "to", call_text(call, "To_Account"));
    put_number(call, message, "time", seconds * 1000);
    put_number(call, message, "random", message_random(seconds, call_number(call, "MsgRandom", 0)));
    outgoing_put(call, call_body(call), message);
    call_then(call, imported);
}

static void import(struct call *call)
{
    if (call_number(call, "SyncFromOldSystem", 0) == HISTORY) {
        import_history(call);
        return;
    }
    ask_to_send(call, call_text(call, "To_Account"));
    call_then(call, imported);
}

/* A message named by MsgKey */

#define BAD_KEY 90054

#define KEY_FIELDS                                                                                           \
    {"From_Account", NULL, REST_TEXT, true, 0, BAD_FROM}, {"To_Account", NULL, REST_TEXT, true, 0, BAD_TO},  \
    {                                                                                                        \
        "MsgKey", NULL, REST_TEXT, true, 0, BAD_KEY                                                          \
    }

static const struct rest_field withdraw_fields[] = {KEY_FIELDS, {0}};
static const struct rest_field modify_fields[] = {
    KEY_FIELDS, {"MsgBody", NULL, REST_OBJECTS, true, 0, BODY_NO_LIST}, {0}};

/* A command about it, of who sent it; NULL: the call has failed. */
static cJSON *ask_about_key(struct call *call, const char *command)
{
    int64_t seq;
    if (!message_key_read(call_text(call, "MsgKey"), &seq)) {
        call_fail(call, BAD_KEY, "MsgKey must be <seq>_<random>_<seconds>");
        return NULL;
    }
    cJSON *object = call_ask_as(call, call_text(call, "From_Account"), command);
    put_text(call, object, "to", call_text(call, "To_Account"));
    put_number(call, object, "seq", seq);
    return object;
}

static void done(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static void withdraw(struct call *call)
{
    (void)ask_about_key(call, "recallMessage");
    call_then(call, done);
}

static void modify(struct call *call)
{
    cJSON *command = ask_about_key(call, "editMessage");
    if (command)
        outgoing_put(call, call_body(call), command);
    call_then(call, done);
}

static const struct rest_field modify_group_fields[] = {
    {"GroupId", NULL, REST_TEXT, true, 0, 0},
    {"MsgSeq", NULL, REST_NUMBER, true, 0, 0},
    {"MsgBody", NULL, REST_OBJECTS, true, 0, BODY_NO_LIST},
    {0}};

static void modify_group(struct call *call)
{
    cJSON *command = call_ask(call, "editMessage");
    put_text(call, command, "group", call_text(call, "GroupId"));
    put_number(call, command, "seq", call_number(call, "MsgSeq", 0));
    outgoing_put(call, call_body(call), command);
    call_then(call, done);
}

static const struct rest_command commands[] = {
    {"sendmsg", send_fields, send},
    {"batchsendmsg", batch_fields, send_batch},
    {"importmsg", import_fields, import},
    {"admin_msgwithdraw", withdraw_fields, withdraw},
    {"modify_c2c_msg", modify_fields, modify},
    {"modify_group_msg", modify_group_fields, modify_group},
    {"admin_getroammsg", roam_fields, roam},
    {"admin_set_msg_read", read_fields, read_up_to},
    {"get_c2c_unread_msg_num", unread_fields, count_unread},
    {"query_online_status", status_fields, ask_status},
    {NULL, NULL, NULL},
};

const struct rest_service service_message = {"openim", FAMILY_MESSAGE, commands};

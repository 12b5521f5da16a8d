/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* openim: private messages. */
#include "gate/rest/services.h"

#include <string.h>
#include <time.h>

#include "acl/code.h"
#include "gate/rest/message_key.h"
#include "gate/rest/outgoing.h"

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

static const struct rest_command commands[] = {
    {"sendmsg", send_fields, send},
    {"batchsendmsg", batch_fields, send_batch},
    {NULL, NULL, NULL},
};

const struct rest_service service_message = {"openim", FAMILY_MESSAGE, commands};

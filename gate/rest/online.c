/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/online.h"

#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"

#define STATUS_MAX 100 /* of getStatus */

const struct rest_field status_fields[] = {
    {"To_Account", NULL, REST_TEXTS, true, 500, 0}, {"IsNeedDetail", NULL, REST_NUMBER, false, 1, 0}, {0}};

/* By our words. */
static const struct {
    const char *ours, *theirs;
} statuses[] = {{"online", "Online"}, {"background", "PushOnline"}, {"offline", "Offline"}},
  platforms[] = {{"ios", "iOS"},         {"ipad", "iPad"}, {"android", "Android"}, {"web", "Web"},
                 {"windows", "Windows"}, {"mac", "Mac"},   {"linux", "Linux"}};

static const char *their_status(const char *ours)
{
    for (size_t i = 0; ours && i < COUNT(statuses); i++)
        if (strcmp(statuses[i].ours, ours) == 0)
            return statuses[i].theirs;
    return NULL;
}

static const char *their_platform(const char *ours)
{
    for (size_t i = 0; ours && i < COUNT(platforms); i++)
        if (strcmp(platforms[i].ours, ours) == 0)
            return platforms[i].theirs;
    return ours;
}

/* Both names, for there are clients of either. */
static void put_status(struct call *call, cJSON *entry, const char *status)
{
    put_text(call, entry, "Status", status);
    put_text(call, entry, "State", status);
}

static void put_user(struct call *call, const cJSON *user)
{
    cJSON *answer = call_answer(call);
    const char *status = their_status(object_text(user, "status", NULL));
    cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, status ? "QueryResult" : "ErrorList");
    cJSON *entry = add_object(call, list);
    put_text(call, entry, "To_Account", object_text(user, "userID", NULL));
    if (status)
        put_status(call, entry, status);
    else
        put_number(call, entry, "ErrorCode", rest_code(FAMILY_ACCOUNT, CODE_NO_USER));
}

/* Details: the platforms of who is there, in the order of QueryResult */

static void details_came(struct call *call)
{
    cJSON *entry;
    const cJSON *device;
    size_t i = 0;
    cJSON_ArrayForEach (entry, cJSON_GetObjectItemCaseSensitive(call_answer(call), "QueryResult")) {
        const struct reply *reply = call_reply(call, i++);
        cJSON *list = put_list(call, entry, "Detail");
        cJSON_ArrayForEach (device, reply_member(reply, "devices")) {
            cJSON *detail = add_object(call, list);
            put_text(call, detail, "Platform", their_platform(object_text(device, "platform", NULL)));
            put_text(call, detail, "Status",
                     cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(device, "online")) ? "Online" : "Offline");
        }
    }
}

static void ask_details(struct call *call)
{
    const cJSON *entry;
    cJSON_ArrayForEach (entry, cJSON_GetObjectItemCaseSensitive(call_answer(call), "QueryResult"))
        put_text(call, call_ask(call, "getUser"), "userID", object_text(entry, "To_Account", NULL));
    call_then(call, details_came);
}

static void statuses_came(struct call *call)
{
    const cJSON *user;
    (void)put_list(call, call_answer(call), "QueryResult");
    (void)put_list(call, call_answer(call), "ErrorList");
    for (size_t i = 0; i < call_replies(call); i++) {
        if (call_refused(call, call_reply(call, i)))
            return;
        cJSON_ArrayForEach (user, reply_member(call_reply(call, i), "users"))
            put_user(call, user);
    }
    if (call_number(call, "IsNeedDetail", 0) == 1)
        ask_details(call);
}

void ask_status(struct call *call)
{
    const cJSON *to;
    cJSON *list = NULL;
    int count = 0;
    cJSON_ArrayForEach (to, call_list(call, "To_Account")) {
        if (count++ % STATUS_MAX == 0)
            list = put_list(call, call_ask(call, "getStatus"), "userIDs");
        add_text(call, list, to->valuestring);
    }
    call_then(call, statuses_came);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* sns: blacklists. There are no lists of friends. */
#include "gate/rest/services.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"

#define USERS_MAX   1000
#define PAGE_USUAL  100
#define TYPE_BOTH   "BlackCheckResult_Type_Both"
#define TYPE_SINGLE "BlackCheckResult_Type_Single"

/* black_list_add, black_list_delete: each for itself */

static const struct rest_field change_fields[] = {
    {"From_Account", NULL, REST_TEXT, true, 0, 0}, {"To_Account", NULL, REST_TEXTS, true, USERS_MAX, 0}, {0}};

static void changed(struct call *call)
{
    const cJSON *to;
    size_t i = 0;
    cJSON *answer = call_answer(call);
    cJSON *results = put_list(call, answer, "ResultItem"), *failed = put_list(call, answer, "Fail_Account");
    cJSON_ArrayForEach (to, call_list(call, "To_Account")) {
        const struct reply *reply = call_reply(call, i++);
        cJSON *result = add_object(call, results);
        put_text(call, result, "To_Account", to->valuestring);
        put_number(call, result, "ResultCode", call_code(call, reply->code));
        put_text(call, result, "ResultInfo", reply->error);
        if (reply->code != 0)
            add_text(call, failed, to->valuestring);
    }
}

static void ask_each(struct call *call, const char *command)
{
    const cJSON *to;
    cJSON_ArrayForEach (to, call_list(call, "To_Account")) {
        cJSON *object = call_ask_as(call, call_text(call, "From_Account"), command);
        add_text(call, put_list(call, object, "userIDs"), to->valuestring);
    }
    call_then(call, changed);
}

static void add(struct call *call)
{
    ask_each(call, "addToBlacklist");
}

static void take_off(struct call *call)
{
    ask_each(call, "removeFromBlacklist");
}

/* black_list_get: a piece of it; when one was put there is not known */

static const struct rest_field get_fields[] = {{"From_Account", NULL, REST_TEXT, true, 0, 0},
                                               {"StartIndex", NULL, REST_NUMBER, false, 0, 0},
                                               {"MaxLimited", NULL, REST_NUMBER, false, 0, 0},
                                               {"LastSequence", NULL, REST_NUMBER, false, 0, 0},
                                               {0}};

static void list_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const int64_t start = call_number(call, "StartIndex", 0), limit = call_number(call, "MaxLimited", 0);
    cJSON *answer = call_answer(call);
    const cJSON *name;
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, answer, "BlackListItem");
    const int64_t end = start + (limit > 0 ? limit : PAGE_USUAL);
    int64_t at = 0;
    cJSON_ArrayForEach (name, reply_member(reply, "userIDs")) {
        if (at >= start && at < end) {
            cJSON *entry = add_object(call, list);
            put_text(call, entry, "To_Account", name->valuestring);
            put_number(call, entry, "AddBlackTimeStamp", 0);
        }
        at++;
    }
    put_number(call, answer, "StartIndex", at > end ? end : 0);
    put_number(call, answer, "CurruentSequence", call_number(call, "LastSequence", 0));
}

static void get(struct call *call)
{
    (void)call_ask_as(call, call_text(call, "From_Account"), "getBlacklist");
    call_then(call, list_came);
}

/* black_list_check */

static const struct rest_field check_fields[] = {{"From_Account", NULL, REST_TEXT, true, 0, 0},
                                                 {"To_Account", NULL, REST_TEXTS, true, USERS_MAX, 0},
                                                 {"CheckType", NULL, REST_TEXT, true, 0, 0},
                                                 {0}};

static bool is_on(const struct reply *reply, const char *user)
{
    const cJSON *name;
    cJSON_ArrayForEach (name, reply_member(reply, "userIDs"))
        if (cJSON_IsString(name) && strcmp(name->valuestring, user) == 0)
            return true;
    return false;
}

static const char *relation(bool ours, bool theirs)
{
    static const char *const words[] = {"BlackCheckResult_Type_NO", "BlackCheckResult_Type_AWithB",
                                        "BlackCheckResult_Type_BWithA", "BlackCheckResult_Type_BothWay"};
    return words[(ours ? 1 : 0) + (theirs ? 2 : 0)];
}

/* The first reply is the list of who asks, the others are those of the others, where both sides are asked for. */
static void lists_came(struct call *call)
{
    const char *from = call_text(call, "From_Account");
    const struct reply *own = call_reply(call, 0);
    const bool both = call_replies(call) > 1;
    const cJSON *to;
    size_t i = 1;
    if (call_refused(call, own))
        return;
    cJSON *answer = call_answer(call);
    cJSON *list = put_list(call, answer, "BlackListCheckItem"),
          *failed = put_list(call, answer, "Fail_Account");
    cJSON_ArrayForEach (to, call_list(call, "To_Account")) {
        const struct reply *other = both ? call_reply(call, i++) : own;
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "To_Account", to->valuestring);
        put_text(call, entry, "Relation", relation(is_on(own, to->valuestring), both && is_on(other, from)));
        put_number(call, entry, "ResultCode", call_code(call, other->code));
        put_text(call, entry, "ResultInfo", other->error);
        if (other->code != 0)
            add_text(call, failed, to->valuestring);
    }
}

static void check(struct call *call)
{
    const char *type = call_text(call, "CheckType");
    const bool both = strcmp(type, TYPE_BOTH) == 0;
    const cJSON *to;
    if (!both && strcmp(type, TYPE_SINGLE) != 0) {
        call_refuse(call, CODE_BAD_REQUEST, "CheckType must be " TYPE_BOTH " or " TYPE_SINGLE);
        return;
    }
    (void)call_ask_as(call, call_text(call, "From_Account"), "getBlacklist");
    if (both)
        cJSON_ArrayForEach (to, call_list(call, "To_Account"))
            (void)call_ask_as(call, to->valuestring, "getBlacklist");
    call_then(call, lists_came);
}

static const struct rest_command commands[] = {
    {"black_list_add", change_fields, add},
    {"black_list_delete", change_fields, take_off},
    {"black_list_get", get_fields, get},
    {"black_list_check", check_fields, check},
    {"friend_add", NULL, NULL},
    {"friend_import", NULL, NULL},
    {"friend_update", NULL, NULL},
    {"friend_delete", NULL, NULL},
    {"friend_delete_all", NULL, NULL},
    {"friend_check", NULL, NULL},
    {"friend_get", NULL, NULL},
    {"friend_get_list", NULL, NULL},
    {"group_add", NULL, NULL},
    {"group_delete", NULL, NULL},
    {"group_get", NULL, NULL},
    {NULL, NULL, NULL},
};

const struct rest_service service_sns = {"sns", FAMILY_SNS, commands};

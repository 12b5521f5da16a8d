/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* recentcontact: the list of conversations. */
#include "gate/rest/services.h"

#include "acl/code.h"

#define PAGE_MAX 100

enum { TYPE_PRIVATE = 1, TYPE_GROUP };

/* get_list: pinned ones first, then the newest. StartIndex is where the page before has ended, a number of ours */

static const struct rest_field list_fields[] = {{"From_Account", NULL, REST_TEXT, true, 0, 0},
                                                {"TimeStamp", NULL, REST_NUMBER, false, 0, 0},
                                                {"StartIndex", NULL, REST_NUMBER, false, 0, 0},
                                                {"TopTimeStamp", NULL, REST_NUMBER, false, 0, 0},
                                                {"TopStartIndex", NULL, REST_NUMBER, false, 0, 0},
                                                {"AssistFlags", NULL, REST_NUMBER, false, 0, 0},
                                                {0}};

static void put_session(struct call *call, cJSON *list, const cJSON *conversation)
{
    const char *to = object_text(conversation, "to", NULL);
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(conversation, "lastMessage");
    cJSON *entry = add_object(call, list);
    put_number(call, entry, "Type", to ? TYPE_PRIVATE : TYPE_GROUP);
    put_text(call, entry, "To_Account", to);
    put_text(call, entry, "GroupId", object_text(conversation, "group", NULL));
    put_number(call, entry, "MsgTime", object_number(last, "time", NULL, 0) / 1000);
    put_number(call, entry, "TopFlag",
               cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(conversation, "pinned")));
    put_number(call, entry, "UnreadMsgCount", object_number(conversation, "unread", NULL, 0));
}

static void list_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const bool complete = !cJSON_IsFalse(reply_member(reply, "complete"));
    const cJSON *conversation, *last = NULL;
    cJSON *answer = call_answer(call);
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, answer, "SessionItem");
    cJSON_ArrayForEach (conversation, reply_member(reply, "conversations")) {
        put_session(call, list, conversation);
        last = cJSON_GetObjectItemCaseSensitive(conversation, "lastMessage");
    }
    put_number(call, answer, "CompleteFlag", complete);
    put_number(call, answer, "StartIndex", complete ? 0 : object_number(last, "id", NULL, 0));
    put_number(call, answer, "TimeStamp", complete ? 0 : object_number(last, "time", NULL, 0) / 1000);
    put_number(call, answer, "TopTimeStamp", 0);
    put_number(call, answer, "TopStartIndex", 0);
}

static void get_list(struct call *call)
{
    cJSON *command = call_ask_as(call, call_text(call, "From_Account"), "getConversations");
    const int64_t before = call_number(call, "StartIndex", 0);
    put_number(call, command, "limit", PAGE_MAX);
    if (before > 0)
        put_number(call, command, "before", before);
    call_then(call, list_came);
}

/* delete */

static const struct rest_field delete_fields[] = {
    {"From_Account", NULL, REST_TEXT, true, 0, 0},   {"Type", "type", REST_NUMBER, true, TYPE_GROUP, 0},
    {"To_Account", NULL, REST_TEXT, false, 0, 0},    {"ToGroupid", "ToGroupId", REST_TEXT, false, 0, 0},
    {"ClearRamble", NULL, REST_NUMBER, false, 1, 0}, {0}};

static void deleted(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static void delete_one(struct call *call)
{
    const bool private = call_number(call, "Type", 0) == TYPE_PRIVATE;
    const char *field = private ? "To_Account" : "ToGroupid", *name = call_text(call, field);
    if (!name || call_number(call, "Type", 0) == 0) {
        call_fail(call, call_code(call, CODE_BAD_REQUEST), "%s",
                  name ? "Type must be 1 or 2" : "To_Account or ToGroupid is missing");
        return;
    }
    cJSON *command = call_ask_as(call, call_text(call, "From_Account"), "deleteConversation");
    put_text(call, command, private ? "to" : "group", name);
    if (call_number(call, "ClearRamble", 0) == 0)
        put_bool(call, command, "keepMessages", true);
    call_then(call, deleted);
}

static const struct rest_command commands[] = {
    {"get_list", list_fields, get_list},
    {"delete", delete_fields, delete_one},
    {NULL, NULL, NULL},
};

const struct rest_service service_recent = {"recentcontact", FAMILY_RECENT, commands};

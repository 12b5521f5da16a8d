/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/reviews.h"

#include <string.h>

#include "gate/hook/hook_body.h"
#include "gate/tencent/elements.h"
#include "lib/basics.h"
#include "lib/json.h"

enum answer_code { ANSWER_PASS, ANSWER_REFUSE, ANSWER_DROP };

typedef void fill(struct hook_body *body, const cJSON *review);

/* Bodies */

static void put_group(struct hook_body *body, const cJSON *review)
{
    body_group(body, item_text(review, "group"));
    body_text(body, "Type", item_text(review, "groupType"));
}

static void fill_c2c(struct hook_body *body, const cJSON *review)
{
    const cJSON *message = item_get(review, "message");
    body_text(body, "From_Account", item_text(review, "userID"));
    body_text(body, "To_Account", item_text(review, "to"));
    body_c2c_numbers(body, 0, item_number(message, "random"), item_number(review, "time")); /* no seq yet */
    body_number(body, "OnlineOnlyFlag", cJSON_IsTrue(item_get(message, "onlineOnly")));
    body_content(body, message);
}

static void fill_group(struct hook_body *body, const cJSON *review)
{
    const cJSON *message = item_get(review, "message");
    put_group(body, review);
    body_text(body, "From_Account", item_text(review, "userID"));
    body_text(body, "Operator_Account", item_text(review, "userID"));
    body_number(body, "Random", item_number(message, "random"));
    body_number(body, "OnlineOnlyFlag", cJSON_IsTrue(item_get(message, "onlineOnly")));
    body_content(body, message);
}

/* Who is named in `members`, of createGroup by objects or by userIDs. */
static void put_members(struct hook_body *body, const char *name, const cJSON *command)
{
    const cJSON *member;
    cJSON *list = body_list(body, name);
    cJSON_ArrayForEach (member, item_get(command, "members")) {
        const char *user = cJSON_IsString(member) ? member->valuestring : item_text(member, "userID");
        body_text_in(body, body_entry(body, list), "Member_Account", user);
    }
}

static void fill_create(struct hook_body *body, const cJSON *review)
{
    const cJSON *command = item_get(review, "command");
    body_text(body, "Operator_Account", item_text(review, "userID"));
    body_text(body, "Owner_Account", item_text(review, "userID"));
    body_text(body, "Type", item_text(command, "groupType"));
    body_text(body, "Name", item_text(command, "groupName"));
    body_number(body, "CreateGroupNum", 0); /* nobody counts them */
    put_members(body, "MemberList", command);
}

static void fill_join(struct hook_body *body, const cJSON *review)
{
    put_group(body, review);
    body_text(body, "Requestor_Account", item_text(review, "userID"));
}

static void fill_invite(struct hook_body *body, const cJSON *review)
{
    put_group(body, review);
    body_text(body, "Operator_Account", item_text(review, "userID"));
    put_members(body, "DestinationMembers", item_get(review, "command"));
}

/* What is asked: of a message its receiver, of a command its name. */
static const struct {
    const char *what;
    enum callback callback;
    fill *fill;
} rows[] = {
    {"to", CALLBACK_BEFORE_C2C_SEND, fill_c2c},
    {"group", CALLBACK_BEFORE_GROUP_SEND, fill_group},
    {"createGroup", CALLBACK_BEFORE_CREATE_GROUP, fill_create},
    {"joinGroup", CALLBACK_BEFORE_APPLY_JOIN, fill_join},
    {"inviteGroupMember", CALLBACK_BEFORE_INVITE_JOIN, fill_invite},
};

/* COUNT(rows): it is none of them. */
static size_t row_of(const cJSON *review)
{
    const char *what = item_get(review, "to") ? "to" : "group";
    if (!item_get(review, "message"))
        what = item_text(item_get(review, "command"), "command");
    size_t i = 0;
    while (i < COUNT(rows) && strcmp(rows[i].what, what) != 0)
        i++;
    return i;
}

enum callback review_callback(const cJSON *review)
{
    const size_t row = row_of(review);
    return row < COUNT(rows) ? rows[row].callback : CALLBACK_COUNT;
}

char *review_body(const cJSON *review)
{
    const size_t row = row_of(review);
    struct hook_body body = {.object = row < COUNT(rows) ? cJSON_CreateObject() : NULL};
    if (!body.object)
        return NULL;
    body_text(&body, "CallbackCommand", callback_name(rows[row].callback));
    if (rows[row].callback != CALLBACK_BEFORE_C2C_SEND)
        body_number(&body, "EventTime", item_number(review, "time"));
    rows[row].fill(&body, review);
    return body_finish(&body);
}

/* Decisions */

static cJSON *begin(const char *action)
{
    cJSON *command = cJSON_CreateObject();
    if (cJSON_AddStringToObject(command, "command", "reviewed") &&
        cJSON_AddStringToObject(command, "action", action))
        return command;
    cJSON_Delete(command);
    return NULL;
}

cJSON *review_default(const char *action)
{
    return begin(action);
}

/* Whole, or nothing of it. */
static cJSON *complete(cJSON *command, bool good)
{
    if (good)
        return command;
    cJSON_Delete(command);
    return NULL;
}

static cJSON *refuse(const cJSON *answer, int64_t code)
{
    const char *error = item_text(answer, "ErrorInfo");
    cJSON *command = begin("refuse");
    return complete(command, (code == ANSWER_REFUSE || json_add_whole(command, "code", code)) &&
                                 (!*error || cJSON_AddStringToObject(command, "error", error)));
}

static bool has_list(const cJSON *answer, const char *name)
{
    return cJSON_GetArraySize(item_get(answer, name)) > 0;
}

static cJSON *replace(const cJSON *answer)
{
    char error[200];
    const cJSON *custom = item_get(answer, "CloudCustomData");
    cJSON *command = begin("replace");
    cJSON *message = command ? cJSON_AddObjectToObject(command, "message") : NULL;
    return complete(command, message &&
                                 elements_read(item_get(answer, "MsgBody"), message, error, sizeof error) &&
                                 (!cJSON_IsString(custom) ||
                                  cJSON_AddStringToObject(message, "cloudCustomData", custom->valuestring)));
}

static cJSON *pass(const cJSON *answer)
{
    const cJSON *refused = item_get(answer, "RefusedMembers_Account");
    cJSON *command = begin("pass");
    if (!has_list(answer, "RefusedMembers_Account"))
        return command;
    cJSON *copy = cJSON_Duplicate(refused, true);
    if (copy && command && cJSON_AddItemToObject(command, "refused", copy))
        return command;
    cJSON_Delete(copy);
    return complete(command, false);
}

cJSON *review_decision(enum callback callback, const cJSON *answer)
{
    const cJSON *code = item_get(answer, "ErrorCode");
    const bool message = callback == CALLBACK_BEFORE_C2C_SEND || callback == CALLBACK_BEFORE_GROUP_SEND;
    if (!cJSON_IsNumber(code))
        return NULL;
    if (code->valueint == ANSWER_DROP)
        return begin("drop");
    if (code->valueint != ANSWER_PASS)
        return refuse(answer, code->valueint);
    return message && has_list(answer, "MsgBody") ? replace(answer) : pass(answer);
}

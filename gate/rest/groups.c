/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* group_open_http_svc: groups themselves, and the table of the service. */
#include "gate/rest/group_commands.h"
#include "gate/rest/services.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/basics.h"

#define MEMBERS_SHOWN 500 /* of get_group_info */
#define GROUPS_PAGE   500 /* of getGroups */
#define GROUPS_MAX    10000

const struct rest_field group_fields[] = {GROUP_FIELD, {0}};

void group_done(struct call *call)
{
    for (size_t i = 0; i < call_replies(call); i++)
        if (call_refused(call, call_reply(call, i)))
            return;
}

cJSON *ask_group(struct call *call, const char *command)
{
    cJSON *object = call_ask(call, command);
    put_text(call, object, "groupID", call_text(call, "GroupId"));
    return object;
}

void put_group_id(struct call *call, cJSON *object, const char *name, const char *id)
{
    char theirs[GROUP_ID_MAX + 3];
    if (!id)
        return;
    group_id_print_foreign(theirs, id);
    put_text(call, object, name, theirs);
}

/* create_group, import_group */

static const struct rest_field create_fields[] = {
    {"Owner_Account", NULL, REST_TEXT, false, 0, 0},
    {"Type", NULL, REST_TEXT, true, 0, 0},
    {"GroupId", NULL, REST_TEXT, false, 0, 0},
    {"Name", NULL, REST_TEXT, true, 0, 0},
    {"Introduction", NULL, REST_TEXT, false, 0, 0},
    {"Notification", NULL, REST_TEXT, false, 0, 0},
    {"FaceUrl", NULL, REST_TEXT, false, 0, 0},
    {"ApplyJoinOption", NULL, REST_TEXT, false, 0, 0},
    {"MemberList", NULL, REST_OBJECTS, false, GROUP_MEMBERS_MAX, 0},
    {"CreateTime", NULL, REST_NUMBER, false, 0, 0},
    {0}};

/* What create_group and modify_group_base_info have alike. */
static void put_base(struct call *call, cJSON *command)
{
    put_text(call, command, "groupName", call_text(call, "Name"));
    put_text(call, command, "introduction", call_text(call, "Introduction"));
    put_text(call, command, "notification", call_text(call, "Notification"));
    put_text(call, command, "faceURL", call_text(call, "FaceUrl"));
    put_text(call, command, "addOpt", call_text(call, "ApplyJoinOption"));
}

static void created(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    if (call_refused(call, reply))
        return;
    put_group_id(call, call_answer(call), "GroupId", object_text(reply->data, "groupID", NULL));
    put_text(call, call_answer(call), "Type", call_text(call, "Type"));
}

static void put_first_members(struct call *call, cJSON *command)
{
    const cJSON *member, *members = call_list(call, "MemberList");
    cJSON *list = members ? put_list(call, command, "members") : NULL;
    cJSON_ArrayForEach (member, members) {
        const char *role = object_text(member, "Role", NULL);
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "userID", object_text(member, "Member_Account", NULL));
        if (role && strcmp(role, "Admin") == 0)
            put_text(call, entry, "role", "admin");
    }
}

static cJSON *ask_to_create(struct call *call)
{
    const char *owner = call_text(call, "Owner_Account");
    cJSON *command = call_ask(call, "createGroup");
    put_text(call, command, "groupType", call_text(call, "Type"));
    put_text(call, command, "groupID", call_text(call, "GroupId"));
    put_text(call, command, "owner", owner ? owner : ""); /* nobody's */
    put_base(call, command);
    put_first_members(call, command);
    call_then(call, created);
    return command;
}

static void create(struct call *call)
{
    (void)ask_to_create(call);
}

static void import(struct call *call)
{
    const int64_t seconds = call_number(call, "CreateTime", 0);
    put_number(call, ask_to_create(call), "createTime", seconds > 0 ? seconds * 1000 : 1);
}

/* destroy_group, change_group_owner */

static const struct rest_field owner_fields[] = {
    GROUP_FIELD, {"NewOwner_Account", NULL, REST_TEXT, true, 0, 0}, {0}};

static void destroy(struct call *call)
{
    (void)ask_group(call, "dismissGroup");
    call_then(call, group_done);
}

static void change_owner(struct call *call)
{
    put_text(call, ask_group(call, "transferGroupOwner"), "userID", call_text(call, "NewOwner_Account"));
    call_then(call, group_done);
}

/* modify_group_base_info: what we do not keep is let pass */

static const struct rest_field modify_fields[] = {
    GROUP_FIELD,
    {"Name", NULL, REST_TEXT, false, 0, 0},
    {"Introduction", NULL, REST_TEXT, false, 0, 0},
    {"Notification", NULL, REST_TEXT, false, 0, 0},
    {"FaceUrl", NULL, REST_TEXT, false, 0, 0},
    {"ApplyJoinOption", NULL, REST_TEXT, false, 0, 0},
    {"MuteAllMember", "ShutUpAllMember", REST_TEXT, false, 0, 0},
    {0}};

static bool changes_something(const struct call *call)
{
    for (size_t i = 1; modify_fields[i].name; i++)
        if (call_text(call, modify_fields[i].name))
            return true;
    return false;
}

static void modify(struct call *call)
{
    const char *muted = call_text(call, "MuteAllMember");
    cJSON *command = ask_group(call, changes_something(call) ? "setGroupInfo" : "getGroupInfo");
    put_base(call, command);
    if (muted)
        put_bool(call, command, "allMuted", strcmp(muted, "On") == 0);
    call_then(call, group_done);
}

/* get_group_info: each group for itself, with its members unless a filter leaves them out */

static const struct rest_field info_fields[] = {
    {"GroupIdList", NULL, REST_TEXTS, true, 50, 0}, {"ResponseFilter", NULL, REST_OBJECT, false, 0, 0}, {0}};

static bool wants_members(const struct call *call)
{
    const cJSON *filter = call_object(call, "ResponseFilter");
    const cJSON *members = cJSON_GetObjectItemCaseSensitive(filter, "MemberInfoFilter");
    return !filter || cJSON_IsArray(members);
}

static void put_info(struct call *call, cJSON *entry, const cJSON *info)
{
    const char *muted = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(info, "allMuted")) ? "On" : "Off";
    const char *owner = object_text(info, "owner", NULL);
    put_text(call, entry, "Type", object_text(info, "groupType", NULL));
    put_text(call, entry, "Name", object_text(info, "groupName", NULL));
    put_copy(call, entry, "Introduction", cJSON_GetObjectItemCaseSensitive(info, "introduction"));
    put_copy(call, entry, "Notification", cJSON_GetObjectItemCaseSensitive(info, "notification"));
    put_copy(call, entry, "FaceUrl", cJSON_GetObjectItemCaseSensitive(info, "faceURL"));
    put_text(call, entry, "Owner_Account", owner ? owner : "");
    put_number(call, entry, "CreateTime", object_number(info, "createTime", NULL, 0) / 1000);
    put_number(call, entry, "NextMsgSeq", object_number(info, "lastSeq", NULL, 0) + 1);
    put_number(call, entry, "MemberNum", object_number(info, "memberCount", NULL, 0));
    put_number(call, entry, "MaxMemberNum", object_number(info, "maxMembers", NULL, 0));
    put_number(call, entry, "OnlineMemberNum", object_number(info, "onlineCount", NULL, 0));
    put_copy(call, entry, "ApplyJoinOption", cJSON_GetObjectItemCaseSensitive(info, "addOpt"));
    put_text(call, entry, "MuteAllMember", muted);
    put_text(call, entry, "ShutUpAllMember", muted);
    (void)put_list(call, entry, "AppDefinedData");
}

static void put_members(struct call *call, cJSON *entry, const struct reply *reply)
{
    const cJSON *member;
    cJSON *list = put_list(call, entry, "MemberList");
    cJSON_ArrayForEach (member, reply_member(reply, "members"))
        put_member(call, list, member);
}

/* For each group its info and, if wanted, its members behind it. */
static void infos_came(struct call *call)
{
    const bool members = wants_members(call);
    const cJSON *name;
    size_t i = 0;
    cJSON *list = put_list(call, call_answer(call), "GroupInfo");
    cJSON_ArrayForEach (name, call_list(call, "GroupIdList")) {
        const struct reply *info = call_reply(call, i++);
        const struct reply *who = members ? call_reply(call, i++) : NULL;
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "GroupId", name->valuestring);
        put_number(call, entry, "ErrorCode", call_code(call, info->code));
        put_text(call, entry, "ErrorInfo", info->error);
        if (info->code == 0)
            put_info(call, entry, info->data);
        if (info->code == 0 && who)
            put_members(call, entry, who);
    }
}

static void get_info(struct call *call)
{
    const bool members = wants_members(call);
    const cJSON *name;
    cJSON_ArrayForEach (name, call_list(call, "GroupIdList")) {
        put_text(call, call_ask(call, "getGroupInfo"), "groupID", name->valuestring);
        cJSON *command = members ? call_ask(call, "getGroupMembers") : NULL;
        if (!command)
            continue;
        put_text(call, command, "groupID", name->valuestring);
        put_number(call, command, "limit", MEMBERS_SHOWN);
    }
    call_then(call, infos_came);
}

/* get_online_member_num */

static void info_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    if (!call_refused(call, reply))
        put_number(call, call_answer(call), "OnlineMemberNum",
                   object_number(reply->data, "onlineCount", NULL, 0));
}

static void count_online(struct call *call)
{
    (void)ask_group(call, "getGroupInfo");
    call_then(call, info_came);
}

/* get_joined_group_list */

static const struct rest_field joined_fields[] = {{"Member_Account", NULL, REST_TEXT, true, 0, 0},
                                                  {"Limit", NULL, REST_NUMBER, false, 5000, 0},
                                                  {"Offset", NULL, REST_NUMBER, false, 0, 0},
                                                  {"GroupType", NULL, REST_TEXT, false, 0, 0},
                                                  {0}};

static void put_joined(struct call *call, cJSON *list, const cJSON *group)
{
    cJSON *entry = add_object(call, list);
    put_group_id(call, entry, "GroupId", object_text(group, "groupID", NULL));
    put_text(call, entry, "Type", object_text(group, "groupType", NULL));
    put_text(call, entry, "Name", object_text(group, "groupName", NULL));
    put_number(call, entry, "NextMsgSeq", object_number(group, "lastSeq", NULL, 0) + 1);
    cJSON *self = put_object(call, entry, "SelfInfo");
    put_text(call, self, "Role", group_role(object_text(group, "role", NULL)));
    put_number(call, self, "UnreadMsgNum", object_number(group, "unread", NULL, 0));
}

/* Is it of the type asked for, by either of its names? */
static bool has_type(const cJSON *group, const char *type)
{
    static const char *const others[][2] = {{"Private", "Work"}, {"ChatRoom", "Meeting"}};
    const char *ours = object_text(group, "groupType", NULL);
    for (size_t i = 0; type && i < COUNT(others); i++)
        if (strcmp(type, others[i][1]) == 0)
            type = others[i][0];
    return !type || (ours && strcmp(ours, type) == 0);
}

static void joined_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const int64_t start = call_number(call, "Offset", 0), limit = call_number(call, "Limit", INT32_MAX);
    const cJSON *group;
    int64_t at = 0;
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, call_answer(call), "GroupIdList");
    cJSON_ArrayForEach (group, reply_member(reply, "groups")) {
        if (!has_type(group, call_text(call, "GroupType")))
            continue;
        if (at >= start && at - start < limit)
            put_joined(call, list, group);
        at++;
    }
    put_number(call, call_answer(call), "TotalCount", at);
}

static void list_joined(struct call *call)
{
    (void)call_ask_as(call, call_text(call, "Member_Account"), "getJoinedGroups");
    call_then(call, joined_came);
}

/* get_appid_group_list: pages of ours, until there are enough; a Next that we did not give ends the list */

static const struct rest_field all_fields[] = {{"Limit", NULL, REST_NUMBER, false, GROUPS_MAX, 0},
                                               {"Next", NULL, REST_NUMBER, false, 0, 0},
                                               {"GroupType", NULL, REST_TEXT, false, 0, 0},
                                               {0}};

static void ask_groups(struct call *call, int64_t after);

static void groups_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(call_answer(call), "GroupIdList");
    const cJSON *group;
    if (call_refused(call, reply))
        return;
    const int64_t next = object_number(reply->data, "next", NULL, 0);
    cJSON_ArrayForEach (group, reply_member(reply, "groups"))
        if (has_type(group, call_text(call, "GroupType")))
            put_group_id(call, add_object(call, list), "GroupId", object_text(group, "groupID", NULL));
    if (next > 0 && cJSON_GetArraySize(list) < call_number(call, "Limit", GROUPS_PAGE)) {
        ask_groups(call, next);
        return;
    }
    put_number(call, call_answer(call), "TotalCount", cJSON_GetArraySize(list));
    put_number(call, call_answer(call), "Next", next);
}

static void ask_groups(struct call *call, int64_t after)
{
    const int64_t limit = call_number(call, "Limit", GROUPS_PAGE);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(call_answer(call), "GroupIdList");
    cJSON *command = call_ask(call, "getGroups");
    put_number(call, command, "after", after);
    put_number(call, command, "limit", larger(1, smaller(GROUPS_PAGE, limit - cJSON_GetArraySize(list))));
    call_then(call, groups_came);
}

static void list_all(struct call *call)
{
    (void)put_list(call, call_answer(call), "GroupIdList");
    ask_groups(call, call_number(call, "Next", 0));
}

static const struct rest_command commands[] = {
    {"create_group", create_fields, create},
    {"destroy_group", group_fields, destroy},
    {"get_group_info", info_fields, get_info},
    {"get_group_member_info", list_members_fields, list_members},
    {"get_members", list_members_fields, list_members},
    {"modify_group_base_info", modify_fields, modify},
    {"add_group_member", add_members_fields, add_members},
    {"delete_group_member", delete_members_fields, delete_members},
    {"modify_group_member_info", modify_member_fields, modify_member},
    {"change_group_owner", owner_fields, change_owner},
    {"get_joined_group_list", joined_fields, list_joined},
    {"get_appid_group_list", all_fields, list_all},
    {"get_role_in_group", roles_fields, get_roles},
    {"forbid_send_msg", mute_members_fields, mute_members},
    {"get_group_shutted_uin", group_fields, list_muted},
    {"get_group_muted_account", group_fields, list_muted},
    {"send_group_msg", send_group_fields, send_group},
    {"send_group_system_notification", notify_fields, notify},
    {"group_msg_recall", recall_fields, recall},
    {"group_msg_get_simple", group_history_fields, group_history},
    {"get_online_member_num", group_fields, count_online},
    {"ban_group_member", ban_members_fields, ban_members},
    {"unban_group_member", unban_members_fields, unban_members},
    {"get_group_ban_member", list_bans_fields, list_bans},
    {"send_broadcast_msg", broadcast_fields, broadcast_live},
    {"import_group", create_fields, import},
    {"import_group_msg", import_group_messages_fields, import_group_messages},
    {"import_group_member", import_members_fields, import_members},
    {"delete_group_msg_by_sender", purge_fields, purge},
    {"get_group_attr", group_fields, get_attributes},
    {"modify_group_attr", attributes_fields, modify_attributes},
    {"set_group_attr", attributes_fields, set_attributes},
    {"clear_group_attr", group_fields, set_attributes},
    {"get_group_msg_receipt", receipts_fields, get_receipts},
    {"get_group_msg_receipt_detail", readers_fields, get_readers},
    {"set_unread_msg_num", NULL, NULL},
    {"create_topic", NULL, NULL},
    {"get_topic", NULL, NULL},
    {"modify_topic", NULL, NULL},
    {"destroy_topic", NULL, NULL},
    {"import_topic", NULL, NULL},
    {"get_group_counter", NULL, NULL},
    {"update_group_counter", NULL, NULL},
    {"delete_group_counter", NULL, NULL},
    {NULL, NULL, NULL},
};

const struct rest_service service_group = {"group_open_http_svc", FAMILY_GROUP, commands};

static const struct rest_command attribute_commands[] = {
    {"get_group_attr", group_fields, get_attributes},
    {NULL, NULL, NULL},
};

const struct rest_service service_attributes = {"group_open_attr_http_svc", FAMILY_GROUP, attribute_commands};

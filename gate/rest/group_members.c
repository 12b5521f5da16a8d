/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* group_open_http_svc: members, their roles, mutes and bans. */
#include "gate/rest/group_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"

#define NAMED_MAX  500 /* users in a request */
#define ADDED_MAX  300
#define BANNED_MAX 20
#define PAGE_MAX   200

enum { RESULT_FAILED, RESULT_DONE, RESULT_WAS, RESULT_PENDING };

const char *group_role(const char *ours)
{
    static const char *const roles[][2] = {{"owner", "Owner"}, {"admin", "Admin"}, {"member", "Member"}};
    for (size_t i = 0; ours && i < COUNT(roles); i++)
        if (strcmp(roles[i][0], ours) == 0)
            return roles[i][1];
    return "NotMember";
}

void put_member(struct call *call, cJSON *list, const cJSON *member)
{
    const int64_t until = object_number(member, "mutedUntil", NULL, 0) / 1000;
    cJSON *entry = add_object(call, list);
    put_text(call, entry, "Member_Account", object_text(member, "userID", NULL));
    put_text(call, entry, "Role", group_role(object_text(member, "role", NULL)));
    put_number(call, entry, "JoinTime", object_number(member, "joinTime", NULL, 0) / 1000);
    put_copy(call, entry, "NameCard", cJSON_GetObjectItemCaseSensitive(member, "nameCard"));
    put_number(call, entry, "MuteUntil", smaller(until, FOR_EVER));
    put_number(call, entry, "ShutUpUntil", smaller(until, FOR_EVER));
    (void)put_list(call, entry, "AppMemberDefinedData");
}

/* Many users, some at a time */

/* A command for each GROUP_MEMBERS_MAX entries of a list of the request; `add` puts one of them into the command's
 * `list`. */
static void ask_in_parts(struct call *call, const char *field, const char *command, const char *list,
                         void (*add)(struct call *call, cJSON *list, const cJSON *entry))
{
    const cJSON *entry;
    cJSON *part = NULL, *names = NULL;
    int count = 0;
    cJSON_ArrayForEach (entry, call_list(call, field)) {
        if (count++ % GROUP_MEMBERS_MAX == 0) {
            part = ask_group(call, command);
            names = put_list(call, part, list);
            if (call_number(call, "Silence", 0) == 1)
                put_bool(call, part, "silent", true);
            put_text(call, part, "reason", call_text(call, "Reason"));
        }
        add(call, names, entry);
    }
}

static void add_name(struct call *call, cJSON *list, const cJSON *entry)
{
    const char *name =
        cJSON_IsString(entry) ? entry->valuestring : object_text(entry, "Member_Account", NULL);
    if (name)
        add_text(call, list, name);
    else
        call_refuse(call, CODE_BAD_REQUEST, "MemberList: Member_Account is missing");
}

/* add_group_member, import_group_member */

const struct rest_field add_members_fields[] = {GROUP_FIELD,
                                                {"Silence", NULL, REST_NUMBER, false, 1, 0},
                                                {"MemberList", NULL, REST_OBJECTS, true, ADDED_MAX, 0},
                                                {0}};
const struct rest_field import_members_fields[] = {
    GROUP_FIELD, {"MemberList", NULL, REST_OBJECTS, true, ADDED_MAX, 0}, {0}};

static void members_added(struct call *call)
{
    const cJSON *member;
    cJSON *list = put_list(call, call_answer(call), "MemberList");
    for (size_t i = 0; i < call_replies(call); i++) {
        if (call_refused(call, call_reply(call, i)))
            return;
        cJSON_ArrayForEach (member, reply_member(call_reply(call, i), "members")) {
            const int64_t result = object_number(member, "result", NULL, RESULT_FAILED);
            cJSON *entry = add_object(call, list);
            put_text(call, entry, "Member_Account", object_text(member, "userID", NULL));
            put_number(call, entry, "Result", result <= RESULT_PENDING ? result : RESULT_FAILED);
        }
    }
}

void add_members(struct call *call)
{
    ask_in_parts(call, "MemberList", "inviteGroupMember", "members", add_name);
    call_then(call, members_added);
}

/* With the role and the time that they had. */
static void add_imported(struct call *call, cJSON *list, const cJSON *entry)
{
    const char *name = object_text(entry, "Member_Account", NULL), *role = object_text(entry, "Role", NULL);
    const int64_t seconds = object_number(entry, "JoinTime", NULL, 0);
    cJSON *member = add_object(call, list);
    if (!name)
        call_refuse(call, CODE_BAD_REQUEST, "MemberList: Member_Account is missing");
    put_text(call, member, "userID", name);
    if (role && strcmp(role, "Admin") == 0)
        put_text(call, member, "role", "admin");
    if (seconds > 0)
        put_number(call, member, "joinTime", seconds * 1000);
}

void import_members(struct call *call)
{
    ask_in_parts(call, "MemberList", "inviteGroupMember", "members", add_imported);
    call_then(call, members_added);
}

/* delete_group_member */

const struct rest_field delete_members_fields[] = {
    GROUP_FIELD,
    {"MemberToDel_Account", NULL, REST_TEXTS, true, GROUP_MEMBERS_MAX, 0},
    {"Silence", NULL, REST_NUMBER, false, 1, 0},
    {"Reason", NULL, REST_TEXT, false, 0, 0},
    {0}};

void delete_members(struct call *call)
{
    ask_in_parts(call, "MemberToDel_Account", "deleteGroupMember", "members", add_name);
    call_then(call, group_done);
}

/* modify_group_member_info: a command for each thing that is to change */

const struct rest_field modify_member_fields[] = {GROUP_FIELD,
                                                  {"Member_Account", NULL, REST_TEXT, true, 0, 0},
                                                  {"Role", NULL, REST_TEXT, false, 0, 0},
                                                  {"MsgFlag", NULL, REST_TEXT, false, 0, 0},
                                                  {"NameCard", NULL, REST_TEXT, false, 0, 0},
                                                  {"MuteTime", "ShutUpTime", REST_NUMBER, false, FOR_EVER, 0},
                                                  {0}};

static cJSON *ask_member(struct call *call, const char *command, const char *user)
{
    cJSON *object = ask_group(call, command);
    put_text(call, object, "userID", user);
    return object;
}

/* How a member is told of messages is the member's own. */
static void set_flag(struct call *call, const char *flag)
{
    cJSON *command = call_ask_as(call, call_text(call, "Member_Account"), "setGroupMemberInfo");
    put_text(call, command, "groupID", call_text(call, "GroupId"));
    put_text(call, command, "receiveOption", flag);
}

void modify_member(struct call *call)
{
    const char *user = call_text(call, "Member_Account"), *role = call_text(call, "Role");
    const char *flag = call_text(call, "MsgFlag"), *card = call_text(call, "NameCard");
    const int64_t seconds = call_number(call, "MuteTime", -1);
    if (role)
        put_text(call, ask_member(call, "setGroupMemberRole", user), "role",
                 strcmp(role, "Admin") == 0    ? "admin"
                 : strcmp(role, "Member") == 0 ? "member"
                                               : role);
    if (card)
        put_text(call, ask_member(call, "setGroupMemberInfo", user), "nameCard", card);
    if (flag)
        set_flag(call, flag);
    if (seconds >= 0)
        put_number(call, ask_member(call, "muteGroupMember", user), "seconds", seconds);
    if (!role && !card && !flag && seconds < 0)
        (void)ask_group(call, "getGroupInfo");
    call_then(call, group_done);
}

/* get_group_member_info, get_members */

const struct rest_field list_members_fields[] = {GROUP_FIELD,
                                                 {"Limit", NULL, REST_NUMBER, false, 0, 0},
                                                 {"Offset", NULL, REST_NUMBER, false, 0, 0},
                                                 {"Next", NULL, REST_TEXT, false, 0, 0},
                                                 {"MemberRoleFilter", NULL, REST_TEXTS, false, 0, 0},
                                                 {0}};

static bool has_role(const struct call *call, const cJSON *member)
{
    const cJSON *role, *roles = call_list(call, "MemberRoleFilter");
    const char *theirs = group_role(object_text(member, "role", NULL));
    cJSON_ArrayForEach (role, roles)
        if (strcmp(role->valuestring, theirs) == 0)
            return true;
    return cJSON_GetArraySize(roles) == 0;
}

static void members_came(struct call *call)
{
    const struct reply *info = call_reply(call, 0), *page = call_reply(call, 1);
    const cJSON *member;
    char next[32] = "";
    cJSON *answer = call_answer(call);
    if (call_refused(call, info) || call_refused(call, page))
        return;
    cJSON *list = put_list(call, answer, "MemberList");
    cJSON_ArrayForEach (member, reply_member(page, "members"))
        if (has_role(call, member))
            put_member(call, list, member);
    const int64_t offset = object_number(page->data, "next", NULL, 0);
    if (offset > 0)
        snprintf(next, sizeof next, "%lld", (long long)offset);
    put_number(call, answer, "MemberNum", object_number(info->data, "memberCount", NULL, 0));
    put_text(call, answer, "Next", next);
}

void list_members(struct call *call)
{
    const char *next = call_text(call, "Next");
    (void)ask_group(call, "getGroupInfo");
    cJSON *command = ask_group(call, "getGroupMembers");
    put_number(call, command, "limit", larger(1, smaller(PAGE_MAX, call_number(call, "Limit", PAGE_MAX))));
    put_number(call, command, "offset", next ? strtoll(next, NULL, 10) : call_number(call, "Offset", 0));
    call_then(call, members_came);
}

/* get_role_in_group */

const struct rest_field roles_fields[] = {
    GROUP_FIELD, {"User_Account", NULL, REST_TEXTS, true, NAMED_MAX, 0}, {0}};

static const char *role_of(const struct call *call, const char *user)
{
    const cJSON *member;
    for (size_t i = 0; i < call_replies(call); i++)
        cJSON_ArrayForEach (member, reply_member(call_reply(call, i), "members")) {
            const char *here = object_text(member, "userID", NULL);
            if (here && strcmp(here, user) == 0)
                return object_text(member, "role", NULL);
        }
    return NULL;
}

static void roles_came(struct call *call)
{
    const cJSON *user;
    group_done(call);
    cJSON *list = put_list(call, call_answer(call), "UserIdList");
    cJSON_ArrayForEach (user, call_list(call, "User_Account")) {
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "Member_Account", user->valuestring);
        put_text(call, entry, "Role", group_role(role_of(call, user->valuestring)));
    }
}

void get_roles(struct call *call)
{
    ask_in_parts(call, "User_Account", "getGroupMembers", "userIDs", add_name);
    call_then(call, roles_came);
}

/* forbid_send_msg; ban_group_member, unban_group_member: each for itself */

const struct rest_field mute_members_fields[] = {GROUP_FIELD,
                                                 {"Members_Account", NULL, REST_TEXTS, true, NAMED_MAX, 0},
                                                 {"MuteTime", "ShutUpTime", REST_NUMBER, true, FOR_EVER, 0},
                                                 {0}};
const struct rest_field ban_members_fields[] = {GROUP_FIELD,
                                                {"Members_Account", NULL, REST_TEXTS, true, BANNED_MAX, 0},
                                                {"Duration", NULL, REST_NUMBER, true, FOR_EVER, 0},
                                                {"Description", NULL, REST_TEXT, false, 0, 0},
                                                {0}};
const struct rest_field unban_members_fields[] = {
    GROUP_FIELD, {"Members_Account", NULL, REST_TEXTS, true, BANNED_MAX, 0}, {0}};

static void ask_each(struct call *call, const char *command, int64_t seconds, const char *reason)
{
    const cJSON *user;
    cJSON_ArrayForEach (user, call_list(call, "Members_Account")) {
        cJSON *object = ask_member(call, command, user->valuestring);
        put_number(call, object, "seconds", seconds);
        put_text(call, object, "reason", reason);
    }
    call_then(call, group_done);
}

void mute_members(struct call *call)
{
    ask_each(call, "muteGroupMember", call_number(call, "MuteTime", 0), NULL);
}

void ban_members(struct call *call)
{
    ask_each(call, "banGroupMember", call_number(call, "Duration", 0), call_text(call, "Description"));
}

void unban_members(struct call *call)
{
    ask_each(call, "banGroupMember", 0, NULL);
}

/* get_group_shutted_uin, get_group_muted_account: all of them, by either name */

static void ask_muted(struct call *call, int64_t offset);

static void muted_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    cJSON *answer = call_answer(call), *entry;
    cJSON *older = cJSON_GetObjectItemCaseSensitive(answer, "ShuttedUinList");
    cJSON *newer = cJSON_GetObjectItemCaseSensitive(answer, "MutedAccountList");
    const cJSON *member;
    if (call_refused(call, reply))
        return;
    cJSON_ArrayForEach (member, reply_member(reply, "members")) {
        const char *user = object_text(member, "userID", NULL);
        const int64_t until = smaller(FOR_EVER, object_number(member, "mutedUntil", NULL, 0) / 1000);
        entry = add_object(call, older);
        put_text(call, entry, "Member_Account", user);
        put_number(call, entry, "ShuttedUntil", until);
        entry = add_object(call, newer);
        put_text(call, entry, "Member_Account", user);
        put_number(call, entry, "MutedUntil", until);
    }
    const int64_t next = object_number(reply->data, "next", NULL, 0);
    if (next > 0)
        ask_muted(call, next);
}

static void ask_muted(struct call *call, int64_t offset)
{
    cJSON *command = ask_group(call, "getGroupMembers");
    put_bool(call, command, "muted", true);
    put_number(call, command, "offset", offset);
    put_number(call, command, "limit", NAMED_MAX);
    call_then(call, muted_came);
}

void list_muted(struct call *call)
{
    put_text(call, call_answer(call), "GroupId", call_text(call, "GroupId"));
    (void)put_list(call, call_answer(call), "ShuttedUinList");
    (void)put_list(call, call_answer(call), "MutedAccountList");
    ask_muted(call, 0);
}

/* get_group_ban_member */

const struct rest_field list_bans_fields[] = {GROUP_FIELD,
                                              {"Limit", NULL, REST_NUMBER, false, GROUP_MEMBERS_MAX, 0},
                                              {"Offset", NULL, REST_NUMBER, false, 0, 0},
                                              {0}};

static void bans_came(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *ban;
    if (call_refused(call, reply))
        return;
    cJSON *list = put_list(call, call_answer(call), "BannedAccountList");
    cJSON_ArrayForEach (ban, reply_member(reply, "bans")) {
        cJSON *entry = add_object(call, list);
        put_text(call, entry, "Member_Account", object_text(ban, "userID", NULL));
        put_number(call, entry, "BannedUntil",
                   smaller(FOR_EVER, object_number(ban, "until", NULL, 0) / 1000));
    }
    put_number(call, call_answer(call), "NextOffset", object_number(reply->data, "next", NULL, 0));
}

void list_bans(struct call *call)
{
    const int64_t limit = call_number(call, "Limit", GROUP_MEMBERS_MAX);
    cJSON *command = ask_group(call, "getGroupBans");
    put_number(call, command, "limit", larger(1, limit));
    put_number(call, command, "offset", call_number(call, "Offset", 0));
    call_then(call, bans_came);
}

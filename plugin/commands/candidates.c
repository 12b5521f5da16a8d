/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/candidates.h"

#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/people/blacklist.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/past.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"

#define CLOCKS_APART_MS 300000

int past_check(struct command *command, enum field_name name, int64_t time)
{
    return time <= command->chat->now + CLOCKS_APART_MS
               ? CODE_OK
               : command_refuse(command, "%s: is still to come", field_name(name));
}

bool candidates_are_silent(const struct command *command)
{
    return command_bool(command, FIELD_SILENT) || command_has(command, FIELD_CREATE_TIME);
}

static int read_object(struct command *command, const cJSON *entry, struct candidate *out)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(entry, field_name(FIELD_JOIN_TIME));
    out->user_id = cJSON_GetObjectItemCaseSensitive(entry, field_name(FIELD_USER_ID))->valuestring;
    (void)role_parse(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, field_name(FIELD_ROLE))),
                     &out->role);
    if (!time)
        return CODE_OK;
    out->joined = (int64_t)time->valuedouble;
    out->moved = true;
    return command->by.admin ? past_check(command, FIELD_JOIN_TIME, out->joined) : CODE_NOT_ADMIN;
}

int candidate_read(struct command *command, const cJSON *entry, enum group_type type, struct candidate *out)
{
    *out = (struct candidate){.user_id = entry->valuestring, .role = ROLE_MEMBER};
    int code = cJSON_IsObject(entry) ? read_object(command, entry, out) : CODE_OK;
    if (code == CODE_OK && out->role == ROLE_ADMIN && !group_traits(type)->admins)
        return command_refuse(command, "members: role: a group of this type has no admins");
    return code;
}

static const struct candidate *find_earlier(const struct candidates *candidates, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (strcmp(candidates->list[i].user_id, candidates->list[number].user_id) == 0)
            return &candidates->list[i];
    return NULL;
}

bool candidates_settle(struct candidates *candidates, size_t number)
{
    struct candidate *candidate = &candidates->list[number];
    const struct candidate *earlier = find_earlier(candidates, number);
    candidate->settled = earlier || !user_id_valid(candidate->user_id, strlen(candidate->user_id));
    if (earlier)
        candidate->result = earlier->result == RESULT_DONE ? RESULT_NOTHING : earlier->result;
    else if (candidate->settled)
        candidate->result = RESULT_FAILED;
    candidate->waited = candidate->settled;
    return candidate->settled;
}

enum member_result candidate_check(struct command *command, struct candidate *candidate, int64_t *room)
{
    struct chat *chat = command->chat;
    const struct actor *by = &command->by;
    struct user *user = user_find(chat, candidate->user_id);
    candidate->user = user;
    if (!user || (!by->admin && blacklist_check(chat, user, by->user->id) != CODE_OK))
        return RESULT_FAILED;
    if (*room <= 0 ||
        memberships_count_groups(chat, user) >= (by->admin ? GROUPS_PER_USER : GROUPS_BY_OTHERS))
        return RESULT_LIMIT;
    --*room;
    return RESULT_DONE;
}

bool candidates_seat(struct chat *chat, struct conversation *conversation,
                     const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->list[i];
        if (candidate->result == RESULT_DONE && !member_seat(chat, conversation, candidate->user))
            return false;
    }
    return true;
}

size_t candidates_users(const struct candidates *candidates, struct user *users[CANDIDATES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < candidates->count; i++)
        if (candidates->list[i].result == RESULT_DONE)
            users[count++] = candidates->list[i].user;
    return count;
}

size_t candidates_names(const struct candidates *candidates, const char *names[CANDIDATES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < candidates->count; i++)
        if (candidates->list[i].result == RESULT_DONE)
            names[count++] = candidates->list[i].user_id;
    return count;
}

void candidates_admit(struct chat *chat, struct conversation *conversation,
                      const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->list[i];
        if (candidate->result != RESULT_DONE)
            continue;
        struct member *member = member_import(chat, conversation, candidate->user, candidate->role,
                                              candidate->joined ? candidate->joined : chat->now);
        if (member && candidate->moved) /* seated: it is there */
            past_move(chat, member);
    }
}

void candidates_expect(struct chat *chat, const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (candidates->list[i].result == RESULT_DONE)
            announce_expect(chat, candidates->list[i].user_id);
}

void candidates_announce(struct chat *chat, struct conversation *conversation,
                         const struct candidates *candidates, const struct tips *tips,
                         const char *notice_type)
{
    const char *names[CANDIDATES_MAX];
    const struct notice notice = {
        .type = notice_type, .group = conversation->group->id, .by = tips->by, .reason = tips->reason};
    struct tips filled = *tips;
    filled.members = names;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->list[i];
        if (candidate->result != RESULT_DONE)
            continue;
        names[filled.member_count++] = candidate->user_id;
        if (candidate->user)
            announce_notice(chat, candidate->user, &notice);
    }
    if (filled.member_count > 0 && conversation->group->dismissed == 0)
        announce_tips(chat, conversation, &filled);
}

void candidates_announce_invited(struct command *command, struct conversation *conversation,
                                 const struct candidates *candidates)
{
    const struct tips tips = {.kind = TIPS_INVITE, .type = "invite", .by = command->by.user->id};
    if (!candidates_are_silent(command))
        candidates_announce(command->chat, conversation, candidates, &tips, "invited");
}

void candidates_tell_silently(const struct command *command, const struct conversation *conversation,
                              const struct candidates *candidates, bool member)
{
    if (!candidates_are_silent(command))
        return;
    for (size_t i = 0; i < candidates->count; i++)
        if (candidates->list[i].result == RESULT_DONE && candidates->list[i].user)
            event_member(&command->by, candidates->list[i].user, conversation, member);
}

bool candidates_answer(struct command *command, const struct candidates *candidates)
{
    cJSON *array = cJSON_AddArrayToObject(command->data, "members");
    bool good = array != NULL;
    for (size_t i = 0; good && i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->list[i];
        cJSON *item = json_add_object(array);
        good = item && cJSON_AddStringToObject(item, "userID", candidate->user_id) &&
               json_add_whole(item, "result", candidate->result);
    }
    return good;
}

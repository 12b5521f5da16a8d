/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/access.h"

#include <string.h>

#include "acl/code.h"
#include "plugin/commands/fields.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

static int check_form(struct command *command, enum field_name name, enum field_type type,
                      enum field_need need)
{
    const struct command_field field = {.name = name, .type = type, .need = need, .max = ANY_LENGTH};
    return field_check(command, &field);
}

static int find_user(struct command *command, const struct command_field *field)
{
    int code = check_form(command, field->name, TYPE_USER_ID, field->need);
    if (code != CODE_OK || !command_has(command, field->name))
        return code;
    command->access.user = user_find(command->chat, command_text(command, field->name));
    return command->access.user ? CODE_OK : CODE_NO_USER;
}

static int find_group(struct command *command, enum field_name name, enum field_need need)
{
    int code = check_form(command, name, TYPE_GROUP_ID, need);
    if (code != CODE_OK || !command_has(command, name))
        return code;
    command->access.conversation = conversation_group(command->chat, command_text(command, name));
    return command->access.conversation ? CODE_OK : CODE_NO_GROUP;
}

/* Is the caller subscribed to the live group, or has joined it? On this connection; on any, when there is none. */
static bool is_there(const struct actor *by, const struct conversation *group)
{
    const struct session *session = by->device ? by->device : by->user->sessions;
    while (session && !subscription_find(session, group))
        session = by->device ? NULL : session->user_next;
    return session != NULL;
}

/* What the caller is in the conversation. In a live group whoever is there is a member. */
static void find_caller(struct command *command)
{
    struct access *access = &command->access;
    const struct group *group = access->conversation->group;
    struct member *member = member_find(command->chat, access->conversation, command->by.user->id);
    access->member = member && member->role != ROLE_NONE ? member : NULL;
    if (access->member)
        access->role = member->role;
    else if (group && group->type == GROUP_LIVE && is_there(&command->by, access->conversation))
        access->role = ROLE_MEMBER;
}

static int find_group_and_caller(struct command *command, const struct command_field *field)
{
    int code = find_group(command, field->name, field->need);
    if (code == CODE_OK && command->access.conversation)
        find_caller(command);
    return code;
}

/* `to` and `group`. One's own conversation with the server, where the notices are, has a name too. */
static int check_names(struct command *command, const struct command_field *field)
{
    int code = check_form(command, FIELD_TO, TYPE_TEXT, NEED_OPTIONAL);
    const char *to = command_text(command, FIELD_TO);
    if (code == CODE_OK && to && (field->type == TYPE_ADDRESS || strcmp(to, SYSTEM_USER) != 0))
        code = check_form(command, FIELD_TO, TYPE_USER_ID, NEED_OPTIONAL);
    if (code == CODE_OK)
        code = check_form(command, FIELD_GROUP, TYPE_TEXT, NEED_OPTIONAL);
    if (code != CODE_OK)
        return code;
    bool to_named = command_has(command, FIELD_TO), group_named = command_has(command, FIELD_GROUP);
    if (to_named != group_named || (!to_named && field->need == NEED_OPTIONAL))
        return CODE_OK;
    return command_refuse(command, "to, group: exactly one of them");
}

/* One with a user who was deleted is still there. Who was deleted himself and has come again is in it from
 * the next message on: before, it is to him as if they had never written. */
static int find_pair(struct command *command)
{
    struct chat *chat = command->chat;
    struct access *access = &command->access;
    const char *to = command_text(command, FIELD_TO), *self = command->by.user->id;
    if (strcmp(to, self) == 0)
        return CODE_NO_USER;
    access->conversation = conversation_pair(chat, self, to);
    if (access->conversation)
        find_caller(command);
    if (access->member)
        return CODE_OK;
    access->conversation = NULL;
    return strcmp(to, SYSTEM_USER) == 0 || user_find(chat, to) ? CODE_OK : CODE_NO_USER;
}

static int find_named_group(struct command *command, const struct command_field *field)
{
    int code = find_group(command, FIELD_GROUP, NEED_REQUIRED);
    if (code != CODE_OK || field->type == TYPE_ADDRESS)
        return code;
    find_caller(command);
    bool reads_all = command->by.admin && field->type == TYPE_CONVERSATION;
    return command->access.role != ROLE_NONE || reads_all ? CODE_OK : CODE_NOT_ALLOWED;
}

static int find_conversation(struct command *command, const struct command_field *field)
{
    int code = check_names(command, field);
    if (code == CODE_OK && command_has(command, FIELD_GROUP))
        return find_named_group(command, field);
    if (code == CODE_OK && command_has(command, FIELD_TO) && field->type != TYPE_ADDRESS)
        return find_pair(command);
    return code;
}

static int look_up(struct command *command, const struct command_field *field)
{
    switch (field->type) {
    case TYPE_USER:
        return find_user(command, field);
    case TYPE_GROUP:
        return find_group_and_caller(command, field);
    case TYPE_CONVERSATION:
    case TYPE_OWN_CONVERSATION:
    case TYPE_ADDRESS:
        return find_conversation(command, field);
    default:
        return CODE_OK;
    }
}

/* Of whom is asked first: a stranger does not learn who or what is there. */
static int check_caller(const struct command *command, const struct command_field *field)
{
    const bool may = !field->admins || command->by.admin || !field_given(command, field->name);
    return may ? CODE_OK : CODE_NOT_ADMIN;
}

static int check_right(const struct command *command, const struct command_field *field)
{
    const struct access *access = &command->access;
    if (!field->guarded || !command_has(command, field->name))
        return CODE_OK;
    return rules_may(access->conversation->group->type, access->role, command->by.admin, field->action);
}

int access_check(struct command *command, const struct command_field *fields)
{
    int code = CODE_OK;
    for (const struct command_field *field = fields; code == CODE_OK && field->type != TYPE_NONE; field++)
        code = check_caller(command, field);
    for (const struct command_field *field = fields; code == CODE_OK && field->type != TYPE_NONE; field++)
        code = look_up(command, field);
    for (const struct command_field *field = fields; code == CODE_OK && field->type != TYPE_NONE; field++)
        code = check_right(command, field);
    return code;
}

int access_check_target(const struct command *command, enum action action, enum role target)
{
    const struct access *access = &command->access;
    return rules_may_target(access->conversation->group->type, access->role, command->by.admin, action,
                            target);
}

int access_check_tips(const struct command *command, enum tips_kind kind)
{
    struct conversation *conversation = command->access.conversation;
    if (command->by.admin || command->review || rules_tips(conversation->group->type, kind) == TIPS_NONE)
        return CODE_OK;
    return announce_tips_fit(command->chat, conversation) ? CODE_OK : CODE_TOO_FAST;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/access.h"

#include <string.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"

int field_group_id(struct command *command, const char *name, enum presence presence, const char **out)
{
    int code = field_text(command, name, presence, SIZE_MAX, out);
    if (code != CODE_OK || !*out)
        return code;
    return group_id_valid(*out, strlen(*out)) ? CODE_OK : CODE_BAD_GROUP_ID;
}

int field_group(struct command *command, const char *name, enum presence presence, struct conversation **out)
{
    const char *id;
    *out = NULL;
    int code = field_group_id(command, name, presence, &id);
    if (code != CODE_OK || !id)
        return code;
    *out = conversation_group(command->chat, id);
    return *out ? CODE_OK : CODE_NO_GROUP;
}

enum role caller_role(struct command *command, struct conversation *conversation)
{
    enum role role = member_role(command->chat, conversation, command->session->user->id);
    if (role == ROLE_NONE && conversation->group->type == GROUP_LIVE &&
        subscription_find(command->session, conversation))
        return ROLE_MEMBER;
    return role;
}

int group_access(struct command *command, enum action action, struct group_access *out)
{
    int code = field_group(command, "groupID", FIELD_REQUIRED, &out->conversation);
    if (code != CODE_OK)
        return code;
    out->type = out->conversation->group->type;
    out->role = caller_role(command, out->conversation);
    return rules_may(out->type, out->role, command->session->admin, action);
}

int field_group_options(struct command *command, struct group_options *out)
{
    const char *add, *invite;
    int code = field_text(command, "addOpt", FIELD_OPTIONAL, SIZE_MAX, &add);
    if (code == CODE_OK)
        code = field_text(command, "inviteOpt", FIELD_OPTIONAL, SIZE_MAX, &invite);
    if (code != CODE_OK)
        return code;
    if (add && !add_opt_parse(add, &out->add_opt))
        return command_refuse(command, "addOpt: FreeAccess, NeedPermission or DisableApply");
    if (invite && !invite_opt_parse(invite, &out->invite_opt))
        return command_refuse(command, "inviteOpt: FreeAccess, NeedPermission or DisableInvite");
    out->has_add = add != NULL;
    out->has_invite = invite != NULL;
    return CODE_OK;
}

int64_t group_members_max(const struct chat *chat, enum group_type type)
{
    switch (type) {
    case GROUP_PRIVATE:
        return chat->options.max_members_private;
    case GROUP_PUBLIC:
        return chat->options.max_members_public;
    case GROUP_CHATROOM:
        return chat->options.max_members_chatroom;
    default:
        return INT64_MAX;
    }
}

/* One's own conversation with the server, where the notices are, has a name too. */
static int field_peer(struct command *command, const char **out)
{
    int code = field_text(command, "to", FIELD_OPTIONAL, SIZE_MAX, out);
    if (code != CODE_OK || !*out || strcmp(*out, SYSTEM_USER) == 0)
        return code;
    return field_user(command, "to", FIELD_OPTIONAL, out);
}

/* One with a user who was deleted is still there. Who was deleted himself and has come again is in it from
 * the next message on: before, it is to him as if they had never written. */
static int pair_access(struct command *command, const char *to, struct conversation_access *out)
{
    struct chat *chat = command->chat;
    const char *self = command->session->user->id;
    if (strcmp(to, self) == 0)
        return CODE_NO_USER;
    struct conversation *pair = conversation_pair(chat, self, to);
    struct member *member = pair ? member_find(chat, pair, self) : NULL;
    if (!member || member->role == ROLE_NONE)
        return strcmp(to, SYSTEM_USER) == 0 || user_find(chat, to) ? CODE_OK : CODE_NO_USER;
    out->conversation = pair;
    out->member = member;
    out->role = member->role;
    return CODE_OK;
}

static int named_group_access(struct command *command, struct conversation_access *out)
{
    int code = field_group(command, "group", FIELD_REQUIRED, &out->conversation);
    if (code != CODE_OK)
        return code;
    out->role = caller_role(command, out->conversation);
    if (out->role == ROLE_NONE && !command->session->admin)
        return CODE_NOT_ALLOWED;
    struct member *member = member_find(command->chat, out->conversation, command->session->user->id);
    out->member = member && member->role != ROLE_NONE ? member : NULL;
    return CODE_OK;
}

int conversation_access(struct command *command, enum presence presence, struct conversation_access *out)
{
    const char *to = NULL, *group = NULL;
    *out = (struct conversation_access){.role = ROLE_NONE};
    int code = field_peer(command, &to);
    if (code == CODE_OK)
        code = field_text(command, "group", FIELD_OPTIONAL, SIZE_MAX, &group);
    if (code != CODE_OK)
        return code;
    if (!to && !group && presence == FIELD_OPTIONAL)
        return CODE_OK;
    if (!to == !group)
        return command_refuse(command, "to, group: exactly one of them");
    out->named = true;
    return to ? pair_access(command, to, out) : named_group_access(command, out);
}

int conversation_own(struct command *command, struct conversation_access *out)
{
    int code = conversation_access(command, FIELD_REQUIRED, out);
    bool outside = code == CODE_OK && out->conversation && out->conversation->group && out->role == ROLE_NONE;
    return outside ? CODE_NOT_ALLOWED : code;
}

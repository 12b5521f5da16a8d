/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/found.h"

#include "acl/code.h"
#include "lib/text.h"
#include "plugin/commands/command.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/position.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/session/session.h"
#include "schema/store.h"

static bool keep(void *context, const struct message *message)
{
    struct found *found = context;
    found->message = *message;
    text_copy(found->sender, sizeof found->sender, message->sender);
    found->message.sender = found->sender;
    found->message.client = found->message.body = found->message.mentions = NULL;
    return false;
}

static bool may_see(struct command *command, const struct found *found)
{
    const struct conversation *conversation = found->conversation;
    bool admin = command->by.admin && conversation->group;
    if (conversation->group && conversation->group->dismissed != 0)
        return false;
    if (found->role == ROLE_NONE)
        return admin;
    return admin || found->message.id > visible_history_from(conversation, found->member);
}

void found_by_id(struct command *command, int64_t id, struct found *found)
{
    struct chat *chat = command->chat;
    *found = (struct found){.role = ROLE_NONE};
    if (!log_find(chat->log, id, keep, found) || found->message.id == 0)
        return;
    found->conversation = conversation_by_id(chat, found->message.conversation);
    if (!found->conversation)
        return;
    found->member = member_find(chat, found->conversation, command->by.user->id);
    found->role = found->member ? found->member->role : ROLE_NONE;
    if (found->role == ROLE_NONE)
        found->member = NULL;
    if (!may_see(command, found))
        found->conversation = NULL;
}

int found_none(const struct conversation *conversation)
{
    return conversation && conversation->group ? CODE_NO_GROUP_MESSAGE : CODE_NO_MESSAGE;
}

/* The id that the command names, or that the seq has which it names: 0, there is none. */
static int64_t id_named(const struct command *command, const struct conversation *named)
{
    if (!command_has(command, FIELD_SEQ))
        return command_number(command, FIELD_ID);
    const int64_t seq = command_number(command, FIELD_SEQ);
    const struct position at =
        named ? position_find(command->chat, named, POSITION_SEQ, seq) : (struct position){0};
    return at.seq == seq ? at.id : 0;
}

/* Which message it is: by its id, or by its conversation and seq. */
static int check_name(struct command *command, bool is_named)
{
    if (command_has_both(command, FIELD_SEQ, FIELD_ID))
        return CODE_BAD_REQUEST;
    if (command_has(command, FIELD_SEQ) && !is_named)
        return command_refuse(command, "seq: needs to or group");
    if (!command_has(command, FIELD_SEQ) && !command_has(command, FIELD_ID))
        return command_refuse(command, "id: missing");
    return CODE_OK;
}

int found_by_name(struct command *command, struct found *found)
{
    const struct conversation *named = command->access.conversation;
    const bool is_named = command_has(command, FIELD_TO) || command_has(command, FIELD_GROUP);
    if (named && !conversation_stored(named))
        return CODE_LIVE_NOT_RECALLED;
    int refused = check_name(command, is_named);
    if (refused != CODE_OK)
        return refused;
    found_by_id(command, id_named(command, named), found);
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    return found->conversation && (!is_named || named == found->conversation) ? CODE_OK : found_none(named);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <string.h>

#include "acl/code.h"
#include "plugin/commands/access.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/life/purge.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* Whoever may purge at all may purge what they have written themselves. */
static int check_writer(const struct command *command, const char *user_id)
{
    if (strcmp(user_id, command->by.user->id) == 0)
        return CODE_OK;
    if (!user_find_any(command->chat, user_id))
        return CODE_NO_USER;
    return access_check_target(command, ACTION_PURGE,
                               member_role(command->chat, command->access.conversation, user_id));
}

int command_purge_messages(struct command *command)
{
    struct chat *chat = command->chat;
    struct conversation *group = command->access.conversation;
    const char *user_id = command_text(command, FIELD_USER_ID);
    const int64_t upto = group->last_id;
    int code = check_writer(command, user_id);
    if (code == CODE_OK && !command->by.admin && !announce_tips_fit(chat, group))
        code = CODE_TOO_FAST;
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!purge_start(chat, group, user_id)) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    announce_tip_taken(chat, group);
    announce_purge(chat, group, command->by.user->id, user_id, upto);
    command_commit(command);
    event_purged(chat, group, user_id, upto);
    return CODE_OK;
}

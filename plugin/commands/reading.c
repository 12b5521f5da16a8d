/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <utlist.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/position.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/push/push_badge.h"
#include "plugin/session/cursor.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

int command_ack(struct command *command)
{
    struct chat *chat = command->chat;
    const int64_t id = command_number(command, FIELD_ID), last = store_last_id(chat->store);
    if (id > last)
        return command_refuse(command, "id: must be a whole number from 0 to %lld", (long long)last);
    struct subscription *by = subscription_of_message(chat, command->by.device, id);
    int code = command_begin_sized(command, subscriptions_frame_bytes(command->by.device));
    if (code != CODE_OK)
        return code;
    subscriptions_ack(chat, command->by.device, id, by);
    command_commit(command);
    return CODE_OK;
}

/* Up to which id. */
static int64_t read_up_to(struct command *command, const struct conversation *conversation)
{
    if (command_has(command, FIELD_ID))
        return command_number(command, FIELD_ID);
    if (!command_has(command, FIELD_SEQ))
        return ID_MAX;
    const int64_t seq = command_number(command, FIELD_SEQ);
    const struct position found = position_find(command->chat, conversation, POSITION_SEQ, seq);
    return found.seq == seq ? found.id : found.id - 1;
}

int command_mark_read(struct command *command)
{
    struct chat *chat = command->chat;
    struct member *member = command->access.member;
    if (command_has_both(command, FIELD_SEQ, FIELD_ID))
        return CODE_BAD_REQUEST;
    if (!member || !conversation_stored(member->conversation)) /* it keeps no read position for the caller */
        return CODE_OK;
    const int64_t id = read_up_to(command, member->conversation);
    const int64_t before = badge_before(chat, command->by.user, member);
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!member_read(chat, member, id)) {
        store_abort(chat->store);
        return CODE_OK;
    }
    badge_put_read(chat, &command->by, member, before);
    command_commit(command);
    event_read(chat, command->by.user, member->conversation, member->read_id);
    event_unread(chat, &command->by, member);
    happening_read(chat, member);
    return CODE_OK;
}

int command_get_unread(struct command *command)
{
    int64_t total = user_total_unread(command->chat, command->by.user);
    command->walked += command->by.user->membership_count;
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    return command_answered(command, json_add_whole(command->data, "totalUnread", total));
}

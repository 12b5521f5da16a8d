/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/json.h"
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "plugin/commands/access.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/session/cursor.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/store.h"

int command_ack(struct command *command)
{
    struct chat *chat = command->chat;
    int64_t id = 0;
    int code = field_number(command, "id", FIELD_REQUIRED, 0, store_last_id(chat->store), &id);
    if (code != CODE_OK)
        return code;
    const struct subscription *subscription;
    size_t count;
    DL_COUNT(command->session->subscriptions, subscription, count);
    code = command_begin(command, 1024 + count * 512);
    if (code != CODE_OK)
        return code;
    subscriptions_ack(chat, command->session, id);
    store_commit(chat->store);
    return CODE_OK;
}

/* Moves the caller's read position in a conversation that keeps one for him. */
static int mark_read(struct command *command, struct member *member, int64_t id)
{
    struct chat *chat = command->chat;
    int code = command_begin(command, 256);
    if (code != CODE_OK)
        return code;
    if (!member_read(chat, member, id)) {
        store_abort(chat->store);
        return CODE_OK;
    }
    store_commit(chat->store);
    event_read(chat, command->session, member->conversation, member->read_id);
    event_unread(chat, command->session, member);
    return CODE_OK;
}

int command_mark_read(struct command *command)
{
    struct conversation_access access;
    int64_t id = SAFE_INTEGER_MAX;
    int code = field_number(command, "id", FIELD_OPTIONAL, 0, SAFE_INTEGER_MAX, &id);
    if (code == CODE_OK)
        code = conversation_own(command, &access);
    if (code != CODE_OK || !access.member || !conversation_stored(access.conversation))
        return code;
    return mark_read(command, access.member, id);
}

int command_get_unread(struct command *command)
{
    int64_t total = user_total_unread(command->chat, command->session->user);
    if (store_failed(command->chat->store))
        return CODE_BUSY;
    return command_answered(command, cJSON_AddNumberToObject(command->data, "totalUnread", (double)total));
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/conversation_commands.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "plugin/commands/group_commands.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/payload/payload.h"
#include "plugin/people/conversation.h"
#include "plugin/people/merge.h"
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

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "plugin/commands/found.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/erasing.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/push/push_badge.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

/* recallMessage */

static bool too_late(struct command *command, const struct found *found)
{
    const struct chat *chat = command->chat;
    if (command->by.admin && found->conversation->group)
        return false; /* what must go, goes */
    return conversation_is_past(chat, found->message.time, chat->options.recall_seconds);
}

static int check_recall(struct command *command, const struct found *found)
{
    const struct conversation *conversation = found->conversation;
    const struct group *group = conversation->group;
    bool own = strcmp(found->sender, command->by.user->id) == 0;
    if (!message_is_content(&found->message) || (!own && !group))
        return found_none(conversation);
    int code = own ? CODE_OK : rules_may(group->type, found->role, command->by.admin, ACTION_RECALL_OTHERS);
    if (code == CODE_OK && found->message.recalled)
        code = CODE_ALREADY_RECALLED;
    if (code == CODE_OK && too_late(command, found))
        code = group ? CODE_RECALL_TOO_LATE : CODE_C2C_RECALL_TOO_LATE;
    return code;
}

static int recall(struct command *command, const struct found *found)
{
    struct chat *chat = command->chat;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!log_recall(chat->log, &found->message)) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    conversation_recalled(chat, found->conversation, found->message.id);
    announce_recall(chat, found->conversation, command->by.user->id, found->message.id,
                    command_text(command, FIELD_REASON));
    badge_put_recalled(chat, found->conversation, &found->message);
    command_commit(command);
    return CODE_OK;
}

int command_recall_message(struct command *command)
{
    struct found found;
    int code = found_by_name(command, &found);
    if (code == CODE_OK)
        code = check_recall(command, &found);
    return code == CODE_OK ? recall(command, &found) : code;
}

/* deleteMessages */

static int find_all(struct command *command, const cJSON *ids, struct found *all)
{
    const cJSON *item;
    size_t i = 0;
    cJSON_ArrayForEach (item, ids) {
        found_by_id(command, (int64_t)item->valuedouble, &all[i]);
        if (store_reads_failed(command->chat->store))
            return CODE_BUSY;
        if (!all[i].conversation || !all[i].member) {
            snprintf(command->error, sizeof command->error, "ids: the message %lld does not exist",
                     (long long)item->valuedouble);
            return CODE_NO_MESSAGE;
        }
        i++;
    }
    return CODE_OK;
}

/* Of all their conversations, some of them twice; 0 where nobody wants to know. */
static int64_t count_unread(struct command *command, const struct found *all, size_t count)
{
    int64_t unread = 0;
    if (badge_has_phone(command->chat, command->by.user))
        for (size_t i = 0; i < count; i++)
            unread += member_unread(command->chat, all[i].member);
    return unread;
}

int command_delete_messages(struct command *command)
{
    struct chat *chat = command->chat;
    struct found all[DELETE_MAX];
    const cJSON *ids = command_list(command, FIELD_IDS);
    size_t count = (size_t)cJSON_GetArraySize(ids);
    int code = find_all(command, ids, all);
    const int64_t before = code == CODE_OK ? count_unread(command, all, count) : 0;
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    const int64_t at = store_next_place(chat->store);
    bool good = at != 0;
    for (size_t i = 0; good && i < count; i++)
        if (!visible_deleted(chat, all[i].member, all[i].message.id))
            good = visible_delete(chat, all[i].member, &all[i].message, at);
    if (before > 0 && count_unread(command, all, count) < before)
        badge_put_fallen(chat, &command->by);
    command_commit(command);
    if (!good)
        return CODE_BUSY; /* out of memory in the middle: those before are deleted, the client asks again; or no
                             place is left yet */
    erasing_pass(chat, &command->by, at);
    event_deleted(chat, &command->by, ids);
    return CODE_OK;
}

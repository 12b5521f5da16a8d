/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/position.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

/* A message that the caller may see, and his place in its conversation. */
struct found {
    struct message message; /* without its body */
    char sender[USER_ID_MAX + 1];
    struct conversation *conversation; /* NULL: there is none for him */
    struct member *member;             /* NULL: an app admin */
    enum role role;
};

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
    bool admin = command->session->admin && conversation->group;
    if (conversation->group && conversation->group->dismissed != 0)
        return false;
    if (found->role == ROLE_NONE)
        return admin;
    return admin || found->message.id > visible_history_from(conversation, found->member);
}

/* What is not there and what he may not see look the same. */
static void find(struct command *command, int64_t id, struct found *found)
{
    struct chat *chat = command->chat;
    *found = (struct found){.role = ROLE_NONE};
    if (!log_find(chat->log, id, keep, found) || found->message.id == 0)
        return;
    found->conversation = conversation_by_id(chat, found->message.conversation);
    if (!found->conversation)
        return;
    found->member = member_find(chat, found->conversation, command->session->user->id);
    found->role = found->member ? found->member->role : ROLE_NONE;
    if (found->role == ROLE_NONE)
        found->member = NULL;
    if (!may_see(command, found))
        found->conversation = NULL;
}

/* recallMessage */

static int no_message(const struct conversation *conversation)
{
    return conversation && conversation->group ? CODE_NO_GROUP_MESSAGE : CODE_NO_MESSAGE;
}

static bool too_late(struct command *command, const struct found *found)
{
    const struct chat *chat = command->chat;
    if (command->session->admin && found->conversation->group)
        return false; /* what must go, goes */
    return found->message.time + chat->options.recall_seconds * 1000 <= chat->now;
}

static int check_recall(struct command *command, const struct found *found)
{
    const struct conversation *conversation = found->conversation;
    const struct group *group = conversation->group;
    bool own = strcmp(found->sender, command->session->user->id) == 0;
    if (!message_is_content(&found->message) || (!own && !group))
        return no_message(conversation);
    int code =
        own ? CODE_OK : rules_may(group->type, found->role, command->session->admin, ACTION_RECALL_OTHERS);
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
    announce_recall(chat, found->conversation, command->session->user->id, found->message.id,
                    command_text(command, FIELD_REASON));
    command_commit(command);
    return CODE_OK;
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

int command_recall_message(struct command *command)
{
    const struct conversation *named = command->access.conversation;
    const bool is_named = command_has(command, FIELD_TO) || command_has(command, FIELD_GROUP);
    struct found found;
    if (named && !conversation_stored(named))
        return CODE_LIVE_NOT_RECALLED;
    int refused = check_name(command, is_named);
    if (refused != CODE_OK)
        return refused;
    find(command, id_named(command, named), &found);
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    if (!found.conversation || (is_named && named != found.conversation))
        return no_message(named);
    int code = check_recall(command, &found);
    return code == CODE_OK ? recall(command, &found) : code;
}

/* deleteMessages */

static int find_all(struct command *command, const cJSON *ids, struct found *all)
{
    const cJSON *item;
    size_t i = 0;
    cJSON_ArrayForEach (item, ids) {
        find(command, (int64_t)item->valuedouble, &all[i]);
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

int command_delete_messages(struct command *command)
{
    struct chat *chat = command->chat;
    struct found all[DELETE_MAX];
    const cJSON *ids = command_list(command, FIELD_IDS);
    size_t count = (size_t)cJSON_GetArraySize(ids);
    int code = find_all(command, ids, all);
    if (code == CODE_OK)
        code = command_begin(command);
    if (code != CODE_OK)
        return code;
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        if (!visible_deleted(chat, all[i].member, all[i].message.id))
            good = visible_delete(chat, all[i].member, &all[i].message);
    command_commit(command);
    if (!good)
        return CODE_BUSY; /* out of memory in the middle: those before are deleted, the client asks again */
    event_deleted(command->session, ids);
    return CODE_OK;
}

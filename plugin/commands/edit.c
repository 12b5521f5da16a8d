/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "plugin/commands/found.h"
#include "plugin/commands/waiting.h"
#include "plugin/commands/written.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/message.h"
#include "plugin/payload/payload.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

/* A message gets new members in the place of its own, which every read of the log gives from then on; the edit is
 * a message of its own, too, for those who have the old ones. */

/* What both are, behind their stamps. */
struct edition {
    char *content, *event;
    const char *mentions;
    char names[MENTIONS_MAX];
    size_t bytes;
};

/* May the caller edit it? Codes as of recallMessage. */
static int check_right(const struct command *command, const struct found *found)
{
    const struct chat *chat = command->chat;
    const bool own = strcmp(found->sender, command->by.user->id) == 0;
    const bool group = found->conversation->group != NULL;
    if (!message_is_content(&found->message) || (!own && !group))
        return found_none(found->conversation);
    if (!own && !command->by.admin)
        return CODE_NOT_ALLOWED;
    if (found->message.recalled)
        return CODE_ALREADY_RECALLED;
    if (!command->by.admin && conversation_is_past(chat, found->message.time, chat->options.edit_seconds))
        return group ? CODE_RECALL_TOO_LATE : CODE_C2C_RECALL_TOO_LATE;
    return CODE_OK;
}

static void print_topic(const struct command *command, const struct conversation *conversation,
                        char topic[TOPIC_MAX])
{
    if (conversation->group)
        topic_print_group(topic, conversation->group->id);
    else
        topic_print_inbox(topic, conversation_peer(conversation, command->by.user->id));
}

/* As if it were published now. */
static int check_message(struct command *command, const struct found *found, const struct publish *publish,
                         struct payload *payload)
{
    int code = message_try(command->chat, &command->by, command->review, publish, payload, command->error);
    if (code != CODE_OK)
        return code;
    if (payload->online_only) {
        (void)command_refuse(command, "onlineOnly: the message is stored");
        return CODE_BAD_MESSAGE;
    }
    if (found->message.edits >= EDITS_MAX)
        return command_refuse(command, "id: edited %d times already", EDITS_MAX);
    return CODE_OK;
}

static void edition_clear(struct edition *edition)
{
    free(edition->content);
    free(edition->event);
}

/* false: out of memory. To be cleared in any case. */
static bool edition_make(struct edition *edition, const struct command *command, const struct found *found,
                         const struct payload *payload)
{
    const int64_t time = conversation_time(command->chat, found->conversation);
    int content = asprintf(&edition->content, "\"edited\":%lld,%.*s", (long long)time, (int)payload->body_len,
                           payload->body);
    if (content < 0)
        edition->content = NULL;
    int event =
        asprintf(&edition->event, "\"edit\":{\"id\":%lld,\"operator\":\"%s\",\"message\":{%.*s}}",
                 (long long)found->message.id, command->by.user->id, (int)payload->body_len, payload->body);
    if (event < 0)
        edition->event = NULL;
    edition->mentions = payload_mentions(payload, edition->names);
    edition->bytes = (size_t)larger(content, 0) + (size_t)larger(event, 0);
    return edition->content && edition->event;
}

static int put_edit(struct command *command, const struct found *found, const struct edition *edition)
{
    struct chat *chat = command->chat;
    int code = command_begin_sized(command, edition->bytes + MENTIONS_MAX + 1024);
    if (code != CODE_OK)
        return code;
    if (!log_edit(chat->log, &found->message, edition->content, strlen(edition->content),
                  edition->mentions)) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    conversation_recalled(chat, found->conversation, found->message.id);
    announce_edit(chat, found->conversation, command->by.user->id, found->message.id, edition->event);
    command_commit(command);
    return CODE_OK;
}

/* As the new members would be if they were published. */
static int wait_for_review(struct command *command, const struct found *found, const struct publish *publish,
                           const struct payload *payload)
{
    char *members;
    if (command->chat->options.review == 0)
        return CODE_OK;
    if (asprintf(&members, "{%.*s", (int)payload->body_len, payload->body) < 0)
        return CODE_BUSY;
    int code = command_wait_edit(command, found->conversation->group ? REVIEW_GROUP : REVIEW_C2C,
                                 publish->topic, members, found->message.id);
    free(members);
    return code;
}

static int edit(struct command *command, const struct found *found, const struct publish *publish)
{
    struct payload payload;
    struct edition edition = {0};
    int code = check_message(command, found, publish, &payload);
    payload.no_unread = found->message.kind == MESSAGE_QUIET; /* that cannot be edited */
    if (code == CODE_OK)
        code = wait_for_review(command, found, publish, &payload);
    if (code == CODE_OK && !edition_make(&edition, command, found, &payload))
        code = CODE_BUSY;
    if (code == CODE_OK)
        code = put_edit(command, found, &edition);
    edition_clear(&edition);
    payload_clear(&payload);
    return code;
}

int command_edit_message(struct command *command)
{
    static const char *const own[] = {"id", "seq", "to", "group", NULL};
    char topic[TOPIC_MAX];
    struct publish publish = {.topic = topic, .qos = 1};
    struct found found;
    int code = found_by_name(command, &found);
    if (code == CODE_OK)
        code = check_right(command, &found);
    if (code != CODE_OK)
        return code;
    char *text = written_message(command, own, &publish.len);
    if (!text)
        return CODE_BUSY;
    publish.payload = text;
    print_topic(command, found.conversation, topic);
    code = edit(command, &found, &publish);
    free(text);
    return code;
}

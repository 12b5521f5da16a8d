/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/json.h"
#include "plugin/commands/fields.h"
#include "plugin/commands/written.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/broadcast.h"
#include "plugin/delivery/live_broadcast.h"
#include "plugin/delivery/message.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* A notice is a message, the end of its conversation, and perhaps pushes. */
#define NOTICE_RECORDS 3

/* sendMessage */

/* The address as a publish has it. */
static void print_address(const struct command *command, char topic[TOPIC_MAX])
{
    const char *to = command_text(command, FIELD_TO);
    if (to)
        topic_print_inbox(topic, to);
    else
        topic_print_group(topic, command_text(command, FIELD_GROUP));
}

static bool answer_receipt(cJSON *data, const struct receipt *receipt)
{
    if (receipt->time == 0) /* shed: as for a publish, no error and nothing to tell */
        return true;
    return (receipt->id == 0 || json_add_whole(data, "id", receipt->id)) &&
           (receipt->seq < 0 || json_add_whole(data, "seq", receipt->seq)) &&
           json_add_whole(data, "time", receipt->time);
}

int command_send_message(struct command *command)
{
    char topic[TOPIC_MAX];
    struct receipt receipt;
    struct publish publish = {.topic = topic, .qos = 1};
    static const char *const own[] = {"sender", "to", "group", NULL};
    char *text = written_message(command, own, &publish.len);
    if (!text)
        return CODE_BUSY;
    publish.payload = text;
    print_address(command, topic);
    int code = message_send_as(command->chat, command->access.user, &publish, &receipt, command->error);
    free(text);
    return code == CODE_OK ? command_answered(command, answer_receipt(command->data, &receipt)) : code;
}

/* Notices */

/* Its body, malloc'ed, in *body: CODE_OK, or a code and *body is NULL. */
static int make_notice(struct command *command, const char *group, char **body)
{
    const struct chat *chat = command->chat;
    const struct notice notice = {.type = "custom",
                                  .group = group,
                                  .by = command->by.user->id,
                                  .text = command_text(command, FIELD_TEXT)};
    *body = announce_body(&notice);
    if (!*body)
        return CODE_BUSY;
    if (strlen(*body) <= (size_t)chat->options.max_message_bytes)
        return CODE_OK;
    snprintf(command->error, sizeof command->error, "text: the notice is longer than %lld bytes",
             (long long)chat->options.max_message_bytes);
    free(*body);
    *body = NULL;
    return CODE_TOO_LONG;
}

/* broadcast */

int command_broadcast(struct command *command)
{
    char *body;
    int code = make_notice(command, NULL, &body);
    if (code == CODE_OK)
        code = broadcast_start(command->chat, body);
    free(body);
    return code;
}

/* sendNotice */

static int notice_to(struct command *command, const char *body, const char *const *user_ids, size_t count)
{
    if (store_reads_failed(command->chat->store))
        return CODE_BUSY;
    command->records_later = NOTICE_RECORDS * count;
    return count > 0 ? broadcast_start_to(command->chat, body, user_ids, count) : CODE_OK;
}

static bool add_told(cJSON *list, const char *user_id, int64_t result)
{
    cJSON *item = json_add_object(list);
    return item && cJSON_AddStringToObject(item, "userID", user_id) && json_add_whole(item, "result", result);
}

/* The results are a member's: 0 nobody of that name, 1 told, 2 named before. */
static int notice_to_users(struct command *command, const char *body)
{
    const char *names[USERS_MAX];
    const cJSON *id, *ids = command_list(command, FIELD_USER_IDS);
    cJSON *list = cJSON_AddArrayToObject(command->data, "users");
    size_t count = 0;
    bool good = list != NULL;
    cJSON_ArrayForEach (id, ids) {
        const bool there = user_find(command->chat, id->valuestring) != NULL;
        const bool again = there && field_named_before(ids, id);
        if (there && !again)
            names[count++] = id->valuestring;
        good = good && add_told(list, id->valuestring, there + again);
    }
    int code = good ? notice_to(command, body, names, count) : CODE_OK;
    return code == CODE_OK ? command_answered(command, good) : code;
}

static int notice_to_members(struct command *command, struct conversation *group, const char *body)
{
    size_t count = 0;
    if (!members_load(command->chat, group))
        return CODE_BUSY;
    const char **names = malloc((HASH_COUNT(group->members) + 1) * sizeof *names);
    if (!names)
        return CODE_BUSY;
    for (const struct member *member = group->members; member; member = member->hh.next)
        if (member->role != ROLE_NONE)
            names[count++] = member->user_id;
    command->walked += HASH_COUNT(group->members);
    int code = notice_to(command, body, names, count);
    free(names);
    return code;
}

static int tip_to_audience(struct command *command, struct conversation *group)
{
    const struct tips tips = {.kind = TIPS_INFO,
                              .type = "custom",
                              .by = command->by.user->id,
                              .text = command_text(command, FIELD_TEXT)};
    announce_tips(command->chat, group, &tips);
    announce_hand_out(command->chat);
    return CODE_OK;
}

int command_send_notice(struct command *command)
{
    struct conversation *group = command->access.conversation;
    char *body;
    if (command_has(command, FIELD_USER_IDS) == (group != NULL))
        return command_refuse(command, "userIDs, group: exactly one of them");
    int code = make_notice(command, group ? group->group->id : NULL, &body);
    if (code == CODE_OK && !group)
        code = notice_to_users(command, body);
    else if (code == CODE_OK && conversation_stored(group))
        code = notice_to_members(command, group, body);
    else if (code == CODE_OK)
        code = tip_to_audience(command, group);
    free(body);
    return code;
}

/* broadcastLive */

int command_broadcast_live(struct command *command)
{
    struct publish publish = {.topic = "chat/group/every"};
    size_t groups = 0;
    static const char *const own[] = {"sender", "to", "group", NULL};
    char *text = written_message(command, own, &publish.len);
    if (!text)
        return CODE_BUSY;
    publish.payload = text;
    int code = message_check(command->chat, &publish, command->error);
    if (code == CODE_OK)
        code = live_broadcast_start(command->chat, command->by.user, text, publish.len, &groups);
    free(text);
    return code == CODE_OK
               ? command_answered(command, json_add_whole(command->data, "groups", (int64_t)groups))
               : code;
}

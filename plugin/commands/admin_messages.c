/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/broadcast.h"
#include "plugin/delivery/message.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"

/* sendMessage */

static bool is_commands_own(const char *name)
{
    static const char *const names[] = {"command", "correlationData", "sender", "to", "group"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The message as its sender would have published it: the request's members, as they were written, but for
 * those that are the command's own. malloc'ed; NULL: out of memory. */
static char *message_text(const struct command *command, size_t *len)
{
    const char *p = command->text + 1;
    char *text = malloc((size_t)(json_skip_value(command->text) - command->text) + 1), *end = text;
    struct json_span member;
    if (!text)
        return NULL;
    *end++ = '{';
    for (const cJSON *item = command->request->child; item && json_next_member(&p, &member);
         item = item->next) {
        if (is_commands_own(item->string))
            continue;
        if (end > text + 1)
            *end++ = ',';
        end = mempcpy(end, member.at, member.len);
    }
    *end++ = '}';
    *len = (size_t)(end - text);
    return text;
}

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
    char *text = message_text(command, &publish.len);
    if (!text)
        return CODE_BUSY;
    publish.payload = text;
    print_address(command, topic);
    int code = message_send_as(command->chat, command->access.user, &publish, &receipt, command->error);
    free(text);
    return code == CODE_OK ? command_answered(command, answer_receipt(command->data, &receipt)) : code;
}

/* broadcast */

int command_broadcast(struct command *command)
{
    struct chat *chat = command->chat;
    const struct notice notice = {
        .type = "custom", .by = command->session->user->id, .text = command_text(command, FIELD_TEXT)};
    int code;
    char *body = announce_body(&notice);
    if (!body)
        return CODE_BUSY;
    if (strlen(body) > (size_t)chat->options.max_message_bytes) {
        snprintf(command->error, sizeof command->error, "text: the notice is longer than %lld bytes",
                 (long long)chat->options.max_message_bytes);
        code = CODE_TOO_LONG;
    } else {
        code = broadcast_start(chat, body);
    }
    free(body);
    return code;
}

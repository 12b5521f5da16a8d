/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/control.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_text.h"
#include "plugin/commands/commands.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define REQUEST_MAX      262144
#define COMMANDS_MAX     50
#define TOPIC_LEVELS_MAX 200 /* the broker's own limit */
/* An answer has at most 1 MiB (or one message that is larger), a command's own part less than 400 KiB: what
 * is left after this much is not begun. */
#define ANSWER_ENOUGH (1048576 - 409600)

enum who { EVERYONE, ADMINS };

static const struct row {
    const char *name;
    enum who who;
    command_function *run;
} rows[] = {
    {"createGroup", EVERYONE, command_create_group},
    {"dismissGroup", EVERYONE, command_dismiss_group},
    {"joinGroup", EVERYONE, command_join_group},
    {"quitGroup", EVERYONE, command_quit_group},
    {"inviteGroupMember", EVERYONE, command_invite_group_member},
    {"deleteGroupMember", EVERYONE, command_delete_group_member},
    {"setGroupMemberRole", EVERYONE, command_set_group_member_role},
    {"muteGroupMember", EVERYONE, command_mute_group_member},
    {"setGroupMemberInfo", EVERYONE, command_set_group_member_info},
    {"getGroupApplications", EVERYONE, command_get_group_applications},
    {"handleGroupApplication", EVERYONE, command_handle_group_application},
    {"setGroupInfo", EVERYONE, command_set_group_info},
    {"transferGroupOwner", EVERYONE, command_transfer_group_owner},
    {"getGroupInfo", EVERYONE, command_get_group_info},
    {"getGroupMembers", EVERYONE, command_get_group_members},
    {"getJoinedGroups", EVERYONE, command_get_joined_groups},
    {"getHistory", EVERYONE, command_get_history},
    {"sync", EVERYONE, command_sync},
    {"ack", EVERYONE, command_ack},
    {"markRead", EVERYONE, command_mark_read},
    {"getUnread", EVERYONE, command_get_unread},
    {"getConversations", EVERYONE, command_get_conversations},
    {"setConversation", EVERYONE, command_set_conversation},
    {"deleteConversation", EVERYONE, command_delete_conversation},
    {"recallMessage", EVERYONE, command_recall_message},
    {"deleteMessages", EVERYONE, command_delete_messages},
    {"setSelfInfo", EVERYONE, command_set_self_info},
    {"getUsersInfo", EVERYONE, command_get_users_info},
    {"addToBlacklist", EVERYONE, command_add_to_blacklist},
    {"removeFromBlacklist", EVERYONE, command_remove_from_blacklist},
    {"getBlacklist", EVERYONE, command_get_blacklist},
    {"getDevices", EVERYONE, command_get_devices},
    {"kickDevice", EVERYONE, command_kick_device},
    {"setPushToken", EVERYONE, command_set_push_token},
    {"removePushToken", EVERYONE, command_remove_push_token},
    {"setBackground", EVERYONE, command_set_background},
    {"watchStatus", EVERYONE, command_watch_status},
    {"unwatchStatus", EVERYONE, command_unwatch_status},
    {"renewUserSig", EVERYONE, command_renew_user_sig},
    {"logout", EVERYONE, command_logout},
    {"importUsers", ADMINS, command_import_users},
    {"sendMessage", ADMINS, command_send_message},
    {"broadcast", ADMINS, command_broadcast},
    {"muteUser", ADMINS, command_mute_user},
    {"getUser", ADMINS, command_get_user},
    {"getStats", ADMINS, command_get_stats},
    {"kickUser", ADMINS, command_kick_user},
    {"deleteUser", ADMINS, command_delete_user},
    {"pushDone", ADMINS, command_push_done},
    {"pushFailed", ADMINS, command_push_failed},
};

/* {"responses":[...]} as it grows. */
struct answer {
    char *text;
    size_t len, size;
};

static bool append(struct answer *answer, const char *text)
{
    size_t len = strlen(text);
    if (answer->len + len >= answer->size) {
        size_t size = 2 * (answer->len + len) + 256;
        char *grown = realloc(answer->text, size);
        if (!grown)
            return false;
        answer->text = grown;
        answer->size = size;
    }
    memcpy(answer->text + answer->len, text, len + 1);
    answer->len += len;
    return true;
}

static bool append_response(struct answer *answer, const cJSON *response)
{
    char *text = cJSON_PrintUnformatted(response);
    bool first = answer->len == 0;
    bool good = text && append(answer, first ? "{\"responses\":[" : ",") && append(answer, text);
    cJSON_free(text);
    return good;
}

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static int run(const struct row *row, struct command *command)
{
    struct store *store = command->chat->store;
    if (command->session->closing.orphan)
        return CODE_NOT_ALLOWED; /* in the moment before the close */
    if (row->who == ADMINS && !command->session->admin)
        return CODE_NOT_ADMIN;
    (void)store_failed(store); /* whatever failed before is not this command's */
    int code = row->run(command);
    /* A refusal that rests on something unread is none. */
    return code != CODE_OK && store_failed(store) ? CODE_BUSY : code;
}

/* A request that may not be answered any more is not executed either. */
static int execute(struct command *command, const char **name, const char **correlation, bool too_large)
{
    int code = field_text(command, "correlationData", FIELD_OPTIONAL, SIZE_MAX, correlation);
    if (code == CODE_OK)
        code = field_text(command, "command", FIELD_REQUIRED, SIZE_MAX, name);
    if (code != CODE_OK)
        return code;
    if (too_large)
        return command_refuse(command, "the answer is too large");
    const struct row *row = find_row(*name);
    return row ? run(row, command) : CODE_UNKNOWN_COMMAND;
}

static bool add_error(cJSON *response, int code, const char *error)
{
    return cJSON_AddNumberToObject(response, "code", code) &&
           cJSON_AddStringToObject(response, "error", error[0] ? error : code_text(code));
}

static bool add_data(cJSON *response, struct command *command)
{
    if (!command->data || !cJSON_AddItemToObject(response, "data", command->data))
        return false;
    command->data = NULL;
    return true;
}

static bool answer_command(struct answer *answer, struct command *command)
{
    const char *name = NULL, *correlation = NULL;
    cJSON *response = cJSON_CreateObject();
    command->data = cJSON_CreateObject();
    bool good = response && command->data;
    if (good) {
        int code = execute(command, &name, &correlation, answer->len > ANSWER_ENOUGH);
        good = (!name || cJSON_AddStringToObject(response, "command", name)) &&
               (!correlation || cJSON_AddStringToObject(response, "correlationData", correlation)) &&
               (code == CODE_OK ? add_data(response, command) : add_error(response, code, command->error)) &&
               append_response(answer, response);
    }
    cJSON_Delete(command->data);
    cJSON_Delete(response);
    return good;
}

/* What is wrong with the request as a whole; NULL: nothing, and *commands is set. */
static const char *read_request(const struct control_request *request, cJSON **tree, const cJSON **commands)
{
    const char *twice;
    if (request->len > REQUEST_MAX)
        return "the request is larger than 262144 bytes";
    *tree = request->len > 0 ? json_read(request->payload, request->len) : NULL;
    if (!*tree)
        return "the request is not valid JSON";
    if (!json_unique(*tree, &twice))
        return "the request has an object with the same name twice";
    *commands = cJSON_GetObjectItemCaseSensitive(*tree, "commands");
    if (!cJSON_IsArray(*commands))
        return "commands: must be a list";
    int count = cJSON_GetArraySize(*commands);
    return count >= 1 && count <= COMMANDS_MAX ? NULL : "commands: 1 to 50 in one request";
}

static bool answer_broken(struct answer *answer, const char *error)
{
    cJSON *response = cJSON_CreateObject();
    bool good = response && add_error(response, CODE_BAD_REQUEST, error) && append_response(answer, response);
    cJSON_Delete(response);
    return good;
}

/* `text` is that of the list, too. */
static bool answer_all(struct answer *answer, struct chat *chat, struct session *session,
                       const cJSON *commands, const char *text)
{
    const cJSON *item;
    struct json_span span;
    text++;
    cJSON_ArrayForEach (item, commands) {
        if (!json_next_item(&text, &span))
            return false;
        struct command command = {.chat = chat, .session = session, .request = item, .text = span.at};
        if (!answer_command(answer, &command))
            return false;
    }
    return true;
}

/* A topic of the client's own choosing. $SYS is the broker's voice alone. */
static bool topic_usable(const char *topic)
{
    unsigned levels = 1;
    for (const char *c = topic; *c; c++)
        if (*c == '/')
            levels++;
    return topic[0] != '\0' && levels <= TOPIC_LEVELS_MAX && !strpbrk(topic, "+#") &&
           strncmp(topic, "$SYS", 4) != 0;
}

static bool respond(const struct session *session, const struct control_request *request,
                    const struct answer *answer)
{
    const char *topic = request->response_topic;
    if (!topic || !topic_usable(topic))
        topic = RESPONSE_TOPIC;
    return broker_respond(session->client_id, topic, answer->text, answer->len, request->qos,
                          request->correlation, request->correlation_len);
}

bool control_execute(struct chat *chat, struct session *session, const struct control_request *request)
{
    struct answer answer = {0};
    cJSON *tree = NULL;
    const cJSON *commands = NULL;
    const char *error = read_request(request, &tree, &commands);
    bool good = error ? answer_broken(&answer, error)
                      : answer_all(&answer, chat, session, commands,
                                   json_text_of_child(request->payload, tree, commands));
    good = good && append(&answer, "]}") && respond(session, request, &answer);
    cJSON_Delete(tree);
    free(answer.text);
    return good;
}

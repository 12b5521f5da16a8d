/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/control.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/command_table.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_text.h"
#include "plugin/commands/access.h"
#include "plugin/commands/account.h"
#include "plugin/commands/commands.h"
#include "plugin/commands/fields.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define REQUEST_MAX      262144
#define COMMANDS_MAX     50
#define UNPAID_MAX       16384 /* a larger request of who has nothing left is not even read */
#define TOPIC_LEVELS_MAX 200   /* the broker's own limit */
/* An answer has at most 1 MiB (or one message that is larger), a command's own part less than 400 KiB: what
 * is left after this much is not begun. */
#define ANSWER_ENOUGH (1048576 - 409600)

static command_function *const functions[COMMANDS] = {
#define COMMAND(function, ...) [COMMAND_##function] = command_##function,
#include "acl/commands.def"
#undef COMMAND
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

static int run(const struct command_row *row, struct command *command)
{
    struct store *store = command->chat->store;
    if (command->session->closing.orphan)
        return CODE_NOT_ALLOWED; /* in the moment before the close */
    if (row->caller == CALLER_ADMINS && !command->session->admin)
        return CODE_NOT_ADMIN;
    int code = fields_check(command, row->fields);
    if (code == CODE_OK)
        code = access_check(command, row->fields);
    if (code == CODE_OK)
        code = functions[row - command_rows](command);
    /* A refusal that rests on something unread is none. */
    return code != CODE_OK && store_reads_failed(store) ? CODE_BUSY : code;
}

/* The fields that every command has. Each is looked at: the answer repeats those that are right. */
static int check_common(struct command *command)
{
    static const struct command_field name = {
        .name = FIELD_COMMAND, .type = TYPE_TEXT, .need = NEED_REQUIRED, .max = ANY_LENGTH};
    static const struct command_field correlation = {
        .name = FIELD_CORRELATION_DATA, .type = TYPE_TEXT, .max = ANY_LENGTH};
    int code = field_check(command, &name), other = field_check(command, &correlation);
    return code != CODE_OK ? code : other;
}

/* A request that may not be answered any more is not executed either. */
static int execute(struct command *command, bool too_large)
{
    int code = check_common(command);
    if (code != CODE_OK)
        return code;
    if (too_large)
        return command_refuse(command, "the answer is too large");
    const struct command_row *row = command_row_find(command_text(command, FIELD_COMMAND));
    return row ? run(row, command) : CODE_UNKNOWN_COMMAND;
}

static int refuse_too_fast(struct command *command)
{
    (void)check_common(command);
    command->error[0] = '\0';
    return CODE_TOO_FAST;
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

static bool add_text(cJSON *response, const struct command *command, enum field_name name)
{
    const char *text = command_text(command, name);
    return !text || cJSON_AddStringToObject(response, field_name(name), text);
}

static bool answer_command(struct answer *answer, struct command *command, size_t len)
{
    const struct account_meter before = account_meter(command->chat);
    const size_t answered = answer->len;
    const bool open = account_open(command->chat, command->session);
    cJSON *response = cJSON_CreateObject();
    command->data = cJSON_CreateObject();
    bool good = response && command->data;
    if (good) {
        int code = open ? execute(command, answer->len > ANSWER_ENOUGH) : refuse_too_fast(command);
        good = add_text(response, command, FIELD_COMMAND) &&
               add_text(response, command, FIELD_CORRELATION_DATA) &&
               (code == CODE_OK ? add_data(response, command) : add_error(response, code, command->error)) &&
               append_response(answer, response);
    }
    if (open)
        account_pay(command, &before, len + answer->len - answered);
    cJSON_Delete(command->data);
    cJSON_Delete(response);
    return good;
}

/* CODE_OK and *tree, or a code and what is wrong with the request as a whole ("": the code says it). */
static int read_tree(const struct control_request *request, cJSON **tree, const char **error)
{
    struct json_facts facts = {0};
    const char *twice;
    *error = "the request is not valid JSON";
    if (request->len == 0 || !json_scan(request->payload, request->len, &facts))
        return CODE_BAD_REQUEST;
    *error = "";
    *tree = json_parse(request->payload, request->len, &facts);
    if (!*tree)
        return CODE_BUSY;
    if (json_unique(*tree, &twice))
        return CODE_OK;
    if (!twice)
        return CODE_BUSY;
    *error = "the request has an object with the same name twice";
    return CODE_BAD_REQUEST;
}

static int read_request(const struct control_request *request, cJSON **tree, const cJSON **commands,
                        const char **error)
{
    *error = "the request is larger than 262144 bytes";
    if (request->len > REQUEST_MAX)
        return CODE_BAD_REQUEST;
    int code = read_tree(request, tree, error);
    if (code != CODE_OK)
        return code;
    *error = "commands: must be a list";
    *commands = cJSON_GetObjectItemCaseSensitive(*tree, "commands");
    if (!cJSON_IsArray(*commands))
        return CODE_BAD_REQUEST;
    *error = "commands: 1 to 50 in one request";
    int count = cJSON_GetArraySize(*commands);
    return count >= 1 && count <= COMMANDS_MAX ? CODE_OK : CODE_BAD_REQUEST;
}

static bool answer_broken(struct answer *answer, int code, const char *error)
{
    cJSON *response = cJSON_CreateObject();
    bool good = response && add_error(response, code, error) && append_response(answer, response);
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
        if (!answer_command(answer, &command, span.len))
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
    const char *error = "";
    bool open = account_open(chat, session);
    int code =
        open || request->len <= UNPAID_MAX ? read_request(request, &tree, &commands, &error) : CODE_TOO_FAST;
    if (code != CODE_OK && open)
        account_pay_bytes(chat, session, request->len);
    bool good = code == CODE_OK ? answer_all(&answer, chat, session, commands,
                                             json_text_of_child(request->payload, tree, commands))
                                : answer_broken(&answer, code, error);
    good = good && append(&answer, "]}") && respond(session, request, &answer);
    cJSON_Delete(tree);
    free(answer.text);
    return good;
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/control.h"

#include "acl/code.h"
#include "acl/command_table.h"
#include "plugin/commands/access.h"
#include "plugin/commands/account.h"
#include "plugin/commands/answer.h"
#include "plugin/commands/commands.h"
#include "plugin/commands/fields.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/reply.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* An answer has at most 1 MiB (or one message that is larger), a command's own part less than 400 KiB: what
 * is left after this much is not begun. */
#define ANSWER_ENOUGH (1048576 - 409600)

static command_function *const functions[COMMANDS] = {
#define COMMAND(function, ...) [COMMAND_##function] = command_##function,
#include "acl/commands.def"
#undef COMMAND
};

/* `as`: from here on the caller is that user, with no device. */
static int act_as(struct command *command)
{
    static const struct command_field as = {.name = FIELD_AS, .type = TYPE_USER_ID};
    if (!field_given(command, FIELD_AS))
        return CODE_OK;
    if (!command->by.admin)
        return CODE_NOT_ADMIN;
    int code = field_check(command, &as);
    if (code != CODE_OK)
        return code;
    struct user *user = user_find(command->chat, command_text(command, FIELD_AS));
    if (!user)
        return CODE_NO_USER;
    command->by =
        (struct actor){.user = user, .admin = plugin_options_is_admin(&command->chat->options, user->id)};
    return CODE_OK;
}

static int check_caller(const struct command_row *row, struct command *command)
{
    if (row->caller == CALLER_ADMINS && !command->by.admin)
        return CODE_NOT_ADMIN;
    if (row->caller == CALLER_UPLOADERS && !command->chat->uploads)
        return CODE_UNKNOWN_COMMAND;
    const bool with_device = row->caller == CALLER_DEVICES || row->caller == CALLER_UPLOADERS;
    return with_device && !command->by.device
               ? command_refuse(command, "as: %s is about a connection of one's own", row->name)
               : CODE_OK;
}

static int run(const struct command_row *row, struct command *command)
{
    struct store *store = command->chat->store;
    if (command->asker && command->asker->closing.silenced)
        return CODE_NOT_ALLOWED; /* in the moment before the close */
    int code = act_as(command);
    if (code == CODE_OK)
        code = check_caller(row, command);
    if (code == CODE_OK)
        code = fields_check(command, row->fields);
    if (code == CODE_OK)
        code = access_check(command, row->fields);
    if (code == CODE_OK)
        code = fields_filter(command, row->fields);
    if (code == CODE_OK)
        code = functions[row - command_rows](command);
    /* A refusal that rests on something unread is none. */
    return code > CODE_OK && store_reads_failed(store) ? CODE_BUSY : code;
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

int control_execute(struct command *command)
{
    int code = check_common(command);
    if (code != CODE_OK)
        return code;
    const struct command_row *row = command_row_find(command_text(command, FIELD_COMMAND));
    if (!row)
        return CODE_UNKNOWN_COMMAND;
    command->safe = row->answer == ANSWER_WHEN_SAFE;
    return run(row, command);
}

/* A request that may not be answered any more is not executed either. */
static int refuse_too_large(struct command *command)
{
    int code = check_common(command);
    return code == CODE_OK ? command_refuse(command, "the answer is too large") : code;
}

static int refuse(struct command *command, int code)
{
    (void)check_common(command);
    command->error[0] = '\0';
    return code;
}

bool control_answer(struct answer *answer, struct command *command, size_t len)
{
    const struct account_meter before = account_meter(command->chat);
    const size_t answered = answer->len;
    const bool open = account_open(command->chat, command->asker);
    command->data = cJSON_CreateObject();
    bool good = command->data != NULL;
    if (good) {
        int code = !open                                         ? refuse(command, CODE_TOO_FAST)
                   : replies_full(command->chat, command->asker) ? refuse(command, CODE_BUSY)
                   : answer->len > ANSWER_ENOUGH                 ? refuse_too_large(command)
                                                                 : control_execute(command);
        const struct response response = {.command = command_text(command, FIELD_COMMAND),
                                          .correlation_data = command_text(command, FIELD_CORRELATION_DATA),
                                          .code = code,
                                          .error = command->error,
                                          .refused = command->refused,
                                          .data_take = command->data};
        if (code != COMMAND_LATER) {
            good = (command->data || code != CODE_OK) && answer_add(answer, &response);
            command->data = NULL;
        }
    }
    if (open)
        account_pay(command, &before, len + answer->len - answered);
    cJSON_Delete(command->data);
    return good;
}

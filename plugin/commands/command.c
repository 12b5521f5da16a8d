/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "acl/code.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/review.h"
#include "plugin/session/session.h"
#include "schema/store.h"

bool command_has(const struct command *command, enum field_name name)
{
    return command->fields[name].item != NULL;
}

const char *command_text(const struct command *command, enum field_name name)
{
    return cJSON_GetStringValue(command->fields[name].item);
}

int64_t command_number(const struct command *command, enum field_name name)
{
    return command->fields[name].number;
}

bool command_bool(const struct command *command, enum field_name name)
{
    return cJSON_IsTrue(command->fields[name].item);
}

const cJSON *command_list(const struct command *command, enum field_name name)
{
    return command->fields[name].item;
}

bool command_has_both(struct command *command, enum field_name one, enum field_name other)
{
    if (!command_has(command, one) || !command_has(command, other))
        return false;
    (void)command_refuse(command, "%s: not together with %s", field_name(one), field_name(other));
    return true;
}

int command_refuse(struct command *command, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(command->error, sizeof command->error, format, list);
    va_end(list);
    return CODE_BAD_REQUEST;
}

static bool begin(const struct command *command, size_t bytes)
{
    struct store *store = command->chat->store;
    if (!command->by.admin)
        return store_begin_command(store, bytes);
    return bytes > 0 ? store_begin_sized(store, bytes) : store_begin(store);
}

int command_begin(struct command *command)
{
    return command_begin_sized(command, 0);
}

int command_begin_sized(struct command *command, size_t bytes)
{
    return !store_reads_failed(command->chat->store) && begin(command, bytes) ? CODE_OK : CODE_BUSY;
}

void command_commit(struct command *command)
{
    if (command->review)
        review_put_end(command->chat, command->review);
    command->review = NULL;
    announce_commit(command->chat);
}

int command_answered(struct command *command, bool complete)
{
    if (!complete) {
        cJSON_Delete(command->data);
        command->data = NULL;
    }
    return CODE_OK;
}

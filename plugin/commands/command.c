/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "acl/code.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
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

int command_refuse(struct command *command, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(command->error, sizeof command->error, format, list);
    va_end(list);
    return CODE_BAD_REQUEST;
}

int command_begin(struct command *command)
{
    struct store *store = command->chat->store;
    return !store_reads_failed(store) && store_begin(store) ? CODE_OK : CODE_BUSY;
}

int command_begin_sized(struct command *command, size_t bytes)
{
    struct store *store = command->chat->store;
    return !store_reads_failed(store) && store_begin_sized(store, bytes) ? CODE_OK : CODE_BUSY;
}

void command_commit(struct command *command)
{
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

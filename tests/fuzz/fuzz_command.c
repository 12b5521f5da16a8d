/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requests to the command topic, as strangers send them: read, and each command held against its row of
 * acl/commands.def; what is looked up in the store is not. What must hold: a refusal says what is wrong, in UTF-8; a
 * field that is accepted is of its type and in its range. */
#include "acl/code.h"
#include "lib/utf8.h"
#include "plugin/commands/fields.h"
#include "plugin/commands/request.h"
#include "tests/fuzz/fuzz.h"

static void is_as_the_table_says(const struct command *command, const struct command_field *field)
{
    const cJSON *item = command->fields[field->name].item;
    const int64_t number = command->fields[field->name].number;
    if (!item)
        return;
    if (field->type == TYPE_NUMBER)
        HOLDS(number >= field->min && number <= field->max);
    else if (field->type == TYPE_TEXT)
        HOLDS((int64_t)strlen(item->valuestring) <= field->max);
    else if (field->type == TYPE_USER_ID)
        HOLDS(user_id_valid(item->valuestring, strlen(item->valuestring)));
    else if (field->type == TYPE_GROUP_ID)
        HOLDS(group_id_valid(item->valuestring, strlen(item->valuestring)));
    else if (field->type == TYPE_BOOL)
        HOLDS(cJSON_IsBool(item));
}

static void try_items(struct command *command, const struct command_field *list)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, command->fields[list->name].item) {
        struct command entry;
        const int code = field_check_item(command, list, item, &entry);
        HOLDS(utf8_valid(command->error, strlen(command->error)));
        for (const struct command_field *field = list->of; code == CODE_OK && field->type != TYPE_NONE;
             field++)
            is_as_the_table_says(&entry, field);
    }
}

static void try_row(const struct command_row *row, const cJSON *request)
{
    struct command command = {.request = request};
    const int code = fields_check(&command, row->fields);
    HOLDS(utf8_valid(command.error, strlen(command.error)));
    HOLDS(code != CODE_BAD_REQUEST || command.error[0]);
    if (code != CODE_OK)
        return;
    for (const struct command_field *field = row->fields; field->type != TYPE_NONE; field++) {
        is_as_the_table_says(&command, field);
        if (field->type == TYPE_ITEMS)
            try_items(&command, field);
    }
}

static void try_commands(const cJSON *commands)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, commands) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "command"));
        const struct command_row *row = name ? command_row_find(name) : NULL;
        if (row)
            try_row(row, item);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_text(data, size);
    const struct control_request request = {.payload = bytes, .len = size, .response_topic = bytes};
    const cJSON *commands = NULL;
    const char *error = NULL;
    cJSON *tree = NULL;
    const char *topic = request_answer_topic(&request);
    HOLDS(topic[0] && !strpbrk(topic, "+#"));
    const int code = request_read(&request, &tree, &commands, &error);
    HOLDS(error);
    if (code == CODE_OK)
        try_commands(commands);
    cJSON_Delete(tree);
    free(bytes);
    return 0;
}

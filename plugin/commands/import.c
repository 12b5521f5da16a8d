/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>

#include "acl/code.h"
#include "acl/command_table.h"
#include "lib/json.h"
#include "lib/json_text.h"
#include "plugin/commands/access.h"
#include "plugin/commands/fields.h"
#include "plugin/commands/written.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/import.h"

static bool add_place(cJSON *list, const struct receipt *receipt)
{
    cJSON *item = json_add_object(list);
    return item && json_add_whole(item, "id", receipt->id) && json_add_whole(item, "seq", receipt->seq);
}

/* What is around the message: whose it is, and where it goes. */
static int read_item(struct command *command, const cJSON *item, struct command *entry)
{
    const struct command_field *list = command_rows[COMMAND_import_messages].fields;
    int code = field_check_item(command, list, item, entry);
    if (code != CODE_OK)
        return code;
    entry->chat = command->chat;
    entry->by = command->by;
    code = access_check(entry, list->of);
    if (entry->error[0])
        (void)command_refuse(command, "%s: %.180s", field_name(list->name), entry->error);
    return code;
}

/* One of the list, which is written at `text`. */
static int import_item(struct command *command, const cJSON *item, const char *text, struct receipt *receipt)
{
    static const char *const own[] = {"sender", "to", "group", "time", NULL};
    struct command entry;
    int code = read_item(command, item, &entry);
    if (code != CODE_OK)
        return code;
    struct import import = {.sender = entry.access.user,
                            .to = command_text(&entry, FIELD_TO),
                            .group = entry.access.conversation,
                            .time = command_number(&entry, FIELD_TIME),
                            .unread = command_bool(command, FIELD_UNREAD)};
    char *message = written_members(text, item, own, &import.len);
    if (!message)
        return CODE_BUSY;
    import.payload = message;
    code = import_message(command->chat, &import, receipt, command->error);
    free(message);
    return code;
}

/* Each is done or not done: the first that is refused ends it, and those before it stay. */
int command_import_messages(struct command *command)
{
    const cJSON *item, *items = command_list(command, FIELD_MESSAGES);
    const char *p = json_text_of_child(command->text, command->request, items) + 1;
    cJSON *list = cJSON_AddArrayToObject(command->data, "messages");
    bool good = list != NULL;
    struct json_span span;
    struct receipt receipt;
    size_t number = 0;
    cJSON_ArrayForEach (item, items) {
        if (!good || !json_next_item(&p, &span))
            break;
        command->refused = ++number;
        int code = import_item(command, item, span.at, &receipt);
        if (code != CODE_OK)
            return code;
        good = add_place(list, &receipt);
    }
    return command_answered(command, good);
}

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Groups: createGroup, silently. Who is named as owner is in it; without one nobody owns it. */
#include <string.h>

#include "acl/code.h"
#include "ctl/import_batch.h"

enum group_step { STEP_CREATE, STEP_LOOK };

/* All of createGroup but the members, who are a file of their own. */
static void columns(struct command_field out[COMMAND_FIELDS_MAX])
{
    const struct command_field *fields = command_rows[COMMAND_create_group].fields;
    for (const struct command_field *field = fields; field->type != TYPE_NONE; field++)
        if (field->name == FIELD_GROUP_ID)
            column_add(out, fields, field->name, NEED_REQUIRED); /* or it would be another one each time */
        else if (field->name != FIELD_MEMBERS && field->name != FIELD_SILENT)
            column_add(out, fields, field->name, field->need);
}

static cJSON *make_group(const struct import_item *item)
{
    cJSON *command = command_new(COMMAND_create_group);
    const cJSON *member;
    cJSON_ArrayForEach (member, item->row.object)
        if (strcmp(member->string, field_name(FIELD_OWNER)) != 0)
            cJSON_AddItemToObject(command, member->string, cJSON_Duplicate(member, true));
    cJSON_AddStringToObject(command, "owner", item_text(item, FIELD_OWNER));
    cJSON_AddTrueToObject(command, "silent");
    return command;
}

static cJSON *ask_for_group(const struct import_item *item)
{
    cJSON *command = command_new(COMMAND_get_group_info);
    command_copy(command, item, FIELD_GROUP_ID);
    return command;
}

static void ask(struct import_batch *batch, struct import_request *request)
{
    for (int i = 0; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        item->command = -1;
        if (item->state != ITEM_OPEN || request->commands == REQUEST_COMMANDS)
            continue;
        item->command = request_add(
            batch, request, item->step == STEP_CREATE ? make_group(item) : ask_for_group(item), item->step);
    }
}

static void hear_created(struct import_batch *batch, struct import_item *item, const cJSON *answer)
{
    const int code = answer_code(answer);
    if (code == 0)
        item->state = ITEM_NEW;
    else if (code == CODE_GROUP_ID_TAKEN || code == CODE_GROUP_ID_YOURS)
        item->step = STEP_LOOK;
    else
        item_refuse_for(batch, item, answer);
}

/* Work is understood for Private. */
static bool is_type(const char *type, const char *given)
{
    const char *words = command_rows[COMMAND_create_group].fields[0].words;
    const char *at = strstr(words, type);
    const size_t all = at ? strcspn(at, " ") : 0, len = strlen(given);
    for (size_t i = 0; i < all; i += strcspn(at + i, "| ") + 1)
        if (strcspn(at + i, "| ") == len && strncmp(at + i, given, len) == 0)
            return true;
    return false;
}

static void hear_found(struct import_batch *batch, struct import_item *item, const cJSON *answer)
{
    const char *type = text_of(cJSON_GetObjectItemCaseSensitive(answer, "data"), "groupType");
    if (answer_code(answer) == CODE_NO_GROUP)
        item_refuse(batch, item, "%d: the groupID was that of a group that has been dismissed",
                    CODE_GROUP_ID_TAKEN);
    else if (answer_code(answer) != 0)
        item_refuse_for(batch, item, answer);
    else if (!is_type(type, item_text(item, FIELD_GROUP_TYPE)))
        item_refuse(batch, item, "%d: the groupID is that of another group, of the type %s",
                    CODE_GROUP_ID_TAKEN, type);
    else
        item->state = ITEM_THERE;
}

static void hear(struct import_batch *batch, int number, const cJSON *answer)
{
    if (answer_is_busy(batch, answer))
        return;
    for (int i = 0; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        if (item->command != number || item->state != ITEM_OPEN)
            continue;
        if (batch->what[number] == STEP_CREATE)
            hear_created(batch, item, answer);
        else
            hear_found(batch, item, answer);
    }
}

const struct import_kind import_groups = {
    .name = "groups", .under_way = 4, .columns = columns, .ask = ask, .hear = hear};

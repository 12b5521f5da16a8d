/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Members: inviteGroupMember, silently, with the rows of a group together; then setGroupMemberInfo for each who is to have a
 * nameCard and has none. */
#include <string.h>

#include "ctl/import_batch.h"

enum member_step { STEP_INVITE, STEP_LOOK, STEP_SET, STEP_DONE };

static void columns(struct command_field out[COMMAND_FIELDS_MAX])
{
    const struct command_row *invite = &command_rows[COMMAND_invite_group_member];
    const struct command_field *members = invite->fields;
    while (members->name != FIELD_MEMBERS)
        members++;
    column_add(out, invite->fields, FIELD_GROUP_ID, NEED_REQUIRED);
    column_add(out, command_rows[COMMAND_set_group_member_role].fields, FIELD_USER_ID, NEED_REQUIRED);
    column_add(out, members->of, FIELD_ROLE, NEED_OPTIONAL);
    column_add(out, members->of, FIELD_JOIN_TIME, NEED_OPTIONAL);
    column_add(out, command_rows[COMMAND_set_group_member_info].fields, FIELD_NAME_CARD, NEED_OPTIONAL);
}

static bool is_at(const struct import_item *item, enum member_step step)
{
    return item->state != ITEM_REFUSED && item->step == (int)step;
}

/* Asking */

static cJSON *describe(const struct import_item *item, enum member_step step)
{
    if (step == STEP_LOOK)
        return cJSON_CreateString(item_text(item, FIELD_USER_ID));
    cJSON *member = cJSON_CreateObject();
    command_copy(member, item, FIELD_USER_ID);
    command_copy(member, item, FIELD_ROLE);
    command_copy(member, item, FIELD_JOIN_TIME);
    return member;
}

/* Those of the group of items[first] at this step, from it on. */
static void ask_of_group(struct import_batch *batch, struct import_request *request, int first,
                         enum member_step step)
{
    const char *group = item_text(&batch->items[first], FIELD_GROUP_ID);
    cJSON *command =
        command_new(step == STEP_INVITE ? COMMAND_invite_group_member : COMMAND_get_group_members);
    cJSON_AddStringToObject(command, "groupID", group);
    cJSON *list = cJSON_AddArrayToObject(command, step == STEP_INVITE ? "members" : "userIDs");
    for (int i = first; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        if (!is_at(item, step) || strcmp(item_text(item, FIELD_GROUP_ID), group) != 0)
            continue;
        cJSON_AddItemToArray(list, describe(item, step));
        item->command = request->commands;
    }
    if (step == STEP_INVITE)
        cJSON_AddTrueToObject(command, "silent");
    request_add(batch, request, command, (int)step);
}

static cJSON *name_card(const struct import_item *item)
{
    cJSON *command = command_new(COMMAND_set_group_member_info);
    command_copy(command, item, FIELD_GROUP_ID);
    command_copy(command, item, FIELD_USER_ID);
    command_copy(command, item, FIELD_NAME_CARD);
    return command;
}

static void ask_step(struct import_batch *batch, struct import_request *request, enum member_step step)
{
    for (int i = 0; i < batch->count && request->commands < REQUEST_COMMANDS; i++) {
        struct import_item *item = &batch->items[i];
        if (!is_at(item, step) || item->command >= 0)
            continue;
        if (step == STEP_SET)
            item->command = request_add(batch, request, name_card(item), (int)step);
        else
            ask_of_group(batch, request, i, step);
    }
}

static void ask(struct import_batch *batch, struct import_request *request)
{
    for (int i = 0; i < batch->count; i++)
        batch->items[i].command = -1;
    for (enum member_step step = STEP_INVITE; step < STEP_DONE && request->commands == 0; step++)
        ask_step(batch, request, step);
}

/* Hearing */

static void hear_invited(struct import_batch *batch, struct import_item *item, int64_t result)
{
    enum { FAILED, DONE, NOTHING, WAITS, LIMIT };
    const bool card = item_has(item, FIELD_NAME_CARD);
    item->state = result == DONE ? ITEM_NEW : ITEM_THERE;
    item->step = !card ? STEP_DONE : result == DONE ? STEP_SET : STEP_LOOK;
    if (result == WAITS)
        item_refuse(batch, item, "the user was asked, and has to agree first");
    else if (result == LIMIT)
        item_refuse(batch, item, "the group is full, or the user is in too many groups");
    else if (result != DONE && result != NOTHING)
        item_refuse(
            batch, item,
            "cannot be a member: there is no such user (users come first), or the user is banned there");
}

static void hear_card(struct import_item *item, const cJSON *list)
{
    const cJSON *member;
    item->step = STEP_DONE;
    cJSON_ArrayForEach (member, list)
        if (strcmp(text_of(member, "userID"), item_text(item, FIELD_USER_ID)) == 0 &&
            !*text_of(member, "nameCard"))
            item->step = STEP_SET;
}

static void hear(struct import_batch *batch, int number, const cJSON *answer)
{
    const enum member_step step = (enum member_step)batch->what[number];
    const cJSON *list = answer_list(answer, "members"), *member = list ? list->child : NULL;
    if (answer_is_busy(batch, answer))
        return;
    for (int i = 0; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        if (item->command != number || !is_at(item, step))
            continue;
        if (answer_code(answer) != 0 && step == STEP_INVITE)
            item_refuse_for(batch, item, answer);
        else if (answer_code(answer) != 0)
            item_refuse(batch, item, "the member is there, but not the nameCard: %d: %s", answer_code(answer),
                        text_of(answer, "error"));
        else if (step == STEP_INVITE)
            hear_invited(batch, item, number_of(member, "result"));
        else if (step == STEP_LOOK)
            hear_card(item, list);
        else
            item->step = STEP_DONE;
        member = member ? member->next : NULL;
    }
}

const struct import_kind import_members = {
    .name = "members", .under_way = 4, .columns = columns, .ask = ask, .hear = hear};

/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Users: importUsers for a hundred at once, and setSelfInfo in the name of each who has no profile yet. What somebody has said
 * of themselves stays. */
#include <string.h>

#include "ctl/import_batch.h"
#include "lib/basics.h"

enum user_step { STEP_CREATE, STEP_LOOK, STEP_SET, STEP_DONE };

static const enum field_name profile[] = {FIELD_NICKNAME, FIELD_FACE_URL, FIELD_SELF_SIGNATURE};

static void columns(struct command_field out[COMMAND_FIELDS_MAX])
{
    column_add(out, command_rows[COMMAND_set_group_member_role].fields, FIELD_USER_ID, NEED_REQUIRED);
    for (size_t i = 0; i < COUNT(profile); i++)
        column_add(out, command_rows[COMMAND_set_self_info].fields, profile[i], NEED_OPTIONAL);
}

static bool has_profile(const struct import_item *item)
{
    for (size_t i = 0; i < COUNT(profile); i++)
        if (item_has(item, profile[i]))
            return true;
    return false;
}

/* Asking */

static bool is_at(const struct import_item *item, enum user_step step)
{
    return item->state != ITEM_REFUSED && item->step == (int)step;
}

static bool some_are_at(const struct import_batch *batch, enum user_step step)
{
    for (int i = 0; i < batch->count; i++)
        if (is_at(&batch->items[i], step))
            return true;
    return false;
}

/* All that are at this step, in one command. */
static void ask_together(struct import_batch *batch, struct import_request *request,
                         enum command_number number, enum user_step step)
{
    if (!some_are_at(batch, step))
        return;
    cJSON *command = command_new(number);
    cJSON *list = cJSON_AddArrayToObject(command, "userIDs");
    for (int i = 0; i < batch->count; i++)
        if (is_at(&batch->items[i], step))
            cJSON_AddItemToArray(list, cJSON_CreateString(item_text(&batch->items[i], FIELD_USER_ID)));
    request_add(batch, request, command, (int)step);
}

static void ask_set(struct import_batch *batch, struct import_request *request)
{
    for (int i = 0; i < batch->count && request->commands < REQUEST_COMMANDS; i++) {
        struct import_item *item = &batch->items[i];
        item->command = -1;
        if (!is_at(item, STEP_SET))
            continue;
        cJSON *command = command_new(COMMAND_set_self_info);
        cJSON_AddStringToObject(command, "as", item_text(item, FIELD_USER_ID));
        for (size_t field = 0; field < COUNT(profile); field++)
            command_copy(command, item, profile[field]);
        item->command = request_add(batch, request, command, STEP_SET);
    }
}

static void ask(struct import_batch *batch, struct import_request *request)
{
    ask_together(batch, request, COMMAND_import_users, STEP_CREATE);
    if (request->commands == 0)
        ask_together(batch, request, COMMAND_get_users_info, STEP_LOOK);
    if (request->commands == 0)
        ask_set(batch, request);
}

/* Hearing */

static void hear_created(struct import_batch *batch, const cJSON *answer)
{
    enum { FAILED, CREATED, EXISTS };
    const cJSON *one = answer_list(answer, "users");
    one = one ? one->child : NULL;
    for (int i = 0; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        if (!is_at(item, STEP_CREATE))
            continue;
        const int64_t result = number_of(one, "result");
        one = one ? one->next : NULL;
        item->state = result == CREATED ? ITEM_NEW : ITEM_THERE;
        item->step = has_profile(item) ? STEP_LOOK : STEP_DONE;
        if (answer_code(answer) != 0)
            item_refuse_for(batch, item, answer);
        else if (result == FAILED)
            item_refuse(batch, item, "the broker cannot make this user now: is it being deleted? Try again");
    }
}

static bool is_empty(const cJSON *user)
{
    for (size_t i = 0; i < COUNT(profile); i++)
        if (*text_of(user, field_name(profile[i])))
            return false;
    return true;
}

static void hear_profiles(struct import_batch *batch, const cJSON *answer)
{
    const cJSON *user;
    for (int i = 0; i < batch->count; i++)
        if (is_at(&batch->items[i], STEP_LOOK)) {
            batch->items[i].step = STEP_DONE;
            cJSON_ArrayForEach (user, answer_list(answer, "users"))
                if (strcmp(text_of(user, "userID"), item_text(&batch->items[i], FIELD_USER_ID)) == 0 &&
                    is_empty(user))
                    batch->items[i].step = STEP_SET;
        }
}

static void hear_set(struct import_batch *batch, int number, const cJSON *answer)
{
    for (int i = 0; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        if (!is_at(item, STEP_SET) || item->command != number)
            continue;
        item->step = STEP_DONE;
        if (answer_code(answer) != 0)
            item_refuse(batch, item, "the user is there, but not the profile: %d: %s", answer_code(answer),
                        text_of(answer, "error"));
    }
}

static void hear(struct import_batch *batch, int number, const cJSON *answer)
{
    if (answer_is_busy(batch, answer))
        return;
    if (batch->what[number] == STEP_CREATE)
        hear_created(batch, answer);
    else if (batch->what[number] == STEP_LOOK)
        hear_profiles(batch, answer);
    else
        hear_set(batch, number, answer);
}

const struct import_kind import_users = {
    .name = "users", .under_way = 4, .columns = columns, .ask = ask, .hear = hear};

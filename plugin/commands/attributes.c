/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <string.h>

#include "acl/code.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/people/attribute.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* NULL: they cannot be had now. */
static struct attributes *attributes_of(struct command *command)
{
    struct conversation *group = command->access.conversation;
    if (!group->attributes)
        group->attributes = attributes_load(command->chat, group->id);
    return group->attributes;
}

/* setGroupAttributes */

/* What comes of it. */
struct attributes_outcome {
    struct attributes_change change;
    cJSON *event; /* `set` and `delete` as they really changed something */
};

static int delete_keys(struct command *command, struct attributes_outcome *outcome)
{
    cJSON *told = cJSON_AddArrayToObject(outcome->event, "delete");
    const cJSON *key;
    cJSON_ArrayForEach (key, command_list(command, FIELD_DELETE)) {
        if (cJSON_GetObjectItemCaseSensitive(command_list(command, FIELD_SET), key->valuestring))
            return command_refuse(command, "set, delete: %.32s is in both", key->valuestring);
        if (!attributes_change_delete(&outcome->change, key->valuestring))
            continue;
        cJSON *name = cJSON_CreateString(key->valuestring);
        if (!cJSON_AddItemToArray(told, name)) {
            cJSON_Delete(name);
            return CODE_BUSY;
        }
    }
    return told ? CODE_OK : CODE_BUSY;
}

static int set_keys(struct command *command, struct attributes_outcome *outcome)
{
    cJSON *told = cJSON_AddObjectToObject(outcome->event, "set");
    const cJSON *item;
    int code = told ? CODE_OK : CODE_BUSY;
    cJSON_ArrayForEach (item, command_list(command, FIELD_SET)) {
        const char *before = attribute_value(&outcome->change.next, item->string);
        const bool same = before && strcmp(before, item->valuestring) == 0;
        if (code == CODE_OK)
            code = attributes_change_set(&outcome->change, item->string, item->valuestring);
        if (code == CODE_OK && !same && !cJSON_AddStringToObject(told, item->string, item->valuestring))
            code = CODE_BUSY;
    }
    return code == CODE_OK ? attributes_change_check(&outcome->change) : code;
}

static void tell_listeners(const struct command *command, const struct attributes_outcome *outcome)
{
    cJSON *version = cJSON_CreateObject();
    json_add_whole(version, "version", outcome->change.next.version);
    happening_group(command->chat, &(struct group_happening){.action = "attributes",
                                                             .group = command->access.conversation,
                                                             .by = command->by.user->id,
                                                             .info = outcome->event,
                                                             .more = version});
    cJSON_Delete(version);
}

static int apply(struct command *command, struct attributes_outcome *outcome)
{
    struct chat *chat = command->chat;
    struct conversation *group = command->access.conversation;
    if (!attributes_change_is_one(&outcome->change))
        return CODE_OK; /* it was so before */
    if (!command->by.admin && !announce_tips_fit(chat, group))
        return CODE_TOO_FAST;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    announce_tip_taken(chat, group);
    attributes_apply(chat, group->id, group->attributes, &outcome->change);
    command_commit(command);
    tell_listeners(command, outcome);
    event_attributes(chat, command->by.device, group, outcome->event, outcome->change.next.version);
    outcome->change.next.count = 0; /* the group's now */
    return CODE_OK;
}

static int change(struct command *command, struct attributes_outcome *outcome)
{
    int code = outcome->event ? delete_keys(command, outcome) : CODE_BUSY;
    if (code == CODE_OK)
        code = set_keys(command, outcome);
    return code == CODE_OK ? apply(command, outcome) : code;
}

static int answer_version(struct command *command, int64_t version)
{
    return command_answered(command, json_add_whole(command->data, "version", version));
}

int command_set_group_attributes(struct command *command)
{
    const struct attributes *now = attributes_of(command);
    if (!now)
        return CODE_BUSY;
    if (command_has(command, FIELD_IF_VERSION) && command_number(command, FIELD_IF_VERSION) != now->version)
        return CODE_ATTRIBUTES_CHANGED;
    struct attributes_outcome outcome = {.event = cJSON_CreateObject()};
    attributes_change_begin(&outcome.change, now);
    int code = change(command, &outcome);
    attributes_change_drop(&outcome.change);
    cJSON_Delete(outcome.event);
    return code == CODE_OK ? answer_version(command, now->version) : code;
}

/* getGroupAttributes */

static bool is_wanted(const cJSON *keys, const char *key)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, keys)
        if (strcmp(item->valuestring, key) == 0)
            return true;
    return keys == NULL;
}

int command_get_group_attributes(struct command *command)
{
    const struct attributes *now = attributes_of(command);
    const cJSON *keys = command_list(command, FIELD_KEYS);
    if (!now)
        return CODE_BUSY;
    cJSON *list = cJSON_AddObjectToObject(command->data, "attributes");
    bool good = list && json_add_whole(command->data, "version", now->version);
    for (size_t i = 0; good && i < now->count; i++)
        if (is_wanted(keys, now->list[i].key))
            good = cJSON_AddStringToObject(list, now->list[i].key, now->list[i].value) != NULL;
    return command_answered(command, good);
}
